import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { fileFault, systemCode } from './file-fault.ts';
import type { Verifier } from './verify.ts';

/** What was read of a file of the trail. */
export interface TrailFile {
  /**
   * Lines that were cut when something ended their writer: `<file>:<line>`. That is no fault of the trail: what such
   * a line was to say is written again whole, and where it is not, the chain or the ledger tells.
   */
  readonly cut: readonly string[];
}

/**
 * Gives every line of a sink's file to a verifier, and every entry to `each`. Null: there is no such file.
 * Throws KeyturnError where it cannot be read.
 */
export async function readTrailFile(
  path: string,
  verifier: Verifier,
  each: (entry: unknown) => void = () => undefined,
): Promise<TrailFile | null> {
  const cut: string[] = [];
  let number = 0;
  try {
    for await (const line of linesOf(path)) {
      number += 1;
      const where = `${path}:${number}`;
      if (line.trim() === '') continue;
      const raw = parse(line);
      if (raw !== undefined) {
        verifier.take(raw, where);
        each(raw);
      } else if (line.startsWith('{')) {
        cut.push(where);
      } else {
        verifier.refuse('it is no entry of a trail', where);
      }
    }
  } catch (caught) {
    if (systemCode(caught) === 'ENOENT') return null;
    throw fileFault(caught, `read ${path}`);
  }
  return { cut };
}

/** In characters; an entry is far shorter. */
const LONGEST_LINE = 1024 * 1024;

async function* linesOf(path: string): AsyncGenerator<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    let rest = '';
    for await (const chunk of handle.createReadStream({ encoding: 'utf8', autoClose: false })) {
      const lines = chunk.split('\n');
      const last = lines.pop() ?? '';
      if (lines.length > 0) {
        yield rest + (lines[0] ?? '');
        yield* lines.slice(1);
        rest = '';
      }
      // A line that is longer than any entry is cut short: it is none, and must not fill the memory.
      if (rest.length < LONGEST_LINE) rest += last;
    }
    if (rest !== '') yield rest;
  } finally {
    await handle.close();
  }
}

/** Undefined where the text is not JSON. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (caught) {
    if (caught instanceof SyntaxError) return undefined;
    throw caught;
  }
}
