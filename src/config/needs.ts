import { KeyturnError } from '../core/errors.ts';
import type { Config, ConfiguredCredential, ReferenceUse } from './config.ts';
import { type ReferenceContext, resolveReference } from './references.ts';

/**
 * Every reference that a command needs for these credentials, each once, in the order of the file.
 * `read`: what opens their stores. `rotate`: what their issuers need as well. Through `store:` references it goes on to
 * the stores of the credentials that they name.
 */
export function collectReferences(
  config: Config,
  credentials: readonly ConfiguredCredential[],
  need: 'read' | 'rotate',
): readonly ReferenceUse[] {
  const byName = new Map(config.credentials.map((one) => [one.name, one]));
  const issuers = new Set(need === 'rotate' ? credentials.map((one) => one.issuer) : []);
  const stores = new Set(credentials.map((one) => one.store));
  const used = new Set<ReferenceUse>();
  for (let before = -1; before !== used.size; ) {
    before = used.size;
    for (const use of config.references) {
      const needed = 'issuer' in use.owner ? issuers.has(use.owner.issuer) : stores.has(use.owner.store);
      if (!needed || used.has(use)) continue;
      used.add(use);
      const named = use.reference.startsWith('store:') ? byName.get(use.reference.slice(6)) : undefined;
      if (named !== undefined) stores.add(named.store);
    }
  }
  return config.references.filter((use) => used.has(use));
}

/**
 * Resolves every reference once and forgets what it read. Those that lead to nothing are thrown together, as one
 * REFERENCE error. `store:` references are tried only when all others lead somewhere: reading a store needs those.
 */
export async function requireReferences(
  uses: readonly ReferenceUse[],
  file: string,
  context: ReferenceContext,
): Promise<void> {
  const inStore = (use: ReferenceUse): boolean => use.reference.startsWith('store:');
  await requireAll(
    uses.filter((use) => !inStore(use)),
    file,
    context,
  );
  await requireAll(uses.filter(inStore), file, context);
}

async function requireAll(
  uses: readonly ReferenceUse[],
  file: string,
  context: ReferenceContext,
): Promise<void> {
  const missing: { readonly line: string; readonly hint: string }[] = [];
  for (const use of uses) {
    try {
      await resolveReference(use.reference, context);
    } catch (caught) {
      if (!(caught instanceof KeyturnError) || caught.code !== 'REFERENCE') throw caught;
      missing.push({ line: `${file}:${use.line}: ${use.setting}: ${caught.message}`, hint: caught.hint });
    }
  }
  const [first] = missing;
  if (first === undefined) return;
  if (missing.length === 1) throw new KeyturnError('REFERENCE', first.line, { hint: first.hint });
  const lines = missing.map((one) => `  ${one.line}; ${one.hint}`);
  throw new KeyturnError('REFERENCE', [`${missing.length} references lead to nothing`, ...lines].join('\n'), {
    hint: 'put each in its place; nothing was done',
  });
}

/** The variables that `env:` references name anywhere in the configuration, sorted. */
export function referencedVariables(config: Config): readonly string[] {
  const names = config.references
    .filter((use) => use.reference.startsWith('env:'))
    .map((use) => use.reference.slice('env:'.length));
  return [...new Set(names)].toSorted();
}

/**
 * The variable that each part of the credentials goes to, for one `exec`. Throws USAGE where two go to the same one, and
 * where a credential has no variable at all.
 */
export function execVariables(
  credentials: readonly ConfiguredCredential[],
): readonly { readonly variable: string; readonly credential: string; readonly field: string }[] {
  const all = credentials.flatMap((credential) =>
    Object.entries(credential.env ?? {}).map(([field, variable]) => ({
      variable,
      credential: credential.name,
      field,
    })),
  );
  const bare = credentials.find((one) => one.env === undefined);
  if (bare !== undefined) {
    throw new KeyturnError('USAGE', `${bare.name} has no variable that exec could set`, {
      hint: `add env: NAME to the credential ${bare.name}`,
      credential: bare.name,
    });
  }
  const twin = all.find((one, at) => all.findIndex((other) => other.variable === one.variable) < at);
  if (twin === undefined) return all;
  const first = all.find((one) => one.variable === twin.variable);
  throw new KeyturnError('USAGE', `${first?.credential} and ${twin.credential} both set ${twin.variable}`, {
    hint: 'select one of the two, or give them variables of their own with env',
    credential: twin.credential,
  });
}
