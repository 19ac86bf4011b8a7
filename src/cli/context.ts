import { homedir } from 'node:os';
import type { Config, ConfiguredCredential, PluginSettings } from '../config/config.ts';
import type { ReferenceContext } from '../config/references.ts';
import { KeyturnError } from '../core/errors.ts';
import type { Issuer } from '../core/issuer.ts';
import type { Ledger } from '../core/ledger.ts';
import type { PluginContext } from '../core/plugin.ts';
import type { LedgerStore, SecretStore } from '../core/store.ts';
import type { World } from '../engine/run.ts';
import type { Brought } from './plugins/load.ts';
import type { Terminal } from './terminal.ts';

/** The switches that every command takes. */
export interface Flags {
  readonly config?: string;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** False with `--no-input`: nothing is asked. */
  readonly input: boolean;
}

/**
 * What a command may reach of the world, opened on first use:
 *
 *     const config = await context.config();                                // found, read and checked; throws CONFIG
 *     const chosen = selectCredentials(config, selectionOf(invocation), 'optional');
 *     const store = await context.store(credential);                        // its references are resolved when used
 *     const issuer = await context.issuer(credential.issuer);
 *     const ledger = await context.ledger(credential);                      // one load; empty where there is none
 *     await context.requireReferences(chosen, 'read');                      // those missing are thrown together
 *
 * Commands that change something build their runs with `runFor` of runs.ts.
 * Prompts, hidden input and stdin are in `context.terminal` (terminal.ts).
 */
export interface Context {
  readonly command: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  readonly flags: Flags;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Aborts on SIGINT, SIGTERM and SIGHUP. */
  readonly signal: AbortSignal;
  readonly world: World;
  readonly terminal: Terminal;
  /** A line on stderr; nothing with `--quiet`. */
  readonly say: (text: string) => void;
  /** The same with a mark that it is a warning. */
  readonly warn: (text: string) => void;
  readonly config: () => Promise<Config>;
  readonly store: (credential: ConfiguredCredential) => Promise<SecretStore>;
  /** The issuer of this name in the configuration. */
  readonly issuer: (name: string) => Promise<Issuer>;
  readonly ledgers: (credential: ConfiguredCredential) => Promise<LedgerStore>;
  readonly ledger: (credential: ConfiguredCredential) => Promise<Ledger>;
  /**
   * Resolves every reference that these credentials need, each once, and throws REFERENCE with all that lead to nothing.
   * `read`: their stores. `rotate`: their issuers as well. `alsoRead`: credentials whose stores are needed besides.
   */
  readonly requireReferences: (
    credentials: readonly ConfiguredCredential[],
    need: 'read' | 'rotate',
    alsoRead?: readonly ConfiguredCredential[],
  ) => Promise<void>;
  /** Has something ended when the command is over, before its report is printed. */
  readonly atEnd: (end: () => void) => void;
  /** Ends what was opened. */
  readonly close: () => Promise<void>;
}

export interface ContextParts {
  readonly command: string;
  readonly flags: Flags;
  readonly signal: AbortSignal;
  readonly world: World;
  readonly terminal: Terminal;
  readonly say: (text: string) => void;
  readonly warn: (text: string) => void;
}

export function createContext(parts: ContextParts): Context {
  const env = process.env;
  const home = env.HOME ?? homedir();
  const cwd = process.cwd();
  const stores = new Map<PluginSettings, Promise<SecretStore>>();
  const issuers = new Map<string, Promise<Issuer>>();
  const ends: (() => void)[] = [];
  const plugins: Brought[] = [];
  let loading: Promise<Config> | null = null;

  const context: Context = {
    ...parts,
    env,
    cwd,
    home,
    startedAt: parts.world.now(),
    config: () => {
      loading ??= loadConfiguration(parts.flags.config, { env, cwd, home }, plugins);
      return loading;
    },
    store: ({ store }) => once(stores, store, () => openStore(store, context, plugins)),
    issuer: (name) => once(issuers, name, () => openIssuer(name, context, plugins)),
    ledgers: async (credential) => ledgersOf(credential, await context.store(credential)),
    ledger: async (credential) => loadLedger(credential, context),
    requireReferences: async (credentials, need, alsoRead = []) => {
      const config = await context.config();
      const { collectReferences, requireReferences } = await import('../config/needs.ts');
      const uses = new Set([
        ...collectReferences(config, credentials, need),
        ...collectReferences(config, alsoRead, 'read'),
      ]);
      await requireReferences([...uses], config.file, await referenceContext(context));
    },
    atEnd: (end) => {
      ends.push(end);
    },
    close: async () => {
      for (const end of ends) end();
      for (const opened of stores.values()) {
        const store = await opened.catch(() => null);
        await store?.close?.();
      }
    },
  };
  return context;
}

