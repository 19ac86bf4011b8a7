import * as z from 'zod/mini';
import type { StoreKind } from '../../core/plugin.ts';
import { urlFault } from '../../http/url.ts';

/** Of AWS's own words, those that say where and as whom; the SDK finds all others by itself. */
export const awsSettings = z
  .strictObject({
    kind: z.literal('aws-secrets-manager'),
    region: z
      .string({ error: 'must be the code of an AWS region, such as eu-central-1' })
      .check(
        z.regex(/^[a-z]{2}(-[a-z]+){1,3}-[0-9]{1,2}$/, {
          error: 'must be the code of an AWS region, such as eu-central-1',
        }),
      )
      .register(z.globalRegistry, {
        description:
          'The AWS region. Never taken from the environment: in another region a rotation would begin anew.',
      }),
    profile: z.optional(
      z
        .string({ error: 'must be the name of a profile' })
        .check(z.regex(/^[^\s[\]]{1,128}$/, { error: 'must be the name of a profile, on one line' }))
        .register(z.globalRegistry, {
          description: "A profile of AWS's own configuration files to take the identity from.",
        }),
    ),
    role: z.optional(
      z
        .string({ error: 'must be the ARN of an IAM role' })
        .check(
          z.regex(/^arn:[a-z-]{3,20}:iam::[0-9]{12}:role\/[\w+=,.@/-]{1,512}$/, {
            error: 'must be the ARN of an IAM role, such as arn:aws:iam::123456789012:role/rotator',
          }),
        )
        .register(z.globalRegistry, {
          description: 'The ARN of an IAM role that is assumed before anything is done.',
        }),
    ),
    externalId: z.optional(
      z
        .string({ error: 'must be a text' })
        .check(z.regex(/^[\w+=,.@:/-]{2,1224}$/, { error: 'must be what the trust policy asks for' }))
        .register(z.globalRegistry, {
          description: 'What the trust policy of `role` asks for. It is no secret.',
        }),
    ),
    kmsKeyId: z.optional(
      z
        .string({ error: 'must be the id, alias or ARN of a KMS key' })
        .check(z.regex(/^[A-Za-z0-9:/_-]{1,2048}$/, { error: 'must be the id, alias or ARN of a KMS key' }))
        .register(z.globalRegistry, {
          description:
            'The KMS key of secrets that keyturn makes itself. Others keep the key that they have.',
          default: 'aws/secretsmanager',
        }),
    ),
    prefix: z.optional(
      z
        .string({ error: 'must be the beginning of a name, with a slash at its end' })
        .check(
          z.regex(/^[A-Za-z0-9_+=.@-][A-Za-z0-9/_+=.@-]{0,98}\/$/, {
            error: 'must be the beginning of a name, with a slash at its end, such as keyturn/',
          }),
        )
        .register(z.globalRegistry, {
          description: "How the names of keyturn's own secrets begin: ledgers, trails and first values.",
          default: 'keyturn/',
        }),
    ),
    auditPrefix: z.optional(
      z
        .string({ error: 'must be the beginning of names' })
        .check(z.regex(/^[A-Za-z0-9/_+=.@-]{1,512}$/, { error: 'must be the beginning of names' }))
        .register(z.globalRegistry, {
          description:
            'Where `audit` looks for secrets that no credential names: those whose names begin so. Without it, it does not look.',
        }),
    ),
    endpoint: z.optional(
      z
        .string({ error: 'must be a URL' })
        .check(
          z.refine((text) => urlFault(text) === null, {
            error: 'must begin with https:// (http:// is for this machine only)',
          }),
        )
        .register(z.globalRegistry, {
          description: 'Another address of the service, such as that of a VPC endpoint.',
          default: "AWS's own",
        }),
    ),
  })
  .check(
    z.refine(({ role, externalId }) => role !== undefined || externalId === undefined, {
      error: 'is of no use without role',
      path: ['externalId'],
    }),
  );

export type AwsSettings = z.output<typeof awsSettings>;

export const awsKind: StoreKind<AwsSettings> = {
  kind: 'aws-secrets-manager',
  summary: 'AWS Secrets Manager.',
  settings: awsSettings,
  load: async () => (await import('./index.ts')).createAwsStore,
};
