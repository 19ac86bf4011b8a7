import { exactText } from '../../core/exact-text.ts';
import { Secret } from '../../core/secret.ts';
import type { StoredValue, Version } from '../../core/store.ts';
import { conflict, storeCall } from '../../core/store-call.ts';
import type { Api } from './api.ts';
import { ALIAS, currentByAlias, moved, noAlias } from './by-alias.ts';
import { readCurrent } from './current.ts';
import { accessNumber } from './named-texts.ts';
import { checkMark, placeOf } from './names.ts';
import type { SecretMeta } from './replies.ts';
import { LARGEST, numberOf, type Values } from './values.ts';
import type { Written } from './written.ts';

const MOST_ALIASES = 50;
const MOST_TRIES = 24;

/**
 * Values that are staged in the secret itself, which nobody sees who reads by the alias `current`. What is staged or
 * kept has an alias of its own. That of a staged value is set before the value is added, on the number that comes next:
 * a process that is killed in between leaves a value that can be found by its mark.
 */
export function valuesInPlace(api: Api, written: Written): Values {
  const current = currentByAlias(api);

  const read = async (location: string, number: number | null | undefined, signal: AbortSignal) =>
    number === null || number === undefined
      ? null
      : await accessNumber(api, placeOf(location).main, number, signal);

  /** Changes the aliases on top of their newest state; `change` gives null where nothing is to be changed. */
  const realias = async (
    main: string,
    change: (of: SecretMeta) => ReadonlyMap<string, number> | null,
    signal: AbortSignal,
  ): Promise<void> => {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const secret = (await api.getSecret(main, signal)) ?? (await api.createSecret(main, {}, signal));
      // Somebody else has just made it.
      if (secret === null) continue;
      const aliases = change(secret);
      if (aliases === null) return;
      if (aliases.size > MOST_ALIASES) throw noAlias(main);
      if ((await api.updateSecret(secret, { aliases }, signal)) !== null) return;
    }
    throw moved(main);
  };

  const nextNumber = async (main: string, signal: AbortSignal): Promise<number> => {
    let next = ((await api.listVersions(main, 1, signal))[0]?.number ?? 0) + 1;
    while ((await api.getVersion(main, next, signal)) !== null) next += 1;
    return next;
  };

  return {
    read: (location, which, signal) =>
      storeCall(`read ${location}`, signal, async (): Promise<StoredValue | null> => {
        const { main } = placeOf(location);
        if (which === 'current') return await readCurrent({ current, written, main }, signal);
        const number =
          'version' in which
            ? numberOf(which.version)
            : (await api.getSecret(main, signal))?.aliases.get(stagedAlias(which.mark));
        const found = await read(location, number, signal);
        if (found === null) return null;
        return { version: `v${found.number}`, text: Secret.of(found.data.toString('utf8')) };
      }),

    stage: ({ location, mark, text }, signal) =>
      storeCall(`stage ${location}`, signal, async () => {
        const { main } = placeOf(location);
        const alias = stagedAlias(mark);
        const data = Buffer.from(exactText(text, location, LARGEST), 'utf8');
        const standing = (await api.getSecret(main, signal))?.aliases.get(alias);
        const present = await read(location, standing, signal);
        if (present !== null) {
          if (present.data.equals(data)) return { version: `v${present.number}` };
          throw conflict(`${location} has another value staged as ${mark}`, 'stage under a new mark');
        }
        const next = await nextNumber(main, signal);
        await realias(main, ({ aliases }) => new Map(aliases).set(alias, next), signal);
        const number = await api.addVersion(main, data, signal);
        if (number === null) throw moved(main);
        if (number !== next)
          await realias(main, ({ aliases }) => new Map(aliases).set(alias, number), signal);
        return { version: `v${number}` };
      }),

    promote: ({ location, version, base }, signal) =>
      storeCall(`promote ${location}`, signal, async () => {
        const { main } = placeOf(location);
        const { number: standing, secret } = await current.standing(main, signal);
        const now = standing === null ? null : `v${standing}`;
        if (version === now) return { version };
        if (now !== base) {
          throw conflict(`${location} is at ${now ?? 'no version'}, expected ${base ?? 'none'}`);
        }
        const number = numberOf(version);
        const found = isHeld(secret, number) ? await read(location, number, signal) : null;
        if (secret === null || found === null) {
          throw conflict(`${location} has no staged version ${version}`, 'stage the value again');
        }
        const aliases = new Map(secret.aliases).set(ALIAS, found.number);
        if (aliases.size > MOST_ALIASES) throw noAlias(main);
        if ((await api.updateSecret(secret, { aliases }, signal)) === null) throw moved(main);
        return { version };
      }),

    keep: (location, version, signal) =>
      storeCall(`keep ${location}`, signal, async () => {
        const { main } = placeOf(location);
        const number = numberOf(version);
        const found = await read(location, number, signal);
        if (number === null || found === null) throw gone(location, version);
        await realias(
          main,
          (secret) => (isHeld(secret, number) ? null : new Map(secret.aliases).set(`kept-${number}`, number)),
          signal,
        );
        return { version };
      }),

    discard: (location, version, signal) =>
      storeCall(`discard ${location}`, signal, async () => {
        const { main } = placeOf(location);
        const number = numberOf(version);
        const found = number === null ? null : await api.getVersion(main, number, signal);
        if (number === null || found === null) return;
        // Written even where no alias goes: that fails where `current` has moved to this version unseen.
        await realias(
          main,
          ({ aliases }) => {
            if (aliases.get(ALIAS) === number)
              throw conflict(`${version} of ${location} is what is read now`);
            const without = [...aliases].filter(([, at]) => at !== number);
            return found.state === 'destroyed' && without.length === aliases.size ? null : new Map(without);
          },
          signal,
        );
        await api.destroyVersion(main, number, signal);
      }),
  };
}

/** Staged or kept: it has an alias of ours. */
function isHeld(secret: SecretMeta | null, number: number | null): boolean {
  return [...(secret?.aliases ?? [])].some(([alias, at]) => at === number && /^(staged|kept)-/.test(alias));
}

/** Marks have dots, which an alias cannot have, and no underscores. */
function stagedAlias(mark: string): string {
  checkMark(mark);
  return `staged-${mark.replaceAll('.', '_')}`;
}

function gone(location: string, version: Version) {
  return conflict(`${location} has no version ${version} any more`);
}
