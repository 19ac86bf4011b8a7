import * as z from 'zod/mini';
import { REFERENCE } from '../core/setting.ts';
import type { Path } from './wording.ts';

type Schema = z.core.$ZodType;

/** The parts of a schema's definition that lead to other schemas. */
interface Definition {
  readonly innerType?: Schema;
  readonly in?: Schema;
  readonly getter?: () => Schema;
  readonly options?: readonly Schema[];
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly catchall?: Schema;
  readonly element?: Schema;
  readonly valueType?: Schema;
  readonly items?: readonly Schema[];
}

function definition(schema: Schema): Definition {
  return schema._zod.def as Definition;
}

/** The schema itself, what it wraps, and every choice that it offers. */
function layers(schema: Schema): readonly Schema[] {
  const def = definition(schema);
  const inner = [def.innerType, def.in, def.getter?.(), ...(def.options ?? [])];
  return [schema, ...inner.flatMap((one) => (one === undefined ? [] : layers(one)))];
}

function children(schema: Schema, step: string | number): readonly Schema[] {
  return layers(schema).flatMap((layer) => {
    const def = definition(layer);
    const own = typeof step === 'string' ? (def.shape?.[step] ?? def.catchall ?? def.valueType) : undefined;
    const item = typeof step === 'number' ? (def.element ?? def.items?.[step]) : undefined;
    return [own, item].filter((one) => one !== undefined);
  });
}

function schemasAt(schema: Schema, path: Path): readonly Schema[] {
  let here: readonly Schema[] = [schema];
  for (const step of path) here = here.flatMap((one) => children(one, step));
  return here;
}

/** What was registered for the setting at a path of a schema (`reference`, `description`). */
export function settingMeta(schema: Schema, path: Path): Readonly<Record<string, unknown>> {
  const metas = schemasAt(schema, path).flatMap(layers);
  return Object.assign({}, ...metas.toReversed().map((one) => z.globalRegistry.get(one)));
}

/** The keys that a map at this path may have; empty where any may. */
export function knownKeys(schema: Schema, path: Path): readonly string[] {
  const shapes = schemasAt(schema, path)
    .flatMap(layers)
    .map((layer) => definition(layer).shape ?? {});
  return [...new Set(shapes.flatMap((shape) => Object.keys(shape)))];
}

export interface FoundReference {
  readonly path: Path;
  readonly reference: string;
}

/** Every reference that stands in a value where its schema has one. */
export function findReferences(schema: Schema, value: unknown, path: Path = []): readonly FoundReference[] {
  return findIn([schema], value, path);
}

function findIn(schemas: readonly Schema[], value: unknown, path: Path): readonly FoundReference[] {
  if (typeof value === 'string') {
    const declared = schemas.flatMap(layers).some((one) => z.globalRegistry.get(one)?.reference === true);
    return declared && REFERENCE.test(value) ? [{ path, reference: value }] : [];
  }
  if (value === null || typeof value !== 'object') return [];
  const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  return entries.flatMap(([step, inner]) =>
    findIn(
      schemas.flatMap((one) => children(one, step)),
      inner,
      [...path, step],
    ),
  );
}
