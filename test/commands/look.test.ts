import { randomBytes } from 'node:crypto';
import { appendFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { type Bench, benchFor, built } from '../cli/harness.ts';

// Every test starts several processes, which take their time where many run at once.
vi.setConfig({ testTimeout: 60_000 });

beforeAll(built, 120_000);

/** A bench whose one credential holds a token of this age. */
async function adopted(ageDays: number, options: { expiresInDays?: number; scopes?: string[] } = {}) {
  const bench = await benchFor();
  const token = bench.simulator.issue({ ageDays, expiresInDays: 300, ...options });
  expect((await bench.keyturn(['adopt', 'wa-prod', '--stdin'], { input: token })).code).toBe(0);
  return { bench, token };
}

interface FindingLike {
  readonly rule: string;
  readonly credential: string | null;
}

async function audit(bench: Bench, ...args: readonly string[]) {
  const { code, document } = await bench.keyturn(['audit', '--json', ...args]);
  const findings: readonly FindingLike[] = document.data.findings;
  return { code, document, rules: findings.map((finding) => finding.rule), findings };
}

describe('audit', () => {
  it('finds a key that is too old, and nothing once it is rotated', async () => {
    const { bench } = await adopted(100);
    const found = await audit(bench);
    expect(found).toMatchObject({ code: 7, rules: ['over-age'] });
    expect(found.document).toMatchObject({ status: 'findings', next: ['keyturn run wa-prod'] });
    expect((await audit(bench, '--fail-on', 'critical')).code).toBe(0);
    expect((await bench.keyturn(['run'])).code).toBe(0);
    expect(await audit(bench)).toMatchObject({ code: 0, rules: [] });
  });

  it('asks the issuer, and says so where it could not', async () => {
    const { bench } = await adopted(3);
    bench.simulator.kill('key-2');
    expect(await audit(bench)).toMatchObject({ code: 7, rules: ['dead'] });
    // Without the issuer nobody knows.
    expect(await audit(bench, '--offline')).toMatchObject({ code: 0, rules: [] });
    await bench.simulator.close();
    expect(await audit(bench)).toMatchObject({ code: 3, rules: ['unverified'] });
    expect(await audit(bench, '--fail-on', 'info')).toMatchObject({ code: 7 });
    expect(await audit(bench, '--offline')).toMatchObject({ code: 0, rules: [] });
  });

  it('names values that nobody manages, and keys that two share', async () => {
    const { bench, token } = await adopted(3);
    const config = await readFile(join(bench.folder, 'keyturn.yaml'), 'utf8');
    await bench.configure(
      config.replace('wa-prod:', 'wa-new: { issuer: meta, location: wa-prod }\n  wa-old:'),
    );
    expect(await audit(bench)).toMatchObject({
      code: 7,
      findings: [{ rule: 'unmanaged', credential: 'wa-new' }],
    });
    await bench.configure(config.replace('wa-prod:', 'wa-other:'));
    expect(await audit(bench)).toMatchObject({
      code: 7,
      findings: [{ rule: 'unmanaged', credential: null }],
    });
    expect((await audit(bench, 'wa-other')).rules).toEqual([]);

    await bench.configure(`${config}  wa-twin: { issuer: meta }\n`);
    const twin = bench.simulator.issue({ expiresInDays: 60 });
    await bench.keyturn(['adopt', 'wa-twin', '--stdin'], { input: twin });
    expect((await audit(bench)).rules).toEqual([]);
    // Somebody copies the file of one over that of the other.
    const stored = await readFile(join(bench.folder, 'secrets/wa-prod.age'));
    await writeFile(join(bench.folder, 'secrets/wa-twin.age'), stored);
    const shared = await audit(bench);
    expect(shared.rules.filter((rule) => rule === 'shared-key')).toHaveLength(2);
    expect(shared.rules).toContain('unmanaged');
    expect(JSON.stringify(shared.document)).not.toContain(token);
  });

  it('goes on with what it can read, and says what it cannot', async () => {
    const { bench } = await adopted(100);
    const config = await readFile(join(bench.folder, 'keyturn.yaml'), 'utf8');
    await bench.configure(`${config}  wa-cut: { issuer: meta }\n`);
    await bench.keyturn(['rotate', 'wa-cut']);
    await truncate(join(bench.folder, 'secrets/wa-cut.age'), 20);
    const found = await audit(bench);
    expect(found).toMatchObject({ code: 4, rules: ['over-age'] });
    expect(found.document.errors).toHaveLength(1);
    const said = await bench.keyturn(['audit', 'wa-cut']);
    expect([said.code, said.stdout]).toEqual([4, '1 credential: 1 could not be read\n']);
    const { stdout } = await bench.keyturn(['audit', '--offline']);
    expect(stdout.trim().split('\n').at(-1)).toMatch(/^2 credentials: .+, 1 could not be read$/);
  });

  it('writes nothing, and needs the secrets of issuers only to ask them', async () => {
    const { bench } = await adopted(3);
    const env = { META_APP_SECRET: undefined };
    expect(await bench.keyturn(['audit'], { env })).toMatchObject({ code: 2, stdout: '' });
    expect((await bench.keyturn(['audit', '--offline'], { env })).code).toBe(0);
  });

  it('is a table that fits a terminal, and a line for each finding elsewhere', async () => {
    const { bench } = await adopted(100, { expiresInDays: 2 });
    const { stdout } = await bench.onTerminal(['audit']);
    const colour = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');
    const lines = stdout.replace(colour, '').split(/\r?\n/);
    expect(lines[0]).toMatch(/^SEVERITY +RULE +CREDENTIAL +FINDING/);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    const plain = (await bench.keyturn(['audit'])).stdout.trim().split('\n');
    expect(plain).toHaveLength(4);
  });
});

describe('status', () => {
  it('of many credentials says nothing but their status', async () => {
    const bench = await benchFor();
    const config = await readFile(join(bench.folder, 'keyturn.yaml'), 'utf8');
    const more = Array.from({ length: 40 }, (_, index) => `  wa-${index}: { issuer: meta }\n`);
    await bench.configure(`${config}${more.join('')}`);
    const { code, stdout, stderr } = await bench.keyturn(['status']);
    // Node itself warns of many listeners on one signal.
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.split('\n').filter((line) => line.startsWith('wa-'))).toHaveLength(41);
  });
});

