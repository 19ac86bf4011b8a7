/**
 * Builds dist. Started by ensure.mjs, which knows when and sees to it that only one build runs.
 *
 *     dist/keyturn.cjs    what bin/keyturn.js loads: version, help, and the loader of everything else
 *     dist/help.txt       what `keyturn --help` prints
 *     dist/cli/           the commands, each loaded on first use
 *     dist/lib/           what plugin authors import, with its declarations in dist/types/
 *     dist/schema/        JSON schemas
 *     dist/LICENSES.txt   the licences of the libraries that are inside
 *
 * All of it is made in dist/.next first and then moved over, so that dist never holds half of a file.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';
import { licences } from './licences.mjs';
import { load } from './load.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = join(root, 'dist');
const next = join(dist, '.next');

/** Names stay as they are written: a stack trace in a report of a defect must be readable. */
const shared = /** @satisfies {import('esbuild').BuildOptions} */ ({
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  mainFields: ['module', 'main'],
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  charset: 'ascii',
  alias: {
    // What it has for Node is the same code in 84 CommonJS modules, each of which is started by itself.
    yaml: join(root, 'node_modules/yaml/browser/index.js'),
    axios: join(root, 'bin/dev/no-axios.mjs'),
  },
  write: false,
});

/** How a CommonJS chunk knows where it is; src/cli/chunks.ts provides these names. */
const place = {
  'import.meta.dirname': '__dirname',
  'import.meta.filename': '__filename',
  'import.meta.url': 'module.url',
};

/** A chunk of this many bytes is worth a file of its own: whoever does not use it does not read it. */
const LARGE = 250_000;

/**
 * What `status`, `plan` and `exec` load, with all that these import, lies in the file that every command reads; a test
 * holds the list to that. What only others load is in a second file.
 */
const FIRST = [
  'src/cli/main.ts',
  'src/cli/kinds.ts',
  ...['audit', 'exec', 'plan', 'status'].map((name) => `src/cli/commands/${name}.ts`),
  ...['find', 'load', 'needs', 'references'].map((name) => `src/config/${name}.ts`),
  ...['document', 'ledger'].map((name) => `src/core/${name}.ts`),
  'src/engine/guard.ts',
  ...['manual', 'meta', 'random'].flatMap((kind) =>
    [`index.ts`, 'settings.ts'].map((name) => `src/issuers/${kind}/${name}`),
  ),
  ...['index', 'settings'].map((name) => `src/stores/file/${name}.ts`),
];

/** Stores that bring the client library of a service along. */
const CLIENTS = {
  aws: 'src/stores/aws/index.ts',
  gcp: 'src/stores/gcp/index.ts',
  vault: 'src/stores/vault/index.ts',
};

/** The AWS SDK warns on Node.js 20 of releases after January 2027. The lockfile says which one this is. */
const quiet = { 'process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED': '"true"' };

/**
 * The commands. Split into chunks, which esbuild can do for ES modules only, and each chunk then turned into a CommonJS
 * function, because that is what V8's code cache works for on every supported Node (docs/decisions/start-up.md).
 * @param {string} version
 */
async function buildCli(version) {
  const { outputFiles, metafile } = await build({
    ...shared,
    entryPoints: { main: 'src/cli/main.ts' },
    format: 'esm',
    splitting: true,
    outdir: join(next, 'cli'),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    define: { ...place, ...quiet, KEYTURN_VERSION: JSON.stringify(version) },
  });
  const chunks = await Promise.all(
    outputFiles.map(async ({ path, text }) => ({
      name: `./${basename(path)}`,
      code: await toFunction(text),
    })),
  );
  const first = importedBy(FIRST, metafile);
  const apart = ownFiles(metafile);
  /** @type {Map<string, typeof chunks>} */
  const files = new Map();
  for (const chunk of chunks.filter(({ name }) => !first.has(name))) {
    const file = apart.get(chunk.name) ?? (chunk.code.length < LARGE ? 'rest' : chunk.name);
    files.set(file, [...(files.get(file) ?? []), chunk]);
  }
  const elsewhere = [];
  for (const [file, held] of files) {
    const named = file.startsWith('./') ? file : fileName(file, held);
    await save(join(next, 'cli', named), table(held));
    elsewhere.push(...held.map(({ name }) => ({ name, code: JSON.stringify(named) })));
  }
  const whole = [...chunks.filter(({ name }) => first.has(name)), ...elsewhere];
  const pack = fileName('pack', whole);
  await save(join(next, 'cli', pack), table(whole));
  return { metafile, pack, main: chunkOf('src/cli/main.ts', metafile) };
}

/**
 * The chunks of these sources and all that they import, as long as it is not by `import()`.
 * @param {readonly string[]} sources
 * @param {import('esbuild').Metafile} metafile
 */
function importedBy(sources, metafile) {
  const from = sources.map((source) => chunkOf(source, metafile));
  return reachedFrom(from, metafile, ({ kind }) => kind === 'import-statement');
}

/**
 * @param {readonly string[]} from names of chunks
 * @param {import('esbuild').Metafile} metafile
 * @param {(way: { readonly path: string, readonly kind: string }) => boolean} counts
 */
function reachedFrom(from, metafile, counts) {
  const byName = new Map(
    Object.entries(metafile.outputs).map(([path, { imports }]) => [`./${basename(path)}`, imports]),
  );
  const found = new Set(from);
  for (const name of found) {
    for (const way of byName.get(name) ?? []) if (counts(way)) found.add(`./${basename(way.path)}`);
  }
  return found;
}

