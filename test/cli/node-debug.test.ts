import { beforeAll, expect, it } from 'vitest';
import { benchFor, built } from './harness.ts';

beforeAll(built, 120_000);

it('prints no secret where NODE_DEBUG and DEBUG ask for everything', { timeout: 60_000 }, async () => {
  const bench = await benchFor({ policy: 'overlap: 1s' });
  const { world } = bench.simulator;
  const talk = { NODE_DEBUG: '*', DEBUG: '*', NODE_DEBUG_NATIVE: 'CRYPTO,INSPECTOR_SERVER' };
  const said: string[] = [];
  const tokens = new Set<string>();
  for (const args of [['rotate', 'wa-prod'], ['audit'], ['rotate', 'wa-prod', '--wait']]) {
    const { code, stdout, stderr } = await bench.keyturn(args, { env: talk });
    expect(code, stderr.slice(-2000)).toBe(0);
    // Node has talked about what it does, so that this is no empty search.
    expect(stderr).toMatch(/^(NET|TIMER|STREAM) \d+: /m);
    said.push(stdout, stderr);
    const read = ['exec', 'wa-prod', '--', 'sh', '-c', 'printf %s "$WHATSAPP_TOKEN"'];
    if (args[0] === 'rotate') tokens.add((await bench.keyturn(read)).stdout);
  }
  const all = said.join('\n');
  expect(tokens.size).toBe(2);
  for (const secret of [...tokens, world.appSecret, world.adminToken, bench.env.KEYTURN_IDENTITY ?? '']) {
    expect(secret.length).toBeGreaterThan(20);
    expect(all.includes(secret) || all.includes(encodeURIComponent(secret))).toBe(false);
  }
});
