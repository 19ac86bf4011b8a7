import type { KeyFacts } from '../core/credential.ts';
import { KeyturnError } from '../core/errors.ts';
import type { CreatedKey, CreateRequest, RegisterRequest } from '../core/issuer.ts';
import { Secret } from '../core/secret.ts';
import type { Description } from './fields.ts';
import type { Described } from './provider.ts';
import { FORM_NAMES, readFacts, readPart } from './reading.ts';

const CREATE = 'create a key';
const REGISTER = 'register a key';

/** Asks for one key. Once the reply holds its parts nothing can fail any more, whatever else is missing in it. */
export async function createKey(described: Described, request: CreateRequest): Promise<CreatedKey> {
  const { description, sender, idPart } = described;
  const { reply } = description.create;
  const { body, form } = await withRemedy(description, request.mark, () =>
    sender.send({
      operation: description.create,
      what: CREATE,
      method: 'POST',
      values: { mark: request.mark, current: request.current },
      effect: true,
      repeatable: false,
      signal: request.signal,
    }),
  );
  const read = Object.entries(reply.parts ?? {}).map(
    ([name, pointer]) => [name, readPart(body, pointer)] as const,
  );
  const missing = read.filter(([, text]) => text === null).map(([name]) => name);
  if (missing.length > 0) {
    const lacks =
      body === undefined
        ? `the reply is ${FORM_NAMES[form]}`
        : `the reply lacks the part ${missing.join(', ')} of the key`;
    throw new KeyturnError('BAD_REPLY', `${CREATE}: ${lacks}; a key may have been made`, {
      hint: remedy(description, request.mark),
    });
  }
  const secret = Secret.fromParts(Object.fromEntries(read.map(([name, text]) => [name, text ?? ''])));
  const facts = readFacts(body, reply);
  return {
    secret,
    facts: {
      ...known(description),
      ...withoutSecret(facts, secret, idPart),
      fingerprints: secret.fingerprints(),
    },
  };
}

/** Makes a secret known that keyturn invented. What the provider says of it is read where it can be. */
export async function registerKey(described: Described, request: RegisterRequest): Promise<KeyFacts> {
  const { description, sender, idPart } = described;
  const { mark, secret, current, signal } = request;
  const { body } = await withRemedy(description, mark, () =>
    sender.send({
      operation: description.create,
      what: REGISTER,
      method: 'POST',
      values: { mark, key: secret, current },
      effect: true,
      repeatable: false,
      signal,
    }),
  );
  const facts = readFacts(body, description.create.reply);
  return {
    ...known(description),
    ...withoutSecret(facts, secret, idPart),
    fingerprints: secret.fingerprints(),
  };
}

function known({ identity }: Description): KeyFacts {
  return identity === undefined ? {} : { identity };
}

/** A pointer that leads to the secret in place of an id or a right would write it into the ledger. */
function withoutSecret(facts: KeyFacts, secret: Secret, idPart: string | null): KeyFacts {
  const { issuerKeyId, scopes, ...rest } = facts;
  const parts = Object.entries(secret.openAll());
  const leaksId = parts.some(([name, text]) => issuerKeyId?.includes(text) && name !== idPart);
  const leaksScope = parts.some(([, text]) => scopes?.some((scope) => scope.includes(text)));
  return {
    ...rest,
    ...(issuerKeyId === undefined || leaksId ? {} : { issuerKeyId }),
    ...(scopes === undefined || leaksScope ? {} : { scopes }),
  };
}

/** An answer that leaves open whether a key exists says how a person finds it. */
async function withRemedy<T>(description: Description, mark: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (caught) {
    if (!(caught instanceof KeyturnError) || !caught.ambiguous || caught.code === 'INTERRUPTED') throw caught;
    const hint = `${caught.hint}; ${remedy(description, mark)}`;
    throw new KeyturnError(caught.code, caught.message, { ...caught.detail, hint });
  }
}

function remedy({ console, list, find }: Description, mark: string): string {
  const where = console === undefined ? 'at the provider' : `at ${console}`;
  const named = (list?.reply.name ?? find?.reply.name) !== undefined;
  const which = named ? `named after ${mark}` : 'made at this time';
  return `keyturn looks for the key; if it then says that one may be there, remove the one ${which} ${where} by hand`;
}
