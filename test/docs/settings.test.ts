import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../src/cli/kinds.ts';
import { openAll } from '../../src/config/catalogue.ts';
import { type JsonSchema, settingSchema } from '../../src/config/json-schema.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { issuers, stores } = await openAll(catalogue);
const kinds = [
  ...issuers.map(({ kind, settings }) => ({ page: `docs/issuers/${kind}.md`, settings })),
  ...stores.map(({ kind, settings }) => ({ page: `docs/stores/${kind}.md`, settings })),
];

/** The settings that no table of a page has in its first column. `kind` is what the page is about. */
function unnamed(page: string, schema: JsonSchema): readonly string[] {
  const cells = [...page.matchAll(/^\| *([^|]*) \|/gm)].map(([, cell]) => cell).join('\n');
  return Object.keys(schema.properties ?? {}).filter(
    (name) => name !== 'kind' && !cells.includes(`\`${name}\``),
  );
}

describe("every setting of a kind is in a table of the kind's page", () => {
  it.each(kinds)('$page', ({ page, settings }) => {
    const schema = settingSchema(settings);
    expect(Object.keys(schema.properties ?? {}).length).toBeGreaterThan(1);
    expect(unnamed(readFileSync(join(root, page), 'utf8'), schema)).toEqual([]);
  });

  it('and one that is missing is seen', () => {
    const page = '| key | meaning |\n|---|---|\n| `path`, `mode` | other than `zone` |\n';
    expect(unnamed(page, { properties: { kind: {}, path: {}, mode: {}, zone: {} } })).toEqual(['zone']);
  });
});
