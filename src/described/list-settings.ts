import * as z from 'zod/mini';
import { coherent, described, factPointers, pointer, request } from './operation-settings.ts';

const QUERY_NAME = 'must be the name of a query parameter';
const queryName = z
  .string({ error: QUERY_NAME })
  .check(z.regex(/^[\x21-\x7e]{1,64}$/, { error: QUERY_NAME }));

const next = z
  .strictObject({
    url: z.optional(
      described(pointer, 'Where the address of the next page stands; empty or absent: the end.'),
    ),
    cursor: z.optional(described(pointer, 'Where the text stands that asks for the next page.')),
    as: z.optional(described(queryName, 'The query parameter that takes the cursor.')),
    more: z.optional(described(pointer, 'With cursor: where true stands while there are more pages.')),
    page: z.optional(described(queryName, 'The query parameter that takes the number of the page.')),
    first: z.optional(described(z.int(), 'With page: the number of the first page. Without it: 1.')),
    pages: z.optional(
      described(
        pointer,
        'With page: where the number of pages stands. Without it, and where none stands: an empty page is the end.',
      ),
    ),
  })
  .check(
    z.superRefine((given, issues) => {
      const kinds = [given.url, given.cursor, given.page].filter((one) => one !== undefined).length;
      const fault = (message: string) => issues.addIssue({ code: 'custom', message });
      if (kinds !== 1) fault('must have exactly one of url, cursor and page');
      if ((given.cursor === undefined) !== (given.as === undefined)) {
        fault('needs cursor and as together: where it stands, and the query parameter that takes it');
      }
    }),
  );
export type Paging = z.output<typeof next>;

const listReply = z.strictObject({
  ...factPointers,
  id: described(pointer, "Where the provider's own id of a key stands."),
  name: z.optional(
    described(pointer, 'Where its name stands; a name that holds {rotation.id} is found again.'),
  ),
  lastUsed: z.optional(described(pointer, 'When it was last used; null there: never.')),
});

const fields = {
  ...request,
  items: z.optional(
    described(pointer, 'Where the list stands in the reply. Without it: the reply is the list.'),
  ),
  where: z.optional(
    described(
      z.strictObject({
        pointer: described(pointer, 'Where in an entry it is looked for.'),
        equals: described(
          z.union([z.string(), z.number(), z.boolean(), z.null()]),
          'The value that must stand there.',
        ),
      }),
      'Only entries that have this count: those of living keys.',
    ),
  ),
  reply: described(listReply, 'Where in each entry things stand.'),
  next: z.optional(described(next, 'How the next page is asked for. Without it there is one page.')),
};

/** An operation that answers with keys. */
export const listOperation = z.strictObject(fields).check(coherent as never);
export type ListOperation = z.output<typeof listOperation>;
