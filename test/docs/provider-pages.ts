import * as z from 'zod/mini';
import { type JsonSchema, settingSchema } from '../../src/config/json-schema.ts';
import type { IssuerTraits } from '../../src/core/issuer.ts';
import type { DescriptionInput } from '../../src/described/fields.ts';
import { parseDescription } from '../../src/described/kind.ts';
import { traitsOf } from '../../src/described/traits.ts';
import { dialog360Key } from '../../src/issuers/360dialog/description.ts';
import { infobipKeys } from '../../src/issuers/infobip/description.ts';
import { createManualIssuer } from '../../src/issuers/manual/index.ts';
import { createMetaIssuer } from '../../src/issuers/meta/index.ts';
import { createRandomIssuer } from '../../src/issuers/random/index.ts';
import { type AnyIssuerKind, issuerKinds } from '../../src/issuers/registry.ts';
import { sendgridKeys } from '../../src/issuers/sendgrid/description.ts';
import { sinchKeys } from '../../src/issuers/sinch/description.ts';
import { twilioAuthToken, twilioKeys } from '../../src/issuers/twilio/description.ts';
import { vonageSecrets } from '../../src/issuers/vonage/description.ts';
import { contextFor } from '../providers/context.ts';

const ACCOUNT = `AC${'0'.repeat(32)}`;

/** Settings as small as each kind allows. */
const SAMPLES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'meta-system-user': {
    appId: '1',
    systemUserId: '2',
    appSecret: 'env:A',
    adminToken: 'env:B',
    scopes: ['whatsapp_business_messaging'],
    checks: { phoneNumber: '3' },
  },
  manual: { console: 'https://x.example', test: { url: 'https://x.example', header: 'X-Key: {key.value}' } },
  random: {},
  '360dialog': { partnerId: 'p1', channelId: 'c1', partnerKey: 'env:A' },
  infobip: { baseUrl: 'https://x.example', auth: { bearer: 'env:A' } },
  sendgrid: { adminKey: 'env:A', scopes: ['mail.send'] },
  sinch: { projectId: 'p-12345' },
  twilio: { accountSid: ACCOUNT, authToken: 'env:A' },
  'twilio-auth-token': { accountSid: ACCOUNT },
  vonage: { apiKey: 'abcd1234' },
};

type Describe = (settings: never) => DescriptionInput;
const DESCRIBED: Readonly<Record<string, Describe>> = {
  '360dialog': dialog360Key,
  infobip: infobipKeys,
  sendgrid: sendgridKeys,
  sinch: sinchKeys,
  twilio: twilioKeys,
  'twilio-auth-token': twilioAuthToken,
  vonage: vonageSecrets,
};
const WRITTEN = {
  'meta-system-user': createMetaIssuer,
  manual: createManualIssuer,
  random: createRandomIssuer,
};

/** The kinds whose page has generated parts. */
export const DESCRIBED_KINDS = Object.keys(DESCRIBED);

const kinds = await Promise.all(issuerKinds.map((one) => one.open()));

function kindOf(name: string): AnyIssuerKind {
  const kind = kinds.find((one) => one.kind === name);
  if (kind === undefined) throw new Error(`there is no kind ${name}`);
  return kind;
}

function traitsFor(kind: string): IssuerTraits {
  const settings = z.parse(kindOf(kind).settings, { kind, ...SAMPLES[kind] }) as never;
  const describe = DESCRIBED[kind];
  if (describe !== undefined) return traitsOf(parseDescription(describe(settings)));
  return WRITTEN[kind as keyof typeof WRITTEN](settings, contextFor({})).traits;
}

const ENDS: Readonly<Record<IssuerTraits['revokesBy'], string>> = {
  id: 'keyturn, by its id',
  secret: 'keyturn, by its value',
  replacement: 'the next key, at once',
  promotion: 'keyturn, by promoting the next one',
  operator: 'a person',
  nothing: 'nobody: it counts no more',
};
const MAKES: Readonly<Record<IssuerTraits['secretFrom'], string>> = {
  issuer: 'the provider',
  client: 'keyturn',
  operator: 'a person',
};

