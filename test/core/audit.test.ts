import { describe, expect, it } from 'vitest';
import { audit, exitOfAudit, summaryOf } from '../../src/core/audit.ts';
import { AUDIT_RULES, isAtLeast, SEVERITIES } from '../../src/core/audit-rules.ts';
import type { AuditedCredential, Inventory } from '../../src/core/audit-subject.ts';
import type { Verification } from '../../src/core/issuer.ts';
import { emptyLedger, type Key, type Ledger, type Rotation } from '../../src/core/ledger.ts';
import type { Policy } from '../../src/core/policy.ts';
import { Secret } from '../../src/core/secret.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-22T12:00:00.000Z');
const ago = (days: number) => new Date(NOW - days * DAY).toISOString();
const ahead = (days: number) => ago(-days);

const POLICY: Policy = {
  maxAge: 90 * DAY,
  renewBefore: null,
  overlap: DAY,
  lead: 14 * DAY,
  acceptGap: false,
  scopes: ['messaging', 'management'],
  gates: [],
  hooks: [],
  mirrors: [],
  shared: false,
  config: 'config-1',
  converges: 0,
  issuer: {
    secretFrom: 'issuer',
    asksWith: 'own',
    maxLive: 'unknown',
    revokesBy: 'secret',
    proves: true,
    marks: false,
    lists: false,
    lastUsed: false,
    settles: 0,
    sweeps: false,
    longestLife: 60 * DAY,
    can: { register: false, revoke: true, find: false, list: false, slots: false },
  },
};
const WORKS: Verification = { verdict: 'works', facts: {}, findings: [] };

function row(patch: Partial<Key> = {}): Key {
  return {
    id: 'k1',
    state: 'current',
    rotation: 'r1',
    attempt: 1,
    issuedAt: ago(10),
    issuedAtFrom: 'issuer',
    fingerprints: { value: '0123456789abcdef' },
    ...patch,
  };
}

function ledgerWith(keys: readonly Key[], patch: Partial<Ledger> = {}): Ledger {
  return { ...emptyLedger('wa-prod'), keys: [...keys], ...patch };
}

const KEY = Secret.of('a plain word that is the key');

function credential(patch: Partial<AuditedCredential> = {}): AuditedCredential {
  return {
    name: 'wa-prod',
    issuer: 'meta',
    policy: POLICY,
    clock: 'host-a',
    current: { key: KEY, row: 'k1' },
    said: WORKS,
    selected: true,
    ...patch,
  };
}

function auditOne(ledger: Ledger, patch: Partial<AuditedCredential> = {}) {
  const inventory = { credentials: [credential(patch)], issuers: [], strangers: [] };
  return audit(inventory, new Map([['wa-prod', ledger]]), NOW);
}

const rulesOf = (ledger: Ledger, patch: Partial<AuditedCredential> = {}) =>
  auditOne(ledger, patch).map((finding) => finding.rule);

const rotation = (patch: Partial<Rotation> = {}): Rotation => ({
  id: 'r2',
  kind: 'scheduled',
  reason: 'it is old',
  by: 'test',
  startedAt: ago(3),
  phase: 'create',
  attempt: 1,
  ...patch,
});

describe('a healthy credential', () => {
  it('has no findings', () => {
    expect(auditOne(ledgerWith([row()]))).toEqual([]);
    expect(auditOne(ledgerWith([row({ expiresAt: ahead(40), issuedAt: ago(20) })]))).toEqual([]);
    expect(auditOne(ledgerWith([row({ expiresAt: null })]))).toEqual([]);
    expect(auditOne(ledgerWith([row({ scopes: ['messaging', 'management'] })]))).toEqual([]);
  });

  it('has none either before its first key', () => {
    expect(auditOne(emptyLedger('wa-prod'), { current: null })).toEqual([]);
  });

  it('has none while a rotation goes its way', () => {
    const old = row({ id: 'k0', state: 'retiring', overlapFrom: ago(0.5), overlapClock: 'host-a' });
    const open = rotation({
      phase: 'overlap',
      old: 'k0',
      new: 'k1',
      promotedAt: ago(0.5),
      startedAt: ago(0.6),
    });
    expect(auditOne(ledgerWith([old, row()], { rotation: open }))).toEqual([]);
  });
});

