import { readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { chunkLoader } from './chunks.ts';

/** Filled in by the build. */
declare const KEYTURN_VERSION: string;
/** Filled in by the build: the chunk that holds main.ts. */
declare const KEYTURN_MAIN: string;

const here = import.meta.dirname;

/** The first code that runs. The two questions that need no library are answered before any is loaded. */
async function start(argv: readonly string[]): Promise<void> {
  const only = argv.length === 1 ? argv[0] : undefined;
  if (only === '--version' || only === '-V') return print(`${KEYTURN_VERSION}\n`);
  if (only === '--help' || only === '-h') {
    const help = builtHelp();
    if (help !== null) return print(help);
  }
  if (typeof process.getBuiltinModule !== 'function') {
    process.exitCode = 2;
    process.stderr.write(
      `keyturn: error: this is Node.js ${process.version}\nhint: install Node.js 20.19 or newer\n`,
    );
    return;
  }
  const load = chunkLoader(join(here, 'cli'), cacheFolder());
  const { main } = load(KEYTURN_MAIN) as typeof import('./main.ts');
  process.exitCode = await main(argv);
}

/** Null during the build itself, which makes the text by asking for it. */
function builtHelp(): string | null {
  try {
    return readFileSync(join(here, 'help.txt'), 'utf8');
  } catch {
    return null;
  }
}

/** Node's own switch turns ours off as well. */
function cacheFolder(): string | null {
  if (process.env.NODE_DISABLE_COMPILE_CACHE !== undefined) return null;
  return join(here, 'cli', '.cache', `${process.version}-${process.arch}`);
}

function print(text: string): void {
  const bytes = Buffer.from(text);
  let sent = 0;
  try {
    // process.stdout would cost several milliseconds to set up.
    while (sent < bytes.length) sent += writeSync(1, bytes, sent);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'EAGAIN') process.stdout.write(bytes.subarray(sent));
    else if (code !== 'EPIPE') throw error;
  }
}

void start(process.argv.slice(2));
