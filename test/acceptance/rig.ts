import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Decrypter, generateX25519Identity } from 'age-encryption';
import { configurationText, metaIssuer } from '../cli/configuration.ts';
import { type GraphServer, type ServerOptions, startGraph } from './graph-server.ts';
import type { Switches } from './graph-switches.ts';
import { makeWorld } from './graph-world.ts';

const program = process.env.KEYTURN_TEST_PROGRAM ?? join(import.meta.dirname, '../../bin/keyturn.js');
/**
 * What still runs then hangs. Waiting is no hang: a run stays for what settles by itself, a minute unless configured and
 * one more, and as long as a limit says.
 */
const HANGS_MS = 330_000;
const identity = generateX25519Identity();

export interface Ended {
  readonly args: readonly string[];
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with the child's id as soon as it runs. */
  readonly started?: (pid: number) => void;
  readonly limitMs?: number;
}

/** A folder with a configuration and an encrypted store, a Graph server, and the real command line to use on them. */
export interface Rig {
  readonly folder: string;
  readonly server: GraphServer;
  readonly identity: string;
  readonly store: string;
  readonly keyturn: (args: readonly string[], options?: RunOptions) => Promise<Ended>;
  /** What a consumer reads; null: nothing is there yet. */
  readonly current: () => Promise<string | null>;
  readonly ledger: () => Promise<LedgerText | null>;
  readonly configure: (text: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** What the checks need of the ledger as it lies in the store. */
export interface LedgerText {
  readonly keys: readonly {
    readonly id: string;
    readonly state: string;
    readonly fingerprints?: Readonly<Record<string, string>>;
    readonly window?: { readonly from: string; readonly to?: string };
    readonly nextTry?: string;
    readonly lastError?: string;
  }[];
  readonly rotation?: { readonly phase: string; readonly nextTry?: string; readonly lastError?: string };
  readonly hold?: { readonly reason: string };
}

export interface RigOptions extends ServerOptions {
  readonly switches: Switches;
  /** Further lines for the issuer, each `key: value`. */
  readonly issuer?: readonly string[];
  readonly policy?: string;
  readonly world?: { readonly age?: number; readonly firstLife?: number };
}

export async function openRig(options: RigOptions): Promise<Rig> {
  const world = makeWorld(options.switches, options.world);
  const [server, folder, key] = await Promise.all([
    startGraph(world, options),
    mkdtemp(join(tmpdir(), 'keyturn-acceptance-')),
    identity,
  ]);
  const store = join(folder, 'secrets');
  const environment = (): Record<string, string> => ({
    PATH: process.env.PATH ?? '',
    HOME: folder,
    TMPDIR: join(folder, 'tmp'),
    KEYTURN_IDENTITY: key,
    META_APP_SECRET: world.appSecret,
    META_ADMIN_TOKEN: world.admin.value,
  });
  const opened = new Map<string, { readonly bytes: Buffer; readonly text: string }>();
  const open = async (path: string): Promise<string | null> => {
    const bytes = await readFile(path).catch(() => null);
    if (bytes === null) return null;
    // Opening costs more than reading, and consumers are many.
    const known = opened.get(path);
    if (known?.bytes.equals(bytes)) return known.text;
    const decrypter = new Decrypter();
    decrypter.addIdentity(key);
    const text = await decrypter.decrypt(bytes, 'text');
    opened.set(path, { bytes, text });
    return text;
  };
  const rig: Rig = {
    folder,
    server,
    identity: key,
    store,
    keyturn: (args, given = {}) => {
      const env = { ...environment(), ...given.env };
      return run([program, ...args], folder, env, given);
    },
    current: () => open(join(store, 'wa-prod.age')),
    ledger: async () => {
      const text = await open(join(store, '.keyturn/wa-prod/ledgers/wa-prod/ledger.age'));
      return text === null ? null : JSON.parse(text);
    },
    configure: (text) => writeFile(join(folder, 'keyturn.yaml'), text),
    close: async () => {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await mkdir(join(folder, 'tmp'));
  await rig.configure(configuration(server, options));
  return rig;
}

export function configuration({ url, world }: GraphServer, options: RigOptions): string {
  const { switches, issuer = [], policy = 'overlap: 1s' } = options;
  const user = switches.operatorId === 'scoped' ? world.userId : world.canonicalUserId;
  const exchanged = issuer.includes('mode: exchange');
  const app = { url, appId: world.appId, systemUserId: user, phoneNumberId: world.phoneId };
  const usual = metaIssuer(app).filter((line) => !(exchanged && line.startsWith('adminToken:')));
  return configurationText({
    policy,
    issuers: { meta: [...usual, ...issuer] },
    credentials: ['wa-prod: { issuer: meta, env: WHATSAPP_TOKEN }'],
    trail: '{ sinks: [{ file: ./trail.jsonl }] }',
  });
}

function run(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  { input = '', started, limitMs = HANGS_MS }: RunOptions,
): Promise<Ended> {
  const from = Date.now();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
    if (child.pid !== undefined) started?.(child.pid);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ args: args.slice(1), code, signal, stdout, stderr, ms: Date.now() - from });
    });
  });
}
