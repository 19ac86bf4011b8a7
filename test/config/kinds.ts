import * as z from 'zod/mini';
import type { Catalogue, Config, Kinds } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { type ConfigProblem, configProblems } from '../../src/config/problems.ts';
import { KeyturnError } from '../../src/core/errors.ts';
import { duration, reference } from '../../src/core/setting.ts';

/** Kinds with every shape of setting that the loader looks into. */
export const KINDS: Kinds = {
  stores: [
    {
      kind: 'shelf',
      summary: 'A store.',
      settings: z.strictObject({
        kind: z.literal('shelf'),
        path: z.string(),
        identity: z.optional(z.union([reference('who opens it'), z.array(reference('who opens it'))])),
      }),
    },
  ],
  issuers: [
    {
      kind: 'mint',
      summary: 'An issuer.',
      settings: z.strictObject({
        kind: z.literal('mint'),
        appId: z.string(),
        appSecret: reference('the secret of the app'),
        adminToken: z.optional(reference('an admin token')),
        headers: z.optional(z.record(z.string(), reference('a header'))),
        login: z.optional(z.strictObject({ user: z.string(), password: reference('a password') })),
        expiring: z._default(z.boolean(), true),
        settles: z.optional(duration('how long it settles', { zero: true })),
        url: z.optional(z.string()),
      }),
    },
    { kind: 'invent', summary: 'Another.', settings: z.strictObject({ kind: z.literal('invent') }) },
    {
      kind: 'single',
      summary: 'One that has room for one key.',
      settings: z.strictObject({ kind: z.literal('single'), line: z.string() }),
      soleKeyOf: ({ line }: { readonly line: string }) => line,
    },
  ],
};

/** The same, as a program has them: by name until they are needed. */
export const CATALOGUE: Catalogue = {
  stores: KINDS.stores.map((kind) => ({ kind: kind.kind, open: async () => kind })),
  issuers: KINDS.issuers.map((kind) => ({ kind: kind.kind, open: async () => kind })),
};

export const FILE = '/srv/app/keyturn.yaml';

/** A configuration that is right, but for the sections that are given. */
export function yaml(sections: Readonly<Record<string, string>> = {}): string {
  const all = {
    version: '1',
    store: '{ kind: shelf, path: ./secrets, identity: env:IDENTITY }',
    issuers: '{ meta: { kind: mint, appId: "1", appSecret: env:APP_SECRET }, own: { kind: invent } }',
    credentials: '{ wa-prod: { issuer: meta } }',
    ...sections,
  };
  return Object.entries(all)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('');
}

export function parse(text: string): Config {
  return parseConfig(text, FILE, KINDS);
}

/** The one error that a text gives. Fails where there is none, or where it is no CONFIG error. */
export function refusal(text: string): KeyturnError {
  try {
    parse(text);
  } catch (caught) {
    if (caught instanceof KeyturnError && caught.code === 'CONFIG') return caught;
    throw caught;
  }
  throw new Error(`accepted:\n${text}`);
}

export function problems(text: string): readonly ConfigProblem[] {
  return configProblems(refusal(text));
}

/** Each mistake as `line:column setting: reason; remedy`. */
export function mistakes(text: string): readonly string[] {
  return problems(text).map((one) => `${one.line}:${one.column} ${one.reason}; ${one.remedy}`);
}
