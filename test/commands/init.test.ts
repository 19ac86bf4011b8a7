import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { STARTERS, starterText } from '../../src/cli/init/starters.ts';
import { STORE_STARTERS } from '../../src/cli/init/store-starters.ts';
import { catalogue } from '../../src/cli/kinds.ts';
import { openAll } from '../../src/config/catalogue.ts';
import { loadConfig } from '../../src/config/load.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { issuerKinds } from '../../src/issuers/registry.ts';
import { storeKinds } from '../../src/stores/registry.ts';
import { type Bench, benchFor, built } from '../cli/harness.ts';

// Every test starts several processes, which take their time where many run at once.
vi.setConfig({ testTimeout: 60_000 });

beforeAll(built, 120_000);

const KINDS = await openAll(catalogue);

/** A bench whose commands work in an empty folder, with a home of its own. */
async function empty(): Promise<Bench & { readonly place: string }> {
  const bench = await benchFor();
  const place = join(bench.folder, 'project');
  await mkdir(place);
  bench.env.KEYTURN_CONFIG = join(place, 'keyturn.yaml');
  return { ...bench, place };
}

function flags({ simulator: { world, url } }: Bench, name = 'wa-prod'): readonly string[] {
  const ids = ['--app-id', world.appId, '--system-user-id', world.systemUserId];
  return ['init', '--name', name, ...ids, '--phone-number', world.phoneNumberId, '--graph-url', url];
}

