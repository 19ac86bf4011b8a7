import type { KeyFacts } from '../../src/core/credential.ts';
import type { Verification } from '../../src/core/issuer.ts';
import type { Key, Ledger } from '../../src/core/ledger.ts';
import type { Policy } from '../../src/core/policy.ts';
import type { Change, Failure } from '../../src/core/protocol/changes.ts';
import { type Effect, effectName, type Look, nothingSeen, type Seen } from '../../src/core/protocol/seen.ts';

const WORKS: Verification = { verdict: 'works', facts: {}, findings: [] };
const DEAD: Verification = { verdict: 'refused', why: 'dead', message: 'it is dead' };
const NO_SCOPE: Verification = { verdict: 'refused', why: 'scope-missing', message: 'a scope is missing' };
const UNKNOWN: Verification = { verdict: 'unknown', message: 'no answer' };
const REFUSED: Failure = { code: 'REFUSED', message: 'the other side refuses' };
const UNSURE: Failure = { code: 'UNREACHABLE', message: 'the connection broke' };
const LIMITED: Failure = { code: 'RATE_LIMITED', message: 'too often', retryAfterMs: 60_000 };

/** Every answer of its type that a look can give, as the engine would put it into what was seen. */
export function* answersTo(at: Look, ledger: Ledger, seen: Seen, now: number): Generator<Seen> {
  switch (at.what) {
    case 'current':
      yield { ...seen, current: null, base: null };
      yield {
        ...seen,
        current: { version: 'v-foreign', row: null, fingerprints: {}, complete: false },
        base: 'v-foreign',
      };
      for (const row of ledger.keys) {
        const version = row.currentAs ?? row.storeVersion;
        if (version === undefined) continue;
        const fingerprints = row.fingerprints ?? prints('0');
        const current = { version, row: row.id, fingerprints, complete: true };
        yield { ...seen, current, base: version };
      }
      return;
    case 'works':
      for (const verdict of [WORKS, DEAD, NO_SCOPE, UNKNOWN])
        yield { ...seen, works: { ...seen.works, [at.row]: { ...verdict, askedAt: now } } };
      return;
    case 'foreign-works':
      for (const foreignWorks of [WORKS, DEAD, UNKNOWN]) yield { ...seen, foreignWorks };
      return;
    case 'staged': {
      const version = `v-${at.row}`;
      for (const staged of [null, { version, same: true }, { version, same: false }])
        yield { ...seen, staged: { ...seen.staged, [at.row]: staged } };
      return;
    }
    case 'invent':
      yield { ...seen, hand: { row: at.row, fingerprints: printsOf(at.row) } };
      return;
    case 'found':
      yield { ...seen, found: { ...seen.found, [at.row]: null } };
      yield { ...seen, found: { ...seen.found, [at.row]: { issuerKeyId: `id-${at.row}`, facts: {} } } };
      return;
    case 'listed': {
      const mine = ledger.keys.flatMap((key) => (key.issuerKeyId === undefined ? [] : [key.issuerKeyId]));
      yield { ...seen, listed: [] };
      yield { ...seen, listed: [...mine, 'id-unknown'].map((issuerKeyId) => ({ issuerKeyId, facts: {} })) };
      return;
    }
    case 'slots':
      yield { ...seen, slots: { used: 0, max: 2, keys: [] } };
      yield { ...seen, slots: { used: 2, max: 2, keys: [] } };
      return;
    case 'siblings': {
      yield { ...seen, siblings: [] };
      const mine = ledger.keys.find((key) => key.id === ledger.rotation?.new)?.fingerprints;
      if (mine !== undefined) yield { ...seen, siblings: [{ credential: 'wa-other', fingerprints: mine }] };
      return;
    }
    case 'same-bytes':
      for (const same of [true, false]) yield { ...seen, sameBytes: { ...seen.sameBytes, [at.row]: same } };
      return;
    case 'twin':
      yield { ...seen, twin: null };
      for (const key of ledger.keys) if (key.id !== at.row) yield { ...seen, twin: key.id };
      return;
    case 'mirrored':
      for (const holders of [[], ['ci']])
        yield { ...seen, mirrored: { ...seen.mirrored, [at.row]: holders } };
      return;
    case 'gates':
      for (const reasons of [[], ['in use']]) yield { ...seen, gates: { ...seen.gates, [at.row]: reasons } };
      return;
    default:
      at satisfies never;
  }
}

