import { type Edge, type Fault, type Switches, USUAL } from './graph-switches.ts';
import type { Scenario } from './trial.ts';

const delay = (of: Partial<Switches['delay']>): Partial<Switches> => ({ delay: { ...USUAL.delay, ...of } });
const fault = (edge: Edge, kind: Fault['kind'], times = 1, skip = 0): Fault => ({ edge, kind, times, skip });

function each<K extends keyof Switches>(
  name: K,
  values: readonly Switches[K][],
  expect: Scenario['expect'] = 'done',
): Scenario[] {
  return values.map((value) => ({
    name: `${name}=${JSON.stringify(value)}`,
    switches: { [name]: value } as Partial<Switches>,
    expect,
  }));
}

/** Every unknown at each of its values, alone, in the order in which the documentation leaves them open. */
export const UNKNOWNS: readonly Scenario[] = [
  { name: 'as documented', expect: 'done' },
  // 1. what a mint does to others
  ...each('mintKills', [true]),
  ...each('mintSame', [true], 'safe'),
  { name: 'cap=2 refuse', switches: { cap: 2 }, expect: 'done' },
  { name: 'cap=1 refuse', switches: { cap: 1 }, expect: 'safe' },
  { name: 'cap=1 evict', switches: { cap: 1, capDoes: 'evict' }, expect: 'done' },
  // 2. the exchange
  ...(['works', '100/33', '405', '404', 'code1', 'code101'] as const).map(
    (postExchange): Scenario => ({
      name: `exchange post=${postExchange}`,
      switches: { postExchange },
      issuer: ['mode: exchange'],
      // Code 1 may also mean that it was done, and then it must not be asked for again.
      expect: postExchange === 'code1' ? 'safe' : 'done',
    }),
  ),
  ...[
    { exchangeSame: true },
    { exchangeKills: true },
    { life: 0 },
    { exchangeExpiresIn: 'string' as const },
    { exchangeExpiresIn: 'absent' as const },
    { revokers: ['sibling'] as const },
    { revokers: ['self'] as const },
    { revokers: ['admin'] as const },
    { extraScopes: ['business_management'] },
  ].map(
    (switches): Scenario => ({
      name: `exchange ${JSON.stringify(switches)}`,
      switches,
      issuer: ['mode: exchange'],
      world: { firstLife: 5_184_000 },
      expect: 'exchangeSame' in switches || 'revokers' in switches ? 'safe' : 'done',
    }),
  ),
  {
    name: 'exchange of one that never expires',
    issuer: ['mode: exchange'],
    world: { firstLife: 0 },
    expect: 'safe',
  },
  // 3. businesses that may only have expiring tokens
  { name: 'requireExpiring, expiring', switches: { requireExpiring: true }, expect: 'done' },
  ...[
    { status: 400, code: 100 },
    { status: 400, code: 1 },
    { status: 403, code: 200 },
    { status: 403, code: 10 },
    { status: 500, code: 1 },
    { status: 400, code: 3962 },
    { status: 400, code: 452 },
    { status: 400, code: 100, subcode: 1349174 },
  ].map(
    (requireExpiringError): Scenario => ({
      name: `requireExpiring, not expiring: ${JSON.stringify(requireExpiringError)}`,
      switches: { requireExpiring: true, requireExpiringError },
      issuer: ['expiring: false'],
      expect: 'safe',
    }),
  ),
  { name: 'expiring: false', issuer: ['expiring: false'], world: { firstLife: 0 }, expect: 'done' },
  // 4. shapes
  ...each('yes', ['true', 'success-text', 'trailing-comma', 'text']),
  ...each('mintReply', ['more', 'script']),
  ...each('contentType', ['text/javascript; charset=UTF-8', 'text/plain']),
  // 5. statuses and what is optional in errors
  ...each('status190', [401, 403, 429, 500, 200]),
  ...each('subcodes', [false]),
  ...each('isTransient', [false]),
  ...each('bareErrors', [true]),
  ...each('wwwAuthenticate', [false]),
  // 6. throttling
  ...([4, 17, 32, 613, 80007, 80008] as const).flatMap((limitCode) =>
    ([400, 403, 429] as const).map(
      (statusLimit): Scenario => ({
        name: `limit ${limitCode}/${statusLimit} once on each edge`,
        switches: { limitCode, statusLimit },
        faults: (['mint', 'debug', 'read', 'revoke'] as const).map((edge) => fault(edge, 'limit')),
        expect: 'done',
      }),
    ),
  ),
  ...(['absent', 'seconds', 'date'] as const).flatMap((retryAfter) =>
    (['absent', 'buc', 'buc-full', 'app', 'broken'] as const).map(
      (usage): Scenario => ({
        name: `limit thrice, retry-after ${retryAfter}, usage ${usage}`,
        switches: { retryAfter, usage },
        faults: (['mint', 'debug', 'read', 'revoke'] as const).map((edge) => fault(edge, 'limit', 3)),
        expect: 'done',
      }),
    ),
  ),
  {
    name: 'one limit, after one second',
    switches: { limitCode: 80008, statusLimit: 403, retryAfter: 'seconds' },
    faults: [fault('mint', 'limit')],
    expect: 'done',
  },
  // 7. who may revoke, and what a dead token answers
  ...each('revokers', [['sibling'], ['app'], ['self'], ['admin'], ['app', 'self'], ['sibling', 'admin']]),
  ...each('revokers', [[]], 'safe'),
  ...[
    { status: 400, code: 190 },
    { status: 401, code: 190 },
    { status: 403, code: 200 },
    { status: 403, code: 10 },
    { status: 400, code: 100 },
    { status: 500, code: 1 },
    { status: 400, code: 104 },
  ].flatMap((revokerRefusal) =>
    (['app', 'self'] as const).map(
      (who): Scenario => ({
        name: `revoke by ${who} alone, others get ${JSON.stringify(revokerRefusal)}`,
        switches: { revokers: [who], revokerRefusal },
        expect: revokerRefusal.code === 1 ? 'safe' : 'done',
      }),
    ),
  ),
  ...(['yes', 'no', 190, 100] as const).map(
    (revokeDead): Scenario => ({
      name: `revoke of a dead one: ${revokeDead}`,
      switches: { revokeDead },
      faults: [fault('revoke', 'reset-after')],
      expect: 'done',
    }),
  ),
  ...each('revokeBearer', [false]),
  ...each('postRevoke', [true]),
  // 9. ids
  ...each('idKind', ['number', 'large-text', 'large-number']),
  { name: 'canonical id', switches: { operatorId: 'canonical' }, expect: 'done' },
  {
    name: 'canonical id, refused',
    switches: { operatorId: 'canonical', canonicalAccepted: false },
    expect: 'safe',
  },
  // 10. debug_token
  ...each('optional', [
    { type: false, issuedAt: true, granular: true },
    { type: true, issuedAt: false, granular: true },
    { type: true, issuedAt: true, granular: false },
    { type: false, issuedAt: false, granular: false },
  ]),
  ...each('targets', ['absent', 'number']),
  ...each('deadAs', ['logged-out-467', 'plain', 'expired-words', 'bare', 'garbage', 'code-0']),
  // 11. lives
  ...each('life', [7_776_000, 86_400, 5_183_944, 0]),
  // 12. delays
  ...[
    { mintDebug: 3 },
    { mintRead: 3 },
    { mintDebug: 2, mintRead: 4 },
    { deadDebug: 3 },
    { deadRead: 3 },
  ].map((of): Scenario => ({ name: `delay ${JSON.stringify(of)}`, switches: delay(of), expect: 'done' })),
  ...[
    { status: 400, code: 190 },
    { status: 403, code: 200 },
    { status: 403, code: 10 },
    { status: 400, code: 100, subcode: 33 },
    { status: 404, code: 803 },
    { status: 400, code: 190, subcode: 463 },
    { status: 401, code: 190, subcode: 467 },
  ].map(
    (delayedAs): Scenario => ({
      name: `asset seen after 3 s, until then ${JSON.stringify(delayedAs)}`,
      switches: { ...delay({ asset: 3 }), delayedAs },
      expect: 'done',
    }),
  ),
  ...[
    { status: 400, code: 100 },
    { status: 400, code: 412 },
    { status: 400, code: 190, subcode: 458 },
    { status: 403, code: 200 },
    { status: 403, code: 10 },
    { status: 400, code: 100, subcode: 33 },
  ].flatMap((notInstalled) => [
    {
      name: `not installed: ${JSON.stringify(notInstalled)}`,
      switches: { installed: false, notInstalled },
      expect: 'done' as const,
    },
    {
      name: `installed after 3 s: ${JSON.stringify(notInstalled)}`,
      switches: { installed: false, notInstalled, ...delay({ install: 3 }) },
      expect: 'done' as const,
    },
  ]),
  ...(['true', 'success-text', 'trailing-comma', 'text'] as const).map(
    (yes): Scenario => ({
      name: `not installed, yes=${yes}`,
      switches: { installed: false, yes },
      expect: 'done',
    }),
  ),
  {
    name: 'new ones seen late, and earlier ones killed',
    switches: { mintKills: true, ...delay({ mintDebug: 2, mintRead: 3 }) },
    expect: 'done',
  },
  ...(
    [{ mintKills: true }, { cap: 2 }, { cap: 2, capDoes: 'evict' }, { cap: 1, capDoes: 'evict' }] as const
  ).map(
    (switches): Scenario => ({
      name: `${JSON.stringify(switches)} and a mint is lost`,
      switches,
      faults: [fault('mint', 'html-after')],
      expect: 'safe',
    }),
  ),
  { name: 'the old one expires meanwhile', world: { firstLife: 4 }, expect: 'done' },
  { name: 'installed before, again is an error', switches: { reinstall: 'error' }, expect: 'done' },
  // 13. the app secret
  ...each('secretReset', ['before', 'before-kills', 'after-mint'], 'done'),
  ...each('secretReset', ['after-mint-kills'], 'safe'),
  ...each('proofRequired', [false]),
  // 14. scopes
  ...each('extraScopes', [
    ['business_management'],
    ['whatsapp_business_manage_events', 'business_management'],
  ]),
  ...each('missingScope', [true], 'safe'),
  // 16. versions, and the switches that are left
  ...each('servedVersion', [null, 'v26.0', 'v19.0']),
  ...each('permissionsEdge', [false]),
];

