import { KeyturnError } from '../../src/core/errors.ts';

/** One call to the outside: `issuer.create`, `store.promote`, `ledger.save`, `hook.perform`. */
export interface Call {
  readonly op: string;
  readonly args: readonly unknown[];
}

/** Stands around every call of a process to the outside. */
export type Around = (call: Call, perform: Perform) => Promise<unknown>;

/** Sends the call. `late`: its sender is gone, so that its signal says nothing any more. */
export type Perform = (late?: 'late') => Promise<unknown>;

/** Methods that touch nothing outside. */
const INSIDE: ReadonlySet<string> = new Set(['invent', 'checkShape', 'instructions']);

/** The same object, with every method that reaches the outside going through `around`. */
export function tapped<T extends object>(target: T, name: string, around: Around): T {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(target)) {
    out[key] =
      typeof value === 'function' && !INSIDE.has(key)
        ? (...args: unknown[]) =>
            around({ op: `${name}.${key}`, args }, async (late) =>
              (value as (...all: unknown[]) => unknown)(...(late === undefined ? args : args.map(lasting))),
            )
        : value;
  }
  return out as T;
}

const unheard = new AbortController().signal;

function lasting(arg: unknown): unknown {
  return typeof arg === 'object' && arg !== null && 'aborted' in arg ? unheard : arg;
}

/** What can go wrong with a call. `late`: the request arrives after its sender has given up. */
export const FAULTS = [
  'crash-before',
  'crash-after',
  'refused',
  'limited',
  'unavailable',
  'unsent',
  'lost-before',
  'lost-after',
  'timeout',
  'late',
] as const;

export type Fault = (typeof FAULTS)[number];

const never = new Promise<never>(() => undefined);

export interface FaultRun {
  /** Ends the process. */
  readonly crash: () => void;
  /** Performs it when the next process starts. */
  readonly later: (perform: () => Promise<unknown>) => void;
}

/** Makes the call end in this way. */
export async function faulty(fault: Fault, run: FaultRun, perform: Perform): Promise<unknown> {
  switch (fault) {
    case 'crash-before':
      run.crash();
      return never;
    case 'crash-after':
      await perform();
      run.crash();
      return never;
    case 'refused':
      throw new KeyturnError('REFUSED', 'the other side refuses', { hint: 'mend it' });
    case 'limited':
      throw new KeyturnError('RATE_LIMITED', 'too often', { hint: 'wait', retryAfterMs: 90_000 });
    case 'unavailable':
      throw new KeyturnError('UNAVAILABLE', 'the other side is broken', { hint: 'wait' });
    case 'unsent':
      throw new KeyturnError('UNREACHABLE', 'no route', { hint: 'wait', unsent: true });
    case 'lost-before':
      throw new KeyturnError('UNREACHABLE', 'the connection broke', { hint: 'wait' });
    case 'lost-after':
      await perform();
      throw new KeyturnError('UNREACHABLE', 'the connection broke', { hint: 'wait' });
    case 'timeout':
      return never;
    case 'late':
      run.later(() => perform('late'));
      return never;
  }
}
