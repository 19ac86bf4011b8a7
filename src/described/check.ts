import { toKeyturnError } from '../core/errors.ts';
import type { IssuerCheck } from '../core/issuer.ts';
import type { Description } from './fields.ts';
import { listed } from './looking.ts';
import { type Place, placesIn } from './places.ts';
import type { Described } from './provider.ts';
import { idPartOf } from './traits.ts';

const OPERATIONS = ['create', 'revoke', 'promote', 'abort', 'list', 'find', 'lastUsed', 'describe'] as const;

/** What can be told of a described provider without changing anything. */
export async function checkDescribed(
  described: Described,
  signal: AbortSignal,
): Promise<readonly IssuerCheck[]> {
  const { description } = described;
  const leaks = addressesWithSecrets(description).map((where) => ({
    name: where,
    ok: true,
    message: `${where} puts a secret into an address, which servers and proxies write into their logs`,
    hint: 'send it in a header or in the body, if the provider takes it there',
  }));
  const needsKey = placesIn(description.auth).length > 0;
  if (description.list === undefined || needsKey) return leaks;
  return [await accessCheck(described, signal), ...leaks];
}

async function accessCheck(described: Described, signal: AbortSignal): Promise<IssuerCheck> {
  try {
    const keys = await listed(described, signal);
    return { name: 'auth', ok: true, message: `it is accepted; ${keys.length} keys are listed`, hint: '' };
  } catch (caught) {
    const error = toKeyturnError(caught, 'list the keys');
    if (error.code === 'INTERRUPTED' || error.code === 'BUG') throw caught;
    return { name: 'auth', ok: false, message: error.message, hint: error.hint };
  }
}

/** The settings of a description by which a secret gets into an address. */
export function addressesWithSecrets(description: Description): readonly string[] {
  const { auth, verify } = description;
  const idPart = idPartOf(description);
  const isSecret = ({ from, name }: Place): boolean =>
    from !== 'rotation' && !((from === 'key' || from === 'current') && (name === 'id' || name === idPart));
  const operations = OPERATIONS.flatMap((name) => {
    const operation = description[name];
    return (['url', 'query'] as const).flatMap((part) =>
      placesIn(operation?.[part]).some(isSecret) ? [`${name}.${part}`] : [],
    );
  });
  const tested = (['url', 'query'] as const).filter((part) => placesIn(verify[part]).some(isSecret));
  return [
    ...(auth?.query === undefined ? [] : ['auth.query']),
    ...operations,
    ...tested.map((part) => `verify.${part}`),
  ];
}
