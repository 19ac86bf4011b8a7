import type { Config, ConfiguredCredential } from '../config/config.ts';
import { execVariables, referencedVariables } from '../config/needs.ts';
import { KeyturnError } from '../core/errors.ts';
import type { Context } from './context.ts';
import { currentParts } from './current-parts.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the child gets, by variable. Read once; a rotation that comes later does not reach it. */
export async function readValues(
  chosen: readonly ConfiguredCredential[],
  context: Context,
): Promise<Readonly<Record<string, string>>> {
  const wanted = execVariables(chosen);
  await context.requireReferences(chosen, 'read');
  const values: Record<string, string> = {};
  for (const credential of chosen) {
    const parts = await currentParts(credential, context);
    for (const { variable, credential: name, field } of wanted) {
      if (name === credential.name) values[variable] = partOf(parts, field, credential);
    }
  }
  return values;
}

function partOf(parts: ReadonlyMap<string, string>, field: string, { name }: ConfiguredCredential): string {
  const value = parts.get(field);
  if (value !== undefined && !value.includes('\0')) return value;
  const what =
    value === undefined ? 'is missing in the store' : 'holds a character that no variable can hold';
  throw new KeyturnError('UNREADABLE', `the field ${field} of ${name} ${what}`, {
    hint: `look at the value in the store, or run keyturn rotate ${name}`,
    credential: name,
  });
}

/** Our own environment without what references name, and with the keys. */
export function childEnvironment(
  config: Config,
  env: Environment,
  kept: readonly string[],
  values: Readonly<Record<string, string>>,
): Environment {
  const taken = new Set(referencedVariables(config).filter((name) => !kept.includes(name)));
  return { ...Object.fromEntries(Object.entries(env).filter(([name]) => !taken.has(name))), ...values };
}
