import { catalogue } from '../../src/cli/kinds.ts';
import { outputSchema } from '../../src/cli/output-schema.ts';
import { openAll } from '../../src/config/catalogue.ts';
import { configSchema } from '../../src/config/json-schema.ts';
import { configTable } from '../../src/config/table.ts';
import { rulesTable } from '../../src/report/rules-table.ts';
import { searchAll, situationsPart } from '../core/situations.ts';
import { plantedTable } from '../planted/table.ts';
import { commandsPart } from './command-pages.ts';
import { errorsPart } from './error-pages.ts';
import { pluginTemplate } from './plugin-template.ts';
import { DESCRIBED_KINDS, providersTable, settingsPart, traitsPart } from './provider-pages.ts';

/** A part of a page in docs that is made from the code. It stands between `<!-- generated:MARKER -->` and its end. */
export interface GeneratedPart {
  /** Path from the root of the project. */
  readonly page: string;
  readonly marker: string;
  readonly make: () => string;
  /** The test that holds it to the code, where it takes too long to be made twice. */
  readonly checkedBy?: string;
}

/** A JSON Schema that is published with the package, in dist/schema. */
export interface PublishedSchema {
  readonly name: string;
  readonly make: () => unknown;
}

const kinds = await openAll(catalogue);

/** Every generated part: `npm run docs` writes them, a test holds them to the code. */
export const PARTS: readonly GeneratedPart[] = [
  { page: 'docs/configuration.md', marker: 'config', make: () => configTable(kinds) },
  { page: 'docs/audit.md', marker: 'audit-rules', make: rulesTable },
  { page: 'docs/commands.md', marker: 'commands', make: commandsPart },
  { page: 'docs/errors.md', marker: 'errors', make: errorsPart },
  { page: 'docs/planted-bugs.md', marker: 'planted-bugs', make: plantedTable },
  { page: 'docs/plugins.md', marker: 'template', make: pluginTemplate },
  { page: 'docs/providers.md', marker: 'providers', make: providersTable },
  { page: 'docs/issuers/http.md', marker: 'settings', make: () => settingsPart('http') },
  ...DESCRIBED_KINDS.flatMap((kind): readonly GeneratedPart[] => [
    { page: `docs/issuers/${kind}.md`, marker: 'settings', make: () => settingsPart(kind) },
    { page: `docs/issuers/${kind}.md`, marker: 'traits', make: () => traitsPart(kind) },
  ]),
  {
    page: 'docs/protocol.md',
    marker: 'situations',
    make: () => situationsPart(searchAll()),
    checkedBy: 'test/core/exploration.test.ts',
  },
];

export const SCHEMAS: readonly PublishedSchema[] = [
  { name: 'config.json', make: () => configSchema(kinds) },
  { name: 'output.json', make: outputSchema },
];

/** The page with the part between its markers replaced. Throws where the page has no such markers. */
export function withPart(page: string, { marker, page: path, make }: GeneratedPart): string {
  const start = `<!-- generated:${marker} -->`;
  const end = '<!-- /generated -->';
  const from = page.indexOf(start);
  const to = page.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`${path} lacks ${start} … ${end}`);
  return `${page.slice(0, from)}${start}\n${make()}\n${page.slice(to)}`;
}
