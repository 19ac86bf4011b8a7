import { join } from 'node:path';
import { toInstant } from '../../core/credential.ts';
import { KeyturnError } from '../../core/errors.ts';
import { exactText } from '../../core/exact-text.ts';
import { Secret } from '../../core/secret.ts';
import type { SecretStore, StoredValue, StoreTraits, Version } from '../../core/store.ts';
import { conflict, refuseAborted } from '../../core/store-call.ts';
import { guarded } from './faults.ts';
import { ownFolder, type Steps, SUFFIX, valuePlace } from './places.ts';
import { placeNext, placeOnce, readFileAt, removeFileAt, type Shelf } from './shelf.ts';
import { versionOf } from './swap.ts';

export const TRAITS: StoreTraits = {
  casPromote: true,
  hiddenStaging: true,
  converges: 0,
  limits: { valueBytes: 64 * 1024 },
};

const MARK = /^[a-z0-9.-]{1,64}$/;
const VERSION = /^[0-9a-f]{32}$/;

interface Found {
  readonly bytes: Buffer;
  readonly modifiedMs: number;
  /** The folder and name under which it is staged or kept. */
  readonly folder: Steps;
  readonly file: string;
}

type Values = Pick<SecretStore, 'read' | 'stage' | 'promote' | 'keep' | 'discard'>;

export function valuesOn(shelf: Shelf): Values {
  const { envelope } = shelf;
  const stagedFolder = (location: string) => [...ownFolder(location), 'staged'];
  const keptFolder = (location: string) => [...ownFolder(location), 'kept'];

  const current = (location: string) => {
    const { folder, file } = valuePlace(location);
    return readFileAt(shelf, folder, file);
  };

  /** Every staged or kept file of this version. */
  const held = async (location: string, version: Version): Promise<readonly Found[]> => {
    valuePlace(location);
    if (!VERSION.test(version)) return [];
    const found: Found[] = [];
    for (const folder of [keptFolder(location), stagedFolder(location)]) {
      const path = await shelf.tree.find(folder);
      for (const file of path === null ? [] : await shelf.disk.list(path)) {
        const read = file.endsWith(SUFFIX) && path !== null ? await shelf.disk.read(join(path, file)) : null;
        if (read !== null && versionOf(read.bytes) === version) found.push({ ...read, folder, file });
      }
    }
    return found;
  };

  const bytesOf = async (location: string, which: Parameters<Values['read']>[1]) => {
    if (which === 'current') return await current(location);
    if ('mark' in which) {
      valuePlace(location);
      return await readFileAt(shelf, stagedFolder(location), markFile(which.mark));
    }
    const now = await current(location);
    if (now !== null && versionOf(now.bytes) === which.version) return now;
    return (await held(location, which.version))[0] ?? null;
  };

  return {
    read: (location, which, signal) =>
      guarded(`read ${location}`, signal, async () => {
        const found = await bytesOf(location, which);
        if (found === null) return null;
        const text = await envelope.open(found.bytes, location);
        const value: StoredValue = {
          version: versionOf(found.bytes),
          text: Secret.of(text),
          writtenAt: toInstant(found.modifiedMs),
        };
        return value;
      }),

    stage: ({ location, mark, text }, signal) =>
      guarded(`stage ${location}`, signal, async () => {
        valuePlace(location);
        const file = markFile(mark);
        const clear = exactText(text, location, TRAITS.limits.valueBytes);
        const folder = stagedFolder(location);
        const same = async (bytes: Buffer) => {
          if ((await envelope.open(bytes, `${location}, staged as ${mark},`)) === clear) {
            return { version: versionOf(bytes) };
          }
          throw conflict(`${location} has another value staged as ${mark}`, 'stage under a new mark');
        };
        const present = await readFileAt(shelf, folder, file);
        if (present !== null) return await same(present.bytes);
        const bytes = await envelope.seal(clear, location);
        refuseAborted(`stage ${location}`, signal);
        const own = ownFolder(location);
        if (await placeOnce(shelf, { own, folder, file, bytes })) return { version: versionOf(bytes) };
        const theirs = await readFileAt(shelf, folder, file);
        if (theirs === null) throw conflict(`${location}: ${mark} was discarded just now`, 'run again');
        return await same(theirs.bytes);
      }),

    promote: ({ location, version, base }, signal) =>
      guarded(`promote ${location}`, signal, async () => {
        const now = await current(location);
        const standing = now === null ? null : versionOf(now.bytes);
        if (standing === version) return { version };
        if (standing !== base) throw notBase(location, standing, base);
        const [found] = await held(location, version);
        if (found === undefined) {
          throw conflict(
            `${location} has no version ${version} any more`,
            'stage the value again, then promote that',
          );
        }
        // What nobody can read must not become current.
        await envelope.open(found.bytes, `${location}, version ${version},`);
        refuseAborted(`promote ${location}`, signal);
        const own = ownFolder(location);
        await placeNext(shelf, { own, ...valuePlace(location), bytes: found.bytes, base, name: location });
        return { version };
      }),

    keep: (location, version, signal) =>
      guarded(`keep ${location}`, signal, async () => {
        if ((await held(location, version)).length > 0) return { version };
        const now = await current(location);
        if (now === null || versionOf(now.bytes) !== version) {
          throw conflict(
            `${location} has no version ${version} any more`,
            'read it again, and keep what is there now',
          );
        }
        const own = ownFolder(location);
        await placeOnce(shelf, {
          own,
          folder: keptFolder(location),
          file: `${version}${SUFFIX}`,
          bytes: now.bytes,
        });
        return { version };
      }),

    discard: (location, version, signal) =>
      guarded(`discard ${location}`, signal, async () => {
        const now = await current(location);
        if (now !== null && versionOf(now.bytes) === version) {
          throw conflict(
            `version ${version} of ${location} is what is read now`,
            'promote another version first',
          );
        }
        for (const { folder, file } of await held(location, version)) await removeFileAt(shelf, folder, file);
      }),
  };
}

function markFile(mark: string): string {
  if (MARK.test(mark)) return `${mark}${SUFFIX}`;
  throw new KeyturnError('BAD_VALUE', `${JSON.stringify(mark)} cannot be a mark`, {
    hint: 'use 1 to 64 of a-z, 0-9, dot and dash',
  });
}

function notBase(location: string, standing: Version | null, base: Version | null): KeyturnError {
  const is = standing === null ? 'has no value' : `is at version ${standing}`;
  const expected = base === null ? 'none' : `version ${base}`;
  return conflict(`${location} ${is}, expected ${expected}`, 'read it again, and decide anew');
}
