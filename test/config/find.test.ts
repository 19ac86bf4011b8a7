import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findConfig } from '../../src/config/find.ts';
import { loadConfig } from '../../src/config/load.ts';
import { configProblems } from '../../src/config/problems.ts';
import { CATALOGUE, yaml } from './kinds.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'keyturn-find-'));
  // Ends every search of these tests below the temporary folder.
  mkdirSync(join(root, '.git'));
});
afterEach(() => rmSync(root, { recursive: true }));

function put(...steps: readonly string[]): string {
  const folder = join(root, ...steps.slice(0, -1));
  mkdirSync(folder, { recursive: true });
  const file = join(folder, steps.at(-1) ?? '');
  writeFileSync(file, yaml());
  return file;
}

function find(cwd: string, more: Partial<Parameters<typeof findConfig>[0]> = {}): string {
  const folder = join(root, cwd);
  mkdirSync(folder, { recursive: true });
  return findConfig({ env: {}, home: '/nowhere', ...more, cwd: folder });
}

describe('where the configuration is looked for', () => {
  it('takes --config before the variable, and the variable before the folders', () => {
    put('a', 'keyturn.yaml');
    const env = { KEYTURN_CONFIG: '../other.yaml' };
    expect(find('a', { flag: 'x/y.yaml', env })).toBe(join(root, 'a/x/y.yaml'));
    expect(find('a', { env })).toBe(join(root, 'other.yaml'));
    expect(find('a', { env: { KEYTURN_CONFIG: '' } })).toBe(join(root, 'a/keyturn.yaml'));
  });

  it('goes upward to the nearest one', () => {
    const file = put('a', 'keyturn.yaml');
    put('keyturn.yaml');
    expect(find('a/b/c')).toBe(file);
  });

  it('looks into the root of a repository, and not beyond it', () => {
    put('keyturn.yaml');
    mkdirSync(join(root, 'project/.git'), { recursive: true });
    expect(() => find('project/src')).toThrow('there is no keyturn.yaml here, nor in the folders above');
    const file = put('project', 'keyturn.yaml');
    expect(find('project/src')).toBe(file);
  });

  it('takes the file of a submodule or worktree, whose .git is a file, for a root too', () => {
    put('keyturn.yaml');
    put('sub', '.git');
    expect(() => find('sub/src')).toThrow('there is no keyturn.yaml');
  });

  it('looks into the home folder, and not beyond it', () => {
    put('keyturn.yaml');
    expect(() => find('home/work', { home: join(root, 'home') })).toThrow('there is no keyturn.yaml');
    const file = put('home', 'keyturn.yaml');
    expect(find('home/work', { home: join(root, 'home') })).toBe(file);
  });

  it('says how to make one where there is none', () => {
    expect(() => find('a')).toThrow(
      expect.objectContaining({ code: 'CONFIG', hint: expect.stringContaining('keyturn init') }),
    );
  });

  it('refuses one above the working directory that anyone could have put there', () => {
    const file = put('open', 'keyturn.yaml');
    chmodSync(join(root, 'open'), 0o1777);
    expect(() => find('open/mine')).toThrow('lies in a folder that everyone can write to');
    expect(find('open')).toBe(file);
    expect(find('open/mine', { flag: '../keyturn.yaml' })).toBe(file);
  });
});

describe('reading the file', () => {
  const load = (file: string) => loadConfig(file, CATALOGUE);

  it('gives the configuration with its folder', async () => {
    const file = put('a', 'keyturn.yaml');
    expect(await load(file)).toMatchObject({ file, folder: join(root, 'a') });
  });

  it('takes a byte order mark', async () => {
    const file = join(root, 'bom.yaml');
    writeFileSync(file, `\uFEFF${yaml()}`);
    expect((await load(file)).credentials).toHaveLength(1);
  });

  it.each([
    ['a directory', () => root, 'is a directory'],
    ['nothing', () => join(root, 'none.yaml'), 'does not exist'],
    ['a file in a file', () => join(put('a', 'f'), 'keyturn.yaml'), 'does not exist'],
    ['a device', () => '/dev/null', 'is no regular file'],
    [
      'another encoding',
      () => {
        const file = join(root, 'latin1.yaml');
        writeFileSync(file, Buffer.from([0x76, 0x3a, 0x20, 0xe4]));
        return file;
      },
      'is not UTF-8 text',
    ],
    [
      'too much',
      () => {
        const file = join(root, 'large.yaml');
        writeFileSync(file, `${yaml()}#${'x'.repeat(1024 * 1024)}`);
        return file;
      },
      'is larger than 1 MiB',
    ],
  ])('refuses %s', async (_, make, message) => {
    const file = make();
    await expect(load(file)).rejects.toThrow(
      expect.objectContaining({ code: 'CONFIG', message: `${file} ${message}` }),
    );
  });

  it('names the file in its mistakes', async () => {
    const file = put('a', 'keyturn.yaml');
    writeFileSync(file, 'version: 3\n');
    try {
      await load(file);
      expect.unreachable();
    } catch (caught) {
      expect(configProblems(caught)).toMatchObject([{ file, line: 1, column: 10 }]);
    }
  });
});
