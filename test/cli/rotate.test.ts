import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Bench, benchFor, built } from './harness.ts';

beforeAll(built, 120_000);

/** What lies in the folder of the store, with a digest of each file. */
async function contents(bench: Bench): Promise<readonly string[]> {
  const folder = join(bench.folder, 'secrets');
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.sort().map(
      async (file) =>
        `${file} ${createHash('sha256')
          .update(await readFile(file))
          .digest('hex')}`,
    ),
  );
}

const live = (bench: Bench) =>
  bench.simulator.keys().filter((key) => key.origin === 'mint' && key.state === 'live').length;

describe('rotate', { timeout: 60_000 }, () => {
  it('makes a first key, replaces it, waits for the overlap, and revokes', async () => {
    const bench = await benchFor({ policy: 'overlap: 5s' });
    const first = await bench.keyturn(['rotate', 'wa-prod', '--json', '--reason', 'to begin with']);
    expect(first.code).toBe(0);
    expect(first.document.data.credentials).toMatchObject([{ name: 'wa-prod', outcome: 'done', old: null }]);
    expect(first.document.data.summary).toEqual({ changed: 1 });
    expect(first.stderr).toContain('rotation opened (manual): to begin with');

    const second = await bench.keyturn(['rotate', 'wa-prod', '--json', '--quiet']);
    const [rotated] = second.document.data.credentials;
    expect(second).toMatchObject({ code: 0, stderr: '' });
    expect(rotated).toMatchObject({
      outcome: 'overlap',
      old: { state: 'retiring' },
      new: { state: 'current' },
    });
    expect(rotated.times.promoted).toMatch(/Z$/);
    expect(second.document.next).toEqual(['keyturn run wa-prod']);
    expect(live(bench)).toBe(2);

    const status = (await bench.keyturn(['status', '--json'])).document.data.credentials[0];
    expect(status).toMatchObject({ name: 'wa-prod', issuer: 'meta', store: 'file', ageDays: 0, debts: [] });
    expect(status.current.id).toBe(rotated.new.id);
    expect(status.keys.map((key: { overlapEnds: string | null }) => key.overlapEnds === null)).toEqual([
      false,
      true,
    ]);

    const again = await bench.keyturn(['rotate', 'wa-prod', '--wait', '--json']);
    expect(again.document.data.credentials).toMatchObject([{ outcome: 'done' }]);
    expect(again.stderr).toContain('waits: the old key works until');
    expect(live(bench)).toBe(1);
    expect(bench.simulator.keys()).toHaveLength(3);
  });

  it('writes nothing with --dry-run', async () => {
    const bench = await benchFor();
    await bench.keyturn(['rotate', 'wa-prod', '--quiet']);
    const before = await contents(bench);
    for (const args of [['rotate', 'wa-prod'], ['run'], ['emergency', 'wa-prod', '--reason', 'x']]) {
      const { code, document } = await bench.keyturn([...args, '--dry-run', '--json']);
      expect(code).toBe(0);
      const action = args[0] === 'run' ? 'none' : 'start';
      expect(document.data.credentials).toMatchObject([{ name: 'wa-prod', action }]);
    }
    const refused = await bench.keyturn(['rollback', 'wa-prod', '--dry-run', '--json']);
    expect(refused.code).toBe(4);
    expect(refused.document.data.credentials).toMatchObject([{ action: 'refuse' }]);
    expect(await contents(bench)).toEqual(before);
    expect(live(bench)).toBe(1);
  });

  it('asks before an overlap that is shorter than the policy says', async () => {
    const bench = await benchFor();
    await bench.keyturn(['rotate', 'wa-prod', '--quiet']);
    const before = await contents(bench);
    const refused = await bench.keyturn(['rotate', 'wa-prod', '--overlap', '1s']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('there is no terminal to ask at');
    expect(await contents(bench)).toEqual(before);
    expect((await bench.keyturn(['rotate', 'wa-prod', '--overlap', '48h', '--dry-run'])).code).toBe(0);
    const agreed = await bench.keyturn(['rotate', 'wa-prod', '--overlap', '1s', '--yes', '--wait']);
    expect(agreed.code).toBe(0);
    expect(agreed.stderr).toContain(
      'The old key of wa-prod dies 1 s after the new one is in place, not 1 d.',
    );
    expect(live(bench)).toBe(1);
  });
});

describe('run, rollback, revoke and forget', { timeout: 60_000 }, () => {
  it('does what is due, and nothing when nothing is', async () => {
    const bench = await benchFor();
    const plan = await bench.keyturn(['plan', '--json']);
    expect(plan.document.data.credentials).toMatchObject([
      { action: 'start', phase: 'open', reason: 'there is no key yet' },
    ]);
    expect((await bench.keyturn(['run', '--timeout', '2m', '--quiet'])).code).toBe(0);
    const before = await contents(bench);
    const idle = await bench.keyturn(['run', '--json']);
    expect(idle.document.data).toMatchObject({ credentials: [{ outcome: 'none' }], summary: { changed: 0 } });
    expect(await contents(bench)).toEqual(before);
  });

  it('knows when a secret that was made here is due again', async () => {
    const bench = await benchFor();
    await bench.configure(`version: 1
store: { kind: file, path: ./secrets, identity: env:KEYTURN_IDENTITY }
issuers: { verify: { kind: random } }
credentials: { webhook: { issuer: verify } }
`);
    await bench.keyturn(['run', '--quiet']);
    const [status] = (await bench.keyturn(['status', '--json'])).document.data.credentials;
    expect(status).toMatchObject({ ageDays: 0, current: { issuedAtFrom: 'store' } });
    expect(Date.parse(status.due) - Date.now()).toBeGreaterThan(89 * 86_400_000);
  });

  it('goes back to the previous key, and holds', async () => {
    const bench = await benchFor();
    await bench.keyturn(['rotate', 'wa-prod', '--quiet']);
    const { data } = (await bench.keyturn(['rotate', 'wa-prod', '--json', '--quiet'])).document;
    expect((await bench.keyturn(['rollback', 'wa-prod'])).code).toBe(2);
    const back = await bench.keyturn([
      'rollback',
      'wa-prod',
      '--yes',
      '--now',
      '--reason',
      'senders fail',
      '--json',
    ]);
    expect(back.code).toBe(0);
    const status = (await bench.keyturn(['status', '--json'])).document.data.credentials[0];
    expect(status.current.id).toBe(data.credentials[0].old.id);
    expect(status.hold).toMatchObject({ kind: 'rollback' });
    expect(live(bench)).toBe(1);
    const shown = await bench.keyturn(['status']);
    expect(shown.stdout).toContain('held since');
    expect(shown.stdout).toContain('run keyturn rotate wa-prod to go on');
  });

  it('ends an overlap, but only once', async () => {
    const bench = await benchFor();
    await bench.keyturn(['rotate', 'wa-prod', '--quiet']);
    await bench.keyturn(['rotate', 'wa-prod', '--quiet']);
    const planned = await bench.keyturn(['revoke', 'wa-prod', '--dry-run', '--json']);
    expect(planned.document.data.credentials).toMatchObject([{ action: 'revoke' }]);
    const ended = await bench.keyturn(['revoke', 'wa-prod', '--yes']);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain('is revoked now. Consumers that still use it are refused.');
    expect(live(bench)).toBe(1);
    const nothing = await bench.keyturn(['revoke', 'wa-prod', '--yes', '--json']);
    expect(nothing.code).toBe(2);
    expect(nothing.document.errors).toMatchObject([{ code: 'USAGE', credential: 'wa-prod' }]);
  });

  it('reports a possible orphan with 4, and forgets it on a word', async () => {
    const bench = await benchFor({ policy: 'overlap: 24h' });
    bench.simulator.faults.add({ kind: 'mint', fault: { type: 'lost-after' }, times: 1 });
    const run = await bench.keyturn(['run', '--json']);
    expect(run.code).toBe(4);
    expect(run.document.status).toBe('failed');
    expect(run.document.errors[0]?.message).toContain('a key may exist at the issuer that nobody holds');
    const status = (await bench.keyturn(['status', '--json'])).document.data.credentials[0];
    expect(status.debts).toMatchObject([{ kind: 'possible-orphan' }]);
    const orphan = status.debts[0].target;
    const forget = ['forget', 'wa-prod', '--orphan', orphan, '--reason', 'ended at the issuer', '--yes'];
    expect((await bench.keyturn(forget)).code).toBe(0);
    const after = (await bench.keyturn(['status', '--json'])).document.data.credentials[0];
    expect(after.debts).toEqual([]);
    expect(after.keys[0]).toMatchObject({ id: orphan, state: 'settled', proof: { by: 'operator' } });
    const other = await bench.keyturn([
      'forget',
      'wa-prod',
      '--orphan',
      'nonsense',
      '--reason',
      'x',
      '--yes',
    ]);
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('no possible orphan')]);
    expect(other.stderr).not.toContain('is recorded');
  });
});
