import * as z from 'zod/mini';
import { reference } from '../../core/setting.ts';
import { address, commonSettings, describedKind, providerId } from '../../described/kind.ts';

const accountSid = providerId(
  /^AC[0-9a-fA-F]{32}$/,
  'must be the SID of the account: AC and 32 hex digits',
  'The SID of the account.',
);
const apiUrl = address(
  'https://api.twilio.com',
  'Where keys are tried: another address only for a simulator.',
);
const PATH = 'must be a path that begins with /, without a query';

const keySettings = z
  .strictObject({
    kind: z.literal('twilio'),
    accountSid,
    authToken: z.optional(reference('The auth token of the account. Or mainKey.')),
    mainKey: z.optional(
      z
        .strictObject({
          sid: providerId(
            /^SK[0-9a-fA-F]{32}$/,
            'must be the SID of a key: SK and 32 hex digits',
            'The SID of the key.',
          ),
          secret: reference('The secret of the key.'),
        })
        .register(z.globalRegistry, { description: 'A Main key, made in the Console. Or authToken.' }),
    ),
    allow: z.optional(
      z
        .array(
          z.string().check(
            z.regex(/^\/[a-z0-9/_*-]{1,120}$/, {
              error: 'must be a path such as /twilio/messaging/messages/read',
            }),
          ),
        )
        .check(z.minLength(1), z.maxLength(100))
        .register(z.globalRegistry, {
          description: 'Makes restricted keys that may do only this. Without it: standard keys.',
        }),
    ),
    probe: z
      ._default(
        z.string({ error: PATH }).check(z.regex(/^\/[\w./-]{1,120}$/, { error: PATH })),
        '/Balance.json',
      )
      .register(z.globalRegistry, {
        description: 'What a key is tried with, below the account: a read that its rights allow.',
      }),
    iamUrl: address('https://iam.twilio.com', 'Where keys are made: another address only for a simulator.'),
    apiUrl,
    ...commonSettings,
  })
  .check(
    z.superRefine((given, issues) => {
      if ((given.authToken === undefined) !== (given.mainKey === undefined)) return;
      const message = 'must be there, or mainKey, but not both';
      issues.addIssue({ code: 'custom', message, path: ['authToken'] });
    }),
  );

const tokenSettings = z.strictObject({
  kind: z.literal('twilio-auth-token'),
  accountSid,
  accountsUrl: address(
    'https://accounts.twilio.com',
    'Where auth tokens are made and promoted: another address only for a simulator.',
  ),
  apiUrl,
  ...commonSettings,
});

export type TwilioKeySettings = z.output<typeof keySettings>;
export type TwilioTokenSettings = z.output<typeof tokenSettings>;

export const twilioKind = describedKind<TwilioKeySettings>({
  kind: 'twilio',
  summary: 'API keys of a Twilio account, with the parts sid and secret.',
  settings: keySettings,
  describe: async () => (await import('./description.ts')).twilioKeys,
});

export const twilioTokenKind = describedKind<TwilioTokenSettings>({
  kind: 'twilio-auth-token',
  summary:
    'The auth token of a Twilio account: a secondary one is made, and promoted when the overlap is over.',
  settings: tokenSettings,
  describe: async () => (await import('./description.ts')).twilioAuthToken,
});
