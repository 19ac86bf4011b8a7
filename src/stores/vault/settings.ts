import * as z from 'zod/mini';
import type { StoreKind } from '../../core/plugin.ts';
import { duration, reference } from '../../core/setting.ts';

/** A reference to a secret that opens the store, which therefore cannot lie in a store. */
const opener = (description: string) =>
  reference(description)
    .check(
      z.refine((text) => !text.startsWith('store:'), {
        error: 'must be env:NAME or file:PATH: a store cannot hold the key to itself',
      }),
    )
    .register(z.globalRegistry, { description, reference: true });

const line = (description: string, example: string) =>
  z
    .string({ error: `must be a text such as ${example}` })
    .check(
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
      z.regex(/^[^\u0000-\u001f\u007f]+$/, { error: `must be a text on one line, such as ${example}` }),
    )
    .register(z.globalRegistry, { description });

/** A path in Vault: steps that are not empty and do not begin with a dot, without the characters of policies. */
export const PLAIN_PATH = /^(?!\.)[A-Za-z0-9_.~-]+(\/(?!\.)[A-Za-z0-9_.~-]+)*$/;

const path = (description: string, fallback: string) =>
  z
    ._default(
      z.string().check(
        z.regex(PLAIN_PATH, {
          error: `must be a path such as ${fallback}: letters, digits, dot, dash, underscore`,
        }),
      ),
      fallback,
    )
    .register(z.globalRegistry, { description });

const METHOD = { description: 'How keyturn logs in.' };

const role = line('The role to log in to.', 'keyturn');

const auth = z
  .discriminatedUnion(
    'method',
    [
      z.strictObject({
        method: z.literal('token').register(z.globalRegistry, METHOD),
        token: opener('A token of Vault. It is neither renewed nor revoked: it is yours.'),
      }),
      z.strictObject({
        method: z.literal('approle').register(z.globalRegistry, METHOD),
        mount: path('Where this way to log in is mounted.', 'approle'),
        roleId: opener('The id of the role.'),
        secretId: opener('The secret id of the role.'),
      }),
      z.strictObject({
        method: z.literal('jwt').register(z.globalRegistry, METHOD),
        mount: path('Where this way to log in is mounted.', 'jwt'),
        role,
        jwt: opener('The identity token that CI gives to a job.'),
      }),
      z.strictObject({
        method: z.literal('kubernetes').register(z.globalRegistry, METHOD),
        mount: path('Where this way to log in is mounted.', 'kubernetes'),
        role,
        tokenFile: z.optional(
          line(
            'The token of the service account, which the cluster replaces from time to time.',
            '/var/run/secrets/kubernetes.io/serviceaccount/token',
          ),
        ),
      }),
    ],
    { error: 'must have method: token, approle, jwt or kubernetes, with the settings of that method' },
  )
  .register(z.globalRegistry, { description: 'How keyturn logs in to Vault.' });

export const vaultSettings = z.strictObject({
  kind: z.literal('vault'),
  address: line('Where Vault listens: `https://HOST:8200`.', 'https://vault.example:8200').check(
    z.refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
      error: 'must be a URL such as https://vault.example:8200',
    }),
    z.refine((text) => !URL.canParse(text) || /^\/?$/.test(new URL(text).pathname + new URL(text).search), {
      error: 'must be the address alone, without a path: keyturn adds /v1/ itself',
    }),
  ),
  namespace: z.optional(
    z
      .string({ error: 'must be a namespace such as team-a' })
      .check(z.regex(/^(?!\/)[^\s\p{Cc}]+$/u, { error: 'must be a namespace such as team-a or team-a/prod' }))
      .register(z.globalRegistry, { description: 'The namespace (Vault Enterprise, HCP, OpenBao).' }),
  ),
  ca: z.optional(
    line(
      'A file of certificates (PEM) that are trusted instead of the usual ones; relative to this file.',
      './vault-ca.pem',
    ),
  ),
  auth,
  mount: path('Where the KV engine is mounted, version 2.', 'secret'),
  data: z
    ._default(z.enum(['value', 'document'], { error: 'must be value or document' }), 'value')
    .register(z.globalRegistry, {
      description:
        'value: the text at a location is one field of the secret. document: the fields of the secret are the JSON document.',
    }),
  field: z
    ._default(
      z
        .string({ error: 'must be the name of a field, such as value' })
        .check(z.regex(/^[^\p{Cc}]{1,100}$/u, { error: 'must be the name of a field, such as value' })),
      'value',
    )
    .register(z.globalRegistry, { description: 'The field that consumers read, with `data: value`.' }),
  ownPath: path('Where in the mount keyturn keeps what consumers must not read.', 'keyturn'),
  listBelow: z.optional(
    z
      .string()
      .check(z.regex(PLAIN_PATH, { error: 'must be a path such as prod' }))
      .register(z.globalRegistry, {
        description: 'Where `audit` looks for values that no credential names. Needs the right to list.',
      }),
  ),
  converges: z.optional(
    duration('How long readers of performance standbys may still see an old value. Added to the overlap.', {
      zero: true,
    }),
  ),
});

export type VaultSettings = z.output<typeof vaultSettings>;
export type VaultAuth = VaultSettings['auth'];

export const vaultKind: StoreKind<VaultSettings> = {
  kind: 'vault',
  summary: 'A KV engine (version 2) of HashiCorp Vault or OpenBao.',
  settings: vaultSettings,
  load: async () => (await import('./index.ts')).createVaultStore,
};
