import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const LEASH = fileURLToPath(new URL('leash.mjs', import.meta.url));
/** No test file runs for longer. */
const LIFE_SECONDS = 1_800;
const START_MS = 60_000;
const KEPT_CHARACTERS = 4_000;

export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Launched {
  /** The first line of standard output. */
  readonly firstLine: Promise<string>;
  /** The end of what it printed, for a message about its failure. */
  output(): string;
  /** Whether it has ended by itself. */
  ended(): boolean;
  stop(): Promise<void>;
}

/** Starts a server process that ends with this one, at the latest after half an hour. */
export function launch({ program, args, env = {} }: Launch): Launched {
  const child = spawn(process.execPath, [LEASH, String(LIFE_SECONDS), program, ...args], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let printed = '';
  const firstLine = new Promise<string>((resolve, reject) => {
    let first = '';
    const late = setTimeout(() => reject(new Error(`${program} printed nothing in time`)), START_MS);
    child.stdout.on('data', (bytes: Buffer) => {
      first += bytes.toString();
      if (!first.includes('\n')) return;
      clearTimeout(late);
      resolve(first.slice(0, first.indexOf('\n')));
    });
    child.once('close', () => {
      clearTimeout(late);
      reject(new Error(`${program} ended before it was up: ${printed}`));
    });
  });
  // Whoever does not wait for it is told by `ended`.
  firstLine.catch(() => undefined);
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      printed = `${printed}${bytes.toString()}`.slice(-KEPT_CHARACTERS);
    });
  }
  return {
    firstLine,
    output: () => printed,
    ended: () => child.exitCode !== null || child.signalCode !== null,
    stop: () => stopped(child),
  };
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.stdin?.end();
  await closed;
}

/** Runs a program to its end. What it prints is shown; a failure throws with its last words. */
export function runTool(
  program: string,
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly withinMs: number;
  },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.withinMs,
      killSignal: 'SIGKILL',
    });
    let output = '';
    let last = '';
    child.stdout.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
    child.stderr.on('data', (bytes: Buffer) => {
      last = `${last}${bytes.toString()}`.slice(-KEPT_CHARACTERS);
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${program} ${args[0] ?? ''} ended with ${code ?? signal}: ${last.trim()}`));
    });
  });
}

/** A port on loopback that nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
