import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Bench, benchFor, built } from './harness.ts';

beforeAll(built, 120_000);

const live = (bench: Bench) =>
  bench.simulator.keys().filter((key) => key.origin !== 'seeded' && key.state === 'live').length;

const currentOf = async (bench: Bench, name: string) =>
  (await bench.keyturn(['status', name, '--json'])).document.data.credentials[0].current;

describe('emergency', { timeout: 60_000 }, () => {
  it('replaces and kills at once, and measures it', async () => {
    const bench = await benchFor();
    await bench.keyturn(['rotate', 'wa-prod', '--quiet']);
    const before = await currentOf(bench, 'wa-prod');
    const args = ['emergency', 'wa-prod', '--reason', 'token | in a `log`'];
    const refused = await bench.keyturn([...args, '--json']);
    expect(refused.code).toBe(2);
    expect(refused.document.errors[0]?.message).toContain('no terminal to ask at');
    expect(live(bench)).toBe(1);

    const done = await bench.keyturn([...args, '--yes', '--json', '--report', 'incident.md']);
    expect(done.code).toBe(0);
    const [one] = done.document.data.credentials;
    expect(one).toMatchObject({
      outcome: 'done',
      old: { id: before.id, state: 'revoked' },
      new: { state: 'current' },
    });
    const { measured } = done.document.data.summary;
    expect(measured.inPlaceMs).toBeGreaterThan(0);
    expect(measured.provenDeadMs).toBeGreaterThanOrEqual(measured.revokedMs);
    expect(live(bench)).toBe(1);
    const page = await readFile(join(bench.folder, 'incident.md'), 'utf8');
    expect(page).toContain('- reason: token \\| in a \\`log\\`');
    expect(page).toMatch(/\| wa-prod \| done \| \S+ \| \S+ \| \d+\.\d s \| \d+\.\d s \| \d+\.\d s \|/);
  });

  it('says what breaks before it revokes first', async () => {
    const bench = await benchFor();
    await bench.keyturn(['rotate', 'wa-prod', '--quiet']);
    const args = ['emergency', 'wa-prod', '--revoke-first', '--reason', 'abused now', '--yes'];
    const { code, stderr } = await bench.keyturn(args);
    expect(code).toBe(0);
    const warned = stderr.indexOf('From then on everything that uses it is refused');
    expect(warned).toBeGreaterThanOrEqual(0);
    expect(warned).toBeLessThan(stderr.indexOf('rotation opened'));
    expect(stderr.indexOf('is proven dead')).toBeLessThan(stderr.indexOf('is in place'));
  });

  it('tries every credential, whatever the others lack', async () => {
    const bench = await benchFor();
    const text = await readFile(join(bench.folder, 'keyturn.yaml'), 'utf8');
    const issuer = /meta:\n[\s\S]*?(?=credentials:)/.exec(text)?.[0] ?? '';
    const other = issuer.replace('meta:', 'other:').replace('env:META_ADMIN_TOKEN', 'env:OTHER_ADMIN_TOKEN');
    await bench.configure(
      `${text.replace('credentials:', `  ${other}credentials:`)}  wa-other: { issuer: other }\n`,
    );
    const run = await bench.keyturn(['rotate', 'wa-prod', '--json']);
    expect(run.code).toBe(0);
    const all = [
      'emergency',
      '--all',
      '--reason',
      'everything',
      '--yes',
      '--json',
      '--report',
      'incident.json',
    ];
    const done = await bench.keyturn(all);
    expect(done.document.status).toBe('partial');
    expect(done.code).toBe(4);
    expect(done.document.data.credentials).toMatchObject([
      { name: 'wa-prod', outcome: 'done' },
      { name: 'wa-other', outcome: 'refused' },
    ]);
    expect(done.document.errors).toMatchObject([{ code: 'REFERENCE', credential: 'wa-other' }]);
    const report = JSON.parse(await readFile(join(bench.folder, 'incident.json'), 'utf8'));
    expect(report).toMatchObject({ reason: 'everything', measured: { inPlaceMs: null } });
    expect(report.credentials[1].errors[0]).toContain('OTHER_ADMIN_TOKEN');
  });

  it('leaves out what was replaced since, but ends what it left behind', async () => {
    const bench = await benchFor();
    await bench.keyturn(['rotate', 'wa-prod', '--quiet']);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const leaked = new Date().toISOString();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await bench.keyturn(['rotate', 'wa-prod', '--quiet']);
    expect(live(bench)).toBe(2);
    const args = ['emergency', 'wa-prod', '--reason', 'leak', '--issued-before', leaked, '--yes'];
    const { code, stderr } = await bench.keyturn(args);
    expect(code).toBe(0);
    expect(stderr).toContain('wa-prod is left out: its key was issued at');
    expect(live(bench)).toBe(1);
    expect(bench.simulator.keys()).toHaveLength(3);
  });

  it('reports nothing as open where nothing was to be done', async () => {
    const bench = await benchFor();
    const page = join(bench.folder, 'incident.md');
    const first = await bench.keyturn([
      'emergency',
      'wa-prod',
      '--reason',
      'first',
      '--yes',
      '--report',
      page,
    ]);
    expect(first.code).toBe(0);
    expect(await readFile(page, 'utf8')).toMatch(
      /in place everywhere: \d+\.\d s\n- every old key revoked: -\n/,
    );

    const again = join(bench.folder, 'again.md');
    const early = ['--issued-before', '2020-01-01T00:00:00Z', '--report', again];
    const left = await bench.keyturn(['emergency', 'wa-prod', '--reason', 'leak', '--yes', ...early]);
    expect(left.code).toBe(0);
    const text = await readFile(again, 'utf8');
    expect(text).toContain('a new key in place everywhere: -\n');
    expect(text).not.toContain('not yet');
  });
});
