import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { PARTS, withPart } from './generators.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('the generated parts of the docs are current', () => {
  it.each(PARTS.filter((part) => part.checkedBy === undefined))('$page: $marker', (part) => {
    const page = readFileSync(join(root, part.page), 'utf8');
    expect(page === withPart(page, part), `${part.page} is stale: run npm run docs`).toBe(true);
  });
});
