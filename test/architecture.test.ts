import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  badNames,
  badShapes,
  forbiddenImports,
  forbiddenReaches,
  type Layers,
  lengthAt,
  loadedWith,
  lonelyFiles,
  rings,
} from './source-rules.ts';
import { parseSource, readSources } from './source-tree.ts';

/** Who may import whom: the table of docs/architecture.md. */
const LAYERS: Layers = {
  core: { layers: [], packages: ['zod/mini', 'node:crypto'] },
  engine: { layers: ['core'], packages: [] },
  trail: { layers: ['core'], packages: ['node:fs', 'node:fs/promises', 'node:path'] },
  report: { layers: ['core'], packages: [] },
  http: { layers: ['core'], packages: ['zod/mini'], reaches: ['fetch', 'globalThis.fetch'] },
  described: { layers: ['core', 'http'], packages: ['zod/mini'] },
  issuers: {
    layers: ['core', 'described', 'http'],
    packages: ['zod/mini', 'node:crypto'],
    plugins: { sdks: {} },
  },
  stores: {
    layers: ['core', 'http'],
    packages: ['zod/mini', 'node:*'],
    plugins: {
      sdks: {
        aws: ['@aws-sdk/client-secrets-manager', '@aws-sdk/credential-providers'],
        file: ['age-encryption'],
        gcp: ['@google-cloud/secret-manager/build/src/v1/index.js', 'google-gax', 'google-logging-utils'],
        vault: ['node-vault'],
      },
    },
  },
  config: { layers: ['core'], packages: ['zod/mini', 'yaml', 'node:fs', 'node:fs/promises', 'node:path'] },
  simulator: { layers: [], packages: ['node:*'] },
  cli: {
    layers: ['config', 'core', 'engine', 'http', 'issuers', 'report', 'simulator', 'stores', 'trail'],
    packages: ['zod/mini', 'commander', 'chalk', 'age-encryption', 'node:*'],
    reaches: ['*'],
  },
  index: { layers: ['core'], packages: [] },
};

/** What may load before a command is known; everything else waits for the first use. */
const LOADED_WITH_MAIN = /^(node:.*|commander)$/;

const TOP_LEVEL = [
  'LICENSE',
  'README.md',
  'bin',
  'docs',
  'package-lock.json',
  'package.json',
  'src',
  'test',
  'tsconfig.json',
];

const root = fileURLToPath(new URL('..', import.meta.url));

describe('the source tree', () => {
  const sources = readSources(root, 'src');
  const paths = sources.map((source) => source.path);
  const testPaths = readSources(root, 'test').map((source) => source.path);

  it('imports as the table says', () => expect(forbiddenImports(sources, LAYERS)).toEqual([]));
  it('has no file that imports itself through others', () => expect(rings(sources)).toEqual([]));
  it('asks for time, chance, environment and output in cli only', () => {
    expect(forbiddenReaches(sources, LAYERS)).toEqual([]);
  });
  it('has no default exports and no file that only passes on', () => {
    expect(badShapes(sources, ['src/index.ts'])).toEqual([]);
  });
  it('has names that say what they hold', () => expect(badNames([...paths, ...testPaths])).toEqual([]));
  it('has no folder with one file', () => expect(lonelyFiles(paths)).toEqual([]));

  it('has small files', () => {
    const long = sources
      .filter((source) => source.lines > 350)
      .map((source) => `${source.path}: ${source.lines}`);
    expect(long).toEqual([]);
    const lengths = { median: lengthAt(sources, 0.5), most: lengthAt(sources, 0.95), files: sources.length };
    console.log(`${lengths.files} files, median ${lengths.median} lines, 95 of 100 within ${lengths.most}`);
    expect(lengths.most).toBeLessThanOrEqual(250);
  });

  it('loads libraries on first use', () => {
    const early = loadedWith(sources, 'src/cli/main.ts').filter((name) => !LOADED_WITH_MAIN.test(name));
    expect(early).toEqual([]);
  });
});