describe('the key in current', () => {
  it.each([
    ['expired', { expiresAt: ago(1) }, ['expired']],
    ['expired to the millisecond', { expiresAt: ago(0) }, ['expired']],
    ['expires-soon', { issuedAt: ago(50), expiresAt: ahead(10) }, ['expires-soon']],
    ['over-age', { issuedAt: ago(90) }, ['over-age']],
    ['not yet over-age', { issuedAt: ago(89.99) }, []],
    ['age-unknown', { issuedAtFrom: 'unknown' }, ['age-unknown']],
    ['age-unknown without any date', { issuedAt: undefined, issuedAtFrom: 'unknown' }, ['age-unknown']],
    ['missing-scope', { scopes: ['messaging'] }, ['missing-scope']],
    ['extra-scope', { scopes: ['messaging', 'management', 'ads'] }, ['extra-scope']],
  ] as const)('%s', (_what, patch, rules) => {
    const key = row(patch as Partial<Key>);
    const { said: _, ...offline } = credential();
    const inventory: Inventory = { credentials: [offline], issuers: [], strangers: [] };
    const found = audit(inventory, new Map([['wa-prod', ledgerWith([key])]]), NOW);
    expect(found.map((finding) => finding.rule)).toEqual(rules);
    expect(found.every((finding) => finding.key === 'k1' && finding.credential === 'wa-prod')).toBe(true);
  });

  it('is judged by what the issuer says of it now', () => {
    const facts = { issuedAt: ago(100), expiresAt: ago(40) };
    expect(rulesOf(ledgerWith([row()]), { said: { ...WORKS, facts } })).toEqual(['expired', 'over-age']);
    const known = { issuedAt: ago(5) };
    expect(
      rulesOf(ledgerWith([row({ issuedAtFrom: 'unknown' })]), { said: { ...WORKS, facts: known } }),
    ).toEqual([]);
    // Scopes that were recorded once say nothing against what was answered today.
    expect(rulesOf(ledgerWith([row({ scopes: ['messaging'] })]))).toEqual([]);
  });

  it.each([
    [{ verdict: 'refused', why: 'dead', message: 'error 190' }, ['dead']],
    [{ verdict: 'refused', why: 'scope-missing', message: 'it lacks management' }, ['missing-scope']],
    [{ verdict: 'refused', why: 'wrong-kind', message: 'it is a page token' }, ['wrong-kind']],
    [{ verdict: 'unknown', message: 'no answer' }, ['unverified']],
    [{ ...WORKS, findings: [{ rule: 'extra-scope', message: 'ads' }] }, ['extra-scope']],
    [{ ...WORKS, findings: [{ rule: 'version-drift', message: 'v26' }] }, ['issuer-note']],
    [{ ...WORKS, findings: [{ rule: 'other', message: 'a person' }] }, ['issuer-note']],
  ] as readonly (readonly [Verification, readonly string[]])[])('when the issuer says %o', (said, rules) => {
    expect(rulesOf(ledgerWith([row()]), { said })).toEqual(rules);
  });

  it('is unmanaged where the ledger does not know it', () => {
    const current = { key: KEY, row: null, writtenAt: ago(2) };
    const [finding] = auditOne(emptyLedger('wa-prod'), { current });
    expect(finding).toMatchObject({ rule: 'unmanaged', key: null, since: ago(2) });
    expect(rulesOf(ledgerWith([row()]), { current })).toEqual(['unmanaged']);
    // Even so the issuer's word about it counts.
    const said: Verification = { ...WORKS, facts: { issuedAt: ago(100) } };
    expect(rulesOf(emptyLedger('wa-prod'), { current, said })).toEqual(['unmanaged', 'over-age']);
  });

  it('is gone, or dead', () => {
    expect(rulesOf(ledgerWith([row()]), { current: null })).toEqual(['gone']);
    const dead = row({ state: 'revoked', proof: { by: 'issuer', at: ago(1) } });
    expect(auditOne(ledgerWith([dead]))).toMatchObject([
      { rule: 'dead', severity: 'critical', since: ago(1) },
    ]);
  });

  it('is left out where the store was not read', () => {
    const { current: _, ...unread } = credential();
    const inventory: Inventory = { credentials: [unread], issuers: [], strangers: [] };
    expect(
      audit(inventory, new Map([['wa-prod', ledgerWith([row({ issuedAt: ago(91) })])]]), NOW),
    ).toMatchObject([{ rule: 'over-age' }]);
  });
});

