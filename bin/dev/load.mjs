import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** Some libraries are CommonJS inside, and ask for Node's own modules by `require`. */
const REQUIRE =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);";

/**
 * A file of ours goes on knowing where it was written, and finds what lies beside it.
 * @type {import('esbuild').Plugin}
 */
const address = {
  name: 'address',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\/(src|test)\/.*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const contents = text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href));
      return { contents, loader: 'ts' };
    }),
};

/**
 * Runs a TypeScript file of this repository here, and gives its exports. Packages are bundled with it unless `packages`
 * says that they are loaded from where they are installed.
 * @param {string} root
 * @param {string} path
 * @param {{ packages?: 'bundle' | 'external' }} [options]
 * @returns {Promise<Record<string, any>>}
 */
export async function load(root, path, { packages = 'bundle' } = {}) {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [path],
    bundle: true,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    packages,
    plugins: [address],
    banner: { js: REQUIRE },
    logLevel: 'warning',
    write: false,
  });
  const folder = await mkdtemp(join(root, 'node_modules', '.keyturn-'));
  try {
    const file = join(folder, 'loaded.mjs');
    await writeFile(file, result.outputFiles[0]?.contents ?? '');
    return await import(pathToFileURL(file).href);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
