import type { Mistakes } from './problems.ts';
import { type CredentialSettings, VARIABLE } from './schema.ts';
import { choice, dotted, type Path, quoted } from './wording.ts';

/** The variables that `exec` sets, by field or by `value`; undefined where nothing says a name. */
export function resolveVariables(
  settings: CredentialSettings,
  path: Path,
  mistakes: Mistakes,
): Readonly<Record<string, string>> | undefined {
  const { env } = settings;
  const at = [...path, 'env'];
  const names = settings.fields === undefined ? ['value'] : Object.values(settings.fields);
  if (twins(names)) report([...path, 'fields'], 'the same field', mistakes);
  if (typeof env === 'string') {
    const [only = ''] = names;
    if (names.length === 1) return { [only]: env };
    const remedy = 'map each field to a variable, or leave env out: the fields then name the variables';
    mistakes.add(at, `${dotted(at)} is one variable for ${names.length} fields`, remedy);
    return undefined;
  }
  for (const field of Object.keys(env ?? {})) {
    if (names.includes(field)) continue;
    const reason = `${dotted(at)} names ${quoted(field)}, which is no field of this credential`;
    mistakes.add([...at, field], reason, choice(mistakes.nearest(field, names), names, 'fields'), 'key');
  }
  const pairs = names.flatMap((name): [string, string][] => {
    const mapped = env !== undefined && Object.hasOwn(env, name) ? env[name] : undefined;
    const variable = mapped ?? (settings.fields !== undefined && VARIABLE.test(name) ? name : undefined);
    return variable === undefined ? [] : [[name, variable]];
  });
  const variables = pairs.map(([, variable]) => variable);
  if (twins(variables) && !twins(names)) report(env === undefined ? path : at, 'the same variable', mistakes);
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs);
}

function twins(values: readonly string[]): boolean {
  return new Set(values).size !== values.length;
}

function report(path: Path, what: string, mistakes: Mistakes): void {
  mistakes.add(path, `${dotted(path)} uses ${what} twice`, 'give each part its own');
}
