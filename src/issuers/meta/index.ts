import { KeyturnError } from '../../core/errors.ts';
import type {
  CreatedKey,
  CreateRequest,
  Issuer,
  IssuerTraits,
  RevokeRequest,
  Verification,
} from '../../core/issuer.ts';
import type { PluginContext } from '../../core/plugin.ts';
import { Secret } from '../../core/secret.ts';
import { durationMs } from '../../core/setting.ts';
import { createHttpClient } from '../../http/client.ts';
import { checkAccess } from './access.ts';
import { type App, appToken, createGraphClient, type GraphClient } from './client.ts';
import { exchange } from './exchange.ts';
import { factsOf, identityOf } from './facts.ts';
import { mint } from './mint.ts';
import { type RevokeCaller, revoke } from './revoke.ts';
import { debugDataOf } from './schema.ts';
import type { MetaSettings } from './settings.ts';
import { checkShape } from './shape.ts';
import { type Declared, verdict } from './verify.ts';
import { debugFailure, debugWord, liveWord, noAnswer, together, wordOfData } from './words.ts';

/** Tokens that Meta calls 60-day tokens have been seen to live for 90. */
const LONGEST_LIFE_MS = 90 * 86_400_000;
/** What a header can carry; tokens and app secrets are never more. */
const SENDABLE = /^[\x21-\x7e]+$/;

/** Access tokens of one system user of Meta, for one app. */
export function createMetaIssuer(settings: MetaSettings, context: PluginContext): Issuer {
  const meta = assemble(settings, context);
  return {
    kind: settings.kind,
    traits: traitsOf(settings),
    identity: meta.declared.identity,
    checkShape,
    create: (request) => create(meta, request),
    verify: (secret, signal) => verify(meta, secret, signal),
    revoke: (request) => end(meta, request),
    describe: (secret, signal) => describe(meta, secret, signal),
    check: async (signal) => {
      const admin = meta.adminToken === null ? null : await meta.adminToken();
      return checkAccess(meta.graph, await meta.app(), admin, { now: context.now, signal });
    },
  };
}

/** Everything that one configured issuer works with. Clear text is looked up when it is needed, and let go. */
interface Meta {
  readonly settings: MetaSettings;
  readonly declared: Declared;
  readonly checks: readonly Check[];
  readonly graph: GraphClient;
  readonly app: () => Promise<App>;
  readonly adminToken: (() => Promise<string>) | null;
}

interface Check {
  readonly id: string;
  readonly fields: string;
  readonly setting: string;
}

function assemble(settings: MetaSettings, context: PluginContext): Meta {
  const { appSecret, adminToken } = settings;
  const appId = String(settings.appId);
  const systemUserId = String(settings.systemUserId);
  return {
    settings,
    declared: { ...settings, systemUserId, identity: identityOf(appId, systemUserId) },
    checks: checksOf(settings),
    graph: createGraphClient({
      http: createHttpClient({ ...context, userAgent: 'keyturn' }),
      graphUrl: settings.graphUrl,
      apiVersion: settings.apiVersion,
      timeoutMs: durationMs(settings.timeout) ?? 0,
    }),
    app: async () => ({ id: appId, secret: await clearText(context, appSecret, 'appSecret') }),
    adminToken: adminToken === undefined ? null : () => clearText(context, adminToken, 'adminToken'),
  };
}

function traitsOf({ mode, expiring, settles }: MetaSettings): IssuerTraits {
  return {
    secretFrom: 'issuer',
    asksWith: mode === 'exchange' ? 'current' : 'own',
    maxLive: 'unknown',
    revokesBy: 'secret',
    proves: true,
    marks: false,
    lists: false,
    lastUsed: false,
    settles: durationMs(settles) ?? 0,
    // Meta can end all tokens of a system user at once. That is for two system users in turn, one of which is never
    // current; one that holds the current key would lose it.
    sweeps: false,
    longestLife: expiring ? LONGEST_LIFE_MS : null,
  };
}

function checksOf({ checks: { phoneNumber, waba } }: MetaSettings): readonly Check[] {
  const phoneFields = 'id,display_phone_number,verified_name,quality_rating';
  return [
    ...(phoneNumber === undefined
      ? []
      : [{ id: String(phoneNumber), fields: phoneFields, setting: 'checks.phoneNumber' }]),
    ...(waba === undefined ? [] : [{ id: String(waba), fields: 'id,name', setting: 'checks.waba' }]),
  ];
}