const LOST: readonly Fault['kind'][] = [
  'reset-before',
  'reset-after',
  'html-before',
  'html-after',
  'cut-after',
  'empty-after',
  'transient-before',
  'transient-after',
  'unknown-before',
  'unknown-after',
  'hang-before',
  'hang-after',
  'slow',
  'blocked',
];

/** 15. Everything that can get lost, on each edge, once, twice and for ever. */
export const LOSSES: readonly Scenario[] = (
  ['install', 'mint', 'exchange', 'debug', 'read', 'revoke'] as const
).flatMap((edge) =>
  LOST.flatMap((kind) =>
    [1, 2, 1_000].map(
      (times): Scenario => ({
        name: `${edge}: ${kind} ${times === 1_000 ? 'for ever' : `x${times}`}`,
        faults: [fault(edge, kind, times)],
        issuer: [
          ...(edge === 'exchange' ? ['mode: exchange'] : []),
          ...(kind.startsWith('hang') ? ['timeout: 2s'] : []),
          ...(times === 1_000 ? ['settles: 2s'] : []),
        ],
        ...(edge === 'install' ? { switches: { installed: false } } : {}),
        expect: 'safe',
      }),
    ),
  ),
);

/** Values that go together in every way; a seed chooses. */
export function combination(seed: number): Scenario {
  const random = generator(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const count = 2 + Math.floor(random() * 4);
  const pool = UNKNOWNS.filter(({ issuer, world }) => issuer === undefined && world === undefined);
  const chosen = Array.from({ length: count }, () => pick(pool));
  const lost = random() < 0.5 ? [pick(LOSSES.filter(({ name }) => !name.startsWith('exchange')))] : [];
  const all = [...chosen, ...lost];
  const exchange = random() < 0.25;
  const issuer = new Set([
    ...all.flatMap((one) => one.issuer ?? []),
    ...(exchange ? ['mode: exchange'] : []),
  ]);
  return {
    name: `seed ${seed}: ${exchange ? 'exchange + ' : ''}${all.map(({ name }) => name).join(' + ')}`,
    switches: Object.assign({}, ...all.map(({ switches }) => switches ?? {})),
    faults: all.flatMap(({ faults }) => faults ?? []),
    issuer: [...issuer],
    world: { firstLife: 5_184_000 },
    expect: 'safe',
  };
}

function generator(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
