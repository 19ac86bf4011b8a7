import * as z from 'zod/mini';
import type { Kinds, SettingsKind } from './config.ts';
import { credentialSchema, fileSchema, NAME, policySchema, trailSchema } from './schema.ts';

/** A node of a JSON Schema, as far as it is looked into here. */
export interface JsonSchema {
  readonly [key: string]: unknown;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

/** The JSON Schema of one setting, with the marks `reference` and `duration` where it is one. */
export function settingSchema(schema: z.ZodMiniType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
  }) as JsonSchema;
  return rest;
}

/** The JSON Schema (draft 7) of a whole configuration, for editors. Made from the schemas that the loader uses. */
export function configSchema(kinds: Kinds): JsonSchema {
  const file = settingSchema(fileSchema);
  const credential = settingSchema(credentialSchema);
  const names = { pattern: NAME.source };
  const ref = (name: string): JsonSchema => ({ $ref: `#/definitions/${name}` });
  const described = (schema: JsonSchema, of: JsonSchema | undefined): JsonSchema =>
    of?.description === undefined ? schema : { description: of.description, allOf: [schema] };
  return withoutMarks({
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'keyturn.yaml',
    ...file,
    properties: {
      ...file.properties,
      store: described(ref('store'), file.properties?.store),
      policy: described(ref('policy'), file.properties?.policy),
      trail: described(settingSchema(trailSchema), file.properties?.trail),
      issuers: { ...file.properties?.issuers, propertyNames: names, additionalProperties: ref('issuer') },
      credentials: {
        ...file.properties?.credentials,
        propertyNames: names,
        additionalProperties: ref('credential'),
      },
    },
    // Only a package can bring a kind that is not here.
    if: { required: ['plugins'] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: true,
    else: {
      properties: {
        store: ofKinds(kinds.stores),
        issuers: { additionalProperties: ofKinds(kinds.issuers) },
        credentials: { additionalProperties: { properties: { store: ofKinds(kinds.stores) } } },
      },
    },
    definitions: {
      store: oneOfKinds(kinds.stores),
      issuer: oneOfKinds(kinds.issuers),
      policy: settingSchema(policySchema),
      credential: {
        ...credential,
        properties: {
          ...credential.properties,
          store: described(ref('store'), credential.properties?.store),
          policy: described(ref('policy'), credential.properties?.policy),
        },
      },
    },
  });
}

function oneOfKinds(kinds: readonly SettingsKind[]): JsonSchema {
  const known = kinds.map((kind) => ({
    title: kind.kind,
    description: kind.summary,
    ...settingSchema(kind.settings),
  }));
  return { oneOf: [...known, kindOfPackage(kinds)] };
}

/** Of the settings of such a kind nothing is known here; its own schema checks them when keyturn runs. */
function kindOfPackage(kinds: readonly SettingsKind[]): JsonSchema {
  const kind = { type: 'string', not: { enum: kinds.map((one) => one.kind) } };
  const description = 'A kind that a package under plugins brings.';
  return { title: 'of a package', description, type: 'object', properties: { kind }, required: ['kind'] };
}

function ofKinds(kinds: readonly SettingsKind[]): JsonSchema {
  return { properties: { kind: { enum: kinds.map((one) => one.kind) } } };
}

/** Validators that are strict refuse keywords that they do not know. */
function withoutMarks<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutMarks) as T;
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(
    ([key, inner]) => !((key === 'reference' || key === 'duration') && inner === true),
  );
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutMarks(inner)])) as T;
}
