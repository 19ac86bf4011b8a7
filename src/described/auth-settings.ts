import * as z from 'zod/mini';
import { REFERENCE, reference } from '../core/setting.ts';
import { queryFault } from '../http/literals.ts';
import { urlFault } from '../http/url.ts';
import { described } from './operation-settings.ts';

const CURRENT = /^\{current\.[a-z][A-Za-z0-9_]{0,30}\}$/;
const SECRET_ERROR = 'must be a reference (env:NAME, file:PATH, store:CREDENTIAL), or {current.PART}';

const current = z.string({ error: SECRET_ERROR }).check(z.regex(CURRENT, { error: SECRET_ERROR }));

/** A secret by its place, or a part of the key that is current. */
const secret = (description: string) =>
  described(z.union([reference(description), current], { error: SECRET_ERROR }), description);

const text = (description: string) =>
  described(
    z.union(
      [
        reference(description),
        z.string({ error: 'must be text or a reference' }).check(z.regex(/^[^{}]*$/)),
        current,
      ],
      { error: 'must be text, a reference, or {current.PART}' },
    ),
    description,
  );

const name = z
  .string({ error: 'must be a name' })
  .check(
    z.regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, { error: 'must be the name of a header or parameter' }),
  );

const basic = z
  .strictObject({
    user: text('The user, as it is, or a reference.'),
    password: described(
      z.union([reference('The password.'), current, z.literal('')], { error: `${SECRET_ERROR}, or empty` }),
      'The password; empty where the user is all.',
    ),
  })
  .check(
    z.superRefine(({ user, password }, issues) => {
      if (password !== '' || REFERENCE.test(user) || CURRENT.test(user)) return;
      const message = `${SECRET_ERROR}: where the password is empty, the user is the secret`;
      issues.addIssue({ code: 'custom', message, path: ['user'] });
    }),
  );

const header = z.strictObject({
  name: described(name, 'The name of the header.'),
  value: secret('What it carries.'),
  prefix: z.optional(
    described(
      z.string().check(z.regex(/^[\x20-\x7e]{0,40}$/, { error: 'must be up to 40 printable characters' })),
      'What stands before it, such as "App ", with its space.',
    ),
  ),
});

const query = z.strictObject({
  name: described(name, 'The name of the query parameter.'),
  value: secret(
    'What it carries. It stands in the address, where logs show it: use it only where nothing else is.',
  ),
});

const oauth2 = z.strictObject({
  url: described(
    z.string({ error: 'must be a URL' }).check(
      z.superRefine((given, issues) => {
        const error =
          urlFault(given) ??
          (/[{}#]/.test(given) ? 'must not hold places or a # part' : null) ??
          (queryFault(given) === null ? null : 'holds a secret in clear; refer to it under clientSecret');
        if (error !== null) issues.addIssue({ code: 'custom', message: error });
      }),
    ),
    'Where an access token is asked for.',
  ),
  clientId: text('The id of the client, as it is, or a reference.'),
  clientSecret: secret('The secret of the client.'),
  send: z.optional(
    described(
      z.enum(['basic', 'form'], { error: 'must be basic or form' }),
      'Where both stand. Without it: basic.',
    ),
  ),
  scope: z.optional(described(z.string(), 'The scope that is asked for.')),
});

/** How keyturn says who it is: exactly one of these. */
export const auth = z
  .strictObject({
    bearer: z.optional(secret('A token, sent as Authorization: Bearer.')),
    basic: z.optional(described(basic, 'Basic authentication.')),
    header: z.optional(described(header, 'A header of its own.')),
    query: z.optional(described(query, 'A query parameter.')),
    oauth2: z.optional(
      described(oauth2, 'OAuth 2 client credentials: a token is fetched and kept while it lasts.'),
    ),
  })
  .check(
    z.refine((given) => Object.values(given).filter((one) => one !== undefined).length === 1, {
      error: 'must have exactly one of bearer, basic, header, query and oauth2',
    }),
  );
export type Auth = z.output<typeof auth>;