describe('init', () => {
  it('writes what doctor finds good and rotate can use', async () => {
    const bench = await empty();
    const { document, code } = await bench.keyturn([...flags(bench), '--json']);
    expect(code).toBe(0);
    const { file, identityFile } = document.data;
    expect(file).toBe(join(bench.place, 'keyturn.yaml'));
    expect((await stat(identityFile)).mode & 0o777).toBe(0o600);
    expect(identityFile.startsWith(join(bench.folder, '.config/keyturn/'))).toBe(true);
    expect(await readFile(join(bench.place, '.gitignore'), 'utf8')).toBe('/secrets/\n/trail.jsonl\n');

    const doctor = await bench.keyturn(['doctor', '--json']);
    expect(doctor.code).toBe(0);
    const outcomes = doctor.document.data.checks.map((check: { outcome: string }) => check.outcome);
    expect(outcomes).not.toContain('fail');
    expect((await bench.keyturn(['rotate', 'wa-prod'])).code).toBe(0);
    expect((await bench.keyturn(['audit'])).stdout).toBe('1 credential: nothing found\n');
    expect((await bench.keyturn(['trail', 'verify'])).code).toBe(0);
  });

  it('says what the identity is worth, and prints no secret', async () => {
    const bench = await empty();
    const { stdout, stderr } = await bench.keyturn(flags(bench));
    expect(stdout).toMatch(/recipient: age1/);
    expect(stdout).toContain('without this identity'.replace('w', 'W'));
    expect(stdout + stderr).not.toContain('AGE-SECRET-KEY-');
  });

  it('overwrites the configuration only with --force, and the identity never', async () => {
    const bench = await empty();
    const first = await bench.keyturn([...flags(bench), '--json']);
    const identity = await readFile(first.document.data.identityFile, 'utf8');
    const before = await readFile(first.document.data.file, 'utf8');
    const refused = await bench.keyturn([...flags(bench, 'other'), '--json']);
    expect(refused).toMatchObject({ code: 2, document: { errors: [{ code: 'USAGE' }] } });
    expect(await readFile(first.document.data.file, 'utf8')).toBe(before);
    const forced = await bench.keyturn([...flags(bench, 'other'), '--force', '--json']);
    expect(forced.code).toBe(0);
    expect(await readFile(first.document.data.file, 'utf8')).toContain('  other:');
    expect(await readFile(forced.document.data.identityFile, 'utf8')).toBe(identity);
    expect(await readFile(join(bench.place, '.gitignore'), 'utf8')).toBe('/secrets/\n/trail.jsonl\n');
  });

  it('keeps what .gitignore holds', async () => {
    const bench = await empty();
    await writeFile(join(bench.place, '.gitignore'), 'node_modules\n/secrets/');
    expect((await bench.keyturn(flags(bench))).code).toBe(0);
    expect(await readFile(join(bench.place, '.gitignore'), 'utf8')).toBe(
      'node_modules\n/secrets/\n/trail.jsonl\n',
    );
  });

  it.each([
    ['manual', { console: 'https://p.example/keys', testUrl: 'https://p.example/v1/me' }],
    ['random', {}],
    ['meta-system-user', { appId: '1', systemUserId: '2', waba: '3', graphUrl: 'http://127.0.0.1:4010' }],
  ])('writes a configuration for %s that can be read', (kind, answers) => {
    const starter = STARTERS[kind];
    if (starter === undefined) throw new Error(`there is no starter for ${kind}`);
    const { file } = STORE_STARTERS;
    if (file === undefined) throw new Error('there is no starter for file');
    const given = { store: 'file', issuer: kind, name: 'wa-prod', ...answers };
    const text = starterText({ store: file, issuer: starter }, given, '~/identity');
    const config = parseConfig(text, '/somewhere/keyturn.yaml', KINDS);
    expect(config.credentials.map((one) => one.name)).toEqual(['wa-prod']);
    expect([...config.issuers.values()].map((one) => one.kind)).toEqual([kind]);
  });

  it('starts kinds that there are; the others are written by hand', () => {
    const kinds = issuerKinds.map((one) => one.kind);
    expect(Object.keys(STARTERS).filter((kind) => !kinds.includes(kind))).toEqual([]);
    expect(Object.keys(STORE_STARTERS).sort()).toEqual(storeKinds.map(({ kind }) => kind).sort());
  });

  it.each([
    ['aws-secrets-manager', ['--region', 'eu-central-1'], 'log in to AWS'],
    ['gcp-secret-manager', ['--project', 'my-project'], 'log in to Google Cloud'],
    ['vault', ['--address', 'https://vault.example:8200'], 'VAULT_ROLE_ID'],
  ])('starts with the store %s, and makes no identity', async (kind, given, next) => {
    const bench = await empty();
    const missing = await bench.keyturn(['init', '--store', kind, '--issuer', 'random']);
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining(`${given[0]}: missing`) });
    const { code, stdout } = await bench.keyturn(['init', '--store', kind, '--issuer', 'random', ...given]);
    expect(code).toBe(0);
    expect(stdout).toContain(next);
    const config = await loadConfig(join(bench.place, 'keyturn.yaml'), catalogue);
    expect(config.credentials.map(({ store }) => store.kind)).toEqual([kind]);
    expect(await readFile(join(bench.place, '.gitignore'), 'utf8')).toBe('/trail.jsonl\n');
    await expect(stat(join(bench.folder, '.config'))).rejects.toThrow('ENOENT');
  });

  it.each([
    ['what is missing', ['init'], '--app-id, --system-user-id, --phone-number'],
    ['an unknown issuer', ['init', '--issuer', 'nobody'], 'meta-system-user'],
    [
      'a name that is not allowed',
      ['init', '--issuer', 'random', '--name', 'A name'],
      'not a name that is allowed',
    ],
    [
      'an id that is none',
      ['init', '--app-id', 'x', '--system-user-id', '2', '--waba', '3'],
      'issuers.main.appId',
    ],
  ])('refuses %s before anything is written', async (_what, args, says) => {
    const bench = await empty();
    const { code, stderr } = await bench.keyturn(args);
    expect(code).toBe(2);
    expect(stderr).toContain(says);
    await expect(stat(join(bench.place, 'keyturn.yaml'))).rejects.toThrow('ENOENT');
    await expect(stat(join(bench.folder, '.config'))).rejects.toThrow('ENOENT');
  });

  it('leaves a file alone that stands where the identity should be', async () => {
    const bench = await empty();
    const first = await bench.keyturn([...flags(bench), '--json']);
    await writeFile(first.document.data.identityFile, 'something else');
    const second = await bench.keyturn([...flags(bench), '--force']);
    expect(second.code).toBe(2);
    expect(await readFile(first.document.data.identityFile, 'utf8')).toBe('something else');
  });

  it('asks on a terminal for what was not given', async () => {
    const bench = await empty();
    const { world, url } = bench.simulator;
    const answer = await bench.onTerminal(
      ['init', '--graph-url', url],
      [
        ['Where keys are stored [file]', '\r'],
        ['Who makes them [meta-system-user]', '\r'],
        ['Name of the first credential [wa-prod]', 'wa-asked\r'],
        ['App id', '\r'],
        ['App id at Meta: \r\nApp id at Meta: ', `${world.appId}\r`],
        ['App-scoped id', `${world.systemUserId}\r`],
        ['phone number', `${world.phoneNumberId}\r`],
      ],
    );
    expect(answer.code).toBe(0);
    const config = await loadConfig(join(bench.place, 'keyturn.yaml'), catalogue);
    expect(config.credentials.map((one) => one.name)).toEqual(['wa-asked']);
  });
});

