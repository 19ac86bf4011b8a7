import { describe, expect, it } from 'vitest';
import type { Verification } from '../../src/core/issuer.ts';
import { emptyLedger, type Key, type Ledger } from '../../src/core/ledger.ts';
import type { Policy } from '../../src/core/policy.ts';
import type { Step } from '../../src/core/protocol/changes.ts';
import { door } from '../../src/core/protocol/door.ts';
import { revocation } from '../../src/core/protocol/revocation.ts';
import { type CurrentSeen, nothingSeen, type Seen } from '../../src/core/protocol/seen.ts';
import { policyFor } from './situations.ts';

const AT = '2026-11-01T00:00:00.000Z';
const NOW = Date.parse('2026-11-22T00:00:00.000Z');
const policy: Policy = { ...policyFor('revokes by secret'), mirrors: [], hooks: [], gates: [] };

const OLD: Key = {
  id: 'r0.0',
  state: 'retiring',
  rotation: 'r0',
  attempt: 1,
  issuedAtFrom: 'issuer',
  issuedAt: AT,
  fingerprints: { value: '0'.repeat(16) },
  storeVersion: 'v0',
  currentAs: 'v0',
  ceasedCurrentAt: AT,
  overlapFrom: AT,
};
const NEW: Key = {
  ...OLD,
  id: 'r1.1',
  state: 'current',
  rotation: 'r1',
  fingerprints: { value: '1'.repeat(16) },
  storeVersion: 'v1',
  currentAs: 'v1',
  ceasedCurrentAt: undefined,
  overlapFrom: undefined,
};
const PENDING: Key = {
  ...NEW,
  id: 'r2.1',
  state: 'pending',
  fingerprints: { value: '2'.repeat(16) },
  storeVersion: 'v2',
  currentAs: undefined,
};

const WORKS: Verification = { verdict: 'works', facts: {}, findings: [] };
const DEAD: Verification = { verdict: 'refused', why: 'dead', message: 'it is dead' };
const UNFIT: Verification = { verdict: 'refused', why: 'scope-missing', message: 'a scope is missing' };
const WRONG: Verification = { verdict: 'refused', why: 'wrong-kind', message: 'of another kind' };
const UNKNOWN: Verification = { verdict: 'unknown', message: 'no answer' };

const inPlace: CurrentSeen = {
  version: 'v1',
  row: NEW.id,
  fingerprints: NEW.fingerprints ?? {},
  complete: true,
};

function asked(works: Readonly<Record<string, Verification>>): Seen['works'] {
  return Object.fromEntries(Object.entries(works).map(([row, one]) => [row, { ...one, askedAt: NOW }]));
}

interface Case {
  readonly unseen?: true;
  readonly target?: Key;
  readonly current?: CurrentSeen | null;
  readonly works?: Readonly<Record<string, Verification>>;
  readonly seen?: Partial<Seen>;
  readonly policy?: Partial<Policy>;
  readonly ledger?: Partial<Ledger>;
  readonly successor?: Partial<Key>;
}

function answer(one: Case): string {
  const target = one.target ?? OLD;
  const keys = [target, { ...NEW, ...one.successor }];
  const ledger: Ledger = { ...emptyLedger('wa-test'), keys, ...one.ledger };
  const current = one.current === undefined ? inPlace : one.current;
  const looked = one.unseen === true ? {} : { current, base: current?.version ?? null, currentAskedAt: NOW };
  const seen: Seen = {
    ...nothingSeen('host-a', 'r9'),
    ...looked,
    works: asked(one.works ?? {}),
    ...one.seen,
  };
  const step = door(ledger, { ...policy, ...one.policy }, seen, target, NOW);
  if (step === null) return 'open';
  if (step.do === 'look') return `look ${step.at.what}${'row' in step.at ? ` ${step.at.row}` : ''}`;
  if (step.do === 'record') return `record ${step.change.type}`;
  if (step.do === 'intend' || step.do === 'act') return `${step.do} ${step.effect.kind}`;
  return step.do === 'stop' ? `stop ${step.code}` : step.do;
}

