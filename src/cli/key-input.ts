import { KeyturnError } from '../core/errors.ts';
import { Secret } from '../core/secret.ts';
import { prompt } from './prompt.ts';
import type { KeyRequest } from './terminal.ts';

const MAX_BYTES = 64 * 1024;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** See `Terminal.readKey`. */
export async function readKey(request: KeyRequest, asks: boolean, signal: AbortSignal): Promise<Secret> {
  const { parts } = request;
  const several = parts !== undefined && parts.length > 1 ? parts : null;
  if (request.stdin) {
    const text = await readStdin(signal);
    return several === null ? single(text, request.what) : fromJson(text, several, request.what);
  }
  if (!asks) {
    throw new KeyturnError('USAGE', `${request.what} is needed, and there is no terminal to ask at`, {
      hint: 'hand it over with --stdin; nothing was done',
    });
  }
  if (several === null) {
    return single(
      (await prompt(`${capital(request.what)} (not shown): `, { hidden: true, signal })).trim(),
      request.what,
    );
  }
  const values: Record<string, string> = {};
  for (const part of several) {
    const text = (
      await prompt(`${capital(request.what)}, ${part} (not shown): `, { hidden: true, signal })
    ).trim();
    values[part] = checked(text, `${part} of ${request.what}`);
  }
  return Secret.fromParts(values);
}

/** See `Terminal.readStdin`. */
export async function readStdin(signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  const stop = (): void => {
    process.stdin.destroy();
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of process.stdin) {
      const bytes = Buffer.from(chunk as Uint8Array);
      size += bytes.length;
      if (size > MAX_BYTES) {
        throw bad(`standard input holds more than ${MAX_BYTES / 1024} KiB`, 'hand over the key alone');
      }
      chunks.push(bytes);
    }
  } catch (caught) {
    if (caught instanceof KeyturnError) throw caught;
    if (!signal.aborted)
      throw bad('standard input cannot be read', 'hand over the key through a pipe or a file');
  } finally {
    signal.removeEventListener('abort', stop);
    process.stdin.destroy();
  }
  if (signal.aborted) throw new KeyturnError('INTERRUPTED', 'interrupted', { hint: 'nothing was done' });
  return decode(Buffer.concat(chunks)).replace(/\r?\n$/, '');
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (caught) {
    if (caught instanceof TypeError)
      throw bad('standard input is not UTF-8 text', 'hand over the key as text');
    throw caught;
  }
}

function single(text: string, what: string): Secret {
  return Secret.of(checked(text, what));
}

function checked(text: string, what: string): string {
  if (text === '') throw bad(`${what} is empty`, 'hand over the key itself');
  if (CONTROL.test(text)) {
    throw bad(
      `${what} holds a line break or another control character`,
      'hand over the key alone, on one line',
    );
  }
  return text;
}

/** A key of several parts: a JSON object of its part names, no more and no fewer. */
function fromJson(text: string, parts: readonly string[], what: string): Secret {
  const shape = `a JSON object with the texts ${parts.join(', ')}`;
  const read = parse(text);
  if (read === null || typeof read !== 'object' || Array.isArray(read))
    throw bad(`${what} is no JSON object`, `hand over ${shape}`);
  const given = Object.entries(read);
  const values: Record<string, string> = {};
  for (const part of parts) {
    const value = given.find(([name]) => name === part)?.[1];
    if (typeof value !== 'string') throw bad(`${what} has no text ${part}`, `hand over ${shape}`);
    values[part] = checked(value, `${part} of ${what}`);
  }
  if (given.length > parts.length) throw bad(`${what} has more parts than it should`, `hand over ${shape}`);
  return Secret.fromParts(values);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (caught) {
    if (caught instanceof SyntaxError) return null;
    throw caught;
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function bad(message: string, hint: string): KeyturnError {
  return new KeyturnError('BAD_VALUE', message, { hint });
}
