import * as z from 'zod/mini';
import { JSON_POINTER } from '../http/json-pointer.ts';
import { headerFault, literalFault, queryFault } from '../http/literals.ts';
import { urlFault } from '../http/url.ts';
import { PLACE_RULE, parsePlaces } from './places.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const POINTER_ERROR = 'must be a JSON pointer such as /data/id, or a list of them';

/** A copy of a schema with this description: one that is used in several places means something else in each. */
export function described<S extends z.ZodMiniType>(schema: S, description: string): S {
  const copy = schema.clone() as S;
  z.globalRegistry.add(copy, { ...z.globalRegistry.get(schema), description });
  return copy;
}

/** Text that may hold places. */
function template(error: string) {
  return z.string({ error }).check(z.refine((text) => parsePlaces(text) !== null, { error: PLACE_RULE }));
}

function urlTemplateFault(text: string): string | null {
  if (parsePlaces(text) === null) return PLACE_RULE;
  const absolute = text.startsWith('/') ? `https://host.example${text}` : text;
  const fault = text.startsWith('//') ? 'must be a path after baseUrl, or a whole URL' : urlFault(absolute);
  if (fault !== null) return fault;
  if (text.includes('#')) return 'must not hold a # part; it is never sent';
  return queryFault(absolute);
}

const urlTemplate = z.string({ error: 'must be a path after baseUrl, such as /keys, or a whole URL' }).check(
  z.superRefine((text, issues) => {
    const error = urlTemplateFault(text);
    if (error !== null) issues.addIssue({ code: 'custom', message: error });
  }),
);

function named(what: string, fault: (name: string, value: string) => string | null) {
  return z
    .record(z.string(), template(`must be text; it ${PLACE_RULE}`), {
      error: `must be a map of ${what} names to values`,
    })
    .check(
      z.superRefine((entries, issues) => {
        for (const [name, value] of Object.entries(entries)) {
          const error = fault(name, value);
          if (error !== null) issues.addIssue({ code: 'custom', message: error, path: [name] });
        }
      }),
    );
}

/** Every text of a body, with its path and the name that it stands under. */
function textsOf(
  value: unknown,
  path: readonly (string | number)[],
): readonly [(string | number)[], string][] {
  if (typeof value === 'string') return [[[...path], value]];
  if (value === null || typeof value !== 'object') return [];
  const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  return entries.flatMap(([step, inner]) => textsOf(inner, [...path, step]));
}

function body(error: string) {
  return z.record(z.string(), z.unknown(), { error }).check(
    z.superRefine((given, issues) => {
      for (const [path, text] of textsOf(given, [])) {
        const name = path.findLast((step) => typeof step === 'string') ?? '';
        const message = parsePlaces(text) === null ? PLACE_RULE : literalFault(String(name), text);
        if (message !== null) issues.addIssue({ code: 'custom', message, path });
      }
    }),
  );
}

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()], {
  error: 'must be the text, number, true, false or null that stands there',
});
const onePointer = z.string({ error: POINTER_ERROR }).check(z.regex(JSON_POINTER, { error: POINTER_ERROR }));

/** Where in a reply something stands; of several pointers the first that leads to something counts. */
export const pointer = z.union([onePointer, z.array(onePointer).check(z.minLength(1))], {
  error: POINTER_ERROR,
});
export type Pointer = z.output<typeof pointer>;

const status = z
  .int({ error: 'must be a status from 200 to 599' })
  .check(z.gte(200, { error: 'must be a status from 200 to 599' }), z.lte(599));

const condition = z.strictObject({
  status: z.optional(described(status, 'Only a reply with this status.')),
  pointer: described(onePointer, 'Where in the JSON of the reply it is looked for.'),
  equals: described(scalar, 'The value that must stand there.'),
});
export type Condition = z.output<typeof condition>;

const rules = (description: string) =>
  z.optional(
    described(
      z.array(
        z.union([status, condition], {
          error: 'must be a status, or { pointer, equals } with or without status',
        }),
        { error: 'must be a list of statuses, or of { pointer, equals }' },
      ),
      description,
    ),
  );

const answers = z.strictObject({
  done: rules('What means that it was done. Without it: 200 to 299.'),
  already: rules(
    'What means that there was nothing to do any more. Without it: 404 and 410 on revoke and abort.',
  ),
  full: rules('What means that no further key is allowed. Only on create.'),
  refused: rules('What means no, and that nothing was done. Without it: 400 to 499, but 408, 425 and 429.'),
  admin: rules("What means that keyturn's own credentials are refused. Without it: 401."),
  limited: rules('What means to come back later, and that nothing was done. Without it: 429.'),
  unknown: rules('What says nothing: the effect may have happened or not. Everything else is that, too.'),
});
export type AnswerRules = z.output<typeof answers>;

export const request = {
  method: z.optional(
    described(
      z.enum(METHODS, { error: `must be one of ${METHODS.join(', ')}` }),
      'Without it: GET to look, POST for create and promote, DELETE for revoke and abort.',
    ),
  ),
  url: described(urlTemplate, 'A path after baseUrl, or a whole URL; may hold places, which are encoded.'),
  headers: z.optional(described(named('header', headerFault), 'Headers by name; values may hold places.')),
  query: z.optional(described(named('query', literalFault), 'Query parameters; values may hold places.')),
  json: z.optional(
    described(body('must be a map, sent as JSON'), 'The body as JSON; texts may hold places.'),
  ),
  form: z.optional(
    described(
      body('must be a map, sent as a form'),
      'The body as a form; texts may hold places, a map or list in it is sent as JSON.',
    ),
  ),
  auth: z.optional(
    described(
      z.literal('none', { error: 'must be none, or be left out' }),
      'Sends this operation without the auth of the issuer.',
    ),
  ),
  answers: z.optional(described(answers, 'What the replies mean, where the usual meaning does not fit.')),
};

const operationSchema = z.strictObject(request);
export type Operation = z.output<typeof operationSchema>;
export const operation = operationSchema;

export const factPointers = {
  id: z.optional(described(pointer, "Where the provider's own id of the key stands.")),
  issuedAt: z.optional(
    described(pointer, 'When it was made: ISO 8601, RFC 2822, or seconds or ms since 1970.'),
  ),
  expiresAt: z.optional(described(pointer, 'When it ends by itself; null or 0 there: never.')),
  scopes: z.optional(described(pointer, 'Its rights: a list of texts, or one text with spaces.')),
};

/** A mistake of one operation that its parts alone do not show. */
export const coherent = z.superRefine<Operation>((given, issues) => {
  const fault = (path: string, message: string) => issues.addIssue({ code: 'custom', message, path: [path] });
  if (given.json !== undefined && given.form !== undefined)
    fault('form', 'stands beside json; keep one of the two');
  if (given.method === 'GET' && (given.json ?? given.form) !== undefined) {
    fault('method', 'is GET, which has no body; use another method, or query');
  }
});
