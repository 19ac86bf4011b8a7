import { readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openChunks } from './chunks.ts';

/** Filled in by the build. */
declare const KEYTURN_VERSION: string;
/** Filled in by the build: the file of the small chunks, and the chunk that holds main.ts. */
declare const KEYTURN_PACK: string;
declare const KEYTURN_MAIN: string;

const here = import.meta.dirname;
const USAGE = 2;

/** The first code that runs. The two questions that need no library are answered before any is loaded. */
async function start(argv: readonly string[]): Promise<void> {
  const only = argv.length === 1 ? argv[0] : undefined;
  if (only === '--version' || only === '-V') return print(`${KEYTURN_VERSION}\n`);
  if (only === '--help' || only === '-h') {
    const help = builtHelp();
    if (help !== null) return print(help);
  }
  if (typeof process.getBuiltinModule !== 'function') {
    process.exitCode = USAGE;
    process.stderr.write(
      `keyturn: error: this is Node.js ${process.version}\nhint: install Node.js 20.19 or newer\n`,
    );
    return;
  }
  const { load, keep } = openChunks(join(here, 'cli'), KEYTURN_PACK, cacheFolder(argv[0]));
  // At the very end, when V8 has compiled what this command uses; a command line that was refused used nothing.
  process.once('exit', (exitCode) => exitCode !== USAGE && keep());
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

/** One for each command, since each uses other parts. Node's own switch turns ours off as well. */
function cacheFolder(command = ''): string | null {
  if (process.env.NODE_DISABLE_COMPILE_CACHE !== undefined || !/^[a-z]{1,16}$/.test(command)) return null;
  return join(here, 'cli', '.cache', `${process.version}-${process.arch}`, command);
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
