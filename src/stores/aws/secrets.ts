import { toInstant } from '../../core/credential.ts';
import { KeyturnError } from '../../core/errors.ts';
import { Secret } from '../../core/secret.ts';
import type { Version } from '../../core/store.ts';
import type { Answer, Client } from './client.ts';
import { unexpected } from './faults.ts';
import { CURRENT } from './names.ts';
import { type Standing, standingOf } from './standing.ts';

export interface Found {
  readonly version: Version;
  readonly text: Secret;
  readonly labels: readonly string[];
  readonly writtenAt?: string;
}

export interface Written {
  readonly version: Version;
  readonly labels: readonly string[];
}

/** One version of a secret, by its id or by a label that it has. */
export type Which = { readonly version: Version } | { readonly label: string };

/** What is done to single secrets, by their names. */
export interface Secrets {
  /** Null: there is no such secret, or no such version of it. */
  get(name: string, which: Which, signal: AbortSignal): Promise<Found | null>;
  /** Null: there is no such secret. */
  describe(name: string, signal: AbortSignal): Promise<Standing | null>;
  /** Makes a secret with a first value, which is current at once. Null: there is one of that name already. */
  create(name: string, value: NewValue, signal: AbortSignal): Promise<Written | null>;
  /**
   * Adds a version. Without a label it becomes current, whatever was. `absent`: there is no such secret. `taken`: the
   * token belongs to another value.
   */
  put(
    name: string,
    value: NewValue & { readonly label?: string },
    signal: AbortSignal,
  ): Promise<Written | 'absent' | 'taken'>;
  /**
   * Moves a label in one step. False: AWS refuses, because the label is not where it is to be taken from, is somewhere
   * else, or there is no such version. Of AWSCURRENT it is sent once only.
   */
  move(name: string, label: string, way: Way, signal: AbortSignal): Promise<boolean>;
  remove(name: string, signal: AbortSignal): Promise<void>;
  /** Names that begin so, of secrets that have a current value. */
  list(beginning: string, signal: AbortSignal): Promise<readonly string[]>;
}

export interface NewValue {
  readonly token: string;
  /** In clear: this is the line that sends it. */
  readonly text: string;
}

export interface Way {
  readonly from?: Version;
  readonly to?: Version;
}