describe('the top level', () => {
  it('holds only what belongs there', () => {
    const entries = readdirSync(root).filter((name) => !name.startsWith('.'));
    const made = ['node_modules', 'dist'];
    expect(entries.filter((name) => !TOP_LEVEL.includes(name) && !made.includes(name))).toEqual([]);
  });

  it('starts with a file that only loads another', () => {
    const text = readFileSync(join(root, 'bin/keyturn.js'), 'utf8');
    expect(text).toBe("#!/usr/bin/env node\nrequire('../dist/keyturn.cjs');\n");
    expect(readdirSync(join(root, 'bin')).sort()).toEqual(['dev', 'keyturn.js', 'package.json']);
  });

  it('has a lockfile that names no host', () => {
    const text = readFileSync(join(root, 'package-lock.json'), 'utf8');
    expect(text).not.toContain('"resolved"');
  });
});

describe('the rules themselves', () => {
  const layers: Layers = {
    a: { layers: ['b'], packages: ['zod/mini'] },
    b: { layers: [], packages: [], reaches: ['fetch', 'globalThis.fetch'] },
    p: { layers: [], packages: [], plugins: { sdks: { one: ['sdk-one'] } } },
  };
  const source = (path: string, text: string) => parseSource(path, text);
  const empty = (path: string) => source(path, 'export const x = 1;\n');

  it.each([
    ["import { x } from '../a/x.ts';", 'src/b/y.ts must not import ../a/x.ts'],
    ["import type { x } from '../a/x.ts';", 'src/b/y.ts must not import ../a/x.ts'],
    ["import { type X } from '../a/x.ts';", 'src/b/y.ts must not import ../a/x.ts'],
    ["export * from '../a/x.ts';", 'src/b/y.ts must not import ../a/x.ts'],
    ["export type { X } from '../a/x.ts';", 'src/b/y.ts must not import ../a/x.ts'],
    ["type X = import('../a/x.ts').X;", 'src/b/y.ts must not import ../a/x.ts'],
    ["const x = () => import('../a/x.ts');", 'src/b/y.ts must not import ../a/x.ts'],
    ["import 'zod/mini';", 'src/b/y.ts must not import zod/mini'],
    ["import './gone.ts';", 'src/b/y.ts imports ./gone.ts, which is no source file'],
  ])('see the import in %s', (text, says) => {
    expect(forbiddenImports([empty('src/a/x.ts'), source('src/b/y.ts', text)], layers)).toEqual([says]);
  });

  it('let through what the table allows', () => {
    const text =
      "import { x } from '../b/x.ts';\nimport 'zod/mini';\n// import '../c/x.ts'\nconst s = \"import '../c/x.ts'\";";
    expect(forbiddenImports([empty('src/b/x.ts'), source('src/a/y.ts', text)], layers)).toEqual([]);
  });

  it('refuse a folder that the table does not know, and a name that only a run can tell', () => {
    expect(forbiddenImports([empty('src/c/x.ts')], layers)).toEqual(['src/c/x.ts: the table has no layer c']);
    expect(() => source('src/a/x.ts', 'import(name);')).toThrow('known only at run time');
  });

  it('keep plugins apart, except for their registry', () => {
    const sources = [
      source('src/p/registry.ts', "import('./one/index.ts'); import('./two.ts');"),
      source('src/p/one/index.ts', "import '../two.ts'; import './b.ts'; import 'sdk-one';"),
      empty('src/p/one/b.ts'),
      source('src/p/two.ts', "import 'sdk-one';"),
    ];
    expect(forbiddenImports(sources, layers)).toEqual([
      'src/p/one/index.ts must not import ../two.ts',
      'src/p/two.ts must not import sdk-one',
    ]);
  });

  it('find rings, of types too, but not through import()', () => {
    const ring = [
      source('src/a/x.ts', "import './y.ts';"),
      source('src/a/y.ts', "import type { X } from './x.ts';"),
    ];
    expect(rings(ring)).toEqual(['src/a/x.ts > src/a/y.ts > src/a/x.ts']);
    expect(
      rings([source('src/a/x.ts', "import('./y.ts');"), source('src/a/y.ts', "import './x.ts';")]),
    ).toEqual([]);
  });

  it('follow what loads at once', () => {
    const sources = [
      source(
        'src/a/x.ts',
        "import './y.ts'; import type { T } from 'three'; const z = () => import('./z.ts');",
      ),
      source('src/a/y.ts', "export { one } from 'one';"),
      source('src/a/z.ts', "import 'two';"),
    ];
    expect(loadedWith(sources, 'src/a/x.ts')).toEqual(['one']);
  });

  it.each([
    ['process.exit(1);', 'process.exit'],
    ['const { env } = process;', 'process.*'],
    ['const p = process as object;', 'process.*'],
    ["const x = process['env'];", 'process.env'],
    ["const x = globalThis['process'].env;", 'globalThis.process'],
    ['console.log(1);', 'console.log'],
    ['const t = Date.now();', 'Date.now'],
    ['const t = Date.now;', 'Date.now'],
    ['const t = new Date();', 'new Date()'],
    ['const D = Date;', 'Date.*'],
    ['const t = Date();', 'Date.*'],
    ['const r = Math.random();', 'Math.random'],
    ['const { random } = Math;', 'Math.random'],
    ['const t = performance.now();', 'performance'],
    ["import { randomUUID } from 'node:crypto';", 'randomUUID'],
    ['const x = crypto.getRandomValues(bytes);', 'getRandomValues'],
    ["import { env } from 'node:process';", 'node:process'],
  ])('see the reach in %s', (text, says) => {
    expect(forbiddenReaches([source('src/a/x.ts', text)], layers)).toEqual([
      `src/a/x.ts must not use ${says}`,
    ]);
  });

  it('let through a time that is given, types, keys and words', () => {
    const text = `const a = new Date(0), b = Date.parse('x'), c = a instanceof Date, d: Date = a, e = { process: 1 };
      const f = e.process + Math.max(1, 2); // Date.now()
      const g = 'process.env'; const h = (console: string) => console.length;
      type F = (process: string) => void; interface G { f(process: string): void; readonly process: Date }`;
    expect(forbiddenReaches([source('src/a/x.ts', text)], layers)).toEqual([]);
    expect(forbiddenReaches([source('src/b/x.ts', 'fetch(url); performance.now();')], layers)).toEqual([
      'src/b/x.ts must not use performance',
    ]);
  });

  it('see default exports and files that only pass on', () => {
    const sources = [
      source('src/a/d.ts', 'export default 1;'),
      source('src/a/e.ts', 'const x = 1;\nexport { x as default };'),
      source('src/a/r.ts', "import { x } from './x.ts';\nexport { x };\nexport * from './y.ts';"),
      source('src/a/index.ts', "export * from './y.ts';"),
      source('src/a/types.ts', 'export interface X { readonly x: 1 }'),
    ];
    expect(badShapes(sources, ['src/a/index.ts'])).toEqual([
      'src/a/d.ts has a default export',
      'src/a/e.ts has a default export',
      'src/a/r.ts only passes on what others export',
    ]);
  });

  it('see bad names, lonely files and lengths', () => {
    expect(
      badNames([
        'src/a/utils.ts',
        'src/helpers/x.ts',
        'src/a/fooBar.ts',
        'src/a/foo.bar.ts',
        'test/foo-bar.kill.test.ts',
      ]),
    ).toEqual([
      'src/a/utils.ts: utils does not say what is in it',
      'src/helpers/x.ts: helpers does not say what is in it',
      'src/a/fooBar.ts: fooBar is not kebab-case',
      'src/a/foo.bar.ts: foo.bar is not kebab-case',
    ]);
    expect(lonelyFiles(['src/a/x/y.ts', 'src/a/z.ts', 'src/b/c/d.ts', 'src/b/c/e.ts'])).toEqual([
      'src/a/x holds one file',
    ]);
    const sources = [1, 2, 3, 10].map((lines) => source('src/a/x.ts', 'f();\n'.repeat(lines)));
    expect([lengthAt(sources, 0.5), lengthAt(sources, 0.95), lengthAt([], 0.5)]).toEqual([2, 10, 0]);
  });
});
