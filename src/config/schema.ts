import * as z from 'zod/mini';
import { duration } from '../core/setting.ts';

/** The version of the configuration that this program reads. */
export const CONFIG_VERSION = 1;

export const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;
export const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const PART = /^[a-z][A-Za-z0-9_]{0,30}$/;
const TAG = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/;
/** Printable, without blanks, without empty, `.` and `..` steps. */
const LOCATION = /^(?!.*(?:^|\/)\.{0,2}(?:\/|$))[\x21-\x7e]{1,512}$/;
/** One printable line that does not begin or end with a blank. */
const LINE = /^(?! )[^\p{Cc}\p{Cs}]{1,256}(?<! )$/u;

const DEFAULTS = { maxAge: '90d', overlap: '24h', lead: '14d' } as const;

function described<S extends z.ZodMiniType>(schema: S, description: string, fallback?: unknown): S {
  const meta = fallback === undefined ? { description } : { description, default: fallback };
  z.globalRegistry.add(schema, meta);
  return schema;
}

/** A map that the loader reads by another schema. */
function readLater(description: string): z.ZodMiniOptional<z.ZodMiniUnknown> {
  const schema = z.optional(z.unknown());
  z.globalRegistry.add(schema, { description, type: 'object' });
  return schema;
}

function text(pattern: RegExp, reason: string, remedy: string): z.ZodMiniType<string, string> {
  return z.string().check(z.regex(pattern, { error: `${reason}; ${remedy}` }));
}

export const NAME_RULE = 'up to 63 of a-z, 0-9, dot, underscore and dash, beginning with a letter or digit';
export const nameSchema = text(NAME, 'is not a name that is allowed', `use ${NAME_RULE}`);

const variableSchema = text(
  VARIABLE,
  'is not the name of an environment variable',
  'use letters, digits and underscores',
);

const GATE = 'issuer-last-used';
const GATE_FORM = 'must be issuer-last-used, or { gate: issuer-last-used, quiet: 24h, longest: 14d }';

const gateSchema = z.union(
  [
    z.literal(GATE, { error: GATE_FORM }),
    z.strictObject({
      gate: described(z.literal(GATE, { error: GATE_FORM }), 'The name of the gate'),
      quiet: described(
        z.optional(duration('How long the old key must not have been used', { zero: false })),
        'How long the old key must not have been used',
        '24h',
      ),
      longest: described(
        z.optional(duration('The longest that its use holds its revocation up', { zero: false })),
        'The longest that its use holds its revocation up, from when it was replaced',
        '14d',
      ),
    }),
  ],
  { error: GATE_FORM },
);

export const policySchema = z.strictObject({
  maxAge: described(
    z.optional(duration('The age at which a key is due for replacement', { zero: false })),
    'The age at which a key is due for replacement',
    DEFAULTS.maxAge,
  ),
  renewBefore: described(
    z.optional(duration('How long before its expiry a key is due', { zero: false })),
    'How long before its expiry a key is due. Default: a third of its life, at least 7 days, at most half',
  ),
  overlap: described(
    z.optional(duration('How long the old key lives on', { zero: true })),
    'How long the old key lives on after the new one is in place',
    DEFAULTS.overlap,
  ),
  lead: described(
    z.optional(duration('How early a person is asked', { zero: false })),
    'How long before it is due a rotation that needs a person is opened; at most half of `maxAge` where it is not set',
    DEFAULTS.lead,
  ),
  gates: described(
    z.optional(z.array(gateSchema, { error: 'must be a list of gates' }).check(z.maxLength(1))),
    'What holds the revocation of the old key up: `issuer-last-used`, while the provider says that it is used',
    [],
  ),
  accept: described(
    z.optional(z.literal('gap')),
    'Accepts that the key of an issuer that allows only one dies before its successor is in place',
  ),
});

export type PolicySettings = z.infer<typeof policySchema>;
export const POLICY_DEFAULTS: PolicySettings = DEFAULTS;

