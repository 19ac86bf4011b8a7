import { describe, expect, it } from 'vitest';
import { siblingsIn } from '../../src/cli/siblings.ts';
import type { ConfiguredCredential } from '../../src/config/config.ts';
import { KeyturnError } from '../../src/core/errors.ts';
import { emptyLedger, type Key, type Ledger, parseLedger } from '../../src/core/ledger.ts';
import type { LedgerStore } from '../../src/core/store.ts';
import { createMemoryStore } from '../../src/stores/memory.ts';

const signal = new AbortController().signal;

/** Credentials in a store in memory, and how often each ledger was read. */
function fleet(count: number, lenient = false) {
  const { ledgers } = createMemoryStore();
  const reads: string[] = [];
  const broken = new Set<string>();
  let now = 1_000_000;
  const world = {
    now: () => now,
    monotonic: () => now,
    sleep: async () => undefined,
    random: (bytes: number) => new Uint8Array(bytes),
  };
  const credentials = Array.from({ length: count }, (_, at) => {
    const name = `wa-${at}`;
    return { name, location: name, digest: name, issuer: 'meta', policy: {}, tags: {} };
  }) as unknown as readonly ConfiguredCredential[];
  const ledger = async ({ name, location }: ConfiguredCredential): Promise<Ledger> => {
    reads.push(name);
    if (broken.has(name)) throw new KeyturnError('UNREACHABLE', 'no answer', { hint: 'run again' });
    const found = await ledgers.load({ credential: name, location }, signal);
    return found === null ? emptyLedger(name) : parseLedger(found.document, name);
  };
  const siblings = siblingsIn(credentials, { ledger, world }, lenient);
  return {
    credentials,
    siblings,
    reads,
    broken,
    pass: (ms: number) => {
      now += ms;
    },
    /** What a rotation does, as far as others can see it: it asks who else lives, and saves six times. */
    rotate: async (credential: ConfiguredCredential) => {
      const others = await siblings.of(credential);
      await give(siblings.watched(credential, ledgers), credential, 6);
      return others;
    },
  };
}

async function give(ledgers: LedgerStore, { name, location }: ConfiguredCredential, saves: number) {
  const at = { credential: name, location };
  for (let save = 0; save < saves; save += 1) {
    const held = await ledgers.load(at, signal);
    const key: Key = {
      id: 'k1',
      state: 'current',
      rotation: 'r1',
      attempt: 0,
      issuedAtFrom: 'unknown',
      issuerKeyId: `id-of-${name}`,
    };
    const document = JSON.stringify({ ...emptyLedger(name), seq: save, keys: [key] });
    await ledgers.save(at, document, held?.revision ?? null, signal);
  }
}

describe('the keys of other credentials', () => {
  it('are read once for all rotations of a command, and again where one of them changed', async () => {
    const { credentials, siblings, reads, rotate } = fleet(100);
    for (const credential of credentials) await rotate(credential);
    // Each rotation looks at the 99 others: that is one reading of each, and one of what was changed just before.
    expect(reads.length).toBeLessThanOrEqual(2 * credentials.length);
    const first = credentials[0];
    if (first === undefined) throw new Error('no credential');
    const known = await siblings.of(first);
    expect(known.map(({ issuerKeyId }) => issuerKeyId)).toEqual(
      credentials.slice(1).map(({ name }) => `id-of-${name}`),
    );
  });

  it('have an id to compare only where one issuer gave both', async () => {
    const { credentials, siblings, rotate } = fleet(3);
    const [first, second, third] = credentials as [
      ConfiguredCredential,
      ConfiguredCredential,
      ConfiguredCredential,
    ];
    Object.assign(second, { issuer: 'another' });
    await rotate(second);
    await rotate(third);
    await expect(siblings.of(first)).resolves.toEqual([
      { credential: 'wa-1', id: 'k1', idElsewhere: 'id-of-wa-1' },
      { credential: 'wa-2', id: 'k1', issuerKeyId: 'id-of-wa-2' },
    ]);
  });

  it('count for a minute: what another process made is seen then', async () => {
    const { credentials, siblings, reads, pass } = fleet(5);
    const [first, second] = credentials as [ConfiguredCredential, ConfiguredCredential];
    await siblings.of(first);
    pass(59_000);
    await siblings.of(second);
    expect(reads).toHaveLength(5);
    pass(2_000);
    await siblings.of(first);
    expect(reads).toHaveLength(9);
  });

  it('are read again after a save of which nobody knows what became', async () => {
    const { credentials, siblings, reads } = fleet(2);
    const [first, second] = credentials as [ConfiguredCredential, ConfiguredCredential];
    await siblings.of(first);
    const lost = siblings.watched(second, {
      save: () => Promise.reject(new KeyturnError('TIMEOUT', 'no answer', { hint: 'run again' })),
    } as unknown as LedgerStore);
    await expect(
      lost.save({ credential: second.name, location: second.location }, '{}', null, signal),
    ).rejects.toThrow('no answer');
    await siblings.of(first);
    expect(reads).toEqual(['wa-1', 'wa-1']);
  });

  it('stop a rotation where they cannot be read, and are asked for again by the next', async () => {
    const { credentials, siblings, broken } = fleet(3);
    const [first] = credentials as [ConfiguredCredential];
    broken.add('wa-2');
    await expect(siblings.of(first)).rejects.toThrow('no answer');
    broken.clear();
    await expect(siblings.of(first)).resolves.toEqual([]);
  });

  it('are left out in an emergency where they cannot be read', async () => {
    const { credentials, siblings, broken, rotate } = fleet(3, true);
    const [first, second] = credentials as [ConfiguredCredential, ConfiguredCredential];
    await rotate(second);
    broken.add('wa-2');
    await expect(siblings.of(first)).resolves.toMatchObject([{ credential: 'wa-1' }]);
  });
});
