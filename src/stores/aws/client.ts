import {
  CreateSecretCommand,
  type CreateSecretCommandInput,
  type CreateSecretCommandOutput,
  DeleteSecretCommand,
  type DeleteSecretCommandInput,
  type DeleteSecretCommandOutput,
  DescribeSecretCommand,
  type DescribeSecretCommandInput,
  type DescribeSecretCommandOutput,
  GetSecretValueCommand,
  type GetSecretValueCommandInput,
  type GetSecretValueCommandOutput,
  ListSecretsCommand,
  type ListSecretsCommandInput,
  type ListSecretsCommandOutput,
  PutSecretValueCommand,
  type PutSecretValueCommandInput,
  type PutSecretValueCommandOutput,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
  type UpdateSecretVersionStageCommandInput,
  type UpdateSecretVersionStageCommandOutput,
} from '@aws-sdk/client-secrets-manager';
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { KeyturnError } from '../../core/errors.ts';
import type { PluginContext } from '../../core/plugin.ts';
import { startDeadline } from '../../http/deadline.ts';
import { isLoopback } from '../../http/url.ts';
import { type About, meaningOf, type Refusal } from './faults.ts';
import type { AwsSettings } from './settings.ts';

interface Shapes {
  CreateSecret: [CreateSecretCommandInput, CreateSecretCommandOutput];
  DeleteSecret: [DeleteSecretCommandInput, DeleteSecretCommandOutput];
  DescribeSecret: [DescribeSecretCommandInput, DescribeSecretCommandOutput];
  GetSecretValue: [GetSecretValueCommandInput, GetSecretValueCommandOutput];
  ListSecrets: [ListSecretsCommandInput, ListSecretsCommandOutput];
  PutSecretValue: [PutSecretValueCommandInput, PutSecretValueCommandOutput];
  UpdateSecretVersionStage: [UpdateSecretVersionStageCommandInput, UpdateSecretVersionStageCommandOutput];
}
export type Operation = keyof Shapes;

type Send<Name extends Operation> = (
  client: SecretsManagerClient,
  input: Shapes[Name][0],
  abortSignal: AbortSignal,
) => Promise<Shapes[Name][1]>;

const SENDERS: { readonly [Name in Operation]: Send<Name> } = {
  CreateSecret: (client, input, abortSignal) => client.send(new CreateSecretCommand(input), { abortSignal }),
  DeleteSecret: (client, input, abortSignal) => client.send(new DeleteSecretCommand(input), { abortSignal }),
  DescribeSecret: (client, input, abortSignal) =>
    client.send(new DescribeSecretCommand(input), { abortSignal }),
  GetSecretValue: (client, input, abortSignal) =>
    client.send(new GetSecretValueCommand(input), { abortSignal }),
  ListSecrets: (client, input, abortSignal) => client.send(new ListSecretsCommand(input), { abortSignal }),
  PutSecretValue: (client, input, abortSignal) =>
    client.send(new PutSecretValueCommand(input), { abortSignal }),
  UpdateSecretVersionStage: (client, input, abortSignal) =>
    client.send(new UpdateSecretVersionStageCommand(input), { abortSignal }),
};

export type Answer<Reply> = { readonly reply: Reply } | { readonly refused: Refusal; readonly about: About };

export interface Request {
  readonly signal: AbortSignal;
  /** Whether it is sent again where nobody knows what became of it. What is not is still sent again where it surely had no effect. */
  readonly repeat: boolean;
}

export interface Client {
  /** Throws KeyturnError for all but the refusals that a caller may expect. `on`: the secret, as an error names it. */
  call<Name extends Operation>(
    name: Name,
    on: string,
    input: Shapes[Name][0],
    request: Request,
  ): Promise<Answer<Shapes[Name][1]>>;
  close(): void;
}

const ATTEMPTS = 3;
const ATTEMPT_MS = 8_000;
const CONNECT_MS = 5_000;
const PAUSES_MS = [200, 800] as const;
/** Nothing that happens inside the SDK is for the eyes of those who run keyturn. */
const SILENT = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
/** Failures after which a request that may be repeated is. */
const PASSING: ReadonlySet<string> = new Set(['UNREACHABLE', 'UNAVAILABLE', 'TIMEOUT']);

