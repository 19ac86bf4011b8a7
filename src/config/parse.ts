import { dirname } from 'node:path';
import { fingerprint } from '../core/secret.ts';
import { canonical } from '../core/trail.ts';
import type { Config, ConfiguredCredential, IssuerConfig, KnownKinds, PluginSettings } from './config.ts';
import { checkLocations, checkReferences, checkSoleKeys, type Draft } from './crosscheck.ts';
import { resolveVariables } from './fields.ts';
import { checkLiterals } from './literals.ts';
import { pluginReader } from './plugins.ts';
import { checkDurations, checkPolicy, resolvePolicy } from './policy.ts';
import { collectMistakes, configError, type Mistakes } from './problems.ts';
import * as schema from './schema.ts';
import { readSinks } from './sinks.ts';
import { locate, type SourceNode } from './source.ts';
import { salvage, validate } from './validate.ts';
import { choice, type Path, quoted } from './wording.ts';
import { readYaml } from './yaml.ts';

/** The text of a configuration as YAML reads it: a map, which may be wrong in every other way. */
export interface Source {
  readonly file: string;
  readonly root: SourceNode;
  readonly mistakes: Mistakes;
}

/**
 * Reads the text of a configuration. `file` is its absolute path.
 * Throws one CONFIG error with all mistakes, each with line, reason and remedy; `configProblems` takes it apart.
 * No message repeats a value.
 */
export function parseConfig(text: string, file: string, kinds: KnownKinds): Config {
  return parseSource(readSource(text, file), kinds);
}

/** The first half of `parseConfig`, for which the kinds need not be known. */
export function readSource(text: string, file: string): Source {
  let root: SourceNode | null = null;
  const mistakes = collectMistakes(file, (path, at) => locate(root, path, at));
  root = readYaml(text, mistakes.addAt);
  const start = { line: 1, column: 1 };
  if (root === null && mistakes.list().length === 0) {
    mistakes.addAt(start, 'the configuration is empty', 'run keyturn init to write one');
  }
  if (root !== null && (root.children === undefined || Array.isArray(root.value))) {
    mistakes.addAt(root.at, 'the configuration is no map of keys', 'begin with version: 1');
  }
  if (root?.children === undefined || Array.isArray(root.value)) throw configError(mistakes.list());
  return { file, root, mistakes };
}

/** The second half of `parseConfig`. */
export function parseSource({ file, root, mistakes }: Source, kinds: KnownKinds): Config {
  const config = readRoot(root, file, kinds, mistakes);
  if (mistakes.list().length > 0) throw configError(mistakes.list());
  return config;
}

function readRoot(root: SourceNode, file: string, kinds: KnownKinds, mistakes: Mistakes): Config {
  const value = root.value as Readonly<Record<string, unknown>>;
  checkVersion(value.version, file, mistakes, root);
  validate(schema.fileSchema, value, [], mistakes);

  const plugins = pluginReader(root, mistakes, kinds);
  const issuers = new Map<string, IssuerConfig>();
  const issuerNames = namesIn(root, 'issuers', mistakes);
  for (const [name, node] of issuerNames) {
    const read = plugins.readIssuer(name, node.value);
    if (read !== null) issuers.set(name, { name, ...read });
  }
  const store = 'store' in value ? plugins.readStore(value.store, ['store']) : null;
  const policy =
    'policy' in value ? (salvage(schema.policySchema, value.policy, ['policy'], mistakes) ?? {}) : {};
  checkDurations(policy, ['policy'], mistakes);

  const drafts: Draft[] = [];
  const known = [...issuerNames.keys()];
  for (const [name, node] of namesIn(root, 'credentials', mistakes)) {
    const path = ['credentials', name];
    const settings = salvage(schema.credentialSchema, node.value, path, mistakes);
    if (settings === null) continue;
    if (!issuerNames.has(settings.issuer)) {
      const reason = `${quoted(name)} names the issuer ${quoted(settings.issuer)}, which is not under issuers`;
      mistakes.add(
        [...path, 'issuer'],
        reason,
        choice(mistakes.nearest(settings.issuer, known), known, 'issuers'),
      );
    }
    if (settings.store === undefined && !('store' in value)) {
      mistakes.add(['store'], 'store is missing', 'add a store, for all credentials or for each');
    }
    const own = settings.store === undefined ? store : plugins.readStore(settings.store, [...path, 'store']);
    drafts.push(draftOf(name, settings, policy, own, path, mistakes));
  }
  const sinks = 'trail' in value ? readSinks(value.trail, mistakes) : [];
  checkLocations(drafts, mistakes);
  checkSoleKeys(drafts, issuers, kinds.issuers, mistakes);
  checkReferences(drafts, plugins.uses, mistakes);
  checkLiterals(value, [], mistakes);
  return {
    version: schema.CONFIG_VERSION,
    file,
    folder: dirname(file),
    stores: [...plugins.stores.values()],
    issuers,
    credentials: drafts.flatMap(finisher(issuers)),
    trail: { sinks },
    references: plugins.uses,
  };
}

