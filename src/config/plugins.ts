import type * as z from 'zod/mini';
import { canonical } from '../core/trail.ts';
import type { KnownKind, KnownKinds, PluginSettings, ReferenceUse } from './config.ts';
import type { Mistakes } from './problems.ts';
import { locate, type SourceNode } from './source.ts';
import { validate } from './validate.ts';
import { findReferences } from './walk.ts';
import { choice, dotted, type Path, quoted } from './wording.ts';

/** Reads the settings of one issuer or store by the schema of its kind. Null after a mistake. */
function readPlugin(
  value: unknown,
  { kinds, partial }: { readonly kinds: readonly KnownKind[]; readonly partial: boolean },
  path: Path,
  mistakes: Mistakes,
): { readonly schema: z.ZodMiniType; readonly settings: PluginSettings | null } | null {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    mistakes.add(path, `${dotted(path)} must be a map of keys`, 'write its kind and its settings');
    return null;
  }
  const named: unknown = 'kind' in value ? value.kind : undefined;
  const names = kinds.map((one) => one.kind);
  const at = [...path, 'kind'];
  if (typeof named !== 'string') {
    const reason = `${dotted(at)} is ${named === undefined ? 'missing' : 'not text'}`;
    mistakes.add(at, reason, choice(null, names, 'kinds'));
    return null;
  }
  const schema = kinds.find((one) => one.kind === named)?.settings ?? null;
  if (schema === null && partial) return null;
  if (schema === null) {
    const reason = `${dotted(at)} is ${quoted(named)}, which is no kind`;
    mistakes.add(at, reason, choice(mistakes.nearest(named, names), names, 'kinds'));
    return null;
  }
  const read = validate(schema, value, path, mistakes);
  return { schema, settings: read === null ? null : { kind: named, settings: read.value } };
}

/** Reads issuers and stores, and remembers where each has references. */
export function pluginReader(
  root: SourceNode,
  mistakes: Mistakes,
  { issuers, stores: shelves, partial = false }: KnownKinds,
) {
  const uses: ReferenceUse[] = [];
  const stores = new Map<string, PluginSettings>();

  const remember = (
    schema: z.ZodMiniType,
    value: unknown,
    path: Path,
    owner: ReferenceUse['owner'],
  ): void => {
    for (const found of findReferences(schema, value, [])) {
      const at = [...path, ...found.path];
      const { line } = locate(root, at, 'value');
      uses.push({ reference: found.reference, path: at, setting: dotted(at), line, owner });
    }
  };

  return {
    uses: uses as readonly ReferenceUse[],
    stores,
    readIssuer(name: string, value: unknown): PluginSettings | null {
      const path = ['issuers', name];
      const read = readPlugin(value, { kinds: issuers, partial }, path, mistakes);
      if (read !== null) remember(read.schema, value, path, { issuer: name });
      return read?.settings ?? null;
    },
    /** Equal settings give the same object. */
    readStore(value: unknown, path: Path): PluginSettings | null {
      const read = readPlugin(value, { kinds: shelves, partial }, path, mistakes);
      if (read === null || read.settings === null) return null;
      const key = canonical(read.settings);
      const known = stores.get(key);
      if (known !== undefined) return known;
      stores.set(key, read.settings);
      remember(read.schema, value, path, { store: read.settings });
      return read.settings;
    },
  };
}