describe('identify', () => {
  async function identify(bench: Bench, input: string, ...args: readonly string[]) {
    const { code, document, stdout, stderr } = await bench.keyturn(['identify', '--json', ...args], {
      input,
    });
    return { code, matches: document.data?.matches, document, said: stdout + stderr };
  }

  it('knows the key of a credential, alive or dead, and never repeats it', async () => {
    const { bench, token } = await adopted(3);
    const live = await identify(bench, `${token}\n`);
    expect(live).toMatchObject({ code: 7, matches: [{ credential: 'wa-prod', alive: 'yes' }] });
    expect(live.matches[0].key.state).toBe('current');
    expect(live.said).not.toContain(token);
    const inText = await identify(bench, `Authorization: Bearer ${token}\nHost: x`);
    expect(inText).toMatchObject({ code: 7, matches: [{ credential: 'wa-prod', alive: 'yes' }] });
    expect((await bench.keyturn(['emergency', 'wa-prod', '--yes', '--reason', 'leaked'])).code).toBe(0);
    const dead = await identify(bench, token);
    expect(dead).toMatchObject({ code: 0, matches: [{ credential: 'wa-prod', alive: 'no' }] });
    expect(dead.said).not.toContain(token);
  });

  it('asks the issuer about what no ledger knows', async () => {
    const { bench } = await adopted(3);
    const stray = bench.simulator.issue();
    expect(await identify(bench, stray)).toMatchObject({
      code: 7,
      matches: [{ credential: null, key: null, alive: 'yes', issuer: 'meta' }],
    });
    const sent = bench.simulator.requests().length;
    expect(
      await identify(bench, 'a sentence is sent to nobody, however many words it may have in it'),
    ).toMatchObject({
      code: 0,
      matches: [],
    });
    expect(await identify(bench, 'short')).toMatchObject({ code: 0, matches: [] });
    expect(bench.simulator.requests()).toHaveLength(sent);
  });

  it('does not give the all-clear where it could not ask', async () => {
    const { bench, token } = await adopted(3);
    await bench.simulator.close();
    expect(await identify(bench, token)).toMatchObject({ code: 3, matches: [{ alive: 'unknown' }] });
    const stray = await identify(bench, `EAA${randomBytes(40).toString('hex')}`);
    expect(stray).toMatchObject({ code: 3, matches: [] });
    expect(stray.document.errors).toHaveLength(1);
  });

  it('compares what is short with what the store holds', async () => {
    const { bench } = await adopted(3);
    await bench.configure(`version: 1
store: { kind: file, path: ./secrets, identity: env:KEYTURN_IDENTITY }
issuers: { hook: { kind: random, length: 18, alphabet: hex } }
credentials: { verify-token: { issuer: hook, env: VERIFY } }
`);
    await bench.keyturn(['rotate', 'verify-token']);
    const { stdout } = await bench.keyturn(['exec', 'verify-token', '--', 'sh', '-c', 'printf %s "$VERIFY"']);
    expect(stdout).toHaveLength(18);
    expect(await identify(bench, stdout)).toMatchObject({
      code: 3,
      matches: [{ credential: 'verify-token', alive: 'unknown' }],
    });
  });

  it('refuses to wait where nothing comes', async () => {
    const { bench } = await adopted(3);
    expect((await bench.keyturn(['identify', '--json'], { input: '' })).code).toBe(2);
    expect((await bench.onTerminal(['identify', '--no-input'])).code).toBe(2);
    const asked = await bench.onTerminal(['identify'], [['The leaked string', 'a-plain-word\r']]);
    expect(asked.code).toBe(0);
    expect(asked.stdout).not.toContain('a-plain-word');
  });
});