function checkVersion(version: unknown, file: string, mistakes: Mistakes, root: SourceNode): void {
  if (version === undefined) mistakes.add(['version'], 'version is missing', 'add the line version: 1');
  if (typeof version !== 'number' || !Number.isInteger(version) || version <= schema.CONFIG_VERSION) return;
  // What a newer version means by the rest is not ours to judge.
  const { line, column } = locate(root, ['version'], 'value');
  const reason = `this is version ${version} of the configuration; this keyturn reads ${schema.CONFIG_VERSION}`;
  throw configError([{ file, line, column, setting: 'version', reason, remedy: 'update keyturn' }]);
}

function namesIn(
  root: SourceNode,
  section: 'issuers' | 'credentials',
  mistakes: Mistakes,
): ReadonlyMap<string, SourceNode> {
  const names = new Map<string, SourceNode>();
  for (const [name, node] of root.children?.get(section)?.children ?? []) {
    if (typeof name !== 'string') continue;
    names.set(name, node);
    if (schema.NAME.test(name)) continue;
    const reason = `${quoted(name)} is not a name that is allowed`;
    mistakes.add([section, name], reason, `use ${schema.NAME_RULE}`, 'key');
  }
  return names;
}

function draftOf(
  name: string,
  settings: schema.CredentialSettings,
  filePolicy: schema.PolicySettings,
  store: PluginSettings | null,
  path: Path,
  mistakes: Mistakes,
): Draft {
  const policy = resolvePolicy(filePolicy, settings.policy ?? {});
  checkDurations(settings.policy ?? {}, [...path, 'policy'], mistakes);
  checkPolicy(policy, settings.policy === undefined ? ['policy'] : [...path, 'policy'], mistakes);
  const env = resolveVariables(settings, path, mistakes);
  return {
    name,
    issuer: settings.issuer,
    location: settings.location ?? name,
    ...(settings.fields === undefined ? {} : { fields: settings.fields }),
    ...(env === undefined ? {} : { env }),
    tags: settings.tags ?? {},
    policy,
    store,
  };
}

/** Gives each credential its digest. Issuers and stores are written out once, however many share them. */
function finisher(issuers: ReadonlyMap<string, IssuerConfig>) {
  const written = new Map<PluginSettings, string>();
  const write = (settings: PluginSettings | undefined): string => {
    if (settings === undefined) return '';
    const text = written.get(settings) ?? canonical(settings);
    written.set(settings, text);
    return text;
  };
  return (draft: Draft): readonly ConfiguredCredential[] => {
    const { store, location, fields, policy } = draft;
    if (store === null) return [];
    const rest = canonical([location, fields ?? null, policy]);
    const digest = fingerprint(`${write(issuers.get(draft.issuer))}\n${write(store)}\n${rest}`);
    return [{ ...draft, store, digest }];
  };
}
