/** `npm run docs`: writes the generated parts of the pages in docs anew. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { loadGenerators } from './generators.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { PARTS, withPart } = await loadGenerators();

for (const part of PARTS) {
  const path = join(root, part.page);
  const before = await readFile(path, 'utf8');
  const after = withPart(before, part);
  if (after !== before) await writeFile(path, after);
  stdout.write(`${part.page}: ${part.marker} ${after === before ? 'is current' : 'written'}\n`);
}
