import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

/** Gives the exports of a chunk, by its file name. */
export type Load = (chunk: string) => unknown;

interface Fresh {
  readonly script: Script;
  readonly file: string;
}

const DIGEST_BYTES = 32;

/**
 * Loads CommonJS chunks of one folder, and keeps V8's compiled code of each in `cache` (null: nowhere), so that later
 * runs need not compile it again. Chunks carry a hash of their content in their names: a cached file never belongs to
 * another source.
 *
 * The cache belongs beside the chunks: who can write there can change the chunks themselves. A folder that others can
 * write, such as the system's temporary one, would let them run code here.
 */
export function chunkLoader(folder: string, cache: string | null): Load {
  const loaded = new Map<string, { exports: unknown }>();
  const fresh: Fresh[] = [];

  const load: Load = (chunk) => {
    const known = loaded.get(chunk);
    if (known !== undefined) return known.exports;
    const filename = join(folder, chunk);
    const module = { exports: {}, url: `file://${encodeURI(filename)}` };
    loaded.set(chunk, module);
    const script = compile(filename, cache === null ? null : join(cache, `${chunk}.bin`), fresh);
    script.runInThisContext()(module.exports, require, module, filename, folder);
    return module.exports;
  };

  const require = (id: string): unknown => (id.startsWith('./') ? load(id.slice(2)) : builtin(id));

  if (cache !== null) process.once('exit', () => keep(fresh));
  return load;
}

function compile(filename: string, cacheFile: string | null, fresh: Fresh[]): Script {
  const source = readFileSync(filename, 'latin1');
  const wrapped = `(function (exports, require, module, __filename, __dirname) {${source}\n})`;
  const cachedData = cacheFile === null ? null : readCache(cacheFile);
  const script = new Script(wrapped, { filename, ...(cachedData === null ? {} : { cachedData }) });
  if (cacheFile !== null && (cachedData === null || script.cachedDataRejected)) {
    fresh.push({ script, file: cacheFile });
  }
  return script;
}

/** The chunks hold every library, so all else that they ask for is part of Node. */
function builtin(id: string): unknown {
  const found: unknown = process.getBuiltinModule(id);
  if (found === undefined) throw new Error(`this Node has no module ${id}`);
  return found;
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

/** At the end of the run, when V8 has compiled what this command really uses. */
function keep(fresh: readonly Fresh[]): void {
  try {
    for (const { script, file } of fresh) {
      const data = script.createCachedData();
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(`${file}.${process.pid}`, Buffer.concat([digest(data), data]));
      renameSync(`${file}.${process.pid}`, file);
    }
  } catch {
    // An installation that cannot be written to: the next run compiles again.
  }
}

function digest(data: Buffer): Buffer {
  // Loaded here, because version and help do without it.
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(data).digest();
}