const ASKS: Readonly<Record<IssuerTraits['asksWith'], string>> = {
  own: 'a credential of its own',
  current: 'the current key',
};

function lostCreate({ secretFrom, marks, lists, proves, revokesBy }: IssuerTraits): string {
  if (secretFrom === 'operator') return 'cannot happen';
  if (secretFrom === 'client')
    return revokesBy === 'nothing' || !proves ? 'cannot happen' : 'the key is tried, and used';
  if (marks) return 'found by its name, and ended';
  return lists ? 'a possible key, with the ids that are new' : 'a possible key, with its time';
}

const asks = ({ secretFrom, revokesBy, asksWith }: IssuerTraits) =>
  secretFrom === 'operator' || revokesBy === 'nothing' ? 'nobody' : ASKS[asksWith];
const live = ({ maxLive }: IssuerTraits) => (maxLive === 'unknown' ? 'not known' : String(maxLive));
const yes = (is: boolean) => (is ? 'yes' : 'no');

/** One line for each kind of issuer. `http` is whatever its description says. */
export function providersTable(): string {
  const rows = Object.keys(SAMPLES)
    .toSorted()
    .map((kind) => {
      const traits = traitsFor(kind);
      const cells = [
        `[\`${kind}\`](issuers/${kind}.md)`,
        MAKES[traits.secretFrom],
        asks(traits),
        live(traits),
        ENDS[traits.revokesBy],
        traits.maxLive === 1 ? '**yes**' : 'no',
        lostCreate(traits),
        yes(traits.lists),
        yes(traits.lastUsed),
      ];
      return `| ${cells.join(' | ')} |`;
    });
  return [
    '| kind | makes the secret | asked with | live at once | ends a key | gap | a create without an answer | lists keys | last use |',
    '|---|---|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

/** What one kind can do. */
export function traitsPart(kind: string): string {
  const traits = traitsFor(kind);
  const days =
    traits.longestLife === null ? 'it does not end by itself' : `${traits.longestLife / 86_400_000} days`;
  const rows = [
    ['who makes the secret', MAKES[traits.secretFrom]],
    ['a new key is asked for with', asks(traits)],
    ['keys that can live at once', live(traits)],
    ['who ends a key', ENDS[traits.revokesBy]],
    ['a gap in which consumers read a dead key', yes(traits.maxLive === 1)],
    ['a create that got no answer', lostCreate(traits)],
    ['keys are listed, by `keyturn keys`', yes(traits.lists)],
    ['tells when a key was last used', yes(traits.lastUsed)],
    ['longest life of a key', days],
    ['a new or dead key is known everywhere after', `${traits.settles / 1000} s`],
  ];
  return ['| | |', '|---|---|', ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n');
}

/** The settings of one kind, those inside of others with their path; what means the same in several places stands once. */
export function settingsPart(kind: string): string {
  const rows = rowsOf(settingSchema(kindOf(kind).settings), '', new Set());
  return [
    '| key | meaning | default |',
    '|---|---|---|',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
}

function rowsOf(schema: JsonSchema, prefix: string, told: Set<string>): readonly (readonly string[])[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, setting]) => {
    if (name === 'kind' && prefix === '') return [];
    const required = schema.required?.includes(name) === true;
    const fallback = setting.default === undefined ? '' : `\`${text(setting.default)}\``;
    const meaning = (setting.description ?? '').replace(/\.$/, '').replaceAll('|', '\\|');
    const same = `${name}: ${meaning}`;
    if (prefix !== '' && told.has(same)) return [];
    told.add(same);
    const row = [`\`${prefix}${name}\``, meaning, required ? 'required' : fallback];
    return [row, ...rowsOf(setting, `${prefix}${name}.`, told)];
  });
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