const lost: Key = { ...PENDING, storeVersion: undefined, valueLost: true };
const found: Key = { ...lost, fingerprints: undefined, issuerKeyId: 'key-2' };
const named: Verification = { ...WORKS, facts: { issuerKeyId: 'key-9' } };
const ofAnother: Partial<Seen> = {
  siblings: [{ credential: 'other', fingerprints: lost.fingerprints ?? {} }],
};
const byId = { policy: { issuer: policyFor('revokes by id, marks').issuer } };
const elsewhere = { credential: 'other', idElsewhere: 'key-2', fingerprints: { value: 'e'.repeat(16) } };
const besides = { credential: 'other', issuerKeyId: 'key-2', fingerprints: { value: 'e'.repeat(16) } };
const foreign: CurrentSeen = {
  version: 'vf',
  row: null,
  fingerprints: { value: 'f'.repeat(16) },
  complete: true,
};
const entered = { promoteEntered: AT, promoteBase: 'v1' };
const rotation = { id: 'r1', reason: '', by: '', startedAt: AT, attempt: 1, old: OLD.id } as const;

const JUST_NOW = '2026-11-21T23:59:00.000Z';
const settling = { policy: { issuer: { ...policy.issuer, settles: 120_000 } } };

const TABLE: readonly (readonly [string, Case, string])[] = [
  ['nobody has looked at current', { unseen: true }, 'look current'],
  ['nobody has asked whether current works', {}, 'look works r1.1'],
  ['current works', { works: { 'r1.1': WORKS } }, 'open'],
  ['current works, and the target was never read', { target: PENDING, works: { 'r1.1': WORKS } }, 'open'],
  ['nobody can be asked', { policy: policyFor('client-made, nothing to revoke') }, 'open'],
  ['current is dead, the target not asked', { works: { 'r1.1': DEAD } }, 'look works r0.0'],
  ['current is dead, and the target too', { works: { 'r1.1': DEAD, 'r0.0': DEAD } }, 'open'],
  ['current is dead, the target works', { works: { 'r1.1': DEAD, 'r0.0': WORKS } }, 'stop UNSAFE'],
  ['current is dead, the target unknown', { works: { 'r1.1': DEAD, 'r0.0': UNKNOWN } }, 'stop UNSAFE'],
  [
    'current has expired, and the issuer may accept it for a while yet',
    { ...settling, successor: { expiresAt: JUST_NOW }, works: { 'r1.1': WORKS, 'r0.0': WORKS } },
    'wait',
  ],
  [
    'the same by the answer alone',
    { ...settling, works: { 'r1.1': { ...WORKS, facts: { expiresAt: JUST_NOW } }, 'r0.0': WORKS } },
    'wait',
  ],
  [
    'the same, and the target is dead',
    { ...settling, successor: { expiresAt: JUST_NOW }, works: { 'r1.1': WORKS, 'r0.0': DEAD } },
    'open',
  ],
  [
    'the same, and the target was never read',
    {
      ...settling,
      target: PENDING,
      successor: { expiresAt: JUST_NOW },
      works: { 'r1.1': WORKS, 'r2.1': WORKS },
    },
    'wait',
  ],
  [
    'the same where the issuer knows at once',
    { target: PENDING, successor: { expiresAt: JUST_NOW }, works: { 'r1.1': WORKS } },
    'open',
  ],
  [
    'current has expired by some clock, and the issuer knows at once',
    { successor: { expiresAt: JUST_NOW }, works: { 'r1.1': WORKS, 'r0.0': WORKS } },
    'wait',
  ],
  [
    'the same, and an emergency may need the slot of the target',
    { target: { ...OLD, endNow: 'emergency' }, successor: { expiresAt: JUST_NOW }, works: { 'r1.1': WORKS } },
    'open',
  ],
  [
    'current expired long ago, and the issuer accepts it all the same',
    { ...settling, successor: { expiresAt: AT }, works: { 'r1.1': WORKS } },
    'open',
  ],
  [
    'current expires within the hour',
    { ...settling, successor: { expiresAt: '2026-11-22T00:59:00.000Z' }, works: { 'r1.1': WORKS } },
    'open',
  ],
  [
    'current is dead, the target of the wrong kind and never read',
    { target: PENDING, works: { 'r1.1': DEAD, 'r2.1': WRONG } },
    'open',
  ],
  [
    'current is dead, the target of the wrong kind',
    { works: { 'r1.1': DEAD, 'r0.0': WRONG } },
    'stop UNSAFE',
  ],
  ['current is not fit', { works: { 'r1.1': UNFIT, 'r0.0': WORKS } }, 'stop GUARDED'],
  ['current unknown, the target works', { works: { 'r1.1': UNKNOWN, 'r0.0': WORKS } }, 'wait'],
  ['current unknown, the target dead', { works: { 'r1.1': UNKNOWN, 'r0.0': DEAD } }, 'open'],
  ['whose key the lost one is was not asked', { target: lost }, 'look siblings'],
  [
    'the value of the target is lost, and it was never read',
    { target: lost, seen: { siblings: [] } },
    'open',
  ],
  ['the lost one is of another credential', { target: lost, seen: ofAnother }, 'record never-made'],
  [
    'another credential of this issuer has the id of the found one',
    { ...byId, target: found, seen: { siblings: [{ credential: 'other', issuerKeyId: 'key-2' }] } },
    'record never-made',
  ],
  [
    'another issuer gave the id of the found one to another credential',
    { ...byId, target: found, seen: { siblings: [{ credential: 'other', idElsewhere: 'key-2' }] } },
    'stop GUARDED',
  ],
  [
    'another issuer gave the id of the lost one to another value',
    { ...byId, target: { ...lost, issuerKeyId: 'key-2' }, seen: { siblings: [elsewhere] } },
    'open',
  ],
  [
    'this issuer gave the id of the lost one to another value',
    { ...byId, target: { ...lost, issuerKeyId: 'key-2' }, seen: { siblings: [besides] } },
    'stop GUARDED',
  ],
  [
    'this issuer gave the id of the target to the key in current',
    {
      ...byId,
      target: { ...OLD, issuerKeyId: 'key-2' },
      successor: { issuerKeyId: 'key-2' },
      works: { 'r1.1': WORKS },
    },
    'stop GUARDED',
  ],
  [
    'keys end by their value, so that one id for two of them is no danger',
    {
      target: { ...OLD, issuerKeyId: 'key-2' },
      successor: { issuerKeyId: 'key-2' },
      works: { 'r1.1': WORKS },
    },
    'open',
  ],
  [
    'the lost one was found by its mark, and current is not known',
    { target: found, current: foreign, seen: { siblings: [] } },
    'look foreign-works',
  ],
  [
    'the lost one was found by its mark, and current may be that key',
    { target: found, current: foreign, seen: { siblings: [], foreignWorks: WORKS } },
    'stop GUARDED',
  ],
  [
    'the lost one was found by its mark, and current has another id',
    { target: found, current: foreign, seen: { siblings: [], foreignWorks: named } },
    'open',
  ],
  [
    'the lost one was found by its mark, and the row in current has no id',
    { target: found, seen: { siblings: [] } },
    'stop GUARDED',
  ],
  ['there is no current, the target was never read', { target: PENDING, current: null }, 'open'],
  ['there is no current, the target was read', { current: null }, 'stop GUARDED'],
  ['current holds the target, by its row', { current: { ...inPlace, row: OLD.id } }, 'stop GUARDED'],
  ['current holds the target, by its version', { current: { ...inPlace, version: 'v0' } }, 'stop GUARDED'],
  [
    'current holds the target, by its fingerprint',
    { current: { ...foreign, fingerprints: OLD.fingerprints ?? {} } },
    'stop GUARDED',
  ],
  [
    'current may hold the target: too short for a fingerprint',
    { current: { ...inPlace, complete: false } },
    'look same-bytes r0.0',
  ],
  [
    'current may hold the target, whose short key is in memory alone',
    {
      target: { ...PENDING, storeVersion: undefined, fingerprints: undefined },
      current: { ...inPlace, complete: false },
      seen: { hand: { row: PENDING.id, fingerprints: {} }, twin: null },
    },
    'look same-bytes r2.1',
  ],
  [
    'another row may have the short key that is in memory alone',
    {
      target: { ...PENDING, storeVersion: undefined, fingerprints: undefined },
      seen: { hand: { row: PENDING.id, fingerprints: {} } },
    },
    'look twin r2.1',
  ],
  [
    'another row has the short key that is in memory alone',
    {
      target: { ...PENDING, storeVersion: undefined, fingerprints: undefined },
      seen: { hand: { row: PENDING.id, fingerprints: {} }, twin: OLD.id },
    },
    'record never-made',
  ],
  [
    'current holds the target, by its bytes',
    { current: { ...inPlace, complete: false }, seen: { sameBytes: { 'r0.0': true } } },
    'stop GUARDED',
  ],
  [
    'current holds another short key',
    {
      current: { ...inPlace, complete: false },
      seen: { sameBytes: { 'r0.0': false } },
      works: { 'r1.1': WORKS },
    },
    'open',
  ],
  ['current is foreign', { target: PENDING, current: foreign }, 'look foreign-works'],
  [
    'current is foreign and works',
    { target: PENDING, current: foreign, seen: { foreignWorks: WORKS } },
    'open',
  ],
  ['mirrors were not read', { policy: { mirrors: ['ci'] } }, 'look mirrored r0.0'],
  [
    'a mirror holds the target, and nothing is owed to it',
    { policy: { mirrors: ['ci'] }, seen: { mirrored: { 'r0.0': ['ci'] } } },
    'record mirrors-owed',
  ],
  [
    'no mirror holds it',
    { policy: { mirrors: ['ci'] }, seen: { mirrored: { 'r0.0': [] } }, works: { 'r1.1': WORKS } },
    'open',
  ],
  ['its promote may still land', { target: { ...PENDING, ...entered } }, 'intend rewrite'],
  [
    'its promote can no longer land',
    { target: { ...PENDING, ...entered, promoteBase: 'v0' } },
    'record promote-settled',
  ],
  [
    'its promote may land, and nothing stands against it',
    { target: { ...PENDING, ...entered, promoteBase: null }, current: null },
    'stop GUARDED',
  ],
  [
    'the old key, to be revoked first',
    { ledger: { rotation: { ...rotation, kind: 'emergency', phase: 'create', revokeFirst: true } } },
    'open',
  ],
  [
    'the old key of an accepted gap',
    { policy: policyFor('one key at a time, gap accepted'), works: { 'r1.1': DEAD } },
    'open',
  ],
];

