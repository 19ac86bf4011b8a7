import { build } from 'esbuild';

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
    logLevel: 'warning',
    write: false,
  });
  const code = Buffer.from(result.outputFiles[0]?.contents ?? []).toString('base64');
  return import(`data:text/javascript;base64,${code}`);
}
