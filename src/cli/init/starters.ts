import { type Answers, type Question, text } from './question.ts';
import type { StoreStarter } from './store-starters.ts';

/** The start of a configuration for one kind of issuer. */
export interface Starter {
  readonly questions: readonly Question[];
  /** The issuer's lines below `kind`. */
  readonly settings: (answers: Answers) => readonly string[];
  /** The variable that `exec` sets. */
  readonly variable: string;
  /** What is left for a person to do before the first rotation. */
  readonly before: readonly string[];
}

const APP_SECRET = 'META_APP_SECRET';
const ADMIN_TOKEN = 'META_ADMIN_TOKEN';

const meta: Starter = {
  questions: [
    { name: 'appId', flag: '--app-id', asks: 'App id at Meta' },
    { name: 'systemUserId', flag: '--system-user-id', asks: 'App-scoped id of the system user' },
    { name: 'phoneNumber', flag: '--phone-number', asks: 'Id of a phone number that the token can read' },
  ],
  settings: ({ appId = '', systemUserId = '', phoneNumber, waba, graphUrl }) => [
    `appId: ${text(appId)}`,
    `systemUserId: ${text(systemUserId)}   # the app-scoped id`,
    `appSecret: env:${APP_SECRET}`,
    `adminToken: env:${ADMIN_TOKEN}   # of an admin system user of the same app`,
    'scopes: [whatsapp_business_messaging, whatsapp_business_management]',
    'expiring: true   # 60-day tokens',
    `checks: ${checksOf(phoneNumber, waba)}   # what every check of a token reads`,
    ...(graphUrl === undefined ? [] : [`graphUrl: ${text(graphUrl)}`]),
  ],
  variable: 'WHATSAPP_TOKEN',
  before: [`put the app secret into ${APP_SECRET} and the token of an admin system user into ${ADMIN_TOKEN}`],
};

const manual: Starter = {
  questions: [
    { name: 'console', flag: '--console', asks: 'Page where a person makes and deletes keys' },
    { name: 'testUrl', flag: '--test-url', asks: 'URL that answers 200 to a key that works' },
  ],
  settings: ({ console = '', testUrl = '' }) => [
    `console: ${text(console)}`,
    `test: { url: ${text(testUrl)}, header: "Authorization: Bearer {key.value}" }`,
  ],
  variable: 'API_KEY',
  before: [],
};

const random: Starter = { questions: [], settings: () => [], variable: 'SECRET', before: [] };

/** By the kind of the issuer. Other kinds are written by hand. */
export const STARTERS: Readonly<Record<string, Starter>> = { 'meta-system-user': meta, manual, random };

export const COMMON: readonly Question[] = [
  { name: 'store', flag: '--store', asks: 'Where keys are stored', fallback: 'file' },
  { name: 'issuer', flag: '--issuer', asks: 'Who makes them', fallback: 'meta-system-user' },
  { name: 'name', flag: '--name', asks: 'Name of the first credential', fallback: 'wa-prod' },
];

function checksOf(phoneNumber: string | undefined, waba: string | undefined): string {
  const checks = [
    ...(phoneNumber === undefined ? [] : [`phoneNumber: ${text(phoneNumber)}`]),
    ...(waba === undefined ? [] : [`waba: ${text(waba)}`]),
  ];
  return `{ ${checks.join(', ')} }`;
}

/** The text of a starter configuration. `identity` is where the identity of the store lies, if it has one. */
export function starterText(
  { issuer: starter, store: place }: { readonly issuer: Starter; readonly store: StoreStarter },
  answers: Answers,
  identity: string,
): string {
  const { store = '', issuer = '', name = '' } = answers;
  const where = place.settings(answers, identity).map((line) => `  ${line}\n`);
  const settings = starter.settings(answers).map((line) => `    ${line}\n`);
  return `# Names and references only: no secret belongs in this file. docs/configuration.md has every key.
version: 1
store:
  kind: ${store}
${where.join('')}policy:
  maxAge: 90d
  overlap: 24h
issuers:
  main:
    kind: ${issuer}
${settings.join('')}credentials:
  ${/^[a-z][a-z0-9-]*$/.test(name) ? name : text(name)}:
    issuer: main
    env: ${starter.variable}   # the variable that keyturn exec sets
trail:
  sinks: [{ file: ./trail.jsonl }]
`;
}