/**
 * Speaks with AWS Secrets Manager. The SDK signs, finds the identity and corrects the clock; it sends each request once,
 * and this sends it again, because only the caller knows whether that is safe. A label that was moved by a request whose
 * answer is lost must not be taken for one that somebody else moved.
 */
export function createClient(settings: AwsSettings, context: Pick<PluginContext, 'sleep'>): Client {
  const { region, endpoint } = settings;
  const client = makeClient(settings);
  const host = endpoint === undefined ? `secretsmanager.${region}.amazonaws.com` : new URL(endpoint).host;

  const attempt = async <Name extends Operation>(
    name: Name,
    input: Shapes[Name][0],
    about: About,
    signal: AbortSignal,
  ): Promise<Answer<Shapes[Name][1]> | { readonly error: KeyturnError; readonly skewed: boolean }> => {
    const what = `${name} of ${about.on}`;
    const deadline = startDeadline({ what, deadlineMs: ATTEMPT_MS, signal });
    try {
      const send: Send<Name> = SENDERS[name];
      return { reply: await deadline.race(send(client, input, deadline.signal)) };
    } catch (caught) {
      const meaning = deadline.error() ?? meaningOf(caught, about);
      if (typeof meaning === 'string') return { refused: meaning, about };
      return { error: meaning, skewed: clockCorrected(caught) };
    } finally {
      deadline.stop();
    }
  };

  return {
    async call(name, on, input, { signal, repeat }) {
      const about = { permission: `secretsmanager:${name}`, on, region, host };
      for (let sent = 1; ; sent += 1) {
        const outcome = await attempt(name, input, about, signal);
        if (!('error' in outcome)) return outcome;
        const { error, skewed } = outcome;
        const again =
          skewed ||
          error.code === 'RATE_LIMITED' ||
          (PASSING.has(error.code) && (repeat || !error.ambiguous));
        if (sent === ATTEMPTS || !again) throw error;
        await pause(context, PAUSES_MS[sent - 1] ?? 0, signal, error);
      }
    },
    close: () => client.destroy(),
  };
}

function makeClient(settings: AwsSettings): SecretsManagerClient {
  const { region, endpoint, profile, role, externalId } = settings;
  const client = new SecretsManagerClient({
    region,
    maxAttempts: 1,
    retryMode: 'standard',
    defaultsMode: 'standard',
    logger: SILENT,
    requestHandler: { connectionTimeout: CONNECT_MS, logger: SILENT },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
    ...(role === undefined
      ? {}
      : {
          credentials: fromTemporaryCredentials({
            params: {
              RoleArn: role,
              RoleSessionName: 'keyturn',
              ...(externalId === undefined ? {} : { ExternalId: externalId }),
            },
            ...(profile === undefined ? {} : { clientConfig: { profile } }),
            logger: SILENT,
          }),
        }),
  });
  // An address that the environment or a profile names is held to the same rule as the configured one.
  client.middlewareStack.add(
    (next) => async (args) => {
      const { protocol, hostname } = args.request as { readonly protocol: string; readonly hostname: string };
      if (protocol !== 'https:' && !isLoopback(hostname)) throw clearText();
      return next(args);
    },
    { step: 'build', name: 'refuseClearText' },
  );
  return client;
}

async function pause(
  { sleep }: Pick<PluginContext, 'sleep'>,
  ms: number,
  signal: AbortSignal,
  after: KeyturnError,
): Promise<void> {
  try {
    await sleep(ms, signal);
  } catch {
    // The caller has given up in the pause: what the last attempt said still counts.
    throw after;
  }
}

function clockCorrected(caught: unknown): boolean {
  const metadata = (caught as { readonly $metadata?: { readonly clockSkewCorrected?: unknown } } | null)
    ?.$metadata;
  return metadata?.clockSkewCorrected === true;
}

function clearText(): KeyturnError {
  return new KeyturnError('CONFIG', 'the address of AWS Secrets Manager begins with http://', {
    hint: 'let AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_SECRETS_MANAGER or endpoint_url of the profile begin with https://',
    unsent: true,
  });
}

function nothing(): void {
  // The SDK asks for a logger; there is nothing to log.
}
