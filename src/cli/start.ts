import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openChunks } from './chunks.ts';
import { quietNode } from './quiet-node.ts';
import { writeErr, writeOut } from './write.ts';

/** Filled in by the build. */
declare const KEYTURN_VERSION: string;
/** Filled in by the build: the file of the small chunks, and the chunk that holds main.ts. */
declare const KEYTURN_PACK: string;
declare const KEYTURN_MAIN: string;

const here = import.meta.dirname;
const USAGE = 2;

/** The first code that runs. The two questions that need no library are answered before any is loaded. */
async function start(argv: readonly string[]): Promise<number> {
  const only = argv.length === 1 ? argv[0] : undefined;
  if (only === '--version' || only === '-V') return say(`${KEYTURN_VERSION}\n`);
  const help = only === '--help' || only === '-h' ? builtHelp() : null;
  if (help !== null) return say(help);
  if (typeof process.getBuiltinModule !== 'function') {
    writeErr(`keyturn: error: this is Node.js ${process.version}\nhint: install Node.js 20.19 or newer\n`);
    return USAGE;
  }
  if (process.env.NODE_DEBUG !== undefined) quietNode();
  const { load, keep } = openChunks(join(here, 'cli'), KEYTURN_PACK, cacheFolder(argv[0]));
  // At the very end, when V8 has compiled what this command uses; a command line that was refused used nothing.
  process.once('exit', (exitCode) => exitCode !== USAGE && keep());
  const { main } = load(KEYTURN_MAIN) as typeof import('./main.ts');
  return main(argv);
}

function say(text: string): number {
  writeOut(text);
  return 0;
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

// What is printed is printed by now; to take the process apart in good order would only take time.
void start(process.argv.slice(2)).then((exitCode) => process.exit(exitCode));
