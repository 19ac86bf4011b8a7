import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { toMs } from '../../src/core/credential.ts';
import { formatLedger, type Ledger, parseLedger } from '../../src/core/ledger.ts';
import { append, EMPTY_TRAIL, expand, type Trail } from '../../src/core/trail.ts';
import { known } from '../../src/trail/against-ledger.ts';
import { target } from './engine.ts';
import { anyText, type Json, mutants, textOf } from './mutate.ts';
import { holds, outcomeOf, secrets } from './outcome.ts';

const NAME = 'wa-prod';
const START = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const instant = fc.nat({ max: 400 * DAY }).map((ms) => new Date(START + ms).toISOString());
const id = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,20}$/);
const text = anyText;
const name = text.filter((one) => one !== '__proto__');
const count = fc.nat({ max: 1_000_000 });
const print = fc.stringMatching(/^[0-9a-f]{16}$/);

/** Some of the fields: what is absent is no property. */
const fields = (
  required: Record<string, fc.Arbitrary<unknown>>,
  optional: Record<string, fc.Arbitrary<unknown>>,
) => fc.record({ ...required, ...optional }, { requiredKeys: Object.keys(required), noNullPrototype: true });

const key = fields(
  {
    id,
    state: fc.constantFrom('intended', 'possible', 'pending', 'current', 'retiring', 'revoked', 'settled'),
    rotation: id,
    attempt: count,
    issuedAtFrom: fc.constantFrom('issuer', 'store', 'operator', 'unknown'),
  },
  {
    issuerKeyId: text,
    fingerprints: fc.dictionary(name, print, { maxKeys: 2, noNullPrototype: true }),
    issuedAt: instant,
    expiresAt: fc.option(instant),
    scopes: fc.array(text, { maxLength: 2 }),
    valueLost: fc.constant(true),
    window: fields({ from: instant }, { to: instant }),
    promoteBase: fc.option(text),
    tries: count,
    proof: fields({ by: fc.constantFrom('issuer', 'operator', 'expiry'), at: instant }, { who: text }),
  },
);

const rotation = fields(
  {
    id,
    kind: fc.constantFrom('scheduled', 'manual', 'emergency', 'rollback', 'adopt'),
    reason: text,
    by: text,
    startedAt: instant,
    phase: fc.constantFrom('create', 'stage', 'verify', 'promote', 'overlap', 'done'),
    attempt: count,
  },
  {
    old: id,
    new: id,
    base: fc.option(text),
    waiting: fields({ for: fc.constant('operator'), since: instant }, {}),
  },
);

const trail = fc
  .array(
    fields(
      { at: instant, event: text },
      {
        by: text,
        data: fc.dictionary(name, fc.oneof(text, count, fc.boolean(), fc.constant(null)), {
          maxKeys: 3,
          noNullPrototype: true,
        }),
      },
    ),
    { maxLength: 4 },
  )
  .map((notes) => notes.reduce<Trail>((now, note) => append(now, NAME, note as never), EMPTY_TRAIL));

const ledger = fields(
  {
    version: fc.constant(1),
    credential: fc.constant(NAME),
    seq: count,
    keys: fc.array(key, { maxLength: 3 }),
    owed: fc.array(
      fields({ id, kind: fc.constantFrom('hook', 'mirror'), target: text, since: instant, tries: count }, {}),
      { maxLength: 2 },
    ),
    trail,
  },
  {
    rotation,
    hold: fields(
      { kind: fc.constantFrom('foreign', 'gone', 'moved'), reason: text, since: instant, by: text },
      { until: instant },
    ),
    failures: fields({ count, lastAt: instant, code: text, config: text }, {}),
    made: fc.array(instant, { maxLength: 3 }),
    lease: fields({ owner: text, host: text, since: instant, until: instant }, { process: text }),
  },
) as fc.Arbitrary<unknown> as fc.Arbitrary<Ledger>;

