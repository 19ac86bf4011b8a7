import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { configurationText } from '../cli/configuration.ts';
import { type Disk, mountDisk } from './disk.ts';
import { type Effects, effectsIn } from './effects.ts';
import type { Provider } from './provider.ts';

const here = process.env.KEYTURN_TEST_ROOT ?? join(import.meta.dirname, '../..');
const program = join(here, 'bin/keyturn.js');
const preload = join(here, 'test/kill/preload.cjs');
/** What still runs then hangs, on a busy machine too. */
const HANGS_MS = 300_000;

export interface Command {
  readonly args: readonly string[];
  readonly input?: string;
  /** `<n>:<moment>:<signal>`, see preload.cjs. */
  readonly strike?: string;
}

export interface Ended extends Effects {
  readonly args: readonly string[];
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** What it has done so far. */
  readonly effects: () => Promise<Effects>;
  readonly kill: (signal: NodeJS.Signals) => void;
}

/** A folder with a configuration and an encrypted store, a provider, and the real program to use on them. */
export interface Bench {
  readonly folder: string;
  readonly provider: Provider;
  readonly start: (command: Command) => Running;
  readonly keyturn: (command: Command) => Promise<Ended>;
  /** Every process that has ended here so far. */
  readonly ended: readonly Ended[];
  /** What may be in no output and in no file: the secrets of the configuration, and what opens the store. */
  readonly secrets: readonly string[];
  /** What the store lies on; null: with everything else. */
  readonly disk: Disk | null;
  /** What a consumer reads; null: nothing is there. */
  readonly current: () => Promise<string | null>;
  readonly close: () => Promise<void>;
}

export interface Setting {
  readonly provider: () => Promise<Provider>;
  readonly overlapS: number;
  readonly maxAge: string;
}

/** A state to begin from as often as one likes: a folder, and the keys that there were by then. */
export interface Origin {
  readonly setting: Setting;
  readonly folder: string;
  readonly identity: string;
  /** Their fingerprints, in the order of making. */
  readonly keys: readonly string[];
  readonly close: () => Promise<void>;
}

/** A store that holds a token as a team puts it there by hand. */
export async function openBench(setting: Setting): Promise<Bench & { readonly keep: () => Promise<Origin> }> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-kill-'));
  const provider = await setting.provider();
  const identity = await generateX25519Identity();
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(identity));
  const sealed = await encrypter.encrypt(provider.make());
  await mkdir(join(folder, 'secrets'), { mode: 0o700 });
  await writeFile(join(folder, 'secrets/wa-prod.age'), sealed, { mode: 0o600 });
  const bench = await benchIn({ folder, provider, disk: null, setting, identity });
  const keep = async (): Promise<Origin> => {
    const kept = await mkdtemp(join(tmpdir(), 'keyturn-kill-'));
    await rm(join(folder, 'effects'), { recursive: true, force: true });
    await cp(folder, kept, { recursive: true, preserveTimestamps: true });
    const keys = fingerprints(provider);
    const close = () => rm(kept, { recursive: true, force: true });
    return { setting, folder: kept, identity, keys, close };
  };
  return { ...bench, keep };
}

/** A new provider makes the same keys in the same order, so it stands where the first one stood. */
export async function openFrom(origin: Origin, of: { readonly ownDisk: boolean }): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-kill-'));
  await mkdir(join(folder, 'secrets'), { mode: 0o700 });
  const disk = of.ownDisk ? await mountDisk(join(folder, 'secrets')) : null;
  await cp(origin.folder, folder, { recursive: true, preserveTimestamps: true });
  const provider = await origin.setting.provider();
  for (const _ of origin.keys) provider.make();
  if (fingerprints(provider).join() !== origin.keys.join()) throw new Error('other keys than before');
  return benchIn({ folder, provider, disk, setting: origin.setting, identity: origin.identity });
}

function fingerprints(provider: Provider): readonly string[] {
  return provider.keys().map(({ fingerprint }) => fingerprint);
}

async function benchIn(of: {
  readonly folder: string;
  readonly provider: Provider;
  readonly disk: Disk | null;
  readonly setting: Setting;
  readonly identity: string;
}): Promise<Bench> {
  const { folder, provider, disk, setting, identity } = of;
  await writeFile(join(folder, 'keyturn.yaml'), configuration(provider, setting));
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    KEYTURN_IDENTITY: identity,
    ...provider.secrets,
  };
  await mkdir(join(folder, 'effects'));
  const ended: Ended[] = [];
  let starts = 0;
  const start = (command: Command): Running => {
    starts += 1;
    const running = launch(folder, env, command, join(folder, 'effects', String(starts)));
    const kept = running.ended.then((end) => {
      ended.push(end);
      return end;
    });
    return { ...running, ended: kept };
  };
  return {
    folder,
    provider,
    disk,
    start,
    keyturn: (command) => start(command).ended,
    ended,
    secrets: [identity, ...Object.values(provider.secrets)],
    current: reader(join(folder, 'secrets/wa-prod.age'), identity),
    close: async () => {
      await provider.close();
      await disk?.unmount();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Reads as consumers do, with age and nothing of keyturn. Opening costs more than reading, and reads are many. */
export function reader(path: string, identity: string): Bench['current'] {
  let known: { readonly bytes: Buffer; readonly text: string } | null = null;
  return async () => {
    const bytes = await readFile(path).catch(() => null);
    if (bytes === null) return null;
    if (known?.bytes.equals(bytes)) return known.text;
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    known = { bytes, text: await decrypter.decrypt(bytes, 'text') };
    return known.text;
  };
}

function configuration({ settings }: Provider, { overlapS, maxAge }: Setting): string {
  return configurationText({
    policy: `overlap: ${overlapS}s, maxAge: ${maxAge}`,
    issuers: { main: settings },
    credentials: ['wa-prod: { issuer: main, env: WHATSAPP_TOKEN }'],
    trail: '{ sinks: [{ file: ./trail.jsonl }] }',
  });
}

function launch(
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
  { args, input = '', strike }: Command,
  log: string,
): Running {
  const child = spawn(process.execPath, ['--require', preload, program, ...args], {
    cwd,
    env: { ...env, STRIKE_LOG: log, ...(strike === undefined ? {} : { STRIKE_AT: strike }) },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
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
  const timer = setTimeout(() => child.kill('SIGKILL'), HANGS_MS);
  const effects = async () => effectsIn(await readFile(log, 'utf8').catch(() => ''));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      effects().then((done) => resolve({ args, code, signal, stdout, stderr, ...done }), reject);
    });
  });
  return { pid: child.pid ?? 0, ended, effects, kill: (signal) => child.kill(signal) };
}
