import { memberIn } from '../../core/document.ts';
import { KeyturnError } from '../../core/errors.ts';
import type { PluginContext } from '../../core/plugin.ts';
import type { SendToVault, VaultCall, VaultReply } from './client.ts';
import { badReply } from './faults.ts';
import { encoded, type Steps } from './paths.ts';
import type { Session } from './session.ts';

/** A standby may answer with less than this process has written. It is given this long to catch up. */
const STALE_WAITS_MS = [50, 150, 400, 900, 1_500];

/** One version of a secret. */
export interface Entry {
  readonly number: number;
  readonly createdAt: string;
  /** The fields, as the JSON that Vault wrote; null where this version was deleted or destroyed. */
  readonly data: string | null;
  /** When it is, or was, deleted by itself or by somebody; empty: never. */
  readonly deletionTime: string;
  readonly destroyed: boolean;
}

type Written = Pick<Entry, 'number' | 'createdAt' | 'deletionTime'>;

/** A KV engine of version 2. Paths are below its mount. */
export interface Kv {
  readonly mount: Steps;
  /** The newest version, or that of a number; null when there is none. */
  read(path: Steps, signal: AbortSignal, number?: number): Promise<Entry | null>;
  /** Writes a version if the newest has this number (0: if there is none); otherwise CONFLICT. `data`: JSON. */
  write(path: Steps, data: string, cas: number, signal: AbortSignal): Promise<Written>;
  /** Ends a secret with all its versions. Of the absent: succeeds. */
  drop(path: Steps, signal: AbortSignal): Promise<void>;
  /** What is below a path; folders end with a slash. */
  list(path: Steps, signal: AbortSignal): Promise<readonly string[]>;
  /** Any other call, with the token of the session. */
  call(of: Omit<VaultCall, 'token'>): Promise<VaultReply>;
  /** Throws CONFIG where the mount is not a KV engine of version 2: others take no notice of compare-and-set. */
  ready(signal: AbortSignal): Promise<void>;
}

export function kvOn(
  of: {
    readonly mount: string;
    readonly send: SendToVault;
    readonly session: Session;
    readonly sleep: PluginContext['sleep'];
  },
  ready: (call: Kv['call'], signal: AbortSignal) => Promise<void>,
): Kv {
  const mount = of.mount.split('/');
  /** The newest version of each path that this process wrote. */
  const written = new Map<string, number>();
  let isReady: Promise<void> | undefined;

  const call: Kv['call'] = async (one) => {
    const token = await of.session.token(one.signal);
    try {
      return await of.send({ ...one, token });
    } catch (caught) {
      if (!refused(caught)) throw caught;
      const invalid = caught.code === 'ADMIN_REFUSED';
      const another = await of.session.replaced({ token, invalid }, one.signal);
      if (another === null) throw caught;
      return await of.send({ ...one, token: another });
    }
  };

  const kv: Kv = {
    mount,
    call,

    ready: async (signal) => {
      isReady ??= ready(call, signal);
      try {
        await isReady;
      } catch (caught) {
        isReady = undefined;
        // It was asked on behalf of another call, which was interrupted.
        if (!signal.aborted && isInterruption(caught)) return await kv.ready(signal);
        throw caught;
      }
    },

    read: async (path, signal, number) => {
      const least = number === undefined ? (written.get(encoded(path)) ?? 0) : 0;
      for (const wait of [...STALE_WAITS_MS, null]) {
        const entry = await readOnce(kv, path, signal, number);
        // After the last wait it is believed: somebody may have ended the secret and begun it anew.
        if ((entry?.number ?? 0) >= least || wait === null) return entry;
        await of.sleep(wait, signal);
      }
      return null;
    },

    write: async (path, data, cas, signal) => {
      await kv.ready(signal);
      const full = [...mount, 'data', ...path];
      const doing = `write ${full.join('/')}`;
      const needs = { capability: cas === 0 ? 'create' : 'update', path: full.join('/') };
      const body = `{"options":{"cas":${cas}},"data":${data}}`;
      const reply = await call({ method: 'POST', path: full, body, doing, needs, signal });
      const done = metadataOf(reply.json, doing);
      written.set(encoded(path), done.number);
      return done;
    },

    drop: async (path, signal) => {
      await kv.ready(signal);
      const full = [...mount, 'metadata', ...path];
      const needs = { capability: 'delete', path: full.join('/') };
      await call({ method: 'DELETE', path: full, doing: `delete ${full.join('/')}`, needs, signal });
      written.delete(encoded(path));
    },

    list: async (path, signal) => {
      const full = [...mount, 'metadata', ...path];
      const doing = `list ${full.join('/')}`;
      const needs = { capability: 'list', path: `${full.join('/')}/` };
      const reply = await call({ method: 'LIST', path: full, doing, needs, signal });
      if (reply.missing) return [];
      const keys = field(field(reply.json, 'data'), 'keys');
      if (!Array.isArray(keys)) throw badReply(doing);
      return keys.filter((one) => typeof one === 'string');
    },
  };
  return kv;
}

async function readOnce(kv: Kv, path: Steps, signal: AbortSignal, number?: number): Promise<Entry | null> {
  const full = [...kv.mount, 'data', ...path];
  const doing = `read ${full.join('/')}`;
  const reply = await kv.call({
    method: 'GET',
    path: full,
    ...(number === undefined ? {} : { query: { version: String(number) } }),
    doing,
    needs: { capability: 'read', path: full.join('/') },
    signal,
  });
  const data = field(reply.json, 'data');
  if (reply.missing && (typeof data !== 'object' || data === null)) {
    // Vault says so of a path where no KV engine of version 2 is, too.
    await kv.ready(signal);
    return null;
  }
  const written = metadataOf(field(data, 'metadata'), doing, false);
  const raw = reply.missing ? null : memberIn(memberIn(reply.text, 'data') ?? '{}', 'data');
  if (!reply.missing && !raw?.startsWith('{')) throw badReply(doing);
  const destroyed = field(field(data, 'metadata'), 'destroyed') === true;
  return { ...written, data: raw, destroyed };
}

/** What Vault says of a version: after a write under `data`. */
function metadataOf(json: unknown, doing: string, wrapped = true): Written {
  const metadata = wrapped ? field(json, 'data') : json;
  const number = field(metadata, 'version');
  const createdAt = field(metadata, 'created_time');
  const deletionTime = field(metadata, 'deletion_time');
  if (typeof number !== 'number' || typeof createdAt !== 'string' || Number.isNaN(Date.parse(createdAt))) {
    throw badReply(doing);
  }
  return { number, createdAt, deletionTime: typeof deletionTime === 'string' ? deletionTime : '' };
}

function refused(caught: unknown): caught is KeyturnError {
  return caught instanceof KeyturnError && (caught.code === 'ADMIN_REFUSED' || caught.code === 'DENIED');
}

function isInterruption(caught: unknown): boolean {
  return caught instanceof KeyturnError && caught.code === 'INTERRUPTED';
}

export function field(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? (of as Readonly<Record<string, unknown>>)[name] : undefined;
}
