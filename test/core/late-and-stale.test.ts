import { describe, expect, it } from 'vitest';
import { emptyLedger, type Key, type Ledger, type Rotation } from '../../src/core/ledger.ts';
import { backOffUntil, type Policy } from '../../src/core/policy.ts';
import { apply } from '../../src/core/protocol/apply.ts';
import type { Step } from '../../src/core/protocol/changes.ts';
import { door } from '../../src/core/protocol/door.ts';
import { next } from '../../src/core/protocol/next.ts';
import { nothingSeen, type Seen } from '../../src/core/protocol/seen.ts';
import { isStale, overlapEnd } from '../../src/core/rows.ts';
import { policyFor } from './situations.ts';

/** What the simulation broke once, as the smallest ledger that shows it. */
const NOW = Date.parse('2026-11-22T12:00:00.000Z');
const ago = (ms: number): string => new Date(NOW - ms).toISOString();
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 86_400_000;
const WORKS = { verdict: 'works', facts: {}, findings: [], askedAt: NOW } as const;
const PEN = { now: NOW, by: 'a test', clock: 'host-a', config: 'c1' };
const byId = policyFor('revokes by id, marks');

const OLD: Key = {
  id: 'r0.0',
  state: 'current',
  rotation: 'r0',
  attempt: 1,
  issuedAtFrom: 'issuer',
  issuedAt: ago(DAY),
  issuerKeyId: 'key-0',
  fingerprints: { value: '0'.repeat(16) },
  storeVersion: 'v0',
  currentAs: 'v0',
  currentSince: ago(DAY),
  verifiedAt: ago(DAY),
};
const NEW: Key = {
  ...OLD,
  id: 'r1.1',
  state: 'pending',
  rotation: 'r1',
  issuerKeyId: 'key-1',
  fingerprints: { value: '1'.repeat(16) },
  storeVersion: 'v1',
  currentAs: undefined,
  currentSince: undefined,
  verifiedAt: undefined,
  window: { from: ago(2 * SECOND), to: ago(SECOND), clock: 'host-a' },
};

/** A rotation from the one to the other, but for its phase. */
const OPENED = {
  id: 'r1',
  kind: 'scheduled',
  reason: '',
  by: '',
  startedAt: ago(MINUTE),
  attempt: 1,
  old: OLD.id,
  new: NEW.id,
} as const;

function step(ledger: Partial<Ledger>, seen: Partial<Seen>, policy: Policy = byId): Step {
  const whole = { ...emptyLedger('wa-test'), ...ledger };
  const inPlace = { version: 'v0', row: OLD.id, fingerprints: OLD.fingerprints ?? {}, complete: true };
  const looked = {
    ...nothingSeen('host-a', 'r9'),
    current: inPlace,
    base: 'v0',
    currentAskedAt: NOW,
    ...seen,
  };
  const quiet = { ...policy, hooks: [], mirrors: [], gates: [], maxAge: 90 * DAY };
  return next(whole, quiet, looked, NOW, { opens: true, asks: true });
}