export const ledgerRoundTrip = target({
  name: 'ledger-round-trip',
  few: 150,
  share: 3,
  input: ledger,
  check: async (given) => {
    const { value, error } = await outcomeOf(() => formatLedger(given), ['FULL']);
    if (error !== null) return;
    holds(isDeepStrictEqual(parseLedger(value, NAME), given), 'what was written is not what is read');
  },
});

const T = new Date(START).toISOString();
const full: Ledger = {
  version: 1,
  credential: NAME,
  seq: 7,
  keys: [
    {
      id: 'r1.1',
      state: 'current',
      rotation: 'r1',
      attempt: 1,
      issuedAtFrom: 'issuer',
      issuedAt: T,
      expiresAt: null,
      fingerprints: { value: '0123456789abcdef' },
      scopes: ['a'],
      storeVersion: 'v1',
      window: { from: T },
    },
    {
      id: 'r0.1',
      state: 'retiring',
      rotation: 'r0',
      attempt: 1,
      issuedAtFrom: 'unknown',
      ceasedCurrentAt: T,
    },
  ],
  rotation: {
    id: 'r1',
    kind: 'scheduled',
    reason: 'age',
    by: 'run',
    startedAt: T,
    phase: 'overlap',
    attempt: 1,
    old: 'r0.1',
    new: 'r1.1',
  },
  owed: [{ id: 'o1', kind: 'hook', target: 'deploy', since: T, tries: 0 }],
  hold: { kind: 'foreign', reason: 'x', since: T, by: 'run' },
  failures: { count: 1, lastAt: T, code: 'REFUSED', config: 'c' },
  made: [T],
  lease: { owner: 'o', host: 'h', since: T, until: T },
  trail: append(append(EMPTY_TRAIL, NAME, { at: T, event: 'created', data: { a: 1 } }), NAME, {
    at: T,
    event: 'promoted',
  }),
};

const WORDS: readonly Json[] = [
  T,
  '2026-02-30T00:00:00.000Z',
  '2026-99-99T99:99:99.999Z',
  '0000-00-00T00:00:00.000Z',
  2,
  1e21,
  'current',
  'wa-other',
];

export const ledgers = target({
  name: 'ledger',
  few: 400,
  share: 9,
  input: fc.record({
    mutant: mutants([JSON.stringify(full)], WORDS),
    // What is spelled like the name of a credential is shown as one.
    secret: secrets.filter((one) => /[A-Z]/.test(one)),
    plant: fc.constantFrom(null, '"wa-prod"', '"age"', '"created"', '"value"', '"kind"', '"seq"', '"r1"'),
  }),
  check: async ({ mutant, secret, plant }) => {
    const whole = textOf(mutant);
    const document = plant === null ? whole : whole.replace(plant, JSON.stringify(secret));
    const { value, error } = await outcomeOf(() => parseLedger(document, NAME), ['LEDGER'], [secret]);
    if (error !== null) return;
    holds(value.credential === NAME && value.version === 1, 'another ledger than was asked for');
    for (const at of instantsIn(value)) holds(Number.isFinite(toMs(at)), `an instant that is none: ${at}`);
    for (const one of known(value)) holds(one.n > 0 && one.hash.length > 0, 'an entry without its number');
    holds(expand(value.trail, NAME).length === value.trail.entries.length, 'an entry is lost');
    const { value: text, error: large } = await outcomeOf(() => formatLedger(value), ['FULL']);
    if (large === null)
      holds(isDeepStrictEqual(parseLedger(text, NAME), value), 'not the same when read again');
  },
});

/** Fields that hold a time. Others are texts, which may look like one. */
const TIMES = /^(made|from|to|since|until|at|entered|nextTry|.*(At|From|Entered))$/;

function instantsIn(value: unknown, field = ''): readonly string[] {
  if (typeof value === 'string') return TIMES.test(field) && INSTANT.test(value) ? [value] : [];
  if (value === null || typeof value !== 'object') return [];
  if (Array.isArray(value)) return field === 'entries' ? [] : value.flatMap((one) => instantsIn(one, field));
  return Object.entries(value).flatMap(([name, inner]) => instantsIn(inner, name));
}
