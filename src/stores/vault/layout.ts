import { memberIn } from '../../core/document.ts';
import { KeyturnError } from '../../core/errors.ts';
import type { VaultSettings } from './settings.ts';

/** How a text lies in the fields of a secret. Fields are JSON as text, so that they go back as they came. */
export interface Layout {
  /** Throws UNREADABLE for fields that are not laid out so. */
  textIn(data: string, name: string): string;
  /** Throws BAD_VALUE for a text that cannot be laid out so. */
  dataOf(text: string, name: string): string;
  same(a: string, b: string): boolean;
}

export function layoutOf({ data, field }: Pick<VaultSettings, 'data' | 'field'>): Layout {
  return data === 'document' ? DOCUMENT : oneField(field);
}

/** The text, byte for byte, in a field that is the only one. */
function oneField(name: string): Layout {
  return {
    textIn: (data, of) => {
      const raw = memberIn(data, name);
      const text: unknown = raw === null ? null : JSON.parse(raw);
      if (typeof text !== 'string') throw otherShape(of, `has no field ${name} that is a text`, name);
      const others = Object.keys(JSON.parse(data) as object).length - 1;
      if (others > 0) throw otherShape(of, `has other fields beside ${name}`, name);
      return text;
    },
    dataOf: (text) => JSON.stringify({ [name]: text }),
    same: (a, b) => a === b,
  };
}

/** The text is a JSON object, and its fields are the fields of the secret. Vault sorts them. */
const DOCUMENT: Layout = {
  textIn: (data) => data,
  dataOf: (text, of) => {
    if (canonical(text) !== null) return text;
    throw new KeyturnError(
      'BAD_VALUE',
      `the value for ${of} is no JSON object, as \`data: document\` wants it`,
      {
        hint: 'give the credential `fields`, or use `data: value`',
        unsent: true,
      },
    );
  },
  same: (a, b) => canonical(a) === canonical(b),
};

/** One text for all JSON objects that mean the same; null for what is none. */
function canonical(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    return JSON.stringify(sorted(value));
  } catch (caught) {
    if (caught instanceof SyntaxError) return null;
    throw caught;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, sorted(inner)] as const);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}

function otherShape(of: string, why: string, field: string): KeyturnError {
  return new KeyturnError('UNREADABLE', `the secret at ${of} ${why}`, {
    hint: `store { "${field}": … } alone there, set \`field\`, or use \`data: document\` and give the credential \`fields\``,
    unsent: true,
  });
}
