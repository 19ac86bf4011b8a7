import { toInstant } from '../../core/credential.ts';
import { KeyturnError } from '../../core/errors.ts';
import { exactText } from '../../core/exact-text.ts';
import { Secret } from '../../core/secret.ts';
import type { SecretStore, StoredValue, Version } from '../../core/store.ts';
import { conflict, storeCall } from '../../core/store-call.ts';
import type { Entry, Kv } from './kv.ts';
import type { Layout } from './layout.ts';
import { type Places, placesOf, type Steps } from './paths.ts';
import { parsedVersion, stagedVersion, valueVersion } from './versions.ts';

/** The largest text, in bytes of UTF-8. */
export const VALUE_BYTES = 64 * 1024;

type Values = Pick<SecretStore, 'read' | 'stage' | 'promote' | 'keep' | 'discard'>;

/** What consumers read now, with the number that a compare-and-set needs. */
interface Current extends StoredValue {
  readonly number: number;
}

export function valuesOn(kv: Kv, layout: Layout, ownPath: string): Values {
  const places = (location: string) => placesOf(location, ownPath);

  const current = async (location: string, at: Places, signal: AbortSignal): Promise<Current | null> => {
    const entry = await kv.read(at.value, signal);
    if (entry === null) return null;
    if (entry.data === null) throw ended(location, entry);
    const text = layout.textIn(entry.data, location);
    return { ...stored(valueVersion(entry), text, entry), number: entry.number };
  };

  /** What is staged under a mark. Our own copies always lie in one field. */
  const staged = async (at: Places, mark: string, signal: AbortSignal): Promise<StoredValue | null> => {
    const entry = await kv.read(at.staged(mark), signal);
    return copied(entry, (one) => stagedVersion(mark, one));
  };

  /** What is staged or kept under a version. */
  const held = async (at: Places, version: Version, signal: AbortSignal): Promise<StoredValue | null> => {
    const parsed = parsedVersion(version);
    if (parsed === null) return null;
    if (parsed.kind === 'value') return copied(await kv.read(at.kept(version), signal), () => version);
    const value = await staged(at, parsed.mark, signal);
    return value?.version === version ? value : null;
  };

  return {
    read: (location, which, signal) =>
      storeCall(`read ${location}`, signal, async () => {
        const at = places(location);
        if (which === 'current') return plain(await current(location, at, signal));
        if ('mark' in which) return await staged(at, which.mark, signal);
        if (parsedVersion(which.version)?.kind === 'value') {
          const now = await current(location, at, signal);
          if (now?.version === which.version) return plain(now);
        }
        return await held(at, which.version, signal);
      }),

    stage: ({ location, mark, text }, signal) =>
      storeCall(`stage ${location}`, signal, async () => {
        const at = places(location);
        const clear = exactText(text, location, VALUE_BYTES);
        layout.dataOf(clear, location);
        const put = await putOnce(kv, at.staged(mark), clear, signal);
        if (put !== null) return { version: stagedVersion(mark, put) };
        const present = await staged(at, mark, signal);
        if (present?.text.equals(text) === true) return { version: present.version };
        throw conflict(`${location} has another value staged as ${mark}`, 'stage under a new mark');
      }),

    promote: ({ location, version, base }, signal) =>
      storeCall(`promote ${location}`, signal, async () => {
        const at = places(location);
        const now = await current(location, at, signal);
        const standing = now?.version ?? null;
        if (standing === version) return { version };
        const value = await held(at, version, signal);
        const text = value?.text.open() ?? null;
        if (standing !== base) {
          // A promote whose answer was lost: what is current is what it wrote.
          const ours = text !== null && now !== null && layout.same(now.text.open() ?? '', text);
          if (ours) return { version: now.version };
          throw notBase(location, standing, base);
        }
        if (text === null) throw absent(location, version, 'stage the value again, then promote that');
        const done = await kv.write(at.value, layout.dataOf(text, location), now?.number ?? 0, signal);
        return { version: valueVersion(done) };
      }),

    keep: (location, version, signal) =>
      storeCall(`keep ${location}`, signal, async () => {
        const at = places(location);
        if ((await held(at, version, signal)) !== null) return { version };
        const parsed = parsedVersion(version);
        const number = parsed?.kind === 'value' ? parsed.number : null;
        // One that was current is there for as long as Vault keeps old versions.
        const entry = number === null ? null : await kv.read(at.value, signal, number);
        if (entry === null || entry.data === null || valueVersion(entry) !== version) {
          throw absent(location, version, 'read it again, and keep what is there now');
        }
        const text = layout.textIn(entry.data, location);
        const path = at.kept(version);
        const put = await putOnce(kv, path, text, signal);
        if (put === null && !(await held(at, version, signal))?.text.equals(Secret.of(text))) {
          throw lostCopy(kv.mount.join('/'), path, `version ${version} of ${location}`);
        }
        return { version };
      }),

    discard: (location, version, signal) =>
      storeCall(`discard ${location}`, signal, async () => {
        const at = places(location);
        const parsed = parsedVersion(version);
        if (parsed === null) return;
        if (parsed.kind === 'staged') {
          const value = await staged(at, parsed.mark, signal);
          if (value?.version === version) await kv.drop(at.staged(parsed.mark), signal);
          return;
        }
        const entry = await kv.read(at.value, signal);
        if (entry !== null && valueVersion(entry) === version) {
          const hint = 'promote another version first';
          throw conflict(`version ${version} of ${location} is what is read now`, hint);
        }
        await kv.drop(at.kept(version), signal);
      }),
  };
}

