import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outputSchema } from '../../src/cli/output-schema.ts';
import { GROUPS } from '../../src/cli/specs/groups.ts';
import { type Bench, benchFor, built, openBench } from './harness.ts';

const SECRET = 'EAAGplainlyFake0123456789abcdefABCDEF';

describe('a command line that is not understood', { timeout: 60_000 }, () => {
  let bench: Bench;
  beforeAll(async () => {
    await built();
    bench = await openBench();
  }, 120_000);
  afterAll(() => bench.close());

  it.each([
    [['rotat', 'wa-prod'], 'unknown command "rotat"', 'did you mean rotate?'],
    [['status', '--jsno'], 'unknown option --jsno', 'did you mean --json?'],
    [['status', '--json=1'], '--json takes no value', 'leave out the equals sign'],
    [['help', 'rotat'], 'unknown command "rotat"', 'did you mean rotate?'],
    [['provide'], "missing required argument 'name'", 'run keyturn --help, or keyturn help COMMAND'],
    [['provide', 'wa-prod', 'more'], 'too many arguments', 'run keyturn --help'],
    [['run', '--timeout'], "option '--timeout <duration>' argument missing", 'run keyturn --help'],
    [['run', '--timeout', '5'], '--timeout is no duration', 'a whole number with s, m, h, d or w'],
    [['audit', '--fail-on', 'severe'], '"severe" is no value of --fail-on <severity>', 'run keyturn --help'],
    [[], 'no command is given', 'run keyturn --help to see them'],
    [['--'], 'no command is given', 'run keyturn --help to see them'],
    [['help', '--'], 'no command is given', 'run keyturn --help to see them'],
    [['rotate'], 'no credential is selected', 'name one, or say --all'],
    [['status', 'wa-prd'], 'no credential matches "wa-prd"', 'try wa-prod'],
    [['adopt', 'wa-*'], '"wa-*" is a pattern', 'give the name of one credential'],
    [['adopt', 'wa-prod', '--issued-at', 'tomorrow'], '--issued-at is no ISO 8601 date', '2026-05-31'],
    [['adopt', 'wa-prod', '--issued-at', '2999-01-01'], '--issued-at lies in the future', 'give the time'],
    [['emergency', 'wa-prod'], 'an emergency needs a reason', '--reason TEXT'],
    [
      ['emergency', '--all', '--reason', 'x', '--report', 'x.txt'],
      'neither the ending .md nor .json',
      'name it',
    ],
    [['forget', 'wa-prod', '--reason', 'x'], 'forget needs --orphan', '--orphan ID'],
    [['revoke', 'wa-prod', '--attest'], '--attest needs a reason', '--reason'],
    [['rotate', 'wa-prod', '--reason', 'a\nb'], '--reason is no line', 'a few words'],
  ])('%j ends with 2 and says what to do', async (args, message, hint) => {
    const { code, stdout, stderr } = await bench.keyturn(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(
      `keyturn: error: ${message.startsWith('neither') ? 'the report has ' : ''}${message}`,
    );
    expect(stderr).toContain(hint);
  });

  it('has its JSON document all the same', async () => {
    const { code, document } = await bench.keyturn(['rotat', '--json']);
    expect(code).toBe(2);
    expect(document).toMatchObject({ command: 'keyturn', status: 'failed', data: null, next: [] });
    expect(document.errors).toMatchObject([{ code: 'USAGE', retryable: false }]);
    const known = await bench.keyturn(['status', '--jsno', '--json']);
    expect(known.document.command).toBe('status');
  });

  it('never repeats a word that could be a secret', async () => {
    const lines = [
      [SECRET],
      ['status', SECRET],
      ['adopt', 'wa-prod', SECRET],
      ['status', `--token=${SECRET}`],
    ];
    for (const line of [...lines, ['run', '--timeout', SECRET], ['audit', '--fail-on', SECRET]]) {
      const { code, stdout, stderr } = await bench.keyturn(line);
      expect(code, line[0]).toBe(2);
      expect(stdout + stderr).not.toContain(SECRET.slice(4, 20));
    }
  });

  it('is 125 for exec, which has no JSON output', async () => {
    expect(await bench.keyturn(['exec', '--nonsense'])).toMatchObject({ code: 125, stdout: '' });
    expect(await bench.keyturn(['--json', 'exec', 'wa-prod', '--', 'true'])).toMatchObject({
      code: 125,
      stdout: '',
    });
  });

  it('lets the common options stand before the command', async () => {
    const { code, document } = await bench.keyturn(['--json', '--config', 'keyturn.yaml', 'status']);
    expect({ code, status: document.status }).toEqual({ code: 0, status: 'ok' });
  });

  it('prints help within 80 columns for every command', async () => {
    const names = GROUPS.flatMap(({ commands }) => commands.map((spec) => spec.name));
    const program = await bench.keyturn(['--help']);
    expect(program.code).toBe(0);
    for (const name of names.filter((one) => !one.includes(' ')))
      expect(program.stdout).toContain(`\n  ${name} `);
    for (const args of [
      ['rotate', '--help'],
      ['help', 'emergency'],
      ['trail', 'verify', '--help'],
    ]) {
      const { code, stdout, stderr } = await bench.keyturn(args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain('Examples:');
      expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    }
  });

  it('is refused on native Windows', async () => {
    const preload = join(bench.folder, 'windows.cjs');
    await writeFile(preload, "Object.defineProperty(process, 'platform', { value: 'win32' });\n");
    const { code, stderr } = await bench.keyturn(['status'], {
      env: { NODE_OPTIONS: `--require ${preload}` },
    });
    expect(code).toBe(2);
    expect(stderr).toContain('WSL');
  });

  it('is 1 for a defect, of which nothing is told that it could hold', async () => {
    const preload = join(bench.folder, 'defect.cjs');
    await writeFile(preload, `require('node:os').hostname = () => { throw new TypeError('${SECRET}'); };\n`);
    const env = { NODE_OPTIONS: `--require ${preload}` };
    const { code, stdout, stderr } = await bench.keyturn(['status', '--verbose'], { env });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('unexpected TypeError');
    expect(stderr).toContain('report this defect');
    expect(stderr).toContain('    at ');
    expect(stderr).not.toContain(SECRET);
    const { document } = await bench.keyturn(['status', '--json'], { env });
    expect(document.errors).toMatchObject([{ code: 'BUG' }]);
  });

  it('ships the schema of its output', async () => {
    const shipped = await readFile(
      fileURLToPath(new URL('../../dist/schema/output.json', import.meta.url)),
      'utf8',
    );
    expect(JSON.parse(shipped)).toEqual(JSON.parse(JSON.stringify(outputSchema())));
  });
});

describe('a configuration that is wrong', { timeout: 60_000 }, () => {
  it('ends with 2 and every mistake, with its line', async () => {
    const bench = await benchFor();
    const text = await readFile(join(bench.folder, 'keyturn.yaml'), 'utf8');
    await bench.configure(
      text.replace('overlap: 24h', 'overlap: 24').replace('appSecret: env:META', `appSecret: ${SECRET}`),
    );
    const { code, document } = await bench.keyturn(['run', '--json']);
    expect(code).toBe(2);
    const [error] = document.errors;
    expect(error).toMatchObject({ code: 'CONFIG' });
    expect(error?.message).toMatch(/keyturn\.yaml:3:/);
    expect(error?.message).toMatch(/keyturn\.yaml:9:/);
    expect(error?.message).not.toContain(SECRET);
    const none = await bench.keyturn(['status', '--config', 'elsewhere.yaml']);
    expect(none.code).toBe(2);
    expect(none.stderr).toContain('elsewhere.yaml does not exist');
  });

  it('lists every reference that leads nowhere, before anything is done', async () => {
    const bench = await benchFor();
    const env = {
      META_APP_SECRET: undefined,
      META_ADMIN_TOKEN: '',
      KEYTURN_IDENTITY: bench.env.KEYTURN_IDENTITY,
    };
    const { code, document } = await bench.keyturn(['rotate', 'wa-prod', '--json'], { env });
    expect(code).toBe(2);
    expect(document.errors[0]?.code).toBe('REFERENCE');
    expect(document.errors[0]?.message).toContain('"META_APP_SECRET" is not set');
    expect(document.errors[0]?.message).toContain('"META_ADMIN_TOKEN" is empty');
    expect(bench.simulator.requests()).toEqual([]);
    // Those that only look at the store need no issuer's secret.
    expect((await bench.keyturn(['status'], { env })).code).toBe(0);
    expect((await bench.keyturn(['plan'], { env })).code).toBe(0);
    expect((await bench.keyturn(['plan', '--live'], { env })).code).toBe(2);
    const locked = await bench.keyturn(['status', '--json'], { env: { KEYTURN_IDENTITY: undefined } });
    expect(locked.code).toBe(0);
  });
});