describe('doctor', () => {
  const checksOf = async (bench: Bench, args: readonly string[] = [], env = {}) => {
    const { code, document } = await bench.keyturn(['doctor', '--json', ...args], { env });
    const checks: readonly { name: string; outcome: string; message: string; hint: string }[] =
      document.data.checks;
    return { code, checks, of: (name: string) => checks.filter((check) => check.name === name) };
  };

  it('finds nothing wrong, and writes nothing', async () => {
    const bench = await benchFor();
    await bench.keyturn(['rotate', 'wa-prod']);
    const before = await tree(bench.folder);
    const { code, checks } = await checksOf(bench);
    expect({ code, failed: checks.filter((check) => check.outcome === 'fail') }).toEqual({
      code: 0,
      failed: [],
    });
    expect(checks.map((check) => check.name)).toContain('issuer meta: admin token');
    const { META_APP_SECRET = '', META_ADMIN_TOKEN = '', KEYTURN_IDENTITY = '' } = bench.env;
    for (const secret of [META_APP_SECRET, META_ADMIN_TOKEN, KEYTURN_IDENTITY]) {
      expect(JSON.stringify(checks)).not.toContain(secret);
    }
    expect(await tree(bench.folder)).toBe(before);
  });

  it('with --write tries the store, and leaves it as it was', async () => {
    const bench = await benchFor();
    await bench.keyturn(['rotate', 'wa-prod']);
    const before = await tree(bench.folder);
    const { code, of } = await checksOf(bench, ['--write']);
    expect(code).toBe(0);
    expect(of('store file: trial')).toMatchObject([{ outcome: 'ok' }]);
    expect(await tree(bench.folder)).toBe(before);
  });

  it('names what is wrong with the configuration', async () => {
    const bench = await benchFor();
    await bench.configure('version: 1\nissuers: {}\ncredentials: {}\nnonsense: 1\nmore: 2\n');
    const { code, of, checks } = await checksOf(bench);
    expect(code).toBe(4);
    expect(of('configuration')).toHaveLength(2);
    expect(checks.at(-1)).toMatchObject({ outcome: 'skipped' });
    const none = await checksOf(bench, ['--config', 'nowhere.yaml']);
    expect(none).toMatchObject({ code: 4 });
  });

  it('names every reference that leads to nothing', async () => {
    const bench = await benchFor();
    const env = { META_APP_SECRET: undefined, KEYTURN_IDENTITY: '' };
    const { code, of } = await checksOf(bench, [], env);
    expect(code).toBe(4);
    expect(of('reference issuers.meta.appSecret')).toMatchObject([{ outcome: 'fail' }]);
    expect(of('reference store.identity')).toMatchObject([{ outcome: 'fail' }]);
    expect(of('reference issuers.meta.adminToken')).toMatchObject([{ outcome: 'ok' }]);
  });

  it('tells a wrong app secret from a dead admin token', async () => {
    const bench = await benchFor();
    const { simulator } = bench;
    simulator.kill('key-1');
    const dead = await checksOf(bench);
    expect(dead.code).toBe(4);
    expect(dead.of('issuer meta: app secret')).toMatchObject([{ outcome: 'ok' }]);
    expect(dead.of('issuer meta: admin token')).toMatchObject([{ outcome: 'fail' }]);
    simulator.resetAppSecret();
    const wrong = await checksOf(bench);
    expect(wrong.of('issuer meta: app secret')).toMatchObject([{ outcome: 'fail' }]);
    expect(wrong.of('issuer meta: app secret')[0]?.hint).toContain('appSecret');
  });

  it('says when the issuer cannot be reached', async () => {
    const bench = await benchFor();
    await bench.simulator.close();
    const { code, of } = await checksOf(bench);
    expect(code).toBe(4);
    expect(of('issuer meta')).toMatchObject([{ outcome: 'fail' }]);
  });

  it('warns of a folder in a git work tree, of rights, and of CI', async () => {
    const bench = await benchFor();
    await promisify(execFile)('git', ['init', '--quiet'], { cwd: bench.folder });
    await chmod(join(bench.folder, 'keyturn.yaml'), 0o666);
    const { code, of } = await checksOf(bench, [], { CI: 'true' });
    expect(code).toBe(0);
    expect(of('store file: git')).toMatchObject([{ outcome: 'warn' }]);
    await writeFile(join(bench.folder, '.gitignore'), 'node_modules\n/secrets/\n');
    expect((await checksOf(bench)).of('store file: git')).toEqual([]);
    await writeFile(join(bench.folder, '.gitignore'), '/secrets/\n!secrets/wa-prod\n');
    expect((await checksOf(bench)).of('store file: git')).toHaveLength(1);
    expect(of('machine')).toMatchObject([{ outcome: 'warn' }]);
    expect(of('configuration')).toMatchObject([{ outcome: 'ok' }, { outcome: 'warn' }]);
  });

  it('says which ledger is damaged, and where the trail cannot go', async () => {
    const bench = await benchFor();
    await bench.configure(`${await readFile(join(bench.folder, 'keyturn.yaml'), 'utf8')}
  wa-two: { issuer: meta }
trail: { sinks: [{ file: ./nowhere/trail.jsonl }, { stderr: true }] }
`);
    await mkdir(join(bench.folder, 'secrets/.keyturn/wa-two/ledgers/wa-two'), { recursive: true });
    await writeFile(join(bench.folder, 'secrets/.keyturn/wa-two/ledgers/wa-two/ledger.age'), 'cut');
    const { code, of } = await checksOf(bench);
    expect(code).toBe(4);
    expect(of('ledger of wa-two')).toMatchObject([{ outcome: 'fail' }]);
    expect(of('ledger of wa-prod')).toMatchObject([{ outcome: 'ok' }]);
    expect(of('trail')).toMatchObject([{ outcome: 'fail' }, { outcome: 'skipped' }]);
  });

  it('fits a terminal', async () => {
    const bench = await benchFor();
    const { stdout } = await bench.onTerminal(['doctor']);
    const colour = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');
    for (const line of stdout.split(/\r?\n/)) expect(line.replace(colour, '').length).toBeLessThanOrEqual(80);
  });
});

/** Every file below a folder with its content's size and time of change. */
async function tree(folder: string): Promise<string> {
  const { stdout } = await promisify(execFile)('find', [folder, '-type', 'f', '-printf', '%P %s %T@\n']);
  return stdout.split('\n').sort().join('\n');
}
