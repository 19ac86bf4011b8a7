import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { type AwsStore, createAwsStore } from '../../src/stores/aws/index.ts';
import type { AwsSettings } from '../../src/stores/aws/settings.ts';

/* An AWS store on a server, and the means to act there as others do. */

export const REGION = 'eu-central-1';
const ACCOUNT = '123456789012';

/** The SDK finds the identity in the environment, as it does for a user. */
export function useIdentity(): void {
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: ACCOUNT,
    AWS_SECRET_ACCESS_KEY: 'plainly-fake',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  });
}

export function openStore(url: string, settings: Partial<AwsSettings> = {}): AwsStore {
  return createAwsStore(
    { kind: 'aws-secrets-manager', region: REGION, endpoint: url, ...settings },
    {
      now: () => Date.now(),
      random: (bytes) => randomBytes(bytes),
      sleep: async (ms, signal) => {
        await delay(ms, undefined, { signal });
      },
      resolve: async (reference) => reference,
      folder: '/nowhere',
      home: '/nowhere',
    },
  );
}

/** What others do with the same secrets: those who read them, and those who know nothing of keyturn. */
export interface Others {
  consume(name: string): Promise<string | null>;
  overwrite(name: string, text: string): Promise<void>;
  labels(name: string): Promise<Readonly<Record<string, readonly string[]>>>;
  close(): void;
}

export function othersAt(url: string): Others {
  const client = new SecretsManagerClient({ region: REGION, endpoint: url });
  return {
    async consume(name) {
      const read = new GetSecretValueCommand({ SecretId: name, VersionStage: 'AWSCURRENT' });
      return await client.send(read).then(({ SecretString }) => SecretString ?? null, nullIfAbsent);
    },
    async overwrite(name, text) {
      const put = new PutSecretValueCommand({ SecretId: name, SecretString: text });
      const made = await client.send(put).catch(nullIfAbsent);
      if (made === null) await client.send(new CreateSecretCommand({ Name: name, SecretString: text }));
    },
    async labels(name) {
      const described = await client.send(new DescribeSecretCommand({ SecretId: name })).catch(nullIfAbsent);
      return described?.VersionIdsToStages ?? {};
    },
    close: () => client.destroy(),
  };
}

function nullIfAbsent(caught: unknown): null {
  if (caught instanceof ResourceNotFoundException) return null;
  throw caught;
}
