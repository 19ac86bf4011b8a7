import { KeyturnError } from '../core/errors.ts';
import { writeErr } from './write.ts';

const CTRL_C = 3;
const CTRL_D = 4;
const CTRL_H = 8;
const LINE_FEED = 10;
const RETURN = 13;
const CTRL_U = 21;
const CTRL_W = 23;
const CTRL_Z = 26;
const ESCAPE = 27;
const DELETE = 127;
const MOST_CHARACTERS = 64 * 1024;

/** How a sequence that begins with ESC ends: a letter or `~`. Terminals wrap what is pasted in two of them. */
const SEQUENCE = /^(\[[0-9;?]*[A-Za-z~]|O[A-Za-z])/;

/**
 * Asks on stderr and reads a line from the terminal, in raw mode where nothing may be shown.
 * Throws INTERRUPTED on Ctrl-C, when the signal aborts, and at the end of input.
 */
export function prompt(
  question: string,
  { hidden, signal }: { readonly hidden: boolean; readonly signal: AbortSignal },
): Promise<string> {
  const { stdin } = process;
  return new Promise((resolve, reject) => {
    const line = lineEditor(hidden);
    const decoder = new TextDecoder();
    const close = (): void => {
      stdin.off('data', read).off('end', ended);
      signal.removeEventListener('abort', ended);
      stdin.setRawMode(false);
      stdin.pause();
      writeErr('\n');
    };
    const ended = (): void => {
      close();
      reject(new KeyturnError('INTERRUPTED', 'the question was not answered', { hint: 'nothing was done' }));
    };
    const read = (bytes: Buffer): void => {
      const outcome = line.take(decoder.decode(bytes, { stream: true }));
      if (outcome === 'cancelled') {
        close();
        // As if the terminal had sent the signal itself, which it does not in raw mode.
        process.kill(process.pid, 'SIGINT');
        reject(new KeyturnError('INTERRUPTED', 'interrupted', { hint: 'nothing was done' }));
      }
      if (outcome === 'ended') ended();
      if (outcome === 'done') {
        close();
        resolve(line.text());
      }
    };
    // Before the question is there: what is typed at once must not be shown either.
    stdin.setRawMode(true);
    stdin.on('data', read).on('end', ended);
    signal.addEventListener('abort', ended, { once: true });
    stdin.resume();
    writeErr(question);
  });
}

type Taken = 'more' | 'done' | 'cancelled' | 'ended';

/** Collects a line from what a terminal in raw mode sends: characters, backspace, Ctrl-U, Ctrl-W, pasted text. */
function lineEditor(hidden: boolean) {
  let typed: string[] = [];
  const drop = (count: number): void => {
    const gone = typed.splice(Math.max(0, typed.length - count));
    if (!hidden) writeErr('\b \b'.repeat(gone.length));
  };
  const wordLength = (): number => /\S*\s*$/.exec(typed.join(''))?.[0].length ?? 0;
  const takeOne = (character: string): Taken => {
    switch (character.codePointAt(0)) {
      case CTRL_C:
        return 'cancelled';
      case RETURN:
      case LINE_FEED:
        return 'done';
      case CTRL_D:
        return typed.length === 0 ? 'ended' : 'more';
      case CTRL_H:
      case DELETE:
        drop(1);
        return 'more';
      case CTRL_U:
        drop(typed.length);
        return 'more';
      case CTRL_W:
        drop(wordLength());
        return 'more';
      case CTRL_Z:
        return 'more';
    }
    if (typed.length < MOST_CHARACTERS) typed.push(character);
    if (!hidden) writeErr(character);
    return 'more';
  };
  return {
    take(text: string): Taken {
      for (let rest = text; rest !== ''; ) {
        if (rest.charCodeAt(0) === ESCAPE) {
          rest = rest.slice(1 + (SEQUENCE.exec(rest.slice(1))?.[0].length ?? 0));
          continue;
        }
        const character = String.fromCodePoint(rest.codePointAt(0) ?? 0);
        const taken = takeOne(character);
        if (taken !== 'more') return taken;
        rest = rest.slice(character.length);
      }
      return 'more';
    },
    text: () => {
      const text = typed.join('');
      typed = [];
      return text;
    },
  };
}
