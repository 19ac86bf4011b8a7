import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A page of the documentation, and the code that it shows. */
export interface DocsPage {
  readonly text: string;
  readonly blocks: (language: string) => readonly string[];
}

export function docsOf(path: string): DocsPage {
  const text = readFileSync(join(root, path), 'utf8');
  return {
    text,
    blocks: (language) =>
      [...text.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map(([, code]) => code ?? ''),
  };
}
