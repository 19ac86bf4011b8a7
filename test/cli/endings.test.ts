import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Bench, benchFor, built } from './harness.ts';

beforeAll(built, 120_000);

const live = (bench: Bench) =>
  bench.simulator.keys().filter((key) => key.origin === 'mint' && key.state === 'live').length;

describe('what a run may end with', { timeout: 60_000 }, () => {
  it('is 3 where it failed safe, and the next run goes on', async () => {
    const bench = await benchFor();
    await bench.keyturn(['rotate', 'wa-prod', '--quiet']);
    bench.simulator.faults.add({ kind: 'mint', fault: { type: 'error', code: 4, retryAfterS: 3600 } });
    const limited = await bench.keyturn(['rotate', 'wa-prod', '--json']);
    expect(limited.code).toBe(3);
    expect(limited.document).toMatchObject({ status: 'failed', next: ['keyturn run wa-prod'] });
    expect(limited.document.errors).toMatchObject([{ retryable: true, credential: 'wa-prod' }]);
    expect(live(bench)).toBe(1);
  });

  it('is 4 where the issuer refuses', async () => {
    const bench = await benchFor();
    bench.simulator.faults.add({ kind: 'mint', fault: { type: 'error', code: 200 } });
    const refused = await bench.keyturn(['rotate', 'wa-prod', '--json']);
    expect(refused.code).toBe(4);
    expect(refused.document.errors).toMatchObject([{ code: 'DENIED', credential: 'wa-prod' }]);
    expect(refused.document.next).toEqual(['keyturn status wa-prod']);
  });

  it('is 5 while another run is at work', async () => {
    const bench = await benchFor();
    bench.simulator.faults.add({ kind: 'mint', fault: { type: 'delay', ms: 1500 } });
    const running = bench.start(['rotate', 'wa-prod']);
    await running.said('rotation opened');
    await until(
      async () => (await bench.keyturn(['status', '--json'])).document.data.credentials[0].lease !== null,
    );
    const second = await bench.keyturn(['rotate', 'wa-prod', '--json']);
    expect(second.code).toBe(5);
    expect(second.document).toMatchObject({
      status: 'failed',
      data: { credentials: [{ outcome: 'refused' }] },
    });
    expect(second.document.errors).toMatchObject([{ code: 'LEASED', retryable: true }]);
    expect((await running.answer).code).toBe(0);
  });

  it('is 6 where consumers hold a dead key', async () => {
    const bench = await benchFor({ policy: 'overlap: 1s' });
    await bench.keyturn(['rotate', 'wa-prod', '--quiet']);
    await bench.keyturn(['rotate', 'wa-prod', '--quiet']);
    bench.simulator.kill(bench.simulator.keys().at(-1)?.id ?? '');
    await delay(1100);
    const { code, document } = await bench.keyturn(['run', '--json']);
    expect(code).toBe(6);
    expect(document).toMatchObject({ status: 'unsafe', next: ['keyturn rollback wa-prod'] });
    expect(document.data.credentials).toMatchObject([{ outcome: 'unsafe' }]);
    expect(document.errors).toMatchObject([{ code: 'UNSAFE' }]);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('is 128 and the number of %s; the next run resumes', async (signal, exitCode) => {
    const bench = await benchFor();
    await bench.keyturn(['rotate', 'wa-prod', '--quiet']);
    bench.simulator.faults.add({ kind: 'debug', fault: { type: 'hang' } });
    const running = bench.start(['rotate', 'wa-prod', '--json']);
    await running.said('staged');
    running.child.kill(signal);
    const ended = await running.answer;
    expect(ended).toMatchObject({ code: exitCode, signal: null });
    expect(ended.document).toMatchObject({ status: 'failed', next: ['keyturn run wa-prod'] });
    expect(ended.document.errors).toMatchObject([{ code: 'INTERRUPTED' }]);
    const { rotation, lease } = (await bench.keyturn(['status', '--json'])).document.data.credentials[0];
    expect({ phase: rotation.phase, lease }).toEqual({ phase: 'verify', lease: null });
    bench.simulator.faults.clear();
    const resumed = await bench.keyturn(['run', '--json']);
    expect(resumed.document.data.credentials).toMatchObject([
      { outcome: 'overlap', rotation: { id: rotation.id } },
    ]);
    expect(live(bench)).toBe(2);
  });

  it('is that of the second signal at once, with its document', async () => {
    const bench = await benchFor();
    bench.simulator.faults.add({ kind: 'mint', fault: { type: 'hang' } });
    const running = bench.start(['rotate', 'wa-prod', '--json']);
    await running.said('rotation opened');
    await delay(300);
    running.child.kill('SIGINT');
    await delay(200);
    running.child.kill('SIGINT');
    const ended = await running.answer;
    expect(ended.code).toBe(130);
    expect(ended.document.errors).toMatchObject([{ code: 'INTERRUPTED' }]);
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries += 1) {
    if (tries > 40) throw new Error('it never came true');
    await delay(25);
  }
}
