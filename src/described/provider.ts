import type { KeyFacts } from '../core/credential.ts';
import type { Secret } from '../core/secret.ts';
import type { Description } from './fields.ts';
import type { Sender } from './sender.ts';

/** A provider that is described, with what its issuer works with. */
export interface Described {
  readonly description: Description;
  readonly sender: Sender;
  /** The part of a key that is also its id; null: the id stands apart. */
  readonly idPart: string | null;
}

/** The id of a key whose part it is. */
export function idIn(key: Secret | undefined, idPart: string | null): Pick<KeyFacts, 'issuerKeyId'> {
  const id = idPart === null ? null : (key?.open(idPart) ?? null);
  return id === null ? {} : { issuerKeyId: id };
}