describe('the trail', () => {
  async function withSink() {
    const bench = await benchFor();
    const config = await readFile(join(bench.folder, 'keyturn.yaml'), 'utf8');
    await bench.configure(
      `${config}  wa-two: { issuer: meta }\ntrail: { sinks: [{ file: ./trail.jsonl }] }\n`,
    );
    expect((await bench.keyturn(['rotate', '--all'])).code).toBe(0);
    return { bench, file: join(bench.folder, 'trail.jsonl') };
  }

  const verify = async (bench: Bench) => {
    const { code, document, stderr } = await bench.keyturn(['trail', 'verify', '--json']);
    return { code, data: document.data, stderr };
  };

  it('is shown, of all or of one', async () => {
    const { bench } = await withSink();
    const all = await bench.keyturn(['trail', '--json']);
    expect(all.code).toBe(0);
    const { entries, head, count } = all.document.data;
    expect(head).toBeNull();
    expect(entries).toHaveLength(count);
    const one = (await bench.keyturn(['trail', 'wa-two', '--json'])).document.data;
    expect(one.entries.at(-1)).toMatchObject({ credential: 'wa-two', n: one.count, hash: one.head });
    const plain = await bench.keyturn(['trail', 'wa-two']);
    expect(plain.stdout).toMatch(/key-created/);
    expect((await bench.keyturn(['trail'])).stdout.trim().split('\n')).toHaveLength(count + 1);
  });

  it('is whole, and stays so when a line was cut and written again', async () => {
    const { bench, file } = await withSink();
    expect(await verify(bench)).toMatchObject({ code: 0, data: { ok: true, firstBad: null }, stderr: '' });
    await appendFile(file, '{"at":"2026-11-');
    expect((await bench.keyturn(['rotate', 'wa-prod'])).code).toBe(0);
    const mended = await verify(bench);
    expect(mended).toMatchObject({ code: 0, data: { ok: true } });
    expect(mended.stderr).toContain('this line was cut');
  });

  it('is broken when its file is changed, cut, or made anew', async () => {
    const { bench, file } = await withSink();
    const good = await readFile(file, 'utf8');
    const lines = good.trimEnd().split('\n');
    const cases: readonly (readonly [string, string])[] = [
      ['its end is missing', `${lines.slice(0, -1).join('\n')}\n`],
      ['is missing before it', `${lines.filter((_, at) => at !== 2).join('\n')}\n`],
    ];
    for (const [why, content] of cases) {
      await writeFile(file, content);
      const found = await verify(bench);
      expect(found, why).toMatchObject({ code: 7, data: { ok: false } });
      expect(found.data.firstBad.why).toContain(why);
    }
    await rm(file);
    expect(await verify(bench)).toMatchObject({
      code: 7,
      data: { firstBad: { credential: 'wa-prod', n: 1 } },
    });
  });

  it('is checked in the ledger where there is no sink', async () => {
    const bench = await benchFor();
    expect(await verify(bench)).toMatchObject({ code: 0, data: { ok: true, checked: 0 } });
    await bench.keyturn(['rotate', 'wa-prod']);
    const { data } = await verify(bench);
    expect(data.checked).toBeGreaterThan(5);
  });
});