describe('the one door', () => {
  it.each(TABLE)('%s', (_, one, expected) => {
    expect(answer(one)).toBe(expected);
  });

  it('does not believe that a key works whose own revocation was sent', () => {
    const works = { 'r1.1': WORKS, 'r0.0': WORKS };
    expect(answer({ works, successor: { revokeEntered: AT } })).not.toBe('open');
  });
});

it('what was entered before the overlap began does not stand for the gates', () => {
  const asks = (revokeEntered: string, more: Partial<Key> = {}): Step | null => {
    const row: Key = { ...OLD, overlap: 0, revokeEntered, ...more };
    const ledger = { ...emptyLedger('wa-test'), keys: [row, NEW] };
    return revocation(ledger, { ...policy, gates: ['idle'] }, nothingSeen('host-a', 'r9'), row, NOW);
  };
  expect(asks('2026-10-31T00:00:00.000Z')).toMatchObject({ do: 'look', at: { what: 'gates' } });
  expect(asks('2026-11-02T00:00:00.000Z')).not.toMatchObject({ at: { what: 'gates' } });
  // A mirror held it still, and its readers lost it later.
  const again = { overlapFrom: '2026-11-03T00:00:00.000Z' };
  expect(asks('2026-11-02T00:00:00.000Z', again)).toMatchObject({ do: 'look', at: { what: 'gates' } });
  const sent = { ...again, revokeRepeated: '2026-11-04T00:00:00.000Z' };
  expect(asks('2026-11-02T00:00:00.000Z', sent)).not.toMatchObject({ at: { what: 'gates' } });
});

