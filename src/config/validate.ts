import * as z from 'zod/mini';
import type { Mistakes } from './problems.ts';
import { knownKeys, settingMeta } from './walk.ts';
import { choice, dotted, type Path, quoted } from './wording.ts';

type Issue = z.core.$ZodIssue;

const NOUNS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys',
  record: 'a map of keys',
};

/** Stands between reason and remedy in the one text that a schema's error can hold. */
const SPLIT = '; ';
const NO_CHOICE = 'is of no type that may stand here';

interface Reading {
  readonly schema: z.ZodMiniType;
  readonly value: unknown;
  readonly base: Path;
  readonly mistakes: Mistakes;
}

/**
 * Reads a value by its schema. Every mistake is added, each with its own place; null after any.
 * No message repeats what the value is: it may be a secret that stands in the wrong place.
 */
export function validate<T>(
  schema: z.ZodMiniType<T>,
  value: unknown,
  path: Path,
  mistakes: Mistakes,
): { readonly value: T } | null {
  const result = z.safeParse(schema, value, { error: describe });
  if (result.success) return { value: result.data };
  for (const issue of result.error.issues) report({ schema, value, base: path, mistakes }, issue, []);
  return null;
}

function report(reading: Reading, issue: Issue, inside: Path): void {
  const { schema, base, mistakes } = reading;
  const here = [...inside, ...(issue.path as Path)];
  const path = [...base, ...here];
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, here);
    for (const key of issue.keys) {
      const reason = `${dotted(path)} has no key ${quoted(key)}`;
      mistakes.add([...path, key], reason, choice(mistakes.nearest(key, known), known, 'keys'), 'key');
    }
    return;
  }
  if (issue.code !== 'custom' && valueAt(reading.value, here) === undefined) {
    mistakes.add(path, `${dotted(path)} is missing`, remedyFor(schema, here, 'add it'));
    return;
  }
  const chosen = issue.code === 'invalid_union' && issue.message === NO_CHOICE ? closest(issue.errors) : null;
  if (chosen !== null) {
    for (const inner of chosen) report(reading, inner, here);
    return;
  }
  const key = issue.code === 'invalid_key';
  const [first] = key ? issue.issues : [];
  const [reason = '', ...remedy] = (first ?? issue).message.split(SPLIT);
  const words = `${key ? 'the key ' : ''}${dotted(path)} ${reason}`;
  const wanted = remedy.length > 0 ? remedy.join(SPLIT) : remedyFor(schema, here, 'correct it');
  mistakes.add(path, words, wanted, key ? 'key' : 'value');
}

function valueAt(value: unknown, path: Path): unknown {
  let here = value;
  for (const step of path) {
    if (here === null || typeof here !== 'object' || !Object.hasOwn(here, step)) return undefined;
    here = (here as Readonly<Record<string | number, unknown>>)[step];
  }
  return here;
}

function remedyFor(schema: z.ZodMiniType, path: Path, what: string): string {
  const meta = settingMeta(schema, path);
  if (meta.reference === true) {
    return 'put the secret into a variable or a file of its own, and write env:NAME or file:PATH here';
  }
  return typeof meta.description === 'string' ? `${what}: ${meta.description.replace(/\.$/, '')}` : what;
}

/** The choice that the writer meant: one whose type fits and that has the fewest mistakes. */
function closest(choices: readonly (readonly Issue[])[]): readonly Issue[] | null {
  const fitting = choices.filter((issues) => !issues.some((one) => mismatch(one)));
  const [best] = fitting.toSorted((a, b) => a.length - b.length);
  return best ?? null;
}

function mismatch(issue: Issue): boolean {
  return issue.path.length === 0 && issue.code === 'invalid_type';
}

/** Words for what a schema says without words of its own. */
function describe(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type': {
      const wanted = NOUNS[issue.expected] ?? issue.expected;
      const given = typeName(issue.input);
      const unquoted = issue.expected === 'string' && ['number', 'boolean'].includes(typeof issue.input);
      return `must be ${wanted}, not ${given}${unquoted ? `${SPLIT}put it in quotes` : ''}`;
    }
    case 'invalid_value':
      return `must be ${issue.values.map(String).join(' or ')}`;
    case 'invalid_union':
      return NO_CHOICE;
    case 'too_small':
      return `must be at least ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `must be at most ${issue.maximum}${unitOf(issue.origin)}`;
    default:
      return 'is not of the form that it must have';
  }
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters long';
  return origin === 'array' ? ' entries long' : '';
}

function typeName(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return NOUNS[typeof value] ?? 'something else';
}

/** As `validate`, but what is right in a map with mistakes is still given, so that the rest can be checked too. */
export function salvage<T>(
  schema: z.ZodMiniType<T> & { readonly shape: Readonly<Record<string, z.core.$ZodType>> },
  value: unknown,
  path: Path,
  mistakes: Mistakes,
): T | null {
  const whole = validate(schema, value, path, mistakes);
  if (whole !== null) return whole.value;
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null;
  const right = Object.entries(value).filter(([key, inner]) => {
    const own = Object.hasOwn(schema.shape, key) ? schema.shape[key] : undefined;
    return own !== undefined && z.safeParse(own, inner).success;
  });
  const rest = z.safeParse(schema, Object.fromEntries(right));
  return rest.success ? rest.data : null;
}