describe('what the ledger owes', () => {
  it.each([
    [
      'a possible key',
      [row({ id: 'k2', state: 'possible', window: { from: ago(1) } })],
      {},
      ['possible-orphan'],
    ],
    ['a key that never was current', [row({ id: 'k2', state: 'pending' })], {}, ['owed-revocation']],
    [
      'a key whose overlap is over',
      [row({ id: 'k0', state: 'retiring', overlapFrom: ago(1.1), overlapClock: 'host-a' })],
      {},
      ['owed-revocation'],
    ],
    [
      'nothing for one whose overlap is not',
      [row({ id: 'k0', state: 'retiring', overlapFrom: ago(0.9), overlapClock: 'host-a' })],
      {},
      [],
    ],
    [
      'a hook',
      [],
      { owed: [{ id: 'o1', kind: 'hook', target: 'restart', since: ago(1), tries: 2 }] },
      ['owed-hook'],
    ],
    [
      'a mirror',
      [],
      { owed: [{ id: 'o1', kind: 'mirror', target: 'dr', since: ago(1), tries: 0 }] },
      ['owed-mirror'],
    ],
  ] as const)('%s', (_what, keys, patch, rules) => {
    expect(rulesOf(ledgerWith([row(), ...(keys as readonly Key[])], patch as Partial<Ledger>))).toEqual(
      rules,
    );
  });

  it('names what a possible key may be, and until when', () => {
    const key = row({
      id: 'k2',
      state: 'possible',
      window: { from: ago(1) },
      longestLife: 60 * DAY,
      suspects: ['id-7'],
    });
    const [finding] = auditOne(ledgerWith([row(), key]));
    expect(finding?.message).toContain('id-7');
    expect(finding?.hint).toContain(`until ${ahead(60)}`);
  });
});