it('nobody is asked to remove what keyturn would not end itself', () => {
  const { issuer } = policyFor('made and removed by a person');
  const asks = (answer: Verification): Step | null => {
    const ledger = { ...emptyLedger('wa-test'), keys: [OLD, NEW] };
    const looked = { current: inPlace, base: 'v1', currentAskedAt: NOW };
    const works = asked({ 'r1.1': answer, 'r0.0': WORKS });
    const seen = { ...nothingSeen('host-a', 'r9'), ...looked, works };
    return revocation(ledger, { ...policy, issuer }, seen, OLD, NOW);
  };
  expect(asks(WORKS)).toMatchObject({ do: 'wait', for: 'operator' });
  expect(asks(UNKNOWN)).toMatchObject({ do: 'wait', for: 'retry' });
  expect(asks(DEAD)).toMatchObject({ do: 'stop', code: 'UNSAFE' });
});

it('going back is named only where the older key was not refused', () => {
  const hint = (old: Verification): string => {
    const ledger = { ...emptyLedger('wa-test'), keys: [OLD, NEW] };
    const looked = { current: inPlace, base: 'v1', currentAskedAt: NOW };
    const works = asked({ 'r1.1': DEAD, 'r0.0': old });
    const step = door(ledger, policy, { ...nothingSeen('host-a', 'r9'), ...looked, works }, OLD, NOW);
    return step?.do === 'stop' ? step.hint : '';
  };
  expect(hint(WORKS)).toContain('keyturn rollback now');
  expect(hint(WRONG)).toContain('keyturn emergency');
});

