import type { Kinds } from './config.ts';
import { type JsonSchema, settingSchema } from './json-schema.ts';
import { credentialSchema, fileSchema, policySchema, trailSchema } from './schema.ts';

interface Row {
  readonly key: string;
  readonly place: string;
  readonly type: string;
  readonly fallback: string;
  readonly meaning: string;
}

/** One Markdown table of every key of the configuration: where it may stand, its type, its default, what it means. */
export function configTable(kinds: Kinds): string {
  const plugins = [
    ...kinds.stores.map((kind) => ({ kind, places: ['store', 'credentials.NAME.store'] })),
    ...kinds.issuers.map((kind) => ({ kind, places: ['issuers.NAME'] })),
  ];
  const rows = [
    ...rowsOf(settingSchema(fileSchema), 'top level', ''),
    ...rowsOf(settingSchema(policySchema), '`policy`, `credentials.NAME.policy`', ''),
    ...rowsOf(settingSchema(credentialSchema), '`credentials.NAME`', '').filter(
      // They are above, with the policy of the file.
      (row) => !row.key.startsWith('`policy.'),
    ),
    ...rowsOf(settingSchema(trailSchema), '`trail`', ''),
    ...plugins.flatMap(({ kind, places }) => {
      const place = `${places.map((one) => `\`${one}\``).join(', ')} of kind \`${kind.kind}\``;
      return rowsOf(settingSchema(kind.settings), place, '', kind.summary);
    }),
  ];
  const lines = rows.map((row) =>
    [row.key, row.place, row.type, row.fallback, row.meaning].map(cell).join(' | '),
  );
  return [
    '| key | stands in | type | default | meaning |',
    '|---|---|---|---|---|',
    ...lines.map((line) => `| ${line} |`),
  ].join('\n');
}

function cell(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/\.$/, '').replaceAll('|', '\\|');
}

function rowsOf(schema: JsonSchema, place: string, prefix: string, kindSummary?: string): readonly Row[] {
  return alternatives(schema).flatMap((one) =>
    Object.entries(one.properties ?? {}).flatMap(([name, setting]) => {
      const required = one.required?.includes(name) === true;
      const isKind = name === 'kind' && prefix === '' && kindSummary !== undefined;
      const row: Row = {
        key: `\`${prefix}${name}\``,
        place,
        type: isKind ? `\`${setting.const ?? ''}\`` : typeOf(setting),
        fallback: required ? 'required' : fallbackOf(setting),
        meaning: isKind ? kindSummary : (setting.description ?? ''),
      };
      return [row, ...inner(setting, place, `${prefix}${name}`)];
    }),
  );
}

/** Rows for the keys inside a map or a list of maps. */
function inner(setting: JsonSchema, place: string, prefix: string): readonly Row[] {
  return alternatives(setting).flatMap((one) => {
    const ofItems = one.items === undefined ? [] : rowsOf(one.items, place, `${prefix}[].`);
    const named = typeof one.additionalProperties === 'object' ? one.additionalProperties : null;
    const ofNames = named === null ? [] : rowsOf(named, place, `${prefix}.NAME.`);
    return [
      ...(one.properties === undefined ? [] : rowsOf(one, place, `${prefix}.`)),
      ...ofItems,
      ...ofNames,
    ];
  });
}

function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  const choices = schema.anyOf ?? schema.oneOf;
  return choices === undefined || schema.properties !== undefined ? [schema] : choices.flatMap(alternatives);
}

function fallbackOf(setting: JsonSchema): string {
  if (setting.default === undefined) return '';
  const text = typeof setting.default === 'string' ? setting.default : JSON.stringify(setting.default);
  return `\`${text}\``;
}

function typeOf(setting: JsonSchema): string {
  const types = alternatives(setting).map((one) => {
    if (one.reference === true) return 'reference';
    if (one.duration === true) return 'duration';
    if (one.const !== undefined) return `\`${one.const}\``;
    if (one.enum !== undefined) return one.enum.map((value) => `\`${value}\``).join(' or ');
    if (one.type === 'array') return `list of ${one.items === undefined ? 'anything' : typeOf(one.items)}`;
    if (one.type === 'object') return 'map';
    if (one.type === 'integer') return 'whole number';
    if (one.type === 'boolean') return '`true` or `false`';
    if (one.type === 'string') return 'text';
    return typeof one.type === 'string' ? one.type : 'any value';
  });
  return [...new Set(types)].join(', or ');
}
