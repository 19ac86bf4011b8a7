/** Loads test/docs/generators.ts, which is TypeScript and imports the sources: bundled first, for any Node can run that. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** @returns {Promise<typeof import('../../test/docs/generators.ts')>} */
export async function loadGenerators() {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-docs-'));
  const outfile = join(folder, 'generators.cjs');
  try {
    await build({
      absWorkingDir: root,
      entryPoints: ['test/docs/generators.ts'],
      bundle: true,
      platform: 'node',
      target: 'node20.19',
      format: 'cjs',
      logLevel: 'error',
      outfile,
    });
    return createRequire(import.meta.url)(outfile);
  } finally {
    await rm(folder, { recursive: true });
  }
}