describe('late, stale and young answers', () => {
  const settling: Policy = { ...byId, issuer: { ...byId.issuer, settles: 10 * SECOND, lists: true } };
  const listing: Policy = {
    ...settling,
    issuer: { ...settling.issuer, can: { ...settling.issuer.can, list: true } },
  };

  it('a list that lacks a key that is new proves nothing', () => {
    const lost = { ...NEW, storeVersion: undefined, valueLost: true as const, revokeEntered: ago(SECOND) };
    const found = step(
      { keys: [OLD, lost] },
      { listed: [], listedAt: NOW, works: { 'r0.0': WORKS }, siblings: [] },
      listing,
    );
    expect(found).toMatchObject({ do: 'wait', for: 'proof' });
  });

  it('a promotion that may have ended the key is not sent again for an answer that proves nothing', () => {
    const { can } = settling.issuer;
    const twoKeys: Policy = {
      ...settling,
      issuer: { ...settling.issuer, revokesBy: 'promotion', can: { ...can, revoke: true } },
    };
    const unsure = { verdict: 'unknown', message: 'no answer', askedAt: NOW } as const;
    const unanswered = (entered: string, answer: Seen['works'][string]): Step => {
      const sent: Key = { ...NEW, verifiedAt: ago(DAY), revokeEntered: entered, tries: 1 };
      return step({ keys: [OLD, sent] }, { works: { 'r0.0': WORKS, 'r1.1': answer } }, twoKeys);
    };
    expect(unanswered(ago(SECOND), WORKS)).toMatchObject({ do: 'wait', for: 'proof' });
    expect(unanswered(ago(DAY), unsure)).toMatchObject({ do: 'wait', for: 'proof' });
    expect(unanswered(ago(DAY), WORKS)).toMatchObject({ do: 'intend', effect: { kind: 'revoke' } });
    // Sent again, it may have ended the key just now.
    const effect = { kind: 'revoke', row: NEW.id, role: 'old' } as const;
    const sent: Key = { ...NEW, verifiedAt: ago(DAY), revokeEntered: ago(DAY), tries: 1 };
    const again = apply({ ...emptyLedger('wa-test'), keys: [OLD, sent] }, { type: 'intended', effect }, PEN);
    const works = { 'r0.0': WORKS, 'r1.1': WORKS };
    expect(step({ keys: again.keys }, { works }, twoKeys)).toMatchObject({ do: 'wait', for: 'proof' });
  });

  it('where the issuer is not told which key to end, nothing is sent before it has said that this one lives', () => {
    const { can } = byId.issuer;
    const issuer = { ...byId.issuer, revokesBy: 'promotion', can: { ...can, revoke: true } } as const;
    const unsure = { verdict: 'unknown', message: 'no answer', askedAt: NOW } as const;
    const dead = { verdict: 'refused', why: 'dead', message: 'dead', askedAt: NOW } as const;
    const owed: Key = { ...NEW, verifiedAt: ago(DAY), issuedAtFrom: 'store' };
    const sent: Key = { ...owed, revokeEntered: ago(SECOND), tries: 1 };
    type Answer = Seen['works'][string];
    const answered = (key: Key, own: Answer, entered?: string, inPlace: Answer = WORKS): Step => {
      const works = { 'r0.0': inPlace, 'r1.1': own };
      const seen = { works, ...(entered === undefined ? {} : { entered }) };
      return step({ keys: [OLD, key] }, seen, { ...byId, issuer });
    };
    expect(answered(owed, WORKS)).toMatchObject({ do: 'intend', effect: { kind: 'revoke' } });
    expect(answered(owed, unsure)).toMatchObject({ do: 'wait', for: 'proof' });
    expect(answered(owed, dead)).toMatchObject({ change: { type: 'dead', by: 'issuer' } });
    // What refuses every key proves nothing of this one.
    expect(answered(owed, dead, undefined, dead)).toMatchObject({ change: { type: 'opened' } });
    expect(answered(owed, dead, undefined, unsure)).toMatchObject({ do: 'wait', for: 'proof' });
    // It may expire while the request is on its way, and the issuer accept it for a while yet.
    const expires = (ms: number): Step => answered({ ...owed, expiresAt: ago(-ms) }, WORKS);
    expect(expires(11 * MINUTE)).toMatchObject({ do: 'intend', effect: { kind: 'revoke' } });
    const until = NOW + 14 * MINUTE + 1;
    expect(expires(9 * MINUTE)).toMatchObject({ do: 'wait', for: 'proof', until });
    expect(expires(-4 * MINUTE)).toMatchObject({ do: 'wait', for: 'proof' });
    const resent = { ...sent, revokeEntered: ago(DAY), expiresAt: ago(-9 * MINUTE) };
    expect(answered(resent, WORKS)).toMatchObject({ do: 'wait', for: 'proof', until });
    expect(expires(-6 * MINUTE)).toMatchObject({ change: { type: 'dead', by: 'expiry' } });
    // The door is looked through again after the intention is saved, and so is this.
    const again = (own: Seen['works'][string]): Step => answered(sent, own, `revoke:${sent.id}`);
    expect(again(WORKS)).toMatchObject({ do: 'act', effect: { kind: 'revoke' } });
    for (const own of [unsure, dead])
      expect(again(own)).toMatchObject({ change: { type: 'revoke-taken-back', row: sent.id } });
  });

  it('a key that the issuer gave once more does not end with its second row', () => {
    const lost: Key = { ...NEW, storeVersion: undefined, valueLost: true };
    const foreign = { version: 'vf', row: null, fingerprints: { value: 'f'.repeat(16) }, complete: true };
    const retiring: Key = {
      ...OLD,
      state: 'retiring',
      ceasedCurrentAt: ago(MINUTE),
      overlapFrom: ago(MINUTE),
    };
    const hold = { kind: 'foreign', reason: 'changed', since: ago(SECOND), by: 'a test' } as const;
    const dropped = { do: 'record', change: { type: 'never-made', row: NEW.id } };
    const twin = { ...lost, issuerKeyId: OLD.issuerKeyId, fingerprints: undefined };
    expect(step({ keys: [retiring, twin], hold }, { current: foreign, base: 'vf' })).toMatchObject(dropped);
    const siblings = [{ credential: 'other', issuerKeyId: 'key-1' }];
    expect(step({ keys: [OLD, lost] }, {})).toMatchObject({ do: 'look', at: { what: 'siblings' } });
    expect(step({ keys: [OLD, lost] }, { siblings })).toMatchObject(dropped);
    expect(step({ keys: [OLD, lost] }, { siblings: [] })).toMatchObject({ do: 'intend' });
  });

  it('what was read before the machine slept is no proof that a promote has landed', () => {
    const shared: Policy = { ...byId, shared: true, converges: 5 * MINUTE };
    const old: Key = {
      ...OLD,
      state: 'retiring',
      ceasedCurrentAt: ago(60 * MINUTE),
      overlapFrom: ago(60 * MINUTE),
    };
    const placed: Key = { ...NEW, state: 'current', currentAs: 'v1', currentSince: ago(60 * MINUTE) };
    const back = { kind: 'rollback', old: NEW.id, new: OLD.id } as const;
    const rotation = { ...OPENED, ...back, phase: 'promote', base: 'v1' } as const;
    const current = { version: 'v9', row: OLD.id, fingerprints: OLD.fingerprints ?? {}, complete: true };
    const readAt = (currentAskedAt: number): Step =>
      step({ keys: [old, placed], rotation }, { current, base: 'v9', currentAskedAt }, shared);
    expect(readAt(NOW - 59 * MINUTE)).not.toMatchObject({ change: { type: 'promoted' } });
    expect(readAt(NOW)).toMatchObject({ change: { type: 'promoted', row: OLD.id } });
  });

  it('which of two keys is the older one is not told by when a person handed one over', () => {
    const { can } = byId.issuer;
    const issuer = { ...byId.issuer, revokesBy: 'promotion', can: { ...can, revoke: true } } as const;
    const made: Key = {
      ...NEW,
      issuedAtFrom: 'store',
      verifiedAt: ago(DAY),
      window: { from: ago(DAY), to: ago(DAY) },
    };
    const window = { from: ago(MINUTE), to: ago(MINUTE) };
    const seen = { works: { 'r0.0': WORKS, 'r1.1': WORKS } };
    const next = (issuedAtFrom: Key['issuedAtFrom']): Step =>
      step({ keys: [made, { ...OLD, issuedAtFrom, window }] }, seen, { ...byId, issuer });
    expect(next('store')).toMatchObject({ do: 'intend', effect: { kind: 'revoke', role: 'old' } });
    expect(next('operator')).toMatchObject({ do: 'stop', code: 'GUARDED' });
  });

  it('a document that others have changed since is staged under another mark', () => {
    const entered = { phase: 'stage', entered: ago(SECOND), base: 'v0' } as const;
    const sent: Key = { ...NEW, storeVersion: undefined, stagedAs: 'r1.1' };
    const hand = { row: NEW.id, fingerprints: {} };
    const ledger = { keys: [OLD, sent], rotation: { ...OPENED, ...entered } };
    const again = (base: string, shared: boolean): Step => {
      const seen = { hand, base, staged: { [NEW.id]: null }, siblings: [], twin: null };
      return step(ledger, seen, { ...byId, shared });
    };
    expect(again('v0', true)).toMatchObject({ do: 'intend', effect: { kind: 'stage', mark: 'r1.1' } });
    expect(again('v5', true)).toMatchObject({ do: 'record', change: { type: 'restage' } });
    expect(again('v5', false)).toMatchObject({ do: 'intend', effect: { kind: 'stage', mark: 'r1.1' } });
  });

  it('a key that the ledger knows is known whatever the store answers', () => {
    const { issuerKeyId, fingerprints } = OLD;
    const given: Key = { ...NEW, storeVersion: undefined, issuerKeyId, fingerprints };
    const hand = { row: NEW.id, fingerprints: {} };
    const rotation = { ...OPENED, phase: 'stage' } as const;
    const known = step({ keys: [OLD, given], rotation }, { hand });
    expect(known).toMatchObject({ change: { type: 'same-key', as: OLD.id } });
  });

  it('a key that has the id of another and a value of its own is a key of its own', () => {
    const rotation = { ...OPENED, phase: 'stage' } as const;
    const given: Key = { ...NEW, storeVersion: undefined, issuerKeyId: OLD.issuerKeyId };
    const hand = { row: NEW.id, fingerprints: NEW.fingerprints ?? {} };
    const elsewhere = { credential: 'other', idElsewhere: 'key-1' };
    const besides = { credential: 'other', issuerKeyId: 'key-1', fingerprints: { value: '9'.repeat(16) } };
    for (const [row, sibling] of [
      [given, elsewhere],
      [{ ...NEW, storeVersion: undefined }, elsewhere],
      [{ ...NEW, storeVersion: undefined }, besides],
    ] as const) {
      const seen = { hand, siblings: [sibling], twin: null };
      expect(step({ keys: [OLD, row], rotation }, seen)).toMatchObject({ effect: { kind: 'stage' } });
    }
  });

  it('what other credentials of the issuer have is not suspected to be the key whose answer was lost', () => {
    const asked: Key = {
      id: 'r1.1',
      state: 'intended',
      rotation: 'r1',
      attempt: 1,
      issuedAtFrom: 'unknown',
      listedBefore: ['key-0'],
    };
    const listed = ['key-0', 'key-1', 'key-2', 'key-3'].map((issuerKeyId) => ({ issuerKeyId, facts: {} }));
    const lists: Policy = {
      ...byId,
      issuer: { ...byId.issuer, marks: false, can: { ...byId.issuer.can, list: true } },
    };
    const keys = [OLD, { ...NEW, id: 'r0.9' }, asked];
    expect(step({ keys }, { listed }, lists)).toMatchObject({ do: 'look', at: { what: 'siblings' } });
    const siblings = [
      { credential: 'z', issuerKeyId: 'key-3' },
      { credential: 'y', idElsewhere: 'key-2' },
    ];
    const suspects = ['key-2'];
    expect(step({ keys }, { listed, siblings }, lists)).toMatchObject({
      change: { type: 'possible', suspects },
    });
  });

  it('a search that was asked for before the hour was over does not end the search', () => {
    const window = { from: ago(2 * 3_600_000), to: ago(2 * 3_600_000), clock: 'host-a' };
    const possible: Key = { ...NEW, state: 'possible', storeVersion: undefined, window };
    const found = { [possible.id]: null };
    const early = step({ keys: [OLD, possible] }, { found, foundAt: { [possible.id]: NOW - 90 * MINUTE } });
    expect(early).not.toMatchObject({ change: { type: 'never-made' } });
    const late = step({ keys: [OLD, possible] }, { found, foundAt: { [possible.id]: NOW } });
    expect(late).toMatchObject({ change: { type: 'never-made' } });
  });

  it('a key that was found by its mark and is another row already does not die with this one', () => {
    const possible: Key = { ...NEW, state: 'possible', storeVersion: undefined, issuerKeyId: undefined };
    const found = { [possible.id]: { issuerKeyId: 'key-0', facts: {} } };
    const known = step({ keys: [OLD, possible] }, { found, foundAt: { [possible.id]: NOW } });
    expect(known).toMatchObject({ do: 'record', change: { type: 'never-made', row: possible.id } });
  });

  it('a key that turned up just now is as new as that', () => {
    const intended: Key = { ...NEW, state: 'intended', window: { from: ago(DAY), clock: 'host-a' } };
    const ledger = { ...emptyLedger('wa-test'), keys: [OLD, intended] };
    for (const type of ['found', 'merged'] as const) {
      const [, row] = apply(ledger, { type, row: NEW.id, facts: {} }, PEN).keys;
      expect(row?.window?.to).toBe(ago(0));
    }
  });

  it.each([true, false])(
    'a key that is merged is not asked for once more (its revocation entered: %s)',
    (ends) => {
      const intended: Key = { ...NEW, state: 'intended', storeVersion: undefined };
      const rotation: Rotation = {
        ...{ id: 'r1', kind: 'manual', reason: 'a test', by: 'a test', startedAt: ago(DAY) },
        ...{ phase: 'create', attempt: 1, new: NEW.id },
      };
      const ledger = { ...emptyLedger('wa-test'), keys: [OLD, intended], rotation };
      const entered = ends ? { revokeEntered: ago(0) } : {};
      const merged = apply(
        ledger,
        { type: 'merged', row: NEW.id, facts: { issuerKeyId: 'key-1' }, ...entered },
        PEN,
      );
      expect(merged.rotation).toMatchObject(
        ends ? { phase: 'create', attempt: 2 } : { phase: 'stage', new: NEW.id },
      );
      expect(step(merged, { siblings: [], staged: {} })).not.toMatchObject({
        do: 'intend',
        effect: { row: NEW.id, kind: 'create' },
      });
    },
  );

  it('what stood there before its base says nothing of a promote that has no outcome', () => {
    const converges = { ...byId, converges: 5 * MINUTE };
    const entered = (ms: number): Key => ({
      ...NEW,
      promoteEntered: ago(ms),
      promoteBase: 'v0',
      promoteDoubt: true,
    });
    const current = { version: 'older', row: OLD.id, fingerprints: {}, complete: true };
    const seen = {
      ...nothingSeen('host-a', 'r9'),
      current,
      base: 'older',
      currentAskedAt: NOW,
      siblings: [],
    };
    const at = (ms: number): Step | null => {
      const ledger = { ...emptyLedger('wa-test'), keys: [OLD, entered(ms)] };
      return door(ledger, converges, seen, entered(ms), NOW);
    };
    expect(at(MINUTE)).toMatchObject({ do: 'wait', for: 'retry' });
    expect(at(20 * MINUTE)).toMatchObject({ do: 'record', change: { type: 'promote-settled' } });
  });

  it('a conflict does not say that an earlier send of the same promote has not landed', () => {
    const entered: Key = { ...NEW, promoteEntered: ago(MINUTE), promoteBase: 'v0', promoteDoubt: true };
    const failure = { code: 'CONFLICT', message: 'current has moved on', hint: '' } as const;
    const ledger = { ...emptyLedger('wa-test'), keys: [OLD, entered] };
    const [, row] = apply(ledger, { type: 'not-promoted', row: NEW.id, failure }, PEN).keys;
    expect(row?.promoteEntered).toBe(entered.promoteEntered);
    // It was perhaps read: it is not ended like a key that never was in place.
    const seen = {
      ...nothingSeen('host-a', 'r9'),
      current: null,
      base: null,
      currentAskedAt: NOW,
      siblings: [],
    };
    const settled = door({ ...ledger, keys: [OLD, row as Key] }, byId, seen, row as Key, NOW);
    expect(settled).toMatchObject({ do: 'record', change: { type: 'promote-settled' } });
  });

  it('a hook is given the key for which it is owed, and not a dead one that somebody has put back', () => {
    const dead: Key = { ...OLD, state: 'revoked', ceasedCurrentAt: ago(DAY) };
    const placed: Key = { ...NEW, state: 'current', currentAs: 'v1', currentSince: ago(DAY) };
    const owed: Ledger['owed'] = [{ id: 'o1', kind: 'hook', target: 'restart', since: ago(DAY), tries: 0 }];
    const hold = { kind: 'dead', reason: 'dead', since: ago(SECOND), by: 'a test' } as const;
    const inPlace = (row: string) => ({
      current: { version: 'v', row, fingerprints: {}, complete: true },
      base: 'v',
      siblings: [],
    });
    const ledger = { keys: [dead, placed], owed, hold };
    expect(step(ledger, inPlace(dead.id))).not.toMatchObject({ effect: { kind: 'owed' } });
    expect(step({ ...ledger, hold: undefined }, inPlace(placed.id))).toMatchObject({
      do: 'intend',
      effect: { kind: 'owed' },
    });
  });

  it('a promote that was sent against two bases has landed nowhere only where neither stands there', () => {
    const owed: Key = { ...NEW, verifiedAt: ago(DAY), stagedAs: NEW.id };
    const sendTo = (keys: Key[], base: string): Key[] => {
      const effect = { kind: 'promote', row: NEW.id, version: 'v1', base } as const;
      return apply({ ...emptyLedger('wa-test'), keys }, { type: 'intended', effect }, PEN).keys;
    };
    const keys = sendTo(sendTo([OLD, owed], 'v0'), 'v7');
    expect(step({ keys }, { works: { 'r0.0': WORKS } })).toMatchObject({ effect: { kind: 'rewrite' } });
    const elsewhere = { version: 'v8', row: OLD.id, fingerprints: OLD.fingerprints ?? {}, complete: true };
    const settled = step({ keys }, { current: elsewhere, base: 'v8' });
    expect(settled).toMatchObject({ change: { type: 'promote-settled' } });
  });

  it('right after a promote a shared document may be old, unless it was written since', () => {
    const shared = { ...byId, shared: true, converges: 60 * MINUTE };
    const placed: Key = { ...OLD, currentSince: ago(20 * MINUTE) };
    const ledger = { ...emptyLedger('wa-test'), keys: [placed] };
    const shown = (row: string | null, writtenAt?: string) => {
      const current = { version: 'v9', row, fingerprints: {}, complete: true };
      return { current: writtenAt === undefined ? current : { ...current, writtenAt }, currentAskedAt: NOW };
    };
    expect(isStale(ledger, shared, shown(null))).toBe(true);
    expect(isStale(ledger, shared, shown(null, ago(30 * MINUTE)))).toBe(true);
    expect(isStale(ledger, shared, shown(null, ago(MINUTE)))).toBe(false);
    expect(isStale(ledger, shared, shown(OLD.id))).toBe(false);
    // Nothing is begun and nothing is called done meanwhile.
    const works = { 'r0.0': WORKS };
    const seen = { ...shown(null), base: 'v9', foreignWorks: WORKS, works };
    expect(step({ keys: [placed] }, seen, shared)).toMatchObject({ do: 'wait', for: 'retry' });
    const due = { ...placed, issuedAt: ago(100 * DAY) };
    expect(step({ keys: [due] }, seen, shared)).toMatchObject({ do: 'wait', for: 'retry' });
  });

  it('a promote of a key that was not seen to work goes on only while the key in place is known to be dead', () => {
    const ended: Key = {
      ...OLD,
      endNow: 'emergency',
      revokeEntered: ago(MINUTE),
      revokeAnswered: ago(MINUTE),
    };
    const back: Key = { ...OLD, id: 'r-1.1', currentAs: 'v5' };
    const first = { kind: 'emergency', revokeFirst: true, unverified: true, phase: 'promote' } as const;
    const staged = { [NEW.id]: { version: 'v1', same: true } };
    const goesOn = (old: Key, keys: readonly Key[]): Step => {
      const current = { version: 'v5', row: old.id, fingerprints: {}, complete: true };
      const rotation = { ...OPENED, ...first, old: old.id };
      return step({ keys: [...keys, NEW], rotation }, { current, base: 'v5', staged });
    };
    expect(goesOn(OLD, [ended])).toMatchObject({ do: 'intend', effect: { kind: 'promote', row: NEW.id } });
    const moved = goesOn(back, [{ ...ended, state: 'retiring', ceasedCurrentAt: ago(SECOND) }, back]);
    expect(moved).toMatchObject({ do: 'look', at: { what: 'works', row: NEW.id } });
  });

  it('what a later key replaced is stale, whatever was written into the document before', () => {
    const converges = { ...byId, converges: 5 * MINUTE };
    const placed: Key = {
      ...NEW,
      state: 'current',
      replaced: 'edited',
      currentSince: ago(MINUTE),
      currentAs: 'v1',
    };
    const old: Key = { ...OLD, state: 'retiring', ceasedCurrentAt: ago(MINUTE) };
    const ledger = { ...emptyLedger('wa-test'), keys: [old, placed] };
    const seen = (version: string) => ({ current: { version, row: OLD.id }, currentAskedAt: NOW });
    expect(isStale(ledger, converges, seen('edited'))).toBe(true);
    expect(isStale(ledger, converges, seen('unheard-of'))).toBe(false);
  });

  it('a key that works and was replaced is no successor, though the store still shows it', () => {
    const converges = { ...byId, converges: 5 * MINUTE };
    const old: Key = { ...OLD, state: 'retiring', endNow: 'emergency', ceasedCurrentAt: ago(DAY) };
    const times = { currentSince: ago(MINUTE), currentAs: 'v1', replaced: 'vf' };
    const placed: Key = { ...NEW, state: 'current', ...times };
    const current = { version: 'vf', row: null, fingerprints: { value: 'f'.repeat(16) }, complete: true };
    const ledger = { ...emptyLedger('wa-test'), keys: [old, placed] };
    const seen = { ...nothingSeen('host-a', 'r9'), current, currentAskedAt: NOW, foreignWorks: WORKS };
    const blocked = door(ledger, { ...converges, mirrors: [] }, seen, old, NOW);
    expect(blocked).toMatchObject({ do: 'wait', for: 'retry' });
  });

  it('without an overlap readers still have the time that the store may take, by any clock', () => {
    const ended: Key = {
      ...OLD,
      state: 'retiring',
      overlap: 0,
      ceasedCurrentAt: ago(0),
      overlapFrom: ago(0),
    };
    const policy = { overlap: DAY, converges: MINUTE };
    expect(overlapEnd({ ...ended, overlapClock: 'host-a' }, policy, 'host-a')).toBe(NOW + MINUTE);
    expect(overlapEnd({ ...ended, overlapClock: 'host-b' }, policy, 'host-a')).toBe(NOW + 6 * MINUTE);
  });
});