export const credentialSchema = z.strictObject({
  issuer: described(nameSchema, 'Name of the issuer that makes its keys'),
  location: described(
    z.optional(
      text(
        LOCATION,
        'is not a location that is allowed',
        'use printable characters, and steps that are not empty',
      ),
    ),
    "Where the value stands in the store. Default: the credential's name",
  ),
  store: readLater('A store of its own, with the settings of `store`'),
  fields: described(
    z.optional(
      z
        .record(
          text(PART, 'is not a part of a key', 'use a part of the key, such as value'),
          text(LINE, 'is not the name of a field', 'use a short text on one line'),
        )
        .check(
          z.refine(
            (map) => Object.keys(map).length > 0,
            'is empty; name a part and its field, or leave it out',
          ),
        ),
    ),
    'Part of the key -> field of the JSON document at `location`. Without it a key of one part is stored verbatim',
  ),
  env: described(
    z.optional(z.union([variableSchema, z.record(z.string(), variableSchema)])),
    'The variable that `exec` sets; with several `fields`, field -> variable. Default: the names of the fields',
  ),
  tags: described(
    z.optional(
      z.record(
        text(TAG, 'is not a tag that is allowed', 'use letters, digits, dot, underscore, slash and dash'),
        text(LINE, 'is not a value that is allowed', 'use a short text on one line'),
      ),
    ),
    'What `--tag` selects by',
    {},
  ),
  policy: described(z.optional(policySchema), 'What differs from the policy of the file, key by key'),
});

export type CredentialSettings = z.infer<typeof credentialSchema>;

const ONE_SINK =
  'must have exactly one of file, url and stderr; keep one, and write a sink of its own for each';

export const sinkSchema = z
  .strictObject({
    file: described(
      z.optional(text(LINE, 'is not a path', 'write a path')),
      'A file that grows by one JSON line per entry; relative to this file, `~` is expanded',
    ),
    url: described(
      z.optional(text(/^https?:\/\//i, 'is not a URL', 'write it as https://host/path')),
      'Where entries are posted, as lines of JSON',
    ),
    stderr: described(z.optional(z.literal(true)), 'Entries are printed to stderr'),
    required: described(
      z.optional(z.boolean()),
      'Nothing but an emergency begins while this sink does not take its entries',
      false,
    ),
  })
  .check(
    z.refine(
      (sink) => [sink.file, sink.url, sink.stderr].filter((one) => one !== undefined).length === 1,
      ONE_SINK,
    ),
  )
  .register(z.globalRegistry, {
    oneOf: [{ required: ['file'] }, { required: ['url'] }, { required: ['stderr'] }],
  });

export type SinkSettings = z.infer<typeof sinkSchema>;

export const trailSchema = z.strictObject({
  sinks: described(z.array(sinkSchema), 'Where the entries of the audit trail go'),
});

/** The name of an npm package: no path, no address, no version. */
const PACKAGE = /^(?=.{1,214}$)(?:@[a-z0-9][a-z0-9._~-]*\/)?[a-z0-9][a-z0-9._~-]*$/;

export const pluginsSchema = z
  .array(text(PACKAGE, 'is not the name of an npm package', 'write its name alone, as in package.json'), {
    error: 'must be a list of names of npm packages',
  })
  .check(z.maxLength(50));

export const fileSchema = z.strictObject({
  version: described(z.literal(CONFIG_VERSION), 'The version of this format'),
  store: readLater('The store of every credential that has none of its own'),
  policy: readLater('The policy of every credential'),
  issuers: described(z.record(z.string(), z.unknown()), 'Name -> an issuer, which makes and ends keys'),
  credentials: described(z.record(z.string(), z.unknown()), 'Name -> a credential, which programs read'),
  trail: readLater('The audit trail'),
  plugins: described(
    z.optional(pluginsSchema),
    "npm packages that bring kinds of issuers and stores: direct dependencies of the configuration's own project",
  ),
});
