import { describe, expect, it } from 'vitest';
import type { SecretStore } from '../../src/core/store.ts';
import { adopt } from '../../src/engine/adopt.ts';
import { readLedger } from '../../src/engine/plan.ts';
import { drive } from '../../src/engine/rotate.ts';
import { createMemoryStore, type MemoryStore } from '../../src/stores/memory.ts';
import { virtualClock } from './clock.ts';
import { fakeIssuer } from './fake-issuer.ts';
import { runOf } from './world.ts';

const DAY = 86_400_000;
const never = new AbortController().signal;

async function current(store: SecretStore): Promise<string | null> {
  return (await store.read('wa-test', 'current', never))?.text.open() ?? null;
}

async function put(store: MemoryStore, value: string): Promise<void> {
  store.overwrite('wa-test', value);
}

describe('one rotation from end to end', () => {
  it('makes a first key where there is none', async () => {
    const clock = virtualClock();
    const world = clock.process();
    const issuer = fakeIssuer(clock);
    const store = createMemoryStore();
    const outcome = await drive(runOf(world, issuer, store), { do: 'run' });
    expect(outcome).toMatchObject({ outcome: 'done', exitCode: 0 });
    expect(issuer.isAlive(await current(store))).toBe(true);
    expect(await drive(runOf(world, issuer, store), { do: 'run' })).toMatchObject({
      outcome: 'none',
      exitCode: 0,
    });
  });

  it('adopts, rotates, overlaps, revokes and closes', async () => {
    const clock = virtualClock();
    const world = clock.process();
    const issuer = fakeIssuer(clock);
    const store = createMemoryStore();
    const first = issuer.make(100 * DAY);
    await put(store, first.value);
    const adopted = await adopt(runOf(world, issuer, store), {});
    expect(adopted.key?.state).toBe('current');
    const rotated = await drive(runOf(world, issuer, store), { do: 'run' });
    expect(rotated).toMatchObject({ outcome: 'overlap', exitCode: 0 });
    expect(issuer.keys.map((key) => key.diedAt)).toEqual([null, null]);
    expect(await current(store)).toBe(issuer.keys[1]?.value);
    clock.advance(DAY + 1);
    const revoked = await drive(runOf(world, issuer, store), { do: 'run' });
    expect(revoked).toMatchObject({ outcome: 'done', exitCode: 0 });
    expect(issuer.isAlive(first.value)).toBe(false);
    const ledger = await readLedger(runOf(world, issuer, store));
    expect(ledger.rotation).toBeUndefined();
    expect(ledger.keys.map((key) => key.state)).toEqual(['revoked', 'current']);
    expect(ledger.keys[0]?.storeVersion).toBeUndefined();
    expect(ledger.lease).toBeUndefined();
  });
});
