import * as z from 'zod/mini';
import { duration } from '../core/setting.ts';
import { JSON_POINTER } from './json-pointer.ts';
import { headerFault, literalFault } from './literals.ts';
import { parseTemplate, partsOf } from './template.ts';
import { urlFault } from './url.ts';

const TEMPLATE_RULE = 'may hold {key.PART} and no other brace';

const template = (error: string) =>
  z.string({ error }).check(z.refine((text) => parseTemplate(text) !== null, { error: TEMPLATE_RULE }));

/** What is wrong with the URL of a check, which may hold places for the key. */
function checkUrlFault(url: string): string | null {
  const fault = urlFault(url);
  if (fault !== null) return fault;
  if (parseTemplate(url) === null) return TEMPLATE_RULE;
  if (url.includes('#')) return 'must not hold a # part; it is never sent';
  for (const [name, value] of new URL(url).searchParams) {
    const literal = literalFault(name, value);
    if (literal !== null) return literal;
  }
  return null;
}

const namedTemplates = (what: 'header' | 'query', fault: (name: string, value: string) => string | null) =>
  z
    .record(z.string(), template(`must be text that ${TEMPLATE_RULE}`), {
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

const statuses = (allowed: (status: number) => boolean, which: string) => {
  const error = `must be a status ${which}`;
  return z.array(z.int({ error }).check(z.refine(allowed, { error })), {
    error: `must be a list of statuses ${which}`,
  });
};

/** Statuses that never speak of a key: time, limits, and what stands between us and the provider. */
const NEVER_ABOUT_A_KEY: ReadonlySet<number> = new Set([407, 408, 425, 429]);

/** Whether a status may say, if the operator says so, that a key is dead. */
export function canRefuse(status: number): boolean {
  return status >= 400 && status < 500 && !NEVER_ABOUT_A_KEY.has(status);
}

const replyRule = (description: string) =>
  z
    .strictObject({
      pointer: z
        .string({ error: 'must be a JSON pointer such as /error/code' })
        .check(z.regex(JSON_POINTER, { error: 'must be a JSON pointer such as /error/code' })),
      equals: z.union([z.string(), z.number(), z.boolean(), z.null()], {
        error: 'must be the text, number, true, false or null that stands there',
      }),
    })
    .register(z.globalRegistry, { description });

/** The setting `test`: one harmless GET that carries the key, and what its answers mean. */
export const liveCheckSettings = z
  .strictObject({
    url: z
      .string({ error: 'must be an https URL that a GET can read without changing anything' })
      .check(
        z.superRefine((text, issues) => {
          const error = checkUrlFault(text);
          if (error !== null) issues.addIssue({ code: 'custom', message: error });
        }),
      )
      .register(z.globalRegistry, {
        description: 'What is asked: https (http on loopback only). Path and query may hold {key.PART}.',
      }),
    method: z
      ._default(z.literal('GET', { error: 'must be GET: a check changes nothing' }), 'GET')
      .register(z.globalRegistry, { description: 'GET and nothing else: a check changes nothing.' }),
    header: z.optional(
      template('must be one line, such as "Authorization: Bearer {key.value}"')
        .check(
          z.superRefine((line, issues) => {
            const [name, value] = splitHeader(line);
            const error =
              value === null
                ? 'must be a name, a colon and a value, such as "Authorization: Bearer {key.value}"'
                : headerFault(name, value);
            if (error !== null) issues.addIssue({ code: 'custom', message: error });
          }),
        )
        .register(z.globalRegistry, { description: 'One header line; the value may hold {key.PART}.' }),
    ),
    headers: z.optional(
      namedTemplates('header', headerFault).register(z.globalRegistry, {
        description: 'More headers by name; the values may hold {key.PART}.',
      }),
    ),
    basic: z.optional(
      z
        .strictObject({
          user: template(`must be text that ${TEMPLATE_RULE}`),
          password: template(`must be text that ${TEMPLATE_RULE}`).check(
            z.refine((text) => text === '' || text.includes('{key.'), {
              error: 'holds a secret in clear; write {key.value} where the key belongs, or leave it empty',
            }),
          ),
        })
        .register(z.globalRegistry, {
          description: 'Basic authentication with user and password; both may hold {key.PART}.',
        }),
    ),
    query: z.optional(
      namedTemplates('query', literalFault).register(z.globalRegistry, {
        description: 'Query parameters added to the URL; the values may hold {key.PART}.',
      }),
    ),
    works: z.optional(
      statuses(
        (status) => status >= 200 && status < 500 && status !== 401 && !NEVER_ABOUT_A_KEY.has(status),
        'between 200 and 499, without 401, 407, 408, 425 and 429',
      )
        .check(z.minLength(1, { error: 'must list at least one status' }))
        .register(z.globalRegistry, {
          description: 'Statuses that say that the key works. Without it: 200 to 299.',
        }),
    ),
    refused: z
      ._default(statuses(canRefuse, 'between 400 and 499, without 407, 408, 425 and 429'), [401])
      .register(z.globalRegistry, {
        description:
          'Statuses that say that the key is dead. List 403 only if it never means a missing right.',
      }),
    worksIf: z.optional(replyRule('A reply whose status works counts only with this value in its JSON.')),
    refusedIf: z.optional(replyRule('A reply with this value in its JSON says that the key is dead.')),
    timeout: z._default(
      duration('How long one check may take, repetitions included.', { zero: false }),
      '10s',
    ),
    acceptHtml: z._default(z.boolean({ error: 'must be true or false' }), false).register(z.globalRegistry, {
      description:
        'Whether the status of a web page counts. Otherwise a web page says nothing about the key.',
    }),
  })
  .check(
    z.superRefine((test, issues) => {
      const fault = (message: string, ...path: string[]) =>
        issues.addIssue({ code: 'custom', message, path });
      if (sentParts(test).length === 0) {
        fault('does not send the key; put {key.value} into header, headers, basic, query or url');
      }
      const names = headerTemplates(test).map(([name]) => name.toLowerCase());
      if (test.basic !== undefined) names.push('authorization');
      if (new Set(names).size !== names.length) fault('sets one header twice; keep one of the two');
      const both = test.works?.find((status) => test.refused.includes(status));
      if (both !== undefined) {
        fault(`lists ${both} under works and under refused; keep it where it belongs`, 'works');
      }
      if (test.refused.length === 0 && test.refusedIf === undefined) {
        fault('names no answer that says that a key is dead; list 401, or add refusedIf', 'refused');
      }
    }),
  )
  .register(z.globalRegistry, {
    description: 'How a key is tried: one harmless GET, and what its answers mean.',
  });

export type LiveCheckSettings = z.output<typeof liveCheckSettings>;

type Sent = Pick<LiveCheckSettings, 'url' | 'header' | 'headers' | 'basic' | 'query'>;

/** Every header of a check with its template, except the one that `basic` makes. */
export function headerTemplates(test: Sent): readonly (readonly [name: string, value: string])[] {
  const [name, value] = splitHeader(test.header ?? '');
  return [...(value === null ? [] : [[name, value] as const]), ...Object.entries(test.headers ?? {})];
}

/** The names of the parts that a check sends, each once. */
export function sentParts(test: Sent): readonly string[] {
  const texts = [
    test.url,
    ...headerTemplates(test).map(([, value]) => value),
    ...Object.values(test.query ?? {}),
    test.basic?.user ?? '',
    test.basic?.password ?? '',
  ];
  return [...new Set(texts.flatMap((text) => partsOf(parseTemplate(text) ?? [])))];
}

function splitHeader(line: string): readonly [name: string, value: string | null] {
  const colon = line.indexOf(':');
  return colon < 1 ? [line, null] : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
}