it('which key is the first and which the second is known only while both live', () => {
  const { issuer } = policyFor('two keys, revoked by promotion');
  const row: Key = { ...PENDING, issuedAtFrom: 'store', window: { from: AT, to: AT } };
  const ends = (inPlace: Partial<Key>, other?: Verification): Step | null => {
    const ledger = { ...emptyLedger('wa-test'), keys: [{ ...NEW, ...inPlace }, row] };
    const works = asked({ 'r2.1': WORKS, ...(other && { 'r1.1': other }) });
    // Somebody has taken away what was in the store, so that the door asks nothing of it.
    const seen = { ...nothingSeen('host-a', 'r9'), current: null, base: null, currentAskedAt: NOW, works };
    return revocation(ledger, { ...policy, issuer }, seen, row, NOW);
  };
  expect(ends({})).toMatchObject({ do: 'look', at: { what: 'works', row: NEW.id } });
  expect(ends({}, WORKS)).toMatchObject({ do: 'intend', effect: { kind: 'revoke', role: 'new' } });
  expect(ends({}, UNFIT)).toMatchObject({ do: 'intend', effect: { kind: 'revoke', role: 'new' } });
  expect(ends({}, UNKNOWN)).toMatchObject({ do: 'wait', for: 'proof' });
  expect(ends({}, DEAD)).toMatchObject({ do: 'stop', code: 'GUARDED' });
  const entered = (other: Verification): Step | null => {
    const ledger = { ...emptyLedger('wa-test'), keys: [NEW, { ...row, revokeEntered: AT, tries: 1 }] };
    const works = asked({ 'r2.1': WORKS, 'r1.1': other });
    const seen = { ...nothingSeen('host-a', 'r9'), current: null, base: null, currentAskedAt: NOW, works };
    const looked = { ...seen, entered: `revoke:${row.id}` };
    return revocation(ledger, { ...policy, issuer }, looked, { ...row, revokeEntered: AT, tries: 1 }, NOW);
  };
  expect(entered(WORKS)).toMatchObject({ do: 'act' });
  expect(entered(DEAD)).toMatchObject({ change: { type: 'revoke-taken-back' } });
  const soon = new Date(NOW + 60_000).toISOString();
  expect(ends({ expiresAt: soon }, WORKS)).toMatchObject({ do: 'stop', code: 'GUARDED' });
});
