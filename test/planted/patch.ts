import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import type { Bug } from './bug.ts';

/** The text of the file with the fault in it. Throws where the place is not found exactly once. */
export function withBug({ name, file, find, replace }: Bug, text: string): string {
  const places = text.split(find).length - 1;
  if (places === 1) return text.replace(find, () => replace);
  throw new Error(
    `the place of "${name}" is found ${places} times in ${file}: the code has changed, so write the bug anew against it`,
  );
}

/** Bundles a hunt in the code as it is, or with one bug. No file of the tree is changed. */
export async function bundleHunt(root: string, bug: Bug | null, outfile: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: ['test/planted/hunt.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'silent',
    outfile,
    plugins: bug === null ? [] : [planting(root, bug)],
  });
}

function planting(root: string, bug: Bug): Plugin {
  const path = join(root, bug.file);
  return {
    name: 'plant a bug',
    setup: ({ onLoad }) => {
      onLoad({ filter: /\/src\/.*\.ts$/ }, async (file) =>
        file.path === path
          ? { contents: withBug(bug, await readFile(path, 'utf8')), loader: 'ts' as const }
          : undefined,
      );
    },
  };
}