export function secretsOf(client: Client, kmsKeyId: string | undefined): Secrets {
  const secrets: Secrets = {
    async get(name, which, signal) {
      const by = 'version' in which ? { VersionId: which.version } : { VersionStage: which.label };
      const answer = await client.call(
        'GetSecretValue',
        name,
        { SecretId: name, ...by },
        { signal, repeat: true },
      );
      if ('refused' in answer && answer.refused === 'absent') return null;
      const reply = await replyOf(answer, name, signal);
      const { VersionId: version, SecretString: text, CreatedDate: created } = reply;
      if (reply.SecretBinary !== undefined) throw binary(name);
      // A version without a value, as one that AWS is about to fill: there is nothing to be read.
      if (version === undefined || text === undefined) return null;
      return {
        version,
        text: Secret.of(text),
        labels: reply.VersionStages ?? [],
        ...(created === undefined ? {} : { writtenAt: toInstant(created.getTime()) }),
      };
    },

    async describe(name, signal) {
      const answer = await client.call('DescribeSecret', name, { SecretId: name }, { signal, repeat: true });
      if ('refused' in answer && answer.refused === 'absent') return null;
      if ('refused' in answer) throw unexpected(answer.refused, answer.about);
      return standingOf(name, answer.reply);
    },

    async create(name, { token, text }, signal) {
      const input = {
        Name: name,
        ClientRequestToken: token,
        SecretString: text,
        ...(kmsKeyId === undefined ? {} : { KmsKeyId: kmsKeyId }),
      };
      // Once: an answer that says `exists` must mean somebody else.
      const answer = await client.call('CreateSecret', name, input, { signal, repeat: false });
      if ('refused' in answer && answer.refused === 'exists') return null;
      return { version: versionIn((await replyOf(answer, name, signal)).VersionId, name), labels: [CURRENT] };
    },

    async put(name, { token, text, label }, signal) {
      const input = {
        SecretId: name,
        ClientRequestToken: token,
        SecretString: text,
        ...(label === undefined ? {} : { VersionStages: [label] }),
      };
      const answer = await client.call('PutSecretValue', name, input, { signal, repeat: true });
      if ('refused' in answer && answer.refused === 'absent') return 'absent';
      if ('refused' in answer && answer.refused === 'exists') return 'taken';
      const reply = await replyOf(answer, name, signal);
      return { version: versionIn(reply.VersionId, name), labels: reply.VersionStages ?? [] };
    },

    async move(name, label, { from, to }, signal) {
      const input = {
        SecretId: name,
        VersionStage: label,
        ...(from === undefined ? {} : { RemoveFromVersionId: from }),
        ...(to === undefined ? {} : { MoveToVersionId: to }),
      };
      const request = { signal, repeat: label !== CURRENT };
      const answer = await client.call('UpdateSecretVersionStage', name, input, request);
      if ('refused' in answer && answer.refused !== 'state') return false;
      await replyOf(answer, name, signal);
      return true;
    },

    async remove(name, signal) {
      const input = { SecretId: name, ForceDeleteWithoutRecovery: true };
      const answer = await client.call('DeleteSecret', name, input, { signal, repeat: true });
      if ('refused' in answer && answer.refused === 'absent') return;
      await replyOf(answer, name, signal);
    },

    async list(beginning, signal) {
      const names: string[] = [];
      let next: string | undefined;
      do {
        const input: ListSecretsInput = {
          Filters: [{ Key: 'name', Values: [beginning] }],
          ...(next === undefined ? {} : { NextToken: next }),
        };
        const reply = await replyOf(
          await client.call('ListSecrets', '*', input, { signal, repeat: true }),
          '*',
          signal,
        );
        names.push(...(reply.SecretList ?? []).flatMap((one) => nameOfFilled(one, beginning)));
        next = reply.NextToken;
      } while (next !== undefined);
      return names.sort();
    },
  };

  /** The reply; throws for a refusal that nobody expected, with the reason where the secret itself tells it. */
  async function replyOf<Reply>(answer: Answer<Reply>, name: string, signal: AbortSignal): Promise<Reply> {
    if ('reply' in answer) return answer.reply;
    const { refused, about } = answer;
    const standing = refused === 'state' && name !== '*' ? await secrets.describe(name, signal) : null;
    throw standing?.obstacle ?? unexpected(refused, about);
  }

  return secrets;
}

interface ListSecretsInput {
  readonly Filters: { Key: 'name'; Values: string[] }[];
  readonly NextToken?: string;
}

/** The name of a secret that has a current value. */
function nameOfFilled(
  listed: {
    readonly Name?: string | undefined;
    readonly DeletedDate?: Date | undefined;
    readonly SecretVersionsToStages?: Readonly<Record<string, readonly string[]>> | undefined;
  },
  beginning: string,
): readonly string[] {
  const { Name: name, DeletedDate: deleted, SecretVersionsToStages: stages = {} } = listed;
  const filled = Object.values(stages).some((labels) => labels.includes(CURRENT));
  return name?.startsWith(beginning) && deleted === undefined && filled ? [name] : [];
}

function versionIn(version: string | undefined, name: string): Version {
  if (version !== undefined) return version;
  throw new KeyturnError('BAD_REPLY', `${name}: the answer names no version`, {
    hint: 'check endpoint in the configuration, and any proxy in between',
  });
}

function binary(name: string): KeyturnError {
  return new KeyturnError('UNREADABLE', `${name} holds bytes (SecretBinary), not text`, {
    hint: 'store the value as text (SecretString), or use another location',
  });
}