/**
 * The file of each chunk that only one store with a client library of its own leads to: one file for what its first use
 * loads, and another for what the library may load later.
 * @param {import('esbuild').Metafile} metafile
 * @returns {Map<string, string>}
 */
function ownFiles(metafile) {
  const main = chunkOf('src/cli/main.ts', metafile);
  const files = new Map();
  for (const [store, source] of Object.entries(CLIENTS)) {
    const index = chunkOf(source, metafile);
    const others = reachedFrom([main], metafile, ({ path }) => `./${basename(path)}` !== index);
    const atOnce = importedBy([source], metafile);
    for (const name of reachedFrom([index], metafile, () => true)) {
      if (!others.has(name)) files.set(name, atOnce.has(name) ? store : `${store}-later`);
    }
  }
  return files;
}

/**
 * @param {string} source
 * @param {import('esbuild').Metafile} metafile
 */
function chunkOf(source, metafile) {
  const entry = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === source);
  if (entry === undefined) throw new Error(`esbuild made no chunk for ${source}`);
  return `./${basename(entry[0])}`;
}

/**
 * The content is in the name, so that a code cache never belongs to another file.
 * @param {string} kind
 * @param {readonly { name: string, code: string }[]} chunks
 */
function fileName(kind, chunks) {
  return `${kind}-${createHash('sha256').update(JSON.stringify(chunks)).digest('hex').slice(0, 8)}.js`;
}

/** @param {string} module */
async function toFunction(module) {
  const { code } = await transform(module, {
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    charset: 'ascii',
    supported: { 'dynamic-import': false },
    minifySyntax: true,
    minifyWhitespace: true,
  });
  return `function(exports,require,module,__filename,__dirname){${code}}`;
}

/** @param {readonly { name: string, code: string }[]} chunks */
function table(chunks) {
  return `({\n${chunks.map(({ name, code }) => `${JSON.stringify(name)}:${code}`).join(',\n')}\n})\n`;
}

/**
 * @param {string} version
 * @param {string} pack the file that holds the small chunks
 * @param {string} main the chunk that holds src/cli/main.ts
 */
async function buildStart(version, pack, main) {
  const constants = { KEYTURN_VERSION: version, KEYTURN_PACK: pack, KEYTURN_MAIN: main };
  const result = await build({
    ...shared,
    entryPoints: ['src/cli/start.ts'],
    format: 'cjs',
    outfile: join(next, 'keyturn.cjs'),
    define: {
      ...place,
      ...Object.fromEntries(Object.entries(constants).map(([name, value]) => [name, JSON.stringify(value)])),
    },
  });
  for (const file of result.outputFiles) await save(file.path, file.text);
  return result.metafile;
}

/** The suites that package.json exports; what else is in test/contracts belongs to them. */
const SUITES = ['issuer', 'ledger', 'store'];

async function buildLibrary() {
  const result = await build({
    ...shared,
    entryPoints: ['src/index.ts', ...SUITES.map((name) => `test/contracts/${name}.ts`)].map((path) => ({
      in: path,
      out: path.replace(/^(src|test)\//, '').replace(/\.ts$/, ''),
    })),
    format: 'esm',
    splitting: true,
    outdir: join(next, 'lib'),
    chunkNames: 'chunk-[hash]',
    external: ['vitest'],
  });
  for (const file of result.outputFiles) await save(file.path, file.text);
  return result.metafile;
}

/** The schemas are made by the code that reads the configuration and writes the output, so that code runs here once. */
async function writeSchemas() {
  const { SCHEMAS } = await load(root, 'test/docs/generators.ts');
  for (const { name, make } of SCHEMAS) {
    await save(join(next, 'schema', name), `${JSON.stringify(make(), null, 2)}\n`);
  }
}

function declareTypes() {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  node([tsc, '-p', join(root, 'bin/dev/types.json'), '--outDir', join(next, 'types')]);
}

/** Help is the command tree's own, asked for once here instead of in every run. */
async function writeHelp() {
  const help = node([join(next, 'keyturn.cjs'), '--help']);
  if (!help.includes('Usage:')) throw new Error(`keyturn --help printed no usage: ${help}`);
  await save(join(next, 'help.txt'), help);
}

/**
 * @param {readonly string[]} args
 * @returns {string} what it printed
 */
function node(args) {
  const env = { ...process.env, NO_COLOR: '1', NODE_DISABLE_COMPILE_CACHE: '1' };
  const { status, stdout, stderr } = spawnSync(execPath, args, { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}\n${stdout}${stderr}`);
  return stdout;
}

/**
 * @param {string} path
 * @param {string} text
 */
async function save(path, text) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** Files replace their predecessors one by one, then what is no longer made goes. */
async function publish() {
  const made = await filesBelow(next);
  for (const path of made) {
    await mkdir(dirname(join(dist, path)), { recursive: true });
    await rename(join(next, path), join(dist, path));
  }
  await rm(next, { recursive: true });
  const keep = new Set(made);
  for (const path of await filesBelow(dist)) {
    if (!keep.has(path) && !path.startsWith('.')) await rm(join(dist, path));
  }
}

/** @param {string} folder */
async function filesBelow(folder) {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

async function main() {
  await rm(next, { recursive: true, force: true });
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const [cli, library] = await Promise.all([buildCli(version), buildLibrary(), writeSchemas()]);
  const start = await buildStart(version, cli.pack, cli.main);
  declareTypes();
  await writeHelp();
  await save(join(next, 'LICENSES.txt'), await licences(root, [cli.metafile, library, start]));
  await publish();
}

try {
  await main();
} catch (error) {
  // What esbuild finds wrong it has printed itself.
  if (!(error instanceof Error && 'errors' in error))
    console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