describe('what does not move', () => {
  const current = row();
  const waiting = (since: number) => ({ waiting: { for: 'operator' as const, since: ago(since) } });
  it.each([
    ['a hold', { hold: { kind: 'foreign', reason: 'x', since: ago(0), by: 'test' } }, ['stuck']],
    [
      'not a hold that is over',
      { hold: { kind: 'moved', reason: 'x', since: ago(9), until: ago(1), by: 'test' } },
      [],
    ],
    ['a rotation without a step for days', { rotation: rotation() }, ['stuck']],
    ['not one that began today', { rotation: rotation({ startedAt: ago(0.9) }) }, []],
    ['not one that tries again tomorrow', { rotation: rotation({ nextTry: ahead(1) }) }, []],
    ['one that should have tried again', { rotation: rotation({ nextTry: ago(2) }) }, ['stuck']],
    [
      'one that waits for a person, for its own sake',
      { rotation: rotation({ kind: 'manual', ...waiting(2) }) },
      ['stuck'],
    ],
    ['not one that waits for a person before it is due', { rotation: rotation(waiting(10)) }, []],
  ] as const)('%s', (_what, patch, rules) => {
    expect(rulesOf(ledgerWith([current], patch as Partial<Ledger>))).toEqual(rules);
  });

  it('waits for a person until a day after it is due', () => {
    const old = row({ issuedAt: ago(91.5) });
    expect(rulesOf(ledgerWith([old], { rotation: rotation(waiting(14)) }))).toEqual(['over-age', 'stuck']);
    const due = row({ issuedAt: ago(90.5) });
    expect(rulesOf(ledgerWith([due], { rotation: rotation(waiting(14)) }))).toEqual(['over-age']);
  });

  it('waits for an overlap until a day after its end', () => {
    const open = rotation({ phase: 'overlap', old: 'k0', new: 'k1', promotedAt: ago(3) });
    const old = (from: number) =>
      row({ id: 'k0', state: 'retiring', overlapFrom: ago(from), overlapClock: 'host-a' });
    expect(rulesOf(ledgerWith([old(2.1), current], { rotation: open }))).toEqual(['stuck']);
    expect(rulesOf(ledgerWith([old(1.9), current], { rotation: open }))).toEqual([]);
  });

  it('leaves it to the hook that holds an overlap up', () => {
    const open = rotation({ phase: 'overlap', old: 'k0', new: 'k1', promotedAt: ago(3) });
    const owed = [{ id: 'o1', kind: 'hook' as const, target: 'restart', since: ago(3), tries: 9 }];
    const old = row({ id: 'k0', state: 'retiring' });
    expect(rulesOf(ledgerWith([old, current], { rotation: open, owed }))).toEqual(['owed-hook']);
  });

  it('counts what the trail noted as a move', () => {
    const entries = [{ at: ago(0.2), event: 'postponed', rotation: 'r2' }];
    const trail = { ...emptyLedger('wa-prod').trail, entries, count: 1 };
    expect(rulesOf(ledgerWith([current], { rotation: rotation(), trail }))).toEqual([]);
  });
});

