import { KeyturnError } from '../../src/core/errors.ts';
import type { Issuer, IssuerTraits, Verification } from '../../src/core/issuer.ts';
import { Secret } from '../../src/core/secret.ts';

const DAY = 86_400_000;

export interface FakeKey {
  readonly id: string;
  readonly value: string;
  /** The mark that it was asked for under; null: not by keyturn. */
  readonly mark: string | null;
  readonly issuedAt: number;
  diedAt: number | null;
  /** Whether keyturn's own request ended it. */
  killedBy: 'keyturn' | 'outside' | 'successor' | null;
}

export interface FakeIssuer extends Issuer {
  readonly keys: FakeKey[];
  /** Makes a key as a person would at a dashboard. */
  make(age?: number): FakeKey;
  isAlive(value: string | null): boolean;
  kill(value: string): void;
  /** What the next calls do instead of their work. */
  readonly faults: {
    create?: 'lost' | 'refused' | 'unsent' | 'same';
    verify?: 'unknown' | 'scope-missing';
    revoke?: 'lost' | 'refused' | 'ignored';
  };
}

const PLAIN: IssuerTraits = {
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
  longestLife: 400 * DAY,
};

/** An issuer in memory that keeps its contract, with faults on demand. Not a model of any provider. */
export function fakeIssuer(
  time: { readonly now: () => number },
  patch: Partial<IssuerTraits> = {},
): FakeIssuer {
  const traits: IssuerTraits = { ...PLAIN, ...patch };
  const keys: FakeKey[] = [];
  const faults: FakeIssuer['faults'] = {};
  const byValue = (value: string | null): FakeKey | undefined => keys.find((key) => key.value === value);
  const end = (key: FakeKey | undefined, by: NonNullable<FakeKey['killedBy']>): void => {
    if (key === undefined || key.diedAt !== null) return;
    key.diedAt = time.now();
    key.killedBy = by;
  };
  const add = (value: string | null, mark: string | null, age = 0): FakeKey => {
    const id = `key-${keys.length + 1}`;
    if (traits.maxLive === 1) for (const other of keys) end(other, 'successor');
    const key: FakeKey = {
      id,
      value: value ?? `fake-value-of-${id}-0000000000`,
      mark,
      issuedAt: time.now() - age,
      diedAt: null,
      killedBy: null,
    };
    keys.push(key);
    return key;
  };
  const factsOf = (key: FakeKey): { issuedAt: string; expiresAt?: string; issuerKeyId?: string } => ({
    issuedAt: new Date(key.issuedAt).toISOString(),
    ...(traits.longestLife === null
      ? {}
      : { expiresAt: new Date(key.issuedAt + traits.longestLife).toISOString() }),
    ...(traits.revokesBy === 'id' ? { issuerKeyId: key.id } : {}),
  });
  const alive = (key: FakeKey): boolean =>
    key.diedAt === null && (traits.longestLife === null || time.now() < key.issuedAt + traits.longestLife);
  const live = (): readonly FakeKey[] => keys.filter(alive);
  const refuseFull = (): void => {
    if (typeof traits.maxLive !== 'number' || traits.maxLive === 1 || live().length < traits.maxLive) return;
    throw new KeyturnError('FULL', 'all slots are taken', { hint: 'remove a key' });
  };

  const issuer: FakeIssuer = {
    kind: 'fake',
    traits,
    keys,
    faults,
    make: (age) => add(null, null, age),
    isAlive: (value) => {
      const key = byValue(value);
      return key !== undefined && alive(key);
    },
    kill: (value) => end(byValue(value), 'outside'),
    verify: async (secret): Promise<Verification> => {
      if (faults.verify === 'unknown') return { verdict: 'unknown', message: 'no answer' };
      if (!traits.proves) return { verdict: 'works', facts: {}, findings: [] };
      const key = byValue(secret.open());
      if (key === undefined || !alive(key)) return { verdict: 'refused', why: 'dead', message: 'it is dead' };
      if (faults.verify === 'scope-missing') {
        return {
          verdict: 'refused',
          why: 'scope-missing',
          message: 'a scope is missing',
          facts: { scopes: [] },
        };
      }
      return { verdict: 'works', facts: factsOf(key), findings: [] };
    },
  };

  if (traits.secretFrom === 'issuer') {
    issuer.create = async ({ mark }) => {
      const fault = faults.create;
      delete faults.create;
      if (fault === 'refused') throw new KeyturnError('REFUSED', 'the issuer refuses', { hint: 'mend it' });
      if (fault === 'unsent')
        throw new KeyturnError('UNREACHABLE', 'no route', { hint: 'wait', unsent: true });
      refuseFull();
      const twin = live()[0];
      const key = fault === 'same' && twin !== undefined ? twin : add(null, mark);
      if (fault === 'lost') throw new KeyturnError('TIMEOUT', 'no answer', { hint: 'wait' });
      return { secret: Secret.of(key.value), facts: factsOf(key) };
    };
  }
  if (traits.secretFrom === 'client') {
    issuer.invent = (random) => Secret.of(`fake-invented-${Buffer.from(random(8)).toString('hex')}`);
    if (traits.revokesBy !== 'nothing') {
      issuer.register = async ({ mark, secret }) => {
        refuseFull();
        const known = byValue(secret.open());
        if (known !== undefined) throw new KeyturnError('REFUSED', 'already known', { hint: 'use another' });
        return factsOf(add(secret.open(), mark));
      };
    }
  }
  if (traits.revokesBy === 'operator' || traits.secretFrom === 'operator') {
    issuer.instructions = () => ({ steps: ['ask a person'] });
  }
  if (traits.revokesBy === 'id' || traits.revokesBy === 'secret') {
    issuer.revoke = async ({ secret, issuerKeyId }) => {
      const fault = faults.revoke;
      delete faults.revoke;
      if (fault === 'refused')
        throw new KeyturnError('UNAVAILABLE', 'broken', { hint: 'wait', unsent: true });
      const byId = traits.revokesBy === 'id';
      const key = byId ? keys.find((one) => one.id === issuerKeyId) : byValue(secret?.open() ?? null);
      if (fault !== 'ignored') end(key, 'keyturn');
      if (fault === 'lost') throw new KeyturnError('TIMEOUT', 'no answer', { hint: 'wait' });
    };
  }
  if (traits.marks) {
    issuer.find = async (mark) => {
      const key = live().find((one) => one.mark === mark);
      return key === undefined ? null : { issuerKeyId: key.id, mark, facts: factsOf(key) };
    };
  }
  if (traits.lists) {
    issuer.list = async () => live().map((key) => ({ issuerKeyId: key.id, facts: factsOf(key) }));
  }
  return issuer;
}
