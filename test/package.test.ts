import { execFile } from 'node:child_process';
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const exec = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));

/** A plugin author's file: what it imports must have types, and types that mean something. */
const AUTHOR = `
import { type Issuer, type IssuerKind, KeyturnError, Secret, type SecretStore, type SettingsSchema } from 'keyturn';
import { type IssuerHarness, issuerContract } from 'keyturn/contracts/issuer';
import { type LedgerHarness, ledgerContract } from 'keyturn/contracts/ledger';
import { type StoreHarness, storeContract } from 'keyturn/contracts/store';

interface Mine {
  readonly kind: 'mine';
  readonly url: string;
}
declare const settings: SettingsSchema<Mine>;
declare const make: (settings: Mine) => Issuer;
export const kind: IssuerKind<Mine> = { kind: 'mine', summary: 'Mine.', settings, load: async () => make };
export const url: string = settings.parse({}).url;

export function kindOf(plugin: Issuer | SecretStore): string {
  return plugin.kind;
}
export const refusal: Error = new KeyturnError('REFUSED', 'the provider refuses', { hint: 'ask it why' });
export const box: Secret = Secret.of('a plain word');
export function suites(harness: IssuerHarness & StoreHarness & LedgerHarness): void {
  issuerContract('mine', async () => harness);
  storeContract('mine', async () => harness);
  ledgerContract('mine', async () => harness);
}
// @ts-expect-error an empty object is no issuer
export const issuer: Issuer = {};
// @ts-expect-error an empty object is no store
export const store: SecretStore = {};
// @ts-expect-error the codes are a closed list
export const unknown = new KeyturnError('NO_SUCH_CODE', 'x', { hint: 'y' });
// @ts-expect-error a schema of other settings
export const other: IssuerKind<{ readonly kind: 'other' }>['settings'] = settings;
`;

const CONFIG = {
  compilerOptions: {
    target: 'es2023',
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    types: ['node'],
    noEmit: true,
  },
  include: ['author.ts'],
};

