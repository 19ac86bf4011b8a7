/**
 * Writes the generated parts of the pages in docs, `npm run docs`. A test says which are stale.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { load } from './load.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { PARTS, withPart } = await load(root, 'test/docs/generators.ts');

for (const part of PARTS) {
  const file = join(root, part.page);
  const page = await readFile(file, 'utf8');
  const current = withPart(page, part);
  if (current === page) continue;
  await writeFile(file, current);
  stdout.write(`${part.page}: ${part.marker}\n`);
}
