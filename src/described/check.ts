import type { IssuerCheck } from '../core/issuer.ts';
import type { Description } from './fields.ts';
import { entriesOf } from './looking.ts';
import { placesIn } from './places.ts';
import type { Described } from './provider.ts';

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
  const keys = await entriesOf(described, { signal });
  const access = {
    name: 'auth',
    ok: true,
    message: `it is accepted; ${keys.length} keys are listed`,
    hint: '',
  };
  return [access, ...leaks];
}

/** The settings of a description by which a secret gets into an address. */
export function addressesWithSecrets(description: Description): readonly string[] {
  const { auth, verify } = description;
  const operations = OPERATIONS.flatMap((name) => {
    const operation = description[name];
    return (['url', 'query'] as const).flatMap((part) =>
      placesIn(operation?.[part]).some(({ from, name: of }) => from !== 'rotation' && of !== 'id')
        ? [`${name}.${part}`]
        : [],
    );
  });
  const tested = (['url', 'query'] as const).filter((part) =>
    JSON.stringify(verify[part] ?? '').includes('{key.'),
  );
  return [
    ...(auth?.query === undefined ? [] : ['auth.query']),
    ...operations,
    ...tested.map((part) => `verify.${part}`),
  ];
}
