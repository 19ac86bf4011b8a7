import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { benchFor, built } from './harness.ts';

beforeAll(built, 120_000);

describe('in CI', { timeout: 60_000 }, () => {
  it('refuses to change a file store that is gone with the job', async () => {
    const bench = await benchFor();
    const env = { CI: 'true' };
    for (const args of [['run'], ['rotate', 'wa-prod'], ['emergency', 'wa-prod', '--reason', 'x', '--yes']]) {
      const { code, stderr } = await bench.keyturn(args, { env });
      expect(code).toBe(2);
      expect(stderr).toContain('shared: true');
    }
    expect(bench.simulator.requests()).toEqual([]);
    for (const args of [['status'], ['plan'], ['run', '--dry-run']]) {
      expect((await bench.keyturn(args, { env })).code).toBe(0);
    }
    const text = await readFile(join(bench.folder, 'keyturn.yaml'), 'utf8');
    await bench.configure(text.replace('path: ./secrets,', 'path: ./secrets, shared: true,'));
    const ran = await bench.keyturn(['run', '--json', '--reason', 'nightly'], {
      env: {
        ...env,
        GITHUB_ACTIONS: 'true',
        GITHUB_ACTOR: 'ada',
        GITHUB_REPOSITORY: 'a/b',
        GITHUB_RUN_ID: '7',
      },
    });
    expect(ran.code).toBe(0);
    const trail = await bench.keyturn(['trail', '--json']);
    expect(trail.document.data.entries[0].by).toBe('github:ada/a/b/7: nightly');
  });

  it('makes annotations of errors, with the place of each mistake', async () => {
    const bench = await benchFor();
    const env = { GITHUB_ACTIONS: 'true' };
    const wrong = await bench.keyturn(['status', 'wa-prd'], { env });
    expect(wrong.stderr).toBe(
      '::error title=keyturn USAGE::no credential matches "wa-prd"%0Ahint: try wa-prod\n',
    );
    expect((await bench.keyturn(['status', 'wa-prd', '--json'], { env })).stderr).toBe('');
    const text = await readFile(join(bench.folder, 'keyturn.yaml'), 'utf8');
    await bench.configure(text.replace('overlap: 24h', 'overlap: 24').replace('settles: 0s', 'settels: 0s'));
    const { code, stderr } = await bench.keyturn(['status'], { env });
    expect(code).toBe(2);
    const lines = stderr.trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(
      /^::error title=keyturn CONFIG,file=.*keyturn\.yaml,line=3,col=\d+::policy\.overlap/,
    );
  });

  it('writes what was done on the page of the job', async () => {
    const bench = await benchFor();
    const page = join(bench.folder, 'summary.md');
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: page };
    await bench.keyturn(['rotate', 'wa-prod', '--json', '--quiet'], { env });
    await bench.keyturn(['status', 'wa-prd'], { env });
    const text = await readFile(page, 'utf8');
    expect(text).toContain('### keyturn rotate: ok (exit 0)');
    expect(text).toContain(
      '| credential | outcome | key | what |\n| --- | --- | --- | --- |\n| wa-prod | done |',
    );
    expect(text).toContain('### keyturn status: failed (exit 2)');
    const gone = { ...env, GITHUB_STEP_SUMMARY: join(bench.folder, 'gone', 'summary.md') };
    expect((await bench.keyturn(['status'], { env: gone })).code).toBe(0);
  });
});
