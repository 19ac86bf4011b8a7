import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Ajv } from 'ajv';
import { expect, onTestFinished } from 'vitest';
import type { Envelope } from '../../src/cli/envelope.ts';
import { outputSchema } from '../../src/cli/output-schema.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts';
import { generateIdentity } from '../../src/stores/file/identity.ts';
import { configurationText, metaIssuer } from './configuration.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = join(root, 'bin/keyturn.js');
const exec = promisify(execFile);

const validate = new Ajv({ allowUnionTypes: true }).compile(outputSchema());

/** One for all tests of a file: making it costs more than most of them. */
const generated = generateIdentity();

/** Builds what is tested, where it is not built from the present sources. */
export async function built(): Promise<void> {
  await exec(process.execPath, [join(root, 'bin/dev/ensure.mjs')], { cwd: root });
}

export interface Answer {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The JSON document on stdout, held to the schema. Throws where stdout is anything else. */
  // biome-ignore lint/suspicious/noExplicitAny: data is whatever the test expects of it
  readonly document: Omit<Envelope, 'data'> & { readonly data: any };
}

export interface Options {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Running {
  readonly child: ChildProcess;
  readonly answer: Promise<Answer>;
  /** Resolves when stderr has held this text. */
  readonly said: (text: string) => Promise<void>;
}

/** A folder with a configuration, a file store and a simulator, and the real command line to use on them. */
export interface Bench {
  readonly folder: string;
  readonly simulator: Simulator;
  /** The variables that every command gets. */
  readonly env: Record<string, string | undefined>;
  readonly close: () => Promise<void>;
  readonly configure: (text: string) => Promise<void>;
  readonly keyturn: (args: readonly string[], options?: Options) => Promise<Answer>;
  readonly start: (args: readonly string[], options?: Options) => Running;
  /** On a pseudo-terminal: `answers` are typed one after the other, each when its question is there. */
  readonly onTerminal: (
    args: readonly string[],
    answers?: readonly (readonly [question: string, typed: string])[],
    options?: Options,
  ) => Promise<Answer>;
}

export interface BenchOptions extends Omit<SimulatorOptions, 'clock'> {
  /** Lines for the policy of the file. */
  readonly policy?: string;
}

/** A bench for one test. */
export async function benchFor(options: BenchOptions = {}): Promise<Bench> {
  const bench = await openBench(options);
  onTestFinished(bench.close);
  return bench;
}

/** The caller closes it. */
export async function openBench(options: BenchOptions = {}): Promise<Bench> {
  const [simulator, { identity }, folder] = await Promise.all([
    startSimulator({ ...options, clock: Date.now }),
    generated,
    mkdtemp(join(tmpdir(), 'keyturn-cli-')),
  ]);
  const env: Record<string, string | undefined> = {
    PATH: process.env.PATH,
    HOME: folder,
    KEYTURN_IDENTITY: identity,
    META_APP_SECRET: simulator.world.appSecret,
    META_ADMIN_TOKEN: simulator.world.adminToken,
  };
  const start: Bench['start'] = (args, { input, env: more } = {}) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: folder,
      env: clean({ ...env, ...more }),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
    return running(child);
  };
  const bench: Bench = {
    folder,
    simulator,
    env,
    close: async () => {
      await simulator.close();
      await rm(folder, { recursive: true, force: true });
    },
    configure: (text) => writeFile(join(folder, 'keyturn.yaml'), text),
    keyturn: (args, given) => start(args, given).answer,
    start,
    onTerminal: async (args, answers = [], { env: more } = {}) => {
      const line = [process.execPath, program, ...args].map(quoteForShell).join(' ');
      const child = spawn(
        'script',
        ['--quiet', '--return', '--echo', 'never', '--command', line, '/dev/null'],
        {
          cwd: folder,
          env: clean({ ...env, SHELL: '/bin/sh', TERM: 'xterm', ...more }),
          stdio: ['pipe', 'pipe', 'pipe'],
        },
      );
      const { answer, said } = running(child);
      for (const [question, typed] of answers) {
        await Promise.race([said(question), answer]);
        child.stdin?.write(typed);
      }
      const ended = await answer;
      child.stdin?.destroy();
      return ended;
    },
  };
  await bench.configure(configuration(simulator, options.policy ?? 'overlap: 24h'));
  return bench;
}

/** One credential at a simulated Meta app, in an encrypted folder. */
export function configuration(simulator: Simulator, policy: string): string {
  return configurationText({
    policy,
    issuers: { meta: [...metaIssuer({ ...simulator.world, url: simulator.url }), 'settles: 0s'] },
    credentials: ['wa-prod: { issuer: meta, env: WHATSAPP_TOKEN, tags: { env: prod } }'],
  });
}

function running(child: ChildProcess): Running {
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  child.stdout?.on('data', (bytes: Buffer) => {
    stdout += bytes.toString('utf8');
    for (const listener of listeners) listener();
  });
  child.stderr?.on('data', (bytes: Buffer) => {
    stderr += bytes.toString('utf8');
    for (const listener of listeners) listener();
  });
  const answer = new Promise<Answer>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const parse = (): Answer['document'] => {
        const document = JSON.parse(stdout);
        expect(validate(document), JSON.stringify(validate.errors, null, 2)).toBe(true);
        return document;
      };
      resolve({
        code,
        signal,
        stdout,
        stderr,
        get document() {
          return parse();
        },
      });
    });
  });
  const said = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!`${stdout}${stderr}`.includes(text)) return;
        listeners.delete(check);
        resolve();
      };
      listeners.add(check);
      check();
    });
  return { child, answer, said };
}

function clean(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}

function quoteForShell(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
