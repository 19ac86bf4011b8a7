import * as z from 'zod/mini';
import { checkClasses, inventedFields, lengthSetting } from '../core/invented-settings.ts';
import { duration, reference } from '../core/setting.ts';
import { liveCheckSettings } from '../http/live-check-settings.ts';
import { PART_NAME } from '../http/template.ts';
import { urlFault } from '../http/url.ts';
import { auth } from './auth-settings.ts';
import { listOperation } from './list-settings.ts';
import { coherent, described, factPointers, operation, pointer, request } from './operation-settings.ts';

const NAME_ERROR = 'must be a name of 1 to 31 letters, digits and _ that begins with a small letter';
const partName = z.string({ error: NAME_ERROR }).check(z.regex(PART_NAME, { error: NAME_ERROR }));

/** How a secret is made that keyturn invents and the provider is told. */
const invented = z
  .strictObject({
    length: described(lengthSetting(8), 'How many characters a secret has.'),
    ...inventedFields('alphanumeric'),
  })
  .check(z.superRefine(checkClasses));

const createReply = z.strictObject({
  ...factPointers,
  parts: z.optional(
    described(
      z.record(partName, pointer, { error: 'must be a map of parts to JSON pointers' }),
      'Part of the key -> where it stands. One part is named value. Not where keyturn makes the secret.',
    ),
  ),
});

const create = z
  .strictObject({ ...request, reply: described(createReply, 'Where in the reply things stand.') })
  .check(coherent as never);

const lastUsed = z
  .strictObject({
    ...request,
    reply: z.strictObject({
      at: described(pointer, 'Where the time of the last use stands; null there: never.'),
    }),
  })
  .check(coherent as never);

const describe = z
  .strictObject({
    ...request,
    reply: z.strictObject({
      ...factPointers,
      alive: z.optional(
        described(
          z.strictObject({
            pointer: described(pointer, 'Where it is looked for.'),
            equals: described(
              z.union([z.string(), z.number(), z.boolean(), z.null()]),
              'What a living key has there.',
            ),
          }),
          'What tells a living key. Without it: that it is known at all.',
        ),
      ),
    }),
  })
  .check(coherent as never);

function page(what: string) {
  return z.string({ error: `must be ${what}` }).check(
    z.superRefine((text, issues) => {
      const error = urlFault(text) ?? (/[{}]/.test(text) ? 'must not hold places' : null);
      if (error !== null) issues.addIssue({ code: 'custom', message: error });
    }),
  );
}

const base = page('the https URL that paths are added to').check(
  z.refine((text) => !/[?#]/.test(text), {
    error: 'must not hold a query or a # part: paths are added to it; write the query into each operation',
  }),
);

const MAX_LIVE = 'must be a whole number from 1 to 1000';

/** Everything that can be said of a provider without code, the name of its kind left out. */
export const descriptionFields = {
  baseUrl: z.optional(described(base, 'What the paths of the operations are added to.')),
  auth: z.optional(
    described(auth, "How keyturn's own requests say who it is; the keys it makes are not meant."),
  ),
  secrets: z.optional(
    described(
      z.record(partName, reference('A secret that operations use.')),
      'Name -> reference: secrets that operations use as {secret.NAME}.',
    ),
  ),
  secret: z.optional(described(invented, 'Only where keyturn makes the secret and tells the provider.')),
  create: described(create, 'Makes a key. It is sent at most once for each attempt.'),
  verify: liveCheckSettings,
  revoke: z.optional(described(operation, 'Ends one key, by {key.id} or by a part of it.')),
  promote: z.optional(
    described(
      operation,
      'In place of revoke, with abort: makes the new key the only one and so ends the old.',
    ),
  ),
  abort: z.optional(described(operation, 'With promote: ends the new key.')),
  list: z.optional(described(listOperation, 'Lists the keys.')),
  find: z.optional(
    described(listOperation, 'Lists the keys that carry {rotation.id}, where the list itself cannot tell.'),
  ),
  lastUsed: z.optional(described(lastUsed, 'Tells when the key {key.id} was last used.')),
  describe: z.optional(described(describe, 'Tells what is known of one key.')),
  maxLive: z.optional(
    described(
      z.int({ error: MAX_LIVE }).check(z.gte(1, { error: MAX_LIVE }), z.lte(1000, { error: MAX_LIVE })),
      'How many keys can live at once. 1: making one ends the other. Without it nobody knows.',
    ),
  ),
  settles: z._default(
    duration('How long a new key may still be refused and a dead one still accepted.', { zero: true }),
    '60s',
  ),
  longestLife: z.optional(
    duration('How long a new key lives at most, where it ends by itself.', { zero: false }),
  ),
  identity: z.optional(
    described(
      z
        .string({ error: 'must be the account that the keys belong to' })
        .check(
          z.regex(/^[\x21-\x7e]{1,80}$/, { error: 'must be 1 to 80 printable characters without spaces' }),
        ),
      'The account at the provider. Credentials that share it take turns. Without it: the host.',
    ),
  ),
  console: z.optional(
    described(
      page('the https URL of the page where a person sees the keys'),
      'The page where a person sees the keys.',
    ),
  ),
  errorCode: z.optional(described(pointer, "Where in a refusal the provider's code stands; it is shown.")),
  timeout: z._default(
    duration('How long one request may take, repetitions included.', { zero: false }),
    '20s',
  ),
};

const whole = z.strictObject(descriptionFields);
export type Description = z.output<typeof whole>;
/** What a description is written as: everything with a default may be left out. */
export type DescriptionInput = z.input<typeof whole>;