/** Everything that can be known to have come of an effect. */
export function outcomesOf(effect: Effect, ledger: Ledger, policy: Policy): readonly (readonly Change[])[] {
  const { row } = effect;
  const { hooks, mirrors } = policy;
  const failed: Change = { type: 'failed', failure: REFUSED };
  switch (effect.kind) {
    case 'create':
    case 'register': {
      const facts = factsOf(row, policy);
      const type = effect.kind === 'create' ? ('created' as const) : ('registered' as const);
      const known = ledger.keys.find((key) => key.id !== row && key.fingerprints !== undefined);
      return [
        [{ type, row, facts }],
        ...(known?.fingerprints === undefined || effect.kind === 'register'
          ? []
          : [[{ type, row, facts: { ...facts, fingerprints: known.fingerprints } }]]),
        [{ type: 'create-unsure', row, failure: UNSURE }],
        [{ type: 'not-created', row, failure: LIMITED }],
        [{ type: 'not-created', row, failure: REFUSED }, failed],
      ];
    }
    case 'stage':
      return [
        [{ type: 'staged', row, version: `v-${row}`, fingerprints: printsOf(row) }],
        [{ type: 'value-lost', row }],
        [{ type: 'stage-conflict', row }],
        [{ type: 'postponed', failure: UNSURE }],
        [{ type: 'postponed', failure: REFUSED }, failed],
      ];
    case 'promote':
      return [
        [{ type: 'promoted', row, version: effect.version, hooks, mirrors }],
        [{ type: 'postponed', failure: UNSURE }],
        [{ type: 'not-promoted', row, failure: LIMITED }],
        [{ type: 'not-promoted', row, failure: REFUSED }, failed],
      ];
    case 'rewrite':
      return [
        [{ type: 'rewritten', row, version: `v-${effect.mark}`, kept: `v-${effect.mark}` }],
        [{ type: 'promote-settled', row }],
        [{ type: 'rewrite-conflict', row, version: `v-${effect.mark}` }],
        [{ type: 'revoke-failed', row, failure: UNSURE }],
        [],
      ];
    case 'revoke':
      return [[{ type: 'revoke-sent', row }], [{ type: 'revoke-failed', row, failure: UNSURE }]];
    case 'discard':
      return [[{ type: 'discarded', row, version: effect.version }]];
    case 'owed':
      return [[{ type: 'owed-paid', owed: row }], [{ type: 'owed-failed', owed: row, failure: UNSURE }]];
  }
}

/** What the engine still believes after it saved an intention. */
export function afterIntend(seen: Seen, effect: Effect): Seen {
  return { ...(effect.kind === 'revoke' ? forgotten(seen) : seen), entered: effectName(effect) };
}

/** What the engine still believes after an effect. */
export function afterAct(seen: Seen, effect: Effect, outcome: readonly Change[]): Seen {
  const { entered: _, ...rest } = seen;
  if (effect.kind === 'create' && outcome.some((change) => change.type === 'created'))
    return { ...rest, hand: { row: effect.row, fingerprints: printsOf(effect.row) } };
  if (effect.kind === 'discard') return rest;
  if (effect.kind === 'stage') return { ...rest, staged: {} };
  return forgotten(rest);
}

function forgotten({ clock, freshId, hand, siblings }: Seen): Seen {
  return {
    ...nothingSeen(clock, freshId),
    ...(hand === undefined ? {} : { hand }),
    ...(siblings === undefined ? {} : { siblings }),
  };
}

function factsOf(row: string, policy: Policy): KeyFacts {
  const id = policy.issuer.revokesBy === 'id' ? { issuerKeyId: `id-${row}` } : {};
  return { fingerprints: printsOf(row), ...id };
}

function prints(digit: string): NonNullable<Key['fingerprints']> {
  return { value: digit.repeat(16) };
}

/** Different for every row. */
export function printsOf(row: string): NonNullable<Key['fingerprints']> {
  return { value: Buffer.from(row.padEnd(8, '.')).toString('hex').slice(0, 16) };
}
