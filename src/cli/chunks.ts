import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

/** A chunk in CommonJS form. */
type Chunk = (
  exports: unknown,
  require: (id: string) => unknown,
  module: { exports: unknown; readonly url: string },
  filename: string,
  dirname: string,
) => void;

/** A chunk, or the file that it is in. */
interface Found {
  readonly chunk: Chunk | string;
  readonly filename: string;
}

interface Fresh {
  readonly script: Script;
  readonly cacheFile: string;
}

export interface Chunks {
  /** Gives the exports of a chunk, by its name: `./main-4F2A.js`. */
  readonly load: (name: string) => unknown;
  /** Keeps what V8 compiled in this run, for the next one. */
  readonly keep: () => void;
}

const DIGEST_BYTES = 32;

/**
 * Loads the chunks that the build put into `folder`: those that most commands use together in the file `pack`, which also
 * says in which file each of the others is. V8's compiled code of each file is kept in `cache` (null: nowhere), so that later runs need not
 * compile it again. The files carry a hash of their content in their names: a kept file never belongs to another one.
 *
 * The cache belongs beside the chunks: who can write there can change the chunks themselves. A folder that others can
 * write, such as the system's temporary one, would let them run code here.
 */
export function openChunks(folder: string, pack: string, cache: string | null): Chunks {
  const chunks = new Map<string, Found>();
  const loaded = new Map<string, { exports: unknown; readonly url: string }>();
  const fresh: Fresh[] = [];

  const open = (file: string): void => {
    const filename = join(folder, file);
    const script = compile(filename, cache === null ? null : join(cache, `${file}.bin`), fresh);
    const found = script.runInThisContext() as Readonly<Record<string, Chunk | string>>;
    for (const [name, chunk] of Object.entries(found)) chunks.set(name, { chunk, filename });
  };

  const find = (name: string): { readonly chunk: Chunk; readonly filename: string } => {
    const { chunk, filename } = chunks.get(name) ?? missing(name);
    if (typeof chunk === 'function') return { chunk, filename };
    open(chunk);
    return find(name);
  };

  const load = (name: string): unknown => {
    const known = loaded.get(name);
    if (known !== undefined) return known.exports;
    const { chunk, filename } = find(name);
    const module = { exports: {}, url: `file://${encodeURI(filename)}` };
    loaded.set(name, module);
    chunk(module.exports, require, module, filename, folder);
    return module.exports;
  };

  const require = (id: string): unknown => (id.startsWith('./') ? load(id) : builtin(id));

  open(pack);
  return { load, keep: () => keep(fresh) };
}

function compile(filename: string, cacheFile: string | null, fresh: Fresh[]): Script {
  // The build writes nothing but ASCII, and this is the fastest way to read that.
  const source = readFileSync(filename, 'latin1');
  const cachedData = cacheFile === null ? null : readCache(cacheFile);
  const script = new Script(source, { filename, ...(cachedData === null ? {} : { cachedData }) });
  if (cacheFile !== null && (cachedData === null || script.cachedDataRejected))
    fresh.push({ script, cacheFile });
  return script;
}

/**
 * What many chunks ask for when they are loaded, few commands use, and takes a millisecond: the one brings half of
 * Node's network code along, the other its streams.
 */
const ON_FIRST_USE: ReadonlySet<string> = new Set(['node:child_process', 'node:fs/promises']);

/** The chunks hold every library, so all else that they ask for is part of Node. */
function builtin(id: string): unknown {
  return ON_FIRST_USE.has(id) ? onFirstUse(id) : (process.getBuiltinModule(id) ?? missing(id));
}

function onFirstUse(id: string): unknown {
  const get = (_: object, name: string | symbol): unknown =>
    Reflect.get(process.getBuiltinModule(id) ?? missing(id), name) as unknown;
  return new Proxy({}, { get });
}

function missing(name: string): never {
  throw new Error(`there is no ${name}: this installation of keyturn is not whole`);
}

/** Null where there is none, or one that is not whole: V8 itself does not check the content. */
function readCache(file: string): Buffer | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    // Not there yet, or not readable: compiling from the source is always right.
    return null;
  }
  const data = bytes.subarray(DIGEST_BYTES);
  return digest(data).equals(bytes.subarray(0, DIGEST_BYTES)) ? data : null;
}

function keep(fresh: readonly Fresh[]): void {
  try {
    for (const { script, cacheFile } of fresh) {
      const data = script.createCachedData();
      mkdirSync(dirname(cacheFile), { recursive: true });
      writeFileSync(`${cacheFile}.${process.pid}`, Buffer.concat([digest(data), data]));
      renameSync(`${cacheFile}.${process.pid}`, cacheFile);
    }
  } catch {
    // An installation that cannot be written to: the next run compiles again.
  }
}

function digest(data: Buffer): Buffer {
  // Loaded here, because version and help do without it.
  return process.getBuiltinModule('node:crypto').hash('sha256', data, 'buffer');
}