describe('several credentials', () => {
  const other = credential({
    name: 'wa-staging',
    current: { key: Secret.of('another plain word for a key'), row: 'k1' },
  });
  const apart = ledgerWith([row({ fingerprints: { value: 'fedcba9876543210' } })], {
    credential: 'wa-staging',
  });

  function both(mine: Ledger, theirs: Ledger, second: AuditedCredential = other) {
    const inventory = { credentials: [credential(), second], issuers: [], strangers: [] };
    return audit(
      inventory,
      new Map([
        ['wa-prod', mine],
        ['wa-staging', theirs],
      ]),
      NOW,
    );
  }

  it('share nothing unless a key is the same', () => {
    expect(both(ledgerWith([row()]), apart)).toEqual([]);
  });

  it('share a key by fingerprint, each with a finding of its own', () => {
    const found = both(ledgerWith([row()]), ledgerWith([row({ id: 'k9' })], { credential: 'wa-staging' }));
    expect(found).toMatchObject([
      { rule: 'shared-key', credential: 'wa-prod', key: 'k1' },
      { rule: 'shared-key', credential: 'wa-staging' },
    ]);
  });

  it('share a key by its value, also where it is too short for a fingerprint', () => {
    const short = Secret.of('short');
    const inventory = {
      credentials: [
        credential({ current: { key: short, row: 'k1' } }),
        { ...other, current: { key: Secret.of('short'), row: 'k1' } },
      ],
      issuers: [],
      strangers: [],
    };
    const bare = (name: string) => ledgerWith([row({ fingerprints: {} })], { credential: name });
    const found = audit(
      inventory,
      new Map([
        ['wa-prod', bare('wa-prod')],
        ['wa-staging', bare('wa-staging')],
      ]),
      NOW,
    );
    expect(found.map((finding) => finding.rule)).toEqual(['shared-key', 'shared-key']);
  });

  it('share an id only where one issuer gave it', () => {
    const mine = ledgerWith([row({ issuerKeyId: '7' })]);
    const theirs = {
      ...apart,
      keys: [row({ fingerprints: { value: 'fedcba9876543210' }, issuerKeyId: '7' })],
    };
    expect(both(mine, theirs)).toHaveLength(2);
    expect(both(mine, theirs, { ...other, issuer: 'twilio' })).toEqual([]);
  });

  it('may have had the same key when it is dead', () => {
    expect(
      both(ledgerWith([row()]), { ...apart, keys: [...apart.keys, row({ id: 'k0', state: 'revoked' })] }),
    ).toEqual([]);
  });

  it('are compared with all, and reported where selected', () => {
    const found = both(ledgerWith([row()]), ledgerWith([row()], { credential: 'wa-staging' }), {
      ...other,
      selected: false,
    });
    expect(found.map((finding) => finding.credential)).toEqual(['wa-prod']);
  });

  it('are put in the order of severity, and strangers are named', () => {
    const strangers = [{ store: 'file ./secrets', location: 'old/token' }];
    const ledger = ledgerWith([row({ issuedAt: ago(91), expiresAt: ago(1) })]);
    const said: Verification = { verdict: 'unknown', message: 'no answer' };
    const found = audit(
      { credentials: [credential({ said })], issuers: [], strangers },
      new Map([['wa-prod', ledger]]),
      NOW,
    );
    expect(found.map(({ rule, credential: name }) => [rule, name])).toEqual([
      ['expired', 'wa-prod'],
      ['over-age', 'wa-prod'],
      ['unmanaged', null],
      ['unverified', 'wa-prod'],
    ]);
    expect(summaryOf(found)).toEqual({ critical: 1, high: 2, medium: 0, low: 0, info: 1 });
    expect(found[2]?.message).toContain('old/token');
  });

  it('have orphans that their issuer lists, and an issuer that could not be compared is told', () => {
    const orphan = { issuerKeyId: 'K9', name: 'keyturn r1.1', credential: null, key: null, issuedAt: ago(2) };
    const dead = { ...orphan, credential: 'wa-prod', key: 'k0' };
    const issuers = [
      { name: 'acme', orphans: [orphan, dead], unknown: null },
      { name: 'other', orphans: [], unknown: 'no answer' },
    ];
    const found = audit({ credentials: [], issuers, strangers: [] }, new Map(), NOW);
    expect(found.map(({ rule, credential: name, key, since }) => [rule, name, key, since])).toEqual([
      ['orphan', null, null, ago(2)],
      ['orphan', 'wa-prod', 'k0', ago(2)],
      ['unverified', null, null, null],
    ]);
    expect(found[0]?.message).toMatch(/K9 "keyturn r1\.1", .* no ledger here knows/);
    expect(exitOfAudit(found, 'medium')).toBe(7);
  });

  it('are left out where the ledger could not be read', () => {
    expect(audit({ credentials: [credential()], issuers: [], strangers: [] }, new Map(), NOW)).toEqual([]);
  });
});

describe('the exit code', () => {
  const found = (...ages: Parameters<typeof row>[0][]) =>
    ages.flatMap((patch) => auditOne(ledgerWith([row(patch)])));
  const unsure = auditOne(ledgerWith([row()]), { said: { verdict: 'unknown', message: 'no answer' } });

  it('is 7 at or above what counts', () => {
    expect(exitOfAudit([], 'info')).toBe(0);
    expect(exitOfAudit(found({ issuedAt: ago(90) }), 'medium')).toBe(7);
    expect(exitOfAudit(found({ issuedAt: ago(90) }), 'high')).toBe(7);
    expect(exitOfAudit(found({ issuedAt: ago(90) }), 'critical')).toBe(0);
  });

  it('is 3 where an issuer could not tell and nothing is worse', () => {
    expect(exitOfAudit(unsure, 'medium')).toBe(3);
    expect(exitOfAudit(unsure, 'info')).toBe(7);
    expect(exitOfAudit([...unsure, ...found({ issuedAt: ago(90) })], 'medium')).toBe(7);
    expect(exitOfAudit([...unsure, ...found({ issuedAt: ago(90) })], 'critical')).toBe(3);
  });

  it('goes by an order of severities', () => {
    expect(SEVERITIES.map((one) => isAtLeast(one, 'medium'))).toEqual([true, true, true, false, false]);
    for (const { severity } of Object.values(AUDIT_RULES)) expect(SEVERITIES).toContain(severity);
  });
});
