import { type ChildProcess, spawn } from 'node:child_process';
import type { ClientOrders, ClientReport } from './client.ts';
import type { DemoSet } from './set.ts';

const CHILD_DEADLINE = 25_000;

/** What a command of the real program answered. */
export interface Answer {
  readonly code: number | null;
  readonly signal: string | null;
  /** The one document on its standard output. */
  readonly document: {
    readonly status: string;
    readonly data: unknown;
    readonly errors: readonly { readonly message: string }[];
  } | null;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly answer: Promise<Answer>;
}

/** Starts a command of the program that runs this demonstration, as a process of its own. */
export function start(set: DemoSet, program: string, args: readonly string[]): Started {
  const child = spawn(process.execPath, [program, ...args, '--json', '--no-input', '--config', set.config], {
    cwd: set.folder,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NODE_OPTIONS: '', ...set.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: CHILD_DEADLINE,
    killSignal: 'SIGKILL',
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const answer = new Promise<Answer>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const text = Buffer.concat(out).toString('utf8');
      const stderr = Buffer.concat(err).toString('utf8');
      resolve({ code, signal, document: text === '' ? null : JSON.parse(text), stderr });
    });
  });
  return { child, answer };
}

export function ask(set: DemoSet, program: string, args: readonly string[]): Promise<Answer> {
  return start(set, program, args).answer;
}

export interface RunningClient {
  /** Ends it and gives its report. */
  stop(): Promise<ClientReport>;
}

/** Starts the client that sends messages, as a process of its own that knows the two files and the address. */
export function startClient(set: DemoSet, program: string): RunningClient {
  const { tokenFile, identityFile, simulator } = set;
  const url = `${simulator.url}/v25.0/${simulator.world.phoneNumberId}/messages`;
  const orders: ClientOrders = { tokenFile, identityFile, url };
  const child = spawn(process.execPath, [program, 'demo', '--as-client', JSON.stringify(orders)], {
    cwd: set.folder,
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const out: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  const report = new Promise<ClientReport>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => {
      const text = Buffer.concat(out).toString('utf8');
      if (text === '') reject(new Error('the client ended without a report'));
      else resolve(JSON.parse(text) as ClientReport);
    });
  });
  report.catch(() => undefined);
  return {
    stop: () => {
      child.stdin.end();
      return report;
    },
  };
}