/** Our own copies lie in one field of this name, whatever consumers read. */
const COPY = 'text';

/** Writes a copy where none is. Null where there is one already, which is left alone. */
async function putOnce(kv: Kv, path: Steps, text: string, signal: AbortSignal) {
  try {
    const done = await kv.write(path, JSON.stringify({ [COPY]: text }), 0, signal);
    if (done.deletionTime === '') return done;
  } catch (caught) {
    if (caught instanceof KeyturnError && caught.code === 'CONFLICT') return null;
    throw caught;
  }
  await kv.drop(path, signal);
  throw expires(kv.mount.join('/'));
}

function copied(entry: Entry | null, version: (entry: Entry) => Version): StoredValue | null {
  if (entry === null || entry.data === null) return null;
  const text = (JSON.parse(entry.data) as Readonly<Record<string, unknown>>)[COPY];
  if (typeof text === 'string') return stored(version(entry), text, entry);
  throw new KeyturnError('UNREADABLE', 'what keyturn kept in Vault was changed by someone else', {
    hint: 'undo the change (vault kv rollback), or discard the rotation with keyturn rollback',
  });
}

function stored(version: Version, text: string, entry: Entry): StoredValue {
  return { version, text: Secret.of(text), writtenAt: toInstant(Date.parse(entry.createdAt)) };
}

function plain(now: Current | null): StoredValue | null {
  if (now === null) return null;
  const { number: _, ...value } = now;
  return value;
}

/** Consumers get nothing: Vault does not fall back to the version before. */
function ended(location: string, { number, destroyed }: Entry): KeyturnError {
  const what = destroyed ? 'destroyed' : 'deleted';
  return new KeyturnError(
    'UNREADABLE',
    `version ${number} of ${location}, the newest, was ${what} by someone`,
    {
      hint: destroyed
        ? 'write a working value there (vault kv put), then run keyturn adopt'
        : `undo it (vault kv undelete -versions=${number}), or write a working value there and run keyturn adopt`,
      unsent: true,
    },
  );
}

/** `kept`: a version that is to stay, although it was written with an end. */
export function expires(
  mount: string,
  kept?: { readonly path: Steps; readonly number: number },
): KeyturnError {
  const settle = `run vault write ${mount}/config delete_version_after=0s`;
  const rescue = kept === undefined ? '' : `, then ${undelete(mount, kept.path, kept.number)}`;
  return new KeyturnError(
    'CONFIG',
    `the mount ${mount} deletes versions after a time (delete_version_after)`,
    {
      hint: `a key that is in use would be deleted too: ${settle}${rescue}`,
      ...(kept === undefined ? { unsent: true } : {}),
    },
  );
}

function undelete(mount: string, path: Steps, number: number): string {
  return `vault kv undelete -mount=${mount} -versions=${number} ${path.join('/')}`;
}

/** A copy is written once, so its only version is the first. */
function lostCopy(mount: string, path: Steps, what: string): KeyturnError {
  return new KeyturnError('UNREADABLE', `the copy of ${what} was deleted by someone`, {
    hint: `undo it: ${undelete(mount, path, 1)}; if it was destroyed: vault kv metadata delete -mount=${mount} ${path.join('/')}, then run again`,
    unsent: true,
  });
}

function absent(location: string, version: Version, hint: string): KeyturnError {
  return conflict(`${location} has no version ${version} any more`, hint);
}

function notBase(location: string, standing: Version | null, base: Version | null): KeyturnError {
  const is = standing === null ? 'has no value' : `is at version ${standing}`;
  const expected = base === null ? 'none' : `version ${base}`;
  return conflict(`${location} ${is}, expected ${expected}`, 'read it again, and decide anew');
}