async function clearText(context: PluginContext, reference: string, setting: string): Promise<string> {
  const text = await context.resolve(reference);
  if (SENDABLE.test(text)) return text;
  throw new KeyturnError('BAD_VALUE', `${setting} is empty, or holds spaces or line breaks`, {
    hint: `put the value alone, in one line, where ${reference} points`,
    unsent: true,
  });
}

async function create(meta: Meta, { current, signal }: CreateRequest): Promise<CreatedKey> {
  const secret = Secret.of(await newToken(meta, current, signal));
  // Only what is certain: whatever else is asked now could fail and lose the key.
  return { secret, facts: { identity: meta.declared.identity, fingerprints: secret.fingerprints() } };
}

async function newToken(meta: Meta, current: Secret | undefined, signal: AbortSignal): Promise<string> {
  const { graph, settings, declared, adminToken } = meta;
  const app = await meta.app();
  if (settings.mode === 'mint' && adminToken !== null) {
    const order = {
      systemUserId: declared.systemUserId,
      scopes: declared.scopes,
      expiring: settings.expiring,
    };
    return mint(graph, app, await adminToken(), order, signal);
  }
  const old = current?.open() ?? null;
  if (old !== null) return exchange(graph, app, old, settings.exchangeBy === 'get' ? 'GET' : 'POST', signal);
  throw new KeyturnError('REFUSED', 'exchange the token: there is none yet', {
    hint: 'make one that expires in Business settings > System users and adopt it',
  });
}

async function verify(meta: Meta, secret: Secret, signal: AbortSignal): Promise<Verification> {
  const { graph, declared, checks } = meta;
  const token = secret.open();
  if (token === null || !SENDABLE.test(token)) {
    return {
      verdict: 'refused',
      why: 'wrong-kind',
      message: 'it is not one text without spaces, as a token is',
    };
  }
  try {
    const app = await meta.app();
    const [debug, ...live] = await Promise.all([
      debugWord(graph, app, token, signal),
      ...checks.map((check) => liveWord(graph, app, token, check, signal)),
    ]);
    return verdict(secret, debug, together(live), declared);
  } catch (caught) {
    return { verdict: 'unknown', message: noAnswer(caught).message };
  }
}

async function end(meta: Meta, { secret, caller, signal }: RevokeRequest): Promise<void> {
  const target = secret?.open() ?? null;
  if (target === null) {
    throw new KeyturnError(
      'PERSON',
      'revoke the token: its value is lost, and Meta ends a token only by its value',
      {
        hint: 'wait until it expires, or end all tokens of the system user in Business settings > System users',
      },
    );
  }
  const app = await meta.app();
  await revoke(meta.graph, app, target, callersFor(meta, app, target, caller), signal);
}

/** Meta's recipe first: the new token ends the old one. Whether it hears the others is not documented. */
function callersFor(
  meta: Meta,
  app: App,
  target: string,
  caller: Secret | undefined,
): readonly RevokeCaller[] {
  const successor = caller?.open() ?? null;
  const known = async (token: string) => token;
  return [
    ...(successor === null || successor === target
      ? []
      : [{ name: 'the key', token: () => known(successor) } as const]),
    { name: 'appSecret', token: () => known(appToken(app)) },
    ...(SENDABLE.test(target) ? [{ name: 'the key', token: () => known(target) } as const] : []),
    ...(meta.adminToken === null ? [] : [{ name: 'adminToken', token: meta.adminToken } as const]),
  ];
}

async function describe(meta: Meta, secret: Secret, signal: AbortSignal) {
  const token = secret.open();
  if (token === null) return null;
  const app = await meta.app();
  const reply = await meta.graph.debug(app, token, signal);
  const data = debugDataOf(reply.word);
  if (data === null) throw debugFailure(reply);
  const { says } = wordOfData(data, app);
  if (says === 'other-app') return null;
  const alive = says === 'alive' ? true : says === 'dead' ? false : null;
  return { ...factsOf(secret, data, meta.declared.identity), alive };
}
