import { fstatSync } from 'node:fs';
import { KeyturnError } from '../core/errors.ts';
import type { Secret } from '../core/secret.ts';
import { writeErr } from './write.ts';

/** What is at the ends of stdin, stdout and stderr, and how a person is asked. */
export interface Terminal {
  /** Whether stdout is a terminal: then results are coloured and fitted to its width. */
  readonly out: boolean;
  /** Whether stderr is a terminal: then progress is a live line. */
  readonly err: boolean;
  /** Whether a person can be asked: stdin and stderr are terminals, and `--no-input` is not given. */
  readonly asks: boolean;
  /** Columns of the terminal, at most 80. */
  readonly width: number;
  /**
   * Asks for a line on stderr and shows what is typed. Only where `asks` is true.
   * Throws INTERRUPTED on Ctrl-C and at the end of input.
   */
  readonly ask: (question: string) => Promise<string>;
  /** The same without showing what is typed. */
  readonly askHidden: (question: string) => Promise<string>;
  /**
   * A key from `--stdin`, or else from a hidden prompt; `parts` are its part names (absent: one part).
   * Throws USAGE where there is neither, BAD_VALUE for what can be no key.
   */
  readonly readKey: (request: KeyRequest) => Promise<Secret>;
  /** All of stdin, at most 64 KiB, without one newline at its end. Throws BAD_VALUE. */
  readonly readStdin: () => Promise<string>;
  /**
   * Before something is destroyed: says what, and asks for `answer` to be typed. Throws USAGE where it was not, and,
   * without a terminal, where `yes` is false.
   */
  readonly confirm: (request: ConfirmRequest) => Promise<void>;
}

export interface KeyRequest {
  readonly stdin: boolean;
  readonly parts?: readonly string[] | undefined;
  /** What the key is for, as `the key of wa-prod`. */
  readonly what: string;
}

export interface ConfirmRequest {
  readonly yes: boolean;
  /** What will happen, a line each. */
  readonly says: readonly string[];
  /** What has to be typed: the name of the credential, or a number. */
  readonly answer: string;
  /** What to call that, as `the name of the credential`. */
  readonly wanted: string;
}

export function createTerminal(input: boolean, signal: AbortSignal): Terminal {
  const asks = (): boolean => input && isTerminal(2) && isTerminal(0);
  return {
    get out() {
      return isTerminal(1);
    },
    get err() {
      return isTerminal(2);
    },
    get asks() {
      return asks();
    },
    get width() {
      return widthOf();
    },
    ask: async (question) => (await import('./prompt.ts')).prompt(question, { hidden: false, signal }),
    askHidden: async (question) => (await import('./prompt.ts')).prompt(question, { hidden: true, signal }),
    readKey: async (request) => (await import('./key-input.ts')).readKey(request, asks(), signal),
    readStdin: async () => (await import('./key-input.ts')).readStdin(signal),
    confirm: (request) => confirm(request, asks(), signal),
  };
}

/** Pipes and files are told apart without the module that knows terminals, which loads slowly. */
function isTerminal(descriptor: number): boolean {
  try {
    if (!fstatSync(descriptor).isCharacterDevice()) return false;
  } catch {
    // A descriptor that is closed.
    return false;
  }
  return process.getBuiltinModule('node:tty').isatty(descriptor);
}

const MOST_COLUMNS = 80;

function widthOf(): number {
  const stream = isTerminal(1) ? process.stdout : isTerminal(2) ? process.stderr : null;
  const columns = stream?.columns ?? 0;
  return Math.min(columns > 0 ? columns : MOST_COLUMNS, MOST_COLUMNS);
}

async function confirm(request: ConfirmRequest, asks: boolean, signal: AbortSignal): Promise<void> {
  if (request.yes) return;
  if (!asks) {
    throw new KeyturnError('USAGE', 'this destroys something, and there is no terminal to ask at', {
      hint: 'say --yes if that is meant; nothing was done',
    });
  }
  writeErr(`${request.says.join('\n')}\n`);
  const { prompt } = await import('./prompt.ts');
  const typed = await prompt(`Type ${request.wanted} (${request.answer}) to go on: `, {
    hidden: false,
    signal,
  });
  if (typed.trim() === request.answer) return;
  throw new KeyturnError('USAGE', `${request.wanted} was not typed`, { hint: 'nothing was done' });
}
