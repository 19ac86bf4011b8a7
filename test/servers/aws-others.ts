import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { REGION } from '../stores/aws/bench.ts';

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
