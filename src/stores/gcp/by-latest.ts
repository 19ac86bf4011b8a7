import type { Api } from './api.ts';
import { make, moved } from './by-alias.ts';
import type { Current } from './current.ts';
import { disabled } from './named-texts.ts';

/**
 * Consumers read `versions/latest`: the newest version by number. Adding one has no precondition, so two who add at the
 * same instant both succeed; whoever was not the first puts back what the first had written.
 */
export function currentByLatest(api: Api): Current {
  /** The highest number there is. The list may lag behind; a read by number does not. */
  const newest = async (main: string, signal: AbortSignal): Promise<number | null> => {
    let number = (await api.listVersions(main, 1, signal))[0]?.number ?? 0;
    while ((await api.getVersion(main, number + 1, signal)) !== null) number += 1;
    return number === 0 ? null : number;
  };

  const bytesOf = async (main: string, number: number, signal: AbortSignal): Promise<Buffer | null> => {
    const found = await api.access(main, number, signal);
    return found === null || found === 'closed' ? null : found.data;
  };

  const standing: Current['standing'] = async (main, signal) => ({
    number: await newest(main, signal),
    secret: null,
    sure: async () => undefined,
  });

  return {
    standing,

    read: async (main, signal) => {
      const found = await api.access(main, 'latest', signal);
      if (found === 'closed') throw disabled(`${api.resource(main)}/versions/latest`);
      return found;
    },

    replace: async ({ main, base, data }, signal) => {
      const add = async (bytes: Buffer): Promise<number> => {
        const number = await api.addVersion(main, bytes, signal);
        if (number !== null) return number;
        await make(api, main, signal);
        return (await api.addVersion(main, bytes, signal)) ?? Promise.reject(moved(main));
      };
      const number = await add(data);
      if (number === (base ?? 0) + 1) return number;
      // Someone else was first in the same instant, and ours now hides theirs: it is put back.
      const theirs = await bytesOf(main, (base ?? 0) + 1, signal);
      if (theirs === null) return number;
      await add(theirs);
      await api.destroyVersion(main, number, signal);
      throw moved(main);
    },
  };
}
