import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { built } from '../cli/harness.ts';

const exec = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const example = join(root, 'test/plugin/example');
const NAME = 'keyturn-issuer-acme';

/** Compiled as its author would, but where it is to be run. */
const COMPILER = {
  compilerOptions: {
    target: 'es2023',
    lib: ['es2023'],
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    types: ['node'],
    declaration: false,
  },
  include: ['*.ts'],
};

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe('a plugin, built against the package', { timeout: 120_000 }, () => {
  let folder: string;
  let plugin: string;
  const env: Record<string, string> = {};
  const admin = randomBytes(20).toString('hex');
  const live = new Set<string>();

  /** Acme once more, in the fewest lines: what is tested here is how keyturn loads the plugin. */
  const server = createServer((request, response) => {
    const bearer = request.headers.authorization?.replace('Bearer ', '') ?? '';
    if (request.url === '/me') return void response.writeHead(live.has(bearer) ? 200 : 401).end('{}');
    if (bearer !== admin) return void response.writeHead(401).end();
    if (request.method === 'DELETE') {
      const gone = live.delete(String(request.headers['x-key']));
      return void response.writeHead(gone ? 204 : 404).end();
    }
    const secret = randomBytes(20).toString('hex');
    live.add(secret);
    response.writeHead(201).end(JSON.stringify({ secret }));
  });

  beforeAll(async () => {
    await built();
    folder = await mkdtemp(join(tmpdir(), 'keyturn-plugin-'));
    const packed = await exec('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: root,
    });
    const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
    const modules = join(folder, 'node_modules');
    await mkdir(join(modules, 'keyturn'), { recursive: true });
    const unpack = ['-xzf', join(folder, filename), '-C', join(modules, 'keyturn'), '--strip-components=1'];
    await exec('tar', unpack);
    for (const needed of ['zod', 'vitest', '@types']) {
      await symlink(join(root, 'node_modules', needed), join(modules, needed));
    }
    plugin = join(modules, NAME);
    await cp(example, plugin, { recursive: true });
    await cp(join(plugin, 'contract.ts'), join(plugin, 'contract.test.ts'));
    await rm(join(plugin, 'contract.ts'));
    await writeFile(join(plugin, 'tsconfig.json'), JSON.stringify(COMPILER));
    await dependOn({ [NAME]: '^1.0.0' });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    Object.assign(env, { PATH: process.env.PATH, HOME: folder, ACME_TOKEN: admin });
    const ended = await keyturn('init', '--no-input', '--store', 'file', '--issuer', 'random', '--name', 'x');
    expect(ended.code, ended.stderr).toBe(0);
    await configure([NAME]);
  }, 120_000);
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });

  const dependOn = (dependencies: Record<string, string>) =>
    writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }));
  const configure = async (plugins: readonly string[]) => {
    const present = await readFile(join(folder, 'keyturn.yaml'), 'utf8');
    const store = /^store:\n(?: {2,}.*\n)+/m.exec(present)?.[0] ?? '';
    const { port } = server.address() as AddressInfo;
    await writeFile(
      join(folder, 'keyturn.yaml'),
      `version: 1\n${store}plugins: ${JSON.stringify(plugins)}\npolicy: { overlap: 0s }\n` +
        `issuers:\n  acme: { kind: acme, url: "http://127.0.0.1:${port}", adminToken: env:ACME_TOKEN }\n` +
        'credentials:\n  acme-prod: { issuer: acme }\n',
    );
  };
  const keyturn = async (...args: readonly string[]): Promise<Ended> => {
    const program = join(folder, 'node_modules/keyturn/bin/keyturn.js');
    try {
      const { stdout, stderr } = await exec(process.execPath, [program, ...args], { cwd: folder, env });
      return { code: 0, stdout, stderr };
    } catch (caught) {
      return caught as Ended;
    }
  };
  /** The configuration with one package, changed on the disk, as `status` reads it. */
  const refused = async (change: () => Promise<void>, names: readonly string[] = [NAME]) => {
    const kept = await readFile(join(plugin, 'index.js'), 'utf8');
    await change();
    await configure(names);
    const ended = await keyturn('status');
    await writeFile(join(plugin, 'index.js'), kept);
    await dependOn({ [NAME]: '^1.0.0' });
    await configure([NAME]);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/keyturn\.yaml:\d+:\d+: /);
    expect(ended.stderr).not.toContain('is no kind');
    return ended.stderr;
  };

  it('compiles, and passes the suite of its contract', async () => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const compiled = await exec(process.execPath, [tsc, '-p', plugin]).catch((error: Ended) => error);
    expect(compiled.stdout).toBe('');
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const suite = await exec(process.execPath, [vitest, 'run', '--root', plugin, 'contract.test.js'], {
      cwd: plugin,
    }).catch((error: Ended) => error);
    expect(suite.stdout).toMatch(/Tests .*\d+ passed/);
    expect(suite.stdout).not.toContain('failed');
  });

  it('rotates through the command line', async () => {
    expect(await keyturn('rotate', 'acme-prod')).toMatchObject({ code: 0 });
    const [first] = live;
    const second = await keyturn('rotate', 'acme-prod', '--wait');
    expect([second.code, second.stderr]).toEqual([0, expect.stringContaining('proven dead')]);
    expect([live.size, live.has(first ?? '')]).toEqual([1, false]);
  });

  it('keeps the meaning of its errors', async () => {
    const ended = await exec(
      process.execPath,
      [join(folder, 'node_modules/keyturn/bin/keyturn.js'), 'rotate', 'acme-prod'],
      { cwd: folder, env: { ...env, ACME_TOKEN: 'another' } },
    ).catch((error: Ended) => error as Ended);
    expect(ended).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('create a key: Acme answered 401'),
    });
  });

  it('is refused where it was written for another version of the contract', async () => {
    const index = join(plugin, 'index.js');
    const said = await refused(async () => {
      const text = await readFile(index, 'utf8');
      await writeFile(index, text.replace('contracts: { issuer: 1 }', 'contracts: { issuer: 2 }'));
    });
    expect(said).toContain('written for version 2 of the issuer contract; this keyturn has version 1');
  });

  it.each<[string, () => Promise<void>, string[], string]>([
    ['it is installed and no dependency', async () => dependOn({}), [NAME], 'it is no dependency'],
    ['it is a dependency and not installed', async () => dependOn({ gone: '1' }), ['gone'], 'not installed'],
    ['it exports nothing', async () => writeFile(join(plugin, 'index.js'), ''), [NAME], 'exports no plugin'],
    [
      'it throws',
      async () => writeFile(join(plugin, 'index.js'), 'throw new RangeError("x")'),
      [NAME],
      'RangeError',
    ],
    [
      'it brings a kind twice',
      async () => {
        const index = join(plugin, 'index.js');
        const text = await readFile(index, 'utf8');
        await writeFile(index, text.replace('issuers: [acme]', 'issuers: [acme, acme]'));
      },
      [NAME],
      'it brings the kind acme twice',
    ],
    ['it is a path', async () => undefined, ['./node_modules/x'], 'is not the name of an npm package'],
    ['it is an address', async () => undefined, ['https://x.example/y'], 'is not the name of an npm package'],
    ['it stands there twice', async () => undefined, [NAME, NAME], 'there is another kind acme already'],
  ])('is refused where %s', async (_, change, names, says) => {
    expect(await refused(change, names)).toContain(says);
  });

  it('is not looked for where a variable says', async () => {
    const elsewhere = join(folder, 'elsewhere');
    await cp(plugin, join(elsewhere, 'planted'), { recursive: true });
    env.NODE_PATH = elsewhere;
    const said = await refused(async () => dependOn({ planted: '1' }), ['planted']);
    delete env.NODE_PATH;
    expect(said).toContain('not installed');
  });
});
