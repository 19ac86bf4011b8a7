import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** Some libraries are CommonJS inside, and ask for Node's own modules by `require`. */
const REQUIRE =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);";

/**
 * Runs a TypeScript file of this repository here, and gives its exports.
 * @param {string} root
 * @param {string} path
 * @returns {Promise<Record<string, any>>}
 */
export async function load(root, path) {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [path],
    bundle: true,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
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