function once<Key, Value>(
  made: Map<Key, Promise<Value>>,
  key: Key,
  make: () => Promise<Value>,
): Promise<Value> {
  const known = made.get(key);
  if (known !== undefined) return known;
  const fresh = make();
  made.set(key, fresh);
  return fresh;
}

async function loadConfiguration(
  flag: string | undefined,
  where: Pick<Context, 'env' | 'cwd' | 'home'>,
  plugins: Brought[],
): Promise<Config> {
  const [{ findConfig }, { loadConfig }, { catalogue }] = await Promise.all([
    import('../config/find.ts'),
    import('../config/load.ts'),
    import('./kinds.ts'),
  ]);
  const file = findConfig({ flag, ...where });
  return loadConfig(file, catalogue, async (names, folder) => {
    const { loadPlugins } = await import('./plugins/load.ts');
    const { brought, faults } = await loadPlugins(names, folder, catalogue);
    plugins.push(brought);
    const issuers = [...catalogue.issuers, ...brought.issuers];
    return { catalogue: { issuers, stores: [...catalogue.stores, ...brought.stores] }, faults };
  });
}

async function openStore(
  settings: PluginSettings,
  context: Context,
  plugins: readonly Brought[],
): Promise<SecretStore> {
  const { catalogue } = await import('./kinds.ts');
  const entries = [...catalogue.stores, ...plugins.flatMap(({ stores }) => stores)];
  const entry = entries.find(({ kind }) => kind === settings.kind);
  if (entry === undefined) throw unknownKind(settings.kind);
  const make = await (await entry.open()).load();
  return make(settings.settings, await pluginContext(context));
}

async function openIssuer(name: string, context: Context, plugins: readonly Brought[]): Promise<Issuer> {
  const { catalogue } = await import('./kinds.ts');
  const settings = (await context.config()).issuers.get(name);
  const entries = [...catalogue.issuers, ...plugins.flatMap(({ issuers }) => issuers)];
  const entry = entries.find(({ kind }) => kind === settings?.kind);
  if (settings === undefined || entry === undefined) throw unknownKind(settings?.kind ?? name);
  const make = await (await entry.open()).load();
  return make(settings.settings, await pluginContext(context));
}

function unknownKind(kind: string): KeyturnError {
  return new KeyturnError('BUG', `there is no plugin ${kind}`, { hint: 'report this' });
}

async function pluginContext(context: Context): Promise<PluginContext> {
  const references = await referenceContext(context);
  const { resolveReference } = await import('../config/references.ts');
  return {
    now: context.world.now,
    random: context.world.random,
    sleep: context.world.sleep,
    resolve: (reference) => resolveReference(reference, references),
    folder: references.folder,
    home: references.home,
  };
}

/** Where the references of the configuration lead. */
export async function referenceContext(context: Context): Promise<ReferenceContext> {
  const config = await context.config();
  return {
    env: context.env,
    folder: config.folder,
    home: context.home,
    readCredential: (name) => readCredential(name, config, context),
  };
}

/** The current value of a credential of one part, for `store:` references. */
async function readCredential(name: string, config: Config, context: Context): Promise<string> {
  const credential = config.credentials.find((one) => one.name === name);
  const store = credential === undefined ? null : await context.store(credential);
  const value = await store?.read(credential?.location ?? '', 'current', context.signal);
  const { keyIn } = await import('../core/document.ts');
  const key =
    value === null || value === undefined ? null : keyIn(value.text.open() ?? '', credential?.fields);
  const [part] = key?.partNames ?? [];
  const text = part === undefined ? null : key?.open(part);
  if (typeof text === 'string' && key?.partNames.length === 1) return text;
  throw new KeyturnError('REFERENCE', `the credential ${name} has no current value of one part`, {
    hint: `run keyturn rotate ${name}, or keyturn adopt ${name}, first`,
  });
}

function ledgersOf(credential: ConfiguredCredential, store: SecretStore): LedgerStore {
  if (store.ledgers !== undefined) return store.ledgers;
  throw new KeyturnError('CONFIG', `the store of ${credential.name} cannot hold a ledger`, {
    hint: 'keep this credential in a store that has compare-and-set',
    credential: credential.name,
  });
}

async function loadLedger(credential: ConfiguredCredential, context: Context): Promise<Ledger> {
  const { name, location } = credential;
  const [ledgers, { emptyLedger, parseLedger }, { guarded }] = await Promise.all([
    context.ledgers(credential),
    import('../core/ledger.ts'),
    import('../engine/guard.ts'),
  ]);
  const found = await guarded(context.world, `load the ledger of ${name}`, context.signal, (signal) =>
    ledgers.load({ credential: name, location }, signal),
  );
  return found === null ? emptyLedger(name) : parseLedger(found.document, name);
}