describe('a way on', () => {
  it('a key in place whose revocation was entered is replaced', () => {
    const replaced = step({ keys: [{ ...OLD, revokeEntered: ago(MINUTE) }] }, {});
    expect(replaced).toMatchObject({ do: 'record', change: { type: 'opened', kind: 'scheduled' } });
  });

  it('what stands against an old key does not stand against a dead one', () => {
    const retiring: Key = { ...NEW, state: 'retiring', ceasedCurrentAt: ago(DAY), overlapFrom: ago(DAY) };
    const serial: Policy = {
      ...byId,
      issuer: { ...byId.issuer, revokesBy: 'replacement', can: { ...byId.issuer.can, revoke: false } },
    };
    const old = { ...OLD, issuedAt: ago(100 * DAY) };
    const dead = { verdict: 'refused', why: 'dead', message: 'dead', askedAt: NOW } as const;
    const keys = [old, retiring];
    expect(step({ keys }, { works: { 'r1.1': WORKS, 'r0.0': WORKS } }, serial)).toMatchObject({ do: 'wait' });
    expect(step({ keys }, { works: { 'r1.1': WORKS, 'r0.0': dead } }, serial)).toMatchObject({
      change: { type: 'opened' },
    });
  });

  it('with one slot no key is asked for unless the gap is accepted, where the one in place is dead neither', () => {
    const { can } = byId.issuer;
    const serial: Policy = {
      ...byId,
      acceptGap: false,
      issuer: { ...byId.issuer, maxLive: 1, revokesBy: 'replacement', can: { ...can, revoke: false } },
    };
    const dead = { verdict: 'refused', why: 'dead', message: 'dead', askedAt: NOW } as const;
    for (const kind of ['emergency', 'manual', 'scheduled'] as const) {
      const rotation = { ...OPENED, kind, phase: 'create', new: undefined } as const;
      const seen = { works: { 'r0.0': dead }, siblings: [] };
      expect(step({ keys: [OLD], rotation }, seen, serial)).toMatchObject({ do: 'stop', code: 'REFUSED' });
      const accepted = step({ keys: [OLD], rotation }, seen, { ...serial, acceptGap: true });
      expect(accepted).toMatchObject({ do: 'intend', effect: { kind: 'create' } });
    }
  });

  it('where the key in place is dead the pause is a minute, and doubles', () => {
    const failures = (count: number) => ({ count, lastAt: ago(0), code: 'FULL', config: byId.config });
    const pause = (count: number, urgent: boolean) =>
      (backOffUntil({ ...emptyLedger('wa-test'), failures: failures(count) }, byId, urgent) ?? 0) - NOW;
    expect([1, 2, 9].map((count) => pause(count, true))).toEqual([MINUTE, 2 * MINUTE, 60 * MINUTE]);
    expect(pause(1, false)).toBe(60 * MINUTE);
  });

  it('a promote that was thought to be lost and has landed is no change of someone else', () => {
    const landed: Key = { ...NEW, promoteEntered: ago(MINUTE), promoteBase: 'v0' };
    const current = { version: 'v1', row: NEW.id, fingerprints: NEW.fingerprints ?? {}, complete: true };
    const followed = step({ keys: [OLD, landed] }, { current, base: 'v1' });
    expect(followed).toMatchObject({ do: 'record', change: { type: 'promoted', row: NEW.id } });
  });

  it('a key that is put back after an emergency has replaced it is held', () => {
    const old: Key = { ...OLD, state: 'retiring', ceasedCurrentAt: ago(MINUTE), endNow: 'emergency' };
    const placed: Key = { ...NEW, state: 'current', currentAs: 'v1', currentSince: ago(MINUTE) };
    const current = { version: 'v9', row: OLD.id, fingerprints: OLD.fingerprints ?? {}, complete: true };
    const rotation = {
      ...OPENED,
      kind: 'emergency',
      phase: 'overlap',
      promotedAt: ago(MINUTE),
    } as const;
    const followed = step({ keys: [old, placed], rotation }, { current, base: 'v9' });
    expect(followed).toMatchObject({ change: { type: 'held', kind: 'moved' } });
  });

  it('the key of an emergency that somebody else replaces keeps its overlap', () => {
    const old: Key = { ...OLD, state: 'retiring', ceasedCurrentAt: ago(MINUTE), endNow: 'emergency' };
    const placed: Key = { ...NEW, state: 'current', currentAs: 'v1', currentSince: ago(MINUTE) };
    const phase = { kind: 'emergency', phase: 'overlap', promotedAt: ago(MINUTE), overlap: 0 } as const;
    const ledger = { ...emptyLedger('wa-test'), keys: [old, placed], rotation: { ...OPENED, ...phase } };
    const change = { type: 'moved', row: OLD.id, version: 'v9', hooks: [], mirrors: [] } as const;
    const moved = apply(ledger, change, PEN).keys.find(({ id }) => id === NEW.id);
    expect(moved).toMatchObject({ state: 'retiring' });
    expect([moved?.endNow, moved?.overlap]).toEqual([undefined, undefined]);
  });

  it('an earlier promote that lands while another key is being made is no change of somebody', () => {
    const sent: Key = { ...NEW, promoteEntered: ago(MINUTE), promoteBase: null };
    const current = { version: 'v1', row: NEW.id, fingerprints: {}, complete: true };
    const rotation = { ...OPENED, kind: 'manual', phase: 'promote', new: 'r2.1' } as const;
    const landed = step({ keys: [OLD, sent], rotation }, { current, base: 'v1' });
    expect(landed).toMatchObject({ do: 'record', change: { type: 'abandoned' } });
  });

  it('hooks and mirrors are not told of a key that is not known', () => {
    const current = { version: 'vf', row: null, fingerprints: { value: 'f'.repeat(16) }, complete: true };
    const owed = [{ id: 'r0.0-m', kind: 'mirror', target: 'm', since: ago(MINUTE), tries: 0 }] as const;
    const hold = { kind: 'foreign', reason: 'changed', since: ago(SECOND), by: 'a test' } as const;
    const told = step({ keys: [OLD], owed: [...owed], hold }, { current, base: 'vf' });
    expect(told).toMatchObject({ do: 'stop', code: 'PERSON' });
  });

  it('the kept value of a dead key that still stands in current is not discarded', () => {
    const dead: Key = { ...OLD, state: 'revoked', proof: { by: 'issuer', at: ago(MINUTE) }, currentAs: 'v7' };
    const current = { version: 'v8', row: OLD.id, fingerprints: {}, complete: false };
    const kept = step(
      { keys: [dead, { ...NEW, state: 'current', currentAs: 'v9' }] },
      { current, base: 'v8' },
    );
    expect(kept).not.toMatchObject({ effect: { kind: 'discard' } });
  });

  it('where the key in place has expired in its overlap, going back is named only while rollback goes there', () => {
    const placed: Key = { ...NEW, state: 'current', currentAs: 'v1', expiresAt: ago(10 * MINUTE) };
    const rotation = { ...OPENED, phase: 'overlap', promotedAt: ago(DAY) } as const;
    const current = { version: 'v1', row: NEW.id, fingerprints: {}, complete: true };
    const hintFor = (left: number | null, said: Seen['works'][string] = WORKS): string => {
      const life = left === null ? {} : { expiresAt: ago(-left) };
      const old: Key = { ...OLD, state: 'retiring', ceasedCurrentAt: ago(DAY), ...life };
      const works = { [OLD.id]: said, [NEW.id]: WORKS };
      return JSON.stringify(step({ keys: [old, placed], rotation }, { current, base: 'v1', works }));
    };
    expect(hintFor(null)).toContain('keyturn rollback now');
    expect(hintFor(11 * MINUTE)).toContain('keyturn rollback now');
    expect(hintFor(9 * MINUTE)).toContain('keyturn emergency wa-test');
    const mute = { verdict: 'unknown', message: 'too often', askedAt: NOW } as const;
    expect(hintFor(null, mute)).toMatch(/keyturn rollback once .* or run keyturn emergency wa-test/);
    const asleep = step({ keys: [{ ...OLD, state: 'retiring' }, placed], rotation }, { current, base: 'v1' });
    expect(asleep).toMatchObject({ do: 'look' });
  });

  it('that the key of an emergency has expired is no matter where somebody has put another one in place', () => {
    const old: Key = { ...OLD, state: 'retiring', ceasedCurrentAt: ago(DAY), endNow: 'emergency' };
    const placed: Key = { ...NEW, state: 'current', currentAs: 'v1', expiresAt: ago(10 * MINUTE) };
    const phase = { kind: 'emergency', phase: 'overlap', promotedAt: ago(DAY), overlap: 0 } as const;
    const ledger = { keys: [old, placed], rotation: { ...OPENED, ...phase } };
    const current = { version: 'vf', row: null, fingerprints: { value: 'f'.repeat(16) }, complete: true };
    const hold = { kind: 'foreign', reason: 'changed', since: ago(SECOND), by: 'a test' } as const;
    const found = step({ ...ledger, hold }, { current, base: 'vf', foreignWorks: WORKS });
    expect(found).toMatchObject({ do: 'intend', effect: { kind: 'revoke', row: OLD.id } });
    const own = {
      current: { ...current, version: 'v1', row: NEW.id },
      base: 'v1',
      works: { [OLD.id]: WORKS },
    };
    const refused = { verdict: 'refused', why: 'dead', message: 'no', askedAt: NOW } as const;
    const expired = step(ledger, { ...own, works: { ...own.works, [NEW.id]: refused } });
    expect(expired).toMatchObject({
      code: 'UNSAFE',
      hint: expect.stringContaining('emergency wa-test --again'),
    });
  });

  it('a key of which the issuer says that it works on has not expired', () => {
    const placed: Key = { ...NEW, state: 'current', currentAs: 'v1', expiresAt: ago(10 * MINUTE) };
    const old: Key = { ...OLD, state: 'retiring', ceasedCurrentAt: ago(MINUTE), overlapFrom: ago(MINUTE) };
    const rotation = { ...OPENED, phase: 'overlap', promotedAt: ago(MINUTE) } as const;
    const current = { version: 'v1', row: NEW.id, fingerprints: {}, complete: true };
    const works = { [NEW.id]: { ...WORKS, facts: { expiresAt: ago(-90 * DAY) } }, [OLD.id]: WORKS };
    const waits = step({ keys: [old, placed], rotation }, { current, base: 'v1', works });
    expect(waits).toMatchObject({ do: 'wait', for: 'overlap' });
  });
});
