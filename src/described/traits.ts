import type { IssuerTraits } from '../core/issuer.ts';
import { durationMs } from '../core/setting.ts';
import type { Description } from './fields.ts';
import { placesIn } from './places.ts';

/** What an issuer can do whose provider is described so. */
export function traitsOf(description: Description): IssuerTraits {
  const { secret, maxLive, list, find, lastUsed, settles, longestLife } = description;
  const named = (list?.reply.name ?? find?.reply.name) !== undefined;
  return {
    secretFrom: secret === undefined ? 'issuer' : 'client',
    asksWith: asksWith(description),
    maxLive: maxLive ?? 'unknown',
    revokesBy: revokesBy(description),
    proves: true,
    marks: named && placesIn(description.create).some(({ from }) => from === 'rotation'),
    lists: list !== undefined,
    lastUsed: lastUsed !== undefined || list?.reply.lastUsed !== undefined,
    settles: durationMs(settles) ?? 0,
    sweeps: false,
    longestLife: longestLife === undefined ? null : durationMs(longestLife),
  };
}

/** The key itself asks where anything on the way to a new key takes a part of it, be it auth or the operation. */
function asksWith({ auth, create, list, find }: Description): IssuerTraits['asksWith'] {
  const onTheWay = [create, list, find].filter((operation) => operation !== undefined);
  const takesKey = onTheWay.some((operation) =>
    placesIn([operation, operation.auth === 'none' ? undefined : auth]).some(
      ({ from }) => from === 'current',
    ),
  );
  return takesKey ? 'current' : 'own';
}

function revokesBy({ revoke, promote }: Description): IssuerTraits['revokesBy'] {
  if (promote !== undefined) return 'promotion';
  if (revoke === undefined) return 'replacement';
  return placesIn(revoke).some(({ from, name }) => from === 'key' && name === 'id') ? 'id' : 'secret';
}

/** The part that create's reply has in the same place as the id. */
export function idPartOf({ create: { reply } }: Description): string | null {
  if (reply.id === undefined) return null;
  const same = Object.entries(reply.parts ?? {}).find(
    ([, pointer]) => JSON.stringify(pointer) === JSON.stringify(reply.id),
  );
  return same?.[0] ?? null;
}

export function identityOf({ identity, baseUrl, create }: Description): string {
  return identity ?? new URL(create.url.startsWith('/') ? (baseUrl ?? '') : create.url).host;
}
