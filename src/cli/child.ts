import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { debuglog } from 'node:util';

/** What a keyboard or a terminal sends to everything in its foreground, the child included. */
const FROM_TERMINAL = ['SIGINT', 'SIGQUIT', 'SIGWINCH'] as const;
const ALWAYS = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
const SIGNAL_BASE = 128;

/** The exit codes of a shell for a command that it cannot start. */
export const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

export interface ChildEnd {
  readonly exitCode: number;
  /** Null where it was started; else a code of the operating system, such as ENOENT. */
  readonly failure: string | null;
}

/**
 * Runs a command on our own stdin, stdout and stderr, hands signals through to it, and gives its exit code: its own,
 * or 128 and the number of the signal that ended it.
 */
export function runChild(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<ChildEnd> {
  return new Promise((resolve, reject) => {
    let child: ChildProcess;
    try {
      child = spawn(command, [...args], { stdio: 'inherit', env });
    } catch (caught) {
      const end = endOf(caught);
      if (end === null) reject(caught);
      else resolve(end);
      return;
    }
    const release = handSignalsTo(child);
    child.once('error', (error) => {
      // A signal that could not be handed on is an error too; the child lives on then.
      if (child.pid !== undefined) return;
      release();
      resolve(endOf(error) ?? { exitCode: NOT_EXECUTABLE, failure: 'unknown' });
    });
    child.once('exit', (code, signal) => {
      release();
      const exitCode = signal === null ? (code ?? 0) : SIGNAL_BASE + constants.signals[signal];
      resolve({ exitCode, failure: null });
    });
  });
}

/** Whether Node would print the environment of a child, values included: NODE_DEBUG asks it to. */
export function printsChildren(): boolean {
  return debuglog('child_process').enabled;
}

/** Null for what is no failure of the operating system. */
function endOf(caught: unknown): ChildEnd | null {
  const failure = (caught as NodeJS.ErrnoException).code;
  if (failure === undefined || !/^E[A-Z0-9]+$/.test(failure)) return null;
  return { exitCode: failure === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE, failure };
}

/** From here on the child decides what a signal means; what this process would do itself no longer counts. */
function handSignalsTo(child: ChildProcess): () => void {
  const foreground = inForeground();
  const heard = [...ALWAYS, ...FROM_TERMINAL].map((name) => {
    const before = process.listeners(name);
    const shared = foreground && FROM_TERMINAL.some((one) => one === name);
    const listener = (): void => {
      if (!shared) child.kill(name);
    };
    process.on(name, listener);
    for (const other of before) process.off(name, other);
    return { name, listener };
  });
  return () => {
    for (const { name, listener } of heard) process.off(name, listener);
  };
}

/** Whether the terminal that we run on sends its signals to us, and so to the child as well. */
function inForeground(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    // The name of the process is in brackets and may hold anything. After it come its state, its parent, its group, its
    // session, its terminal, and the group in the foreground there.
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return group === foreground;
  } catch {
    // No /proc on this system: a terminal at one of our ends is the best that can be told.
    return isatty(0) || isatty(1) || isatty(2);
  }
}
