import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Answer, built } from '../cli/harness.ts';
import { ASKED_BY_KEY, LEAVES_POSSIBLE, PROVIDERS } from './all.ts';
import { NAME, openProviderBench, type ProviderBench } from './bench.ts';

/** A provider at which one key is managed and current. */
async function begun(kind: string): Promise<ProviderBench> {
  const start = PROVIDERS[kind];
  if (start === undefined) throw new Error(kind);
  const bench = await openProviderBench(start, {
    policy: kind === '360dialog' ? { accept: 'gap' } : {},
    adoptsById: kind === 'vonage',
  });
  onTestFinished(bench.close);
  if (ASKED_BY_KEY.includes(kind)) await bench.adopt();
  else expect((await bench.keyturn('rotate', NAME)).code).toBe(0);
  return bench;
}

async function statusOf(bench: ProviderBench): Promise<Answer['document']['data']> {
  return (await bench.keyturn('status', '--json')).document.data.credentials[0];
}

function keepsSecrets(bench: ProviderBench, answers: readonly Answer[]): void {
  const said = answers.map(({ stdout, stderr }) => stdout + stderr).join('\n');
  const secrets = [...bench.ring.keys.map(({ secret }) => secret), ...Object.values(bench.env)];
  for (const secret of secrets) expect(said.includes(secret), 'a secret came out').toBe(false);
}

beforeAll(built, 60_000);

describe.each(Object.keys(PROVIDERS))('%s, through the command line', (kind) => {
  test('is killed while it waits for a key, goes on, and rotates', { timeout: 60_000 }, async () => {
    const bench = await begun(kind);
    const before = bench.server.creates();
    bench.server.fail('held', 'create', 1);
    const running = bench.bench.start(['rotate', NAME]);
    await expect.poll(() => bench.server.creates(), { timeout: 20_000 }).toBe(before + 1);
    running.child.kill('SIGKILL');
    await running.answer;

    const resumed = await bench.keyturn('run', '--take-lease', '--json');
    const rotated = await bench.keyturn('rotate', NAME, '--wait', '--json');
    keepsSecrets(bench, [resumed, rotated]);
    const { current, debts } = await statusOf(bench);
    if (LEAVES_POSSIBLE.includes(kind)) {
      expect(debts).toMatchObject([{ kind: 'possible-orphan' }]);
      expect(rotated.document.data.credentials[0].gapMs === null).toBe(kind !== '360dialog');
      return;
    }
    expect([resumed.code, rotated.code, debts]).toEqual([0, 0, []]);
    const [live, ...others] = bench.ring.live();
    expect(others).toEqual([]);
    expect(current.fingerprints).toEqual(live === undefined ? null : bench.secretOf(live).fingerprints());
  });
});
