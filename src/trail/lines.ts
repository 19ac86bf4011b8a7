import type { FileHandle } from 'node:fs/promises';

const CHUNK = 64 * 1024;
const NEWLINE = 0x0a;

/** The lines of a file from the last to the first, without their ends. Reads no more of it than is asked for. */
export async function* linesBackward(handle: FileHandle, size: number): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - CHUNK);
    const chunk = Buffer.alloc(end - start);
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, start);
    rest = Buffer.concat([chunk.subarray(0, bytesRead), rest]);
    end = start;
    // What is before the first newline may begin in an earlier chunk.
    for (let at = rest.lastIndexOf(NEWLINE); at >= 0; at = rest.lastIndexOf(NEWLINE)) {
      yield rest.subarray(at + 1).toString('utf8');
      rest = rest.subarray(0, at);
    }
  }
  yield rest.toString('utf8');
}
