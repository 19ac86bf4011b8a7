import { exactText } from '../../core/exact-text.ts';
import { Secret } from '../../core/secret.ts';
import type { SecretStore, StoredValue, StoreTraits, Version } from '../../core/store.ts';
import { conflict, storeCall } from '../../core/store-call.ts';
import type { Api } from './api.ts';
import { type Current, readCurrent } from './current.ts';
import { HEADER_BYTES, namedTexts } from './named-texts.ts';
import { checkMark, placeOf } from './names.ts';
import type { Written } from './written.ts';

export type Values = Pick<SecretStore, 'read' | 'stage' | 'promote' | 'keep' | 'discard'>;

/** How many versions of the main secret are looked through for copies of a value that is let go. */
const MOST_COPIES = 20;

export const LARGEST = 64 * 1024;
export const STAGED_APART: Pick<StoreTraits, 'limits'> = { limits: { valueBytes: LARGEST - HEADER_BYTES } };

/**
 * Values that wait in a secret of their own, `<S>--staged`, and are copied into the main secret when they become
 * current. A version is `v7` in the main secret and `s7` beside it.
 */
export function valuesApart(api: Api, current: Current, written: Written): Values {
  const { valueBytes } = STAGED_APART.limits;
  const beside = (location: string) => namedTexts(api, placeOf(location).staged);

  const readVersion = async (
    location: string,
    version: Version,
    signal: AbortSignal,
  ): Promise<string | null> => {
    const number = numberOf(version);
    if (number === null) return null;
    if (version.startsWith('s')) return (await beside(location).read(number, signal))?.text ?? null;
    const { main } = placeOf(location);
    const found = await api.access(main, number, signal);
    return found === null || found === 'closed' ? null : found.data.toString('utf8');
  };

  /** Ends copies in the main secret of a value that is let go, but never what consumers read. */
  const endCopies = async (main: string, text: string, signal: AbortSignal): Promise<void> => {
    const data = Buffer.from(text, 'utf8');
    const standing = await current.standing(main, signal);
    const copies: number[] = [];
    for (const { number, state } of await api.listVersions(main, MOST_COPIES, signal)) {
      if (state !== 'enabled' || number === standing.number) continue;
      const found = await api.access(main, number, signal);
      if (found !== null && found !== 'closed' && found.data.equals(data)) copies.push(number);
    }
    if (copies.length === 0) return;
    await standing.sure(signal);
    for (const number of copies) await api.destroyVersion(main, number, signal);
  };

  return {
    read: (location, which, signal) =>
      storeCall(`read ${location}`, signal, async (): Promise<StoredValue | null> => {
        const { main } = placeOf(location);
        if (which === 'current') return await readCurrent({ current, written, main }, signal);
        if ('mark' in which) {
          checkMark(which.mark);
          const found = await beside(location).find(which.mark, signal);
          return found === null ? null : { version: `s${found.number}`, text: Secret.of(found.text) };
        }
        const text = await readVersion(location, which.version, signal);
        return text === null ? null : { version: which.version, text: Secret.of(text) };
      }),

    stage: ({ location, mark, text }, signal) =>
      storeCall(`stage ${location}`, signal, async () => {
        checkMark(mark);
        const clear = exactText(text, location, valueBytes);
        return { version: `s${await beside(location).add(mark, clear, signal)}` };
      }),

    promote: ({ location, version, base }, signal) =>
      storeCall(`promote ${location}`, signal, async () => {
        const { main } = placeOf(location);
        const standing = await current.standing(main, signal);
        const now = standing.number === null ? null : `v${standing.number}`;
        if (version === now) return { version };
        const text = await readVersion(location, version.startsWith('s') ? version : '', signal);
        if (text === null) {
          throw conflict(`${location} has no staged version ${version}`, 'stage the value again');
        }
        if (now !== base) {
          if (now !== null && (await readVersion(location, now, signal)) === text) return { version: now };
          throw conflict(`${location} is at ${now ?? 'no version'}, expected ${base ?? 'none'}`);
        }
        const data = Buffer.from(text, 'utf8');
        const number = await current.replace({ main, standing, base: standing.number, data }, signal);
        return { version: `v${number}` };
      }),

    keep: (location, version, signal) =>
      storeCall(`keep ${location}`, signal, async () => {
        const text = await readVersion(location, version, signal);
        if (text === null) throw conflict(`${location} has no version ${version} any more`);
        if (version.startsWith('s')) return { version };
        const clear = exactText(Secret.of(text), location, valueBytes);
        return { version: `s${await beside(location).add(`kept/${version}`, clear, signal)}` };
      }),

    discard: (location, version, signal) =>
      storeCall(`discard ${location}`, signal, async () => {
        const { main } = placeOf(location);
        const number = numberOf(version);
        if (number === null) return;
        if (version.startsWith('v')) {
          // Versions of the main secret are ended with the staged or kept value that they are copies of.
          const { number: standing } = await current.standing(main, signal);
          if (standing === number) throw conflict(`${version} of ${location} is what is read now`);
          return;
        }
        const found = await beside(location).read(number, signal);
        if (found === null) return;
        await endCopies(main, found.text, signal);
        await beside(location).drop(number, signal);
      }),
  };
}

/** The number in a version of ours; null: it is none. */
export function numberOf(version: Version): number | null {
  const digits = /^[sv]([1-9][0-9]{0,9})$/.exec(version)?.[1];
  return digits === undefined ? null : Number(digits);
}
