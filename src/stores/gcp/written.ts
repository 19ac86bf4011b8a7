import { KeyturnError } from '../../core/errors.ts';
import type { Api } from './api.ts';

/** When versions were written. Reading a value does not tell, and whoever may only read values may not ask. */
export interface Written {
  at(secret: string, number: number, signal: AbortSignal): Promise<{ readonly writtenAt?: string }>;
}

export function writtenTimes(api: Api): Written {
  const known = new Map<string, string>();
  return {
    at: async (secret, number, signal) => {
      const key = `${secret}/${number}`;
      const before = known.get(key);
      if (before !== undefined) return { writtenAt: before };
      try {
        const createdAt = (await api.getVersion(secret, number, signal))?.createdAt;
        if (createdAt === undefined) return {};
        known.set(key, createdAt);
        return { writtenAt: createdAt };
      } catch (caught) {
        if (caught instanceof KeyturnError && caught.code === 'DENIED') return {};
        throw caught;
      }
    },
  };
}