describe('the package', { timeout: 60_000 }, () => {
  let folder: string;
  let installed: string;
  let files: readonly string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyturn-package-'));
    const packed = await exec('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root });
    const [tarball] = JSON.parse(packed.stdout) as [{ filename: string; files: { path: string }[] }];
    files = tarball.files.map((file) => file.path).sort();
    await writeFile(join(folder, 'package.json'), '{ "type": "module", "private": true }\n');
    const flags = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund'];
    await exec('npm', ['install', ...flags, join(folder, tarball.filename)], { cwd: folder });
    installed = join(folder, 'node_modules', 'keyturn');
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const keyturn = (args: readonly string[]) =>
    exec(join(folder, 'node_modules/.bin/keyturn'), args, { cwd: folder });

  it('holds what was built, the documentation and the licences, and nothing else', () => {
    const expected = [
      /^(LICENSE|README\.md|package\.json|bin\/(keyturn\.js|package\.json))$/,
      /^dist\/(keyturn\.cjs|help\.txt|LICENSES\.txt)$/,
      /^dist\/cli\/[a-z-]+-[A-Z0-9a-z]{8}\.js$/,
      /^dist\/lib\/(index|chunk-[A-Z0-9]{8}|contracts\/[a-z-]+)\.js$/,
      /^dist\/types\/(src|test\/contracts)\/.*\.d\.ts$/,
      /^dist\/schema\/[a-z-]+\.json$/,
      /^docs\/.*\.(md|txt)$/,
    ];
    expect(files.filter((file) => !expected.some((pattern) => pattern.test(file)))).toEqual([]);
    expect(expected.filter((pattern) => !files.some((file) => pattern.test(file)))).toEqual([]);
  });

  it('installs alone, by the npm of Node 20 too, which fails on vitest as an optional peer', async () => {
    const about = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
    expect([about.dependencies, about.peerDependencies]).toEqual([undefined, undefined]);
    const inside = (await readdir(join(folder, 'node_modules'))).filter((name) => !name.startsWith('.'));
    expect(inside).toEqual(['keyturn']);
  });

  it('answers version and help', async () => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    expect((await keyturn(['--version'])).stdout).toBe(`${version}\n`);
    expect((await keyturn(['--help'])).stdout).toBe(await readFile(join(installed, 'dist/help.txt'), 'utf8'));
  });

  it('does the same with compiled code that is kept, cut or not allowed', async () => {
    const cache = join(installed, 'dist/cli/.cache');
    const first = await keyturn(['help', 'status']);
    const kept = (await readdir(cache, { recursive: true })).filter((name) => name.endsWith('.bin'));
    expect(kept.length).toBeGreaterThan(0);
    expect(await keyturn(['help', 'status'])).toEqual(first);
    for (const name of kept) await truncate(join(cache, name), 100);
    expect(await keyturn(['help', 'status'])).toEqual(first);
    await rm(cache, { recursive: true });
    await writeFile(cache, 'no folder');
    expect(await keyturn(['help', 'status'])).toEqual(first);
    await rm(cache);
  });

  it('reads one file of commands for those that look or hand out', async () => {
    const init = ['init', '--no-input', '--store', 'file', '--issuer', 'random', '--name', 'webhook'];
    const env = { ...process.env, HOME: folder, XDG_CONFIG_HOME: join(folder, '.config'), CI: '' };
    const run = (args: readonly string[]) =>
      exec(join(folder, 'node_modules/.bin/keyturn'), args, { cwd: folder, env });
    await run(init);
    await run(['rotate', 'webhook']);
    const cli = join(installed, 'dist/cli');
    const rest = (await readdir(cli)).filter((name) => name.endsWith('.js') && !name.startsWith('pack-'));
    expect(rest.length).toBeGreaterThan(0);
    for (const name of rest) await rename(join(cli, name), join(folder, name));
    expect((await run(['status'])).stdout).toContain('webhook');
    expect((await run(['plan'])).stdout).toContain('webhook');
    await run(['exec', 'webhook', '--', 'true']);
    for (const name of rest) await rename(join(folder, name), join(cli, name));
  });

  it('gives plugin authors the same classes everywhere', async () => {
    const script = `import { KeyturnError } from 'keyturn';
      const error = new KeyturnError('REFUSED', 'x', { hint: 'y' });
      process.stdout.write(error.code + String(error instanceof KeyturnError));`;
    const { stdout } = await exec(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: folder,
    });
    expect(stdout).toBe('REFUSEDtrue');
  });

  it('exports the suites by name, and nothing that they are made of', async () => {
    const { exports } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
    const suites = Object.keys(exports).filter((name) => name.startsWith('./contracts/'));
    expect(suites).toEqual(['./contracts/issuer', './contracts/ledger', './contracts/store']);
    const built = await readdir(join(installed, 'dist/lib/contracts'));
    expect(built.sort()).toEqual(['issuer.js', 'ledger.js', 'store.js']);
    for (const name of ['witness', 'store-bench', 'store-promote']) {
      const found = exec(
        process.execPath,
        ['--input-type=module', '--eval', `import 'keyturn/contracts/${name}'`],
        { cwd: folder },
      );
      await expect(found).rejects.toThrow('ERR_PACKAGE_PATH_NOT_EXPORTED');
    }
  });

  /** What the compiler says of an author's file beside the package and vitest, in a folder with nothing else. */
  async function compile(
    name: string,
    source: string,
    change: (types: string) => Promise<void> = async () => undefined,
  ) {
    const author = join(folder, name);
    await mkdir(join(author, 'node_modules', '@types'), { recursive: true });
    await cp(installed, join(author, 'node_modules/keyturn'), { recursive: true });
    await change(join(author, 'node_modules/keyturn/dist/types/src'));
    for (const needed of ['vitest', '@types/node']) {
      await symlink(join(root, 'node_modules', needed), join(author, 'node_modules', needed));
    }
    await writeFile(join(author, 'package.json'), '{ "type": "module" }\n');
    await writeFile(join(author, 'tsconfig.json'), JSON.stringify(CONFIG));
    await writeFile(join(author, 'author.ts'), source);
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const result = await exec(process.execPath, [tsc, '-p', author]).catch(
      (error: { stdout: string }) => error,
    );
    return result.stdout;
  }

  it('has types for plugin authors', async () => {
    expect(await compile('author', AUTHOR)).toBe('');
  });

  it('and types that lead out of the package are seen, as are suites that are not exported', async () => {
    const source = "import { callWitness } from 'keyturn/contracts/witness';\nexport { callWitness };\n";
    const said = await compile('stranger', `${AUTHOR}${source}`, async (types) => {
      const file = join(types, 'core/plugin.d.ts');
      const text = await readFile(file, 'utf8');
      await writeFile(
        file,
        `import type * as z from 'zod/mini';\n${text}export type Leak = z.ZodMiniType;\n`,
      );
    });
    expect(said).toMatch(/plugin\.d\.ts.*TS2307.*'zod\/mini'/);
    expect(said).toMatch(/author\.ts.*TS2307.*'keyturn\/contracts\/witness'/);
  });

  it('ships schemas that name themselves', async () => {
    const schema = JSON.parse(await readFile(join(installed, 'dist/schema/config.json'), 'utf8'));
    expect(schema.title).toBe('keyturn.yaml');
  });
});
