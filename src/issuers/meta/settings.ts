import * as z from 'zod/mini';
import type { IssuerKind } from '../../core/plugin.ts';
import { duration, reference } from '../../core/setting.ts';
import { urlFault } from '../../http/url.ts';

const QUOTE_IT = 'must be an id of digits, in quotes: as a number it loses its last digits';
const ID_RULE = 'must be an id of digits, such as "634974688087057"';

/** An id of Meta: digits, as text. A number is taken where none of its digits can have been lost. */
const id = (description: string) =>
  z
    .union(
      [
        z.string().check(z.regex(/^[1-9][0-9]{0,29}$/, { error: ID_RULE })),
        z.number().check(
          z.refine((value) => Number.isSafeInteger(value) && value > 0, {
            error: QUOTE_IT,
          }),
        ),
      ],
      {
        error: (issue) =>
          typeof issue.input === 'number' && !Number.isSafeInteger(issue.input) ? QUOTE_IT : ID_RULE,
      },
    )
    .register(z.globalRegistry, { description });

const scope = z
  .string({ error: 'must be the name of a permission, such as whatsapp_business_messaging' })
  .check(
    z.regex(/^[a-z][a-z0-9_]{0,63}$/, {
      error: 'must be the name of a permission, such as whatsapp_business_messaging',
    }),
  );

const flag = (value: boolean, description: string) =>
  z
    ._default(z.boolean({ error: 'must be true or false' }), value)
    .register(z.globalRegistry, { description });

const checks = z
  .strictObject(
    {
      phoneNumber: z.optional(id('The id of a phone number that the token can read.')),
      waba: z.optional(id('The id of a WhatsApp Business account that the token can read.')),
    },
    {
      error: (issue) =>
        issue.code === 'invalid_type' ? 'must be { phoneNumber: "…" } or { waba: "…" }' : undefined,
    },
  )
  .check(
    z.refine(({ phoneNumber, waba }) => phoneNumber !== undefined || waba !== undefined, {
      error: 'must name phoneNumber or waba, or both: a live read is part of every proof',
    }),
  )
  .register(z.globalRegistry, {
    description: 'What every check of a token reads, without changing anything.',
  });

const fields = z.strictObject({
  kind: z.literal('meta-system-user'),
  appId: id('The id of the app that the tokens are for.'),
  systemUserId: id('The app-scoped id of the system user that the tokens act as.'),
  appSecret: reference('The secret of the app.'),
  adminToken: z.optional(
    reference(
      'A token of an admin system user of the same app, which asks for new tokens. Only with mode mint.',
    ),
  ),
  mode: z
    ._default(z.enum(['mint', 'exchange'], { error: 'must be mint or exchange' }), 'mint')
    .register(z.globalRegistry, {
      description:
        'mint asks for a new token with adminToken; exchange trades the current, expiring one for another.',
    }),
  exchangeBy: z
    ._default(z.enum(['post', 'get'], { error: 'must be post or get' }), 'post')
    .register(z.globalRegistry, {
      description:
        'How an exchange is sent. post keeps secrets out of addresses and turns to get where it is refused; Meta documents get.',
    }),
  scopes: z
    .array(scope, { error: 'must be a list of permissions' })
    .check(z.minLength(1, { error: 'must name at least one permission' }))
    .register(z.globalRegistry, { description: 'The permissions that a token must have.' }),
  strictScopes: flag(false, 'Whether a permission beyond scopes makes a token unfit.'),
  strictIdentity: flag(
    false,
    'Whether a token of another system user than systemUserId is unfit. Needs the app-scoped id.',
  ),
  expiring: flag(true, 'Whether new tokens end by themselves after 60 days.'),
  checks,
  graphUrl: z
    ._default(
      z.string({ error: 'must be a URL' }).check(
        z.superRefine((text, issues) => {
          const fault = urlFault(text) ?? (/[?#]/.test(text) ? 'must not hold a query or a # part' : null);
          if (fault !== null) issues.addIssue({ code: 'custom', message: fault });
        }),
      ),
      'https://graph.facebook.com',
    )
    .register(z.globalRegistry, {
      description: 'Where the Graph API is: another address only for a simulator.',
    }),
  apiVersion: z
    ._default(
      z
        .string({ error: 'must be a version such as v25.0' })
        .check(z.regex(/^v[1-9][0-9]{0,2}\.[0-9]{1,2}$/, { error: 'must be a version such as v25.0' })),
      'v25.0',
    )
    .register(z.globalRegistry, { description: 'The version of the Graph API that is named in every call.' }),
  settles: z._default(
    duration('How long a new token may still be refused, and a revoked one still be accepted.', {
      zero: true,
    }),
    '60s',
  ),
  timeout: z._default(duration('How long one call to Meta may take.', { zero: false }), '20s'),
});

export const metaSettings = fields.check(
  z.superRefine((settings, issues) => {
    const refuse = (path: string, message: string) =>
      issues.addIssue({ code: 'custom', path: [path], message });
    if (settings.mode === 'mint' && settings.adminToken === undefined) {
      refuse('adminToken', 'is missing: minting needs it; without one, set mode: exchange');
    }
    if (settings.mode === 'exchange' && settings.adminToken !== undefined) {
      refuse('adminToken', 'is not used with mode: exchange; remove it, so that it lies around nowhere');
    }
    if (settings.mode === 'exchange' && !settings.expiring) {
      refuse('expiring', 'must be true with mode: exchange: only tokens that expire can be exchanged');
    }
  }),
);

export type MetaSettings = z.infer<typeof metaSettings>;

export const metaSystemUser: IssuerKind<MetaSettings> = {
  kind: 'meta-system-user',
  summary: 'Access tokens of a system user, by the Graph API of Meta.',
  settings: metaSettings,
  load: async () => (await import('./index.ts')).createMetaIssuer,
};
