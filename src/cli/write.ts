import { writeSync } from 'node:fs';

const STDOUT = 1;
const STDERR = 2;

/** Writes to stdout before it returns. A reader that went away is no error. */
export function writeOut(text: string): void {
  write(STDOUT, text);
}

/** The same for stderr. */
export function writeErr(text: string): void {
  write(STDERR, text);
}

function write(descriptor: typeof STDOUT | typeof STDERR, text: string): void {
  const bytes = Buffer.from(text);
  let sent = 0;
  while (sent < bytes.length) {
    try {
      // The streams of `process` would cost several milliseconds to set up, and an exit could cut them short.
      sent += writeSync(descriptor, bytes, sent);
    } catch (caught) {
      const code = (caught as NodeJS.ErrnoException).code;
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') throw caught;
      // A pipe that is full: its reader needs a moment.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
