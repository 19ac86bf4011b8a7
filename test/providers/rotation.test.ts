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

/** Where no key can be revoked before its successor exists, and the words that say why. */
const NOT_FIRST: Readonly<Record<string, string>> = {
  '360dialog': 'cannot be told to revoke',
  sinch: 'nothing can make its successor',
  'twilio-auth-token': 'cannot be told to revoke',
  vonage: 'nothing can make its successor',
};

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
      if (kind === 'twilio-auth-token') {
        const hints = rotated.document.errors?.map(({ hint }) => hint).join() ?? '';
        expect(hints).toContain('a possible key may stand in its way');
      }
      return;
    }
    expect([resumed.code, rotated.code, debts]).toEqual([0, 0, []]);
    const [live, ...others] = bench.ring.live();
    expect(others).toEqual([]);
    expect(current.fingerprints).toEqual(live === undefined ? null : bench.secretOf(live).fingerprints());
  });

  test('emergency --revoke-first: with keys asked for otherwise only, else nothing is done', async () => {
    const bench = await begun(kind);
    const [old] = bench.ring.live();
    const asked = bench.server.log.length;
    const args = ['emergency', NAME, '--revoke-first', '--reason', 'abused now', '--yes', '--json'];
    const answer = await bench.keyturn(...args);
    keepsSecrets(bench, [answer]);
    const why = NOT_FIRST[kind];
    if (why !== undefined) {
      expect([answer.code, answer.document.errors?.[0]?.message]).toEqual([2, expect.stringContaining(why)]);
      expect([bench.ring.live(), bench.server.log.length]).toEqual([[old], asked]);
      return;
    }
    expect(answer.code).toBe(0);
    const live = bench.ring.live();
    expect([live.length, live[0]?.id === old?.id]).toEqual([1, false]);
    const posted = bench.server.log.findLastIndex((line) => line.startsWith('POST '));
    expect(bench.server.log.findIndex((line) => /^(DELETE|PUT) /.test(line))).toBeLessThan(posted);
  });
});
