import { KeyturnError } from '../../core/errors.ts';
import type { Secret } from '../../core/secret.ts';

const SHORTEST = 30;

/** Shapes that are surely something else. Meta's tokens are opaque, so that nothing else is asked of them. */
const OTHERS: readonly { readonly shape: RegExp; readonly is: string; readonly hint: string }[] = [
  {
    shape: /^bearer\s/i,
    is: 'begins with the word Bearer',
    hint: 'give the token alone, without the word before it',
  },
  {
    shape: /[^\x21-\x7e]/,
    is: 'holds spaces, line breaks or characters that no token has',
    hint: 'copy the token again, alone and in one line',
  },
  {
    shape: /^[0-9]+\|/,
    is: 'is an app token (app id and app secret), not a token of a system user',
    hint: 'make a token in Business settings > System users',
  },
  {
    shape: /^[0-9a-f]{32}$/i,
    is: 'looks like an app secret or the key of a provider, not like a token of Meta',
    hint: 'put an app secret where appSecret points; hand a provider key to a credential with an issuer of kind manual',
  },
  {
    shape: /^((SK|AC)[0-9a-f]{32}|sk[-_].*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i,
    is: 'looks like the key of a provider, not like a token of Meta',
    hint: 'hand it to a credential whose issuer is of kind manual, or of that provider',
  },
];

/** Refuses what cannot be a token of a system user. Throws BAD_VALUE; never quotes the value. */
export function checkShape(secret: Secret): void {
  const value = secret.open();
  if (value === null || secret.partNames.length !== 1) {
    throw refusal('has several parts', 'give the token alone, as one text');
  }
  const other = OTHERS.find(({ shape }) => shape.test(value));
  if (other !== undefined) throw refusal(other.is, other.hint);
  if (value.length < SHORTEST) {
    throw refusal(
      'is shorter than any token of Meta',
      'copy the whole token; hand the key of a provider to a credential with an issuer of kind manual',
    );
  }
}

function refusal(is: string, hint: string): KeyturnError {
  return new KeyturnError('BAD_VALUE', `the value ${is}`, { hint });
}
