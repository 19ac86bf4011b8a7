/**
 * A fake of AWS Secrets Manager, written from its public documentation: not evidence of what AWS does. It shares no line
 * with the store. It holds to what third-party servers do not know: a token belongs to one value, AWSCURRENT cannot be
 * taken away, the first version of a secret is current whatever its label, 20 labels, 100 versions of which those
 * without a label are pruned when they are a day old, 65,536 bytes.
 */

export interface FakeSecret {
  readonly name: string;
  readonly versions: Map<string, FakeVersion>;
  deletedAt?: number;
  /** As DescribeSecret shows them. */
  readonly facts: Record<string, unknown>;
}

export interface FakeVersion {
  readonly text: string | null;
  readonly binary?: true;
  readonly createdAt: number;
  readonly labels: Set<string>;
}

/** What AWS refuses, by the name of its error. */
export class Refused extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

export interface Ask {
  readonly SecretId?: string;
  readonly Name?: string;
  readonly ClientRequestToken?: string;
  readonly SecretString?: string;
  readonly VersionStages?: readonly string[];
  readonly VersionStage?: string;
  readonly VersionId?: string;
  readonly MoveToVersionId?: string;
  readonly RemoveFromVersionId?: string;
  readonly Filters?: readonly { readonly Key: string; readonly Values: readonly string[] }[];
}

const DAY = 86_400_000;
const MOST_LABELS = 20;
const MOST_VERSIONS = 100;
const MOST_BYTES = 65_536;
const CURRENT = 'AWSCURRENT';
const PREVIOUS = 'AWSPREVIOUS';

export interface Rules {
  readonly secrets: Map<string, FakeSecret>;
  /** Throws Refused. */
  answer(action: string, ask: Ask): unknown;
}

export function secretsManagerRules(now: () => number): Rules {
  const secrets = new Map<string, FakeSecret>();

  const known = (ask: Ask): FakeSecret => {
    const secret = secrets.get(ask.SecretId ?? '');
    if (secret === undefined) throw absent("Secrets Manager can't find the specified secret.");
    return secret;
  };
  const usable = (ask: Ask): FakeSecret => {
    const secret = known(ask);
    if (secret.deletedAt === undefined) return secret;
    throw new Refused(
      'InvalidRequestException',
      'You tried to perform the operation on a secret that is deleted.',
    );
  };

  const actions: Readonly<Record<string, (ask: Ask) => unknown>> = {
    CreateSecret: (ask) => {
      const name = ask.Name ?? '';
      if (!/^[A-Za-z0-9/_+=.@-]{1,512}$/.test(name)) throw parameter('Invalid name.');
      if (secrets.has(name))
        throw new Refused('ResourceExistsException', `The secret ${name} already exists.`);
      const secret: FakeSecret = { name, versions: new Map(), facts: {} };
      secrets.set(name, secret);
      if (ask.SecretString === undefined) return named(secret);
      return { ...named(secret), VersionId: add(secret, ask, [CURRENT]) };
    },

    PutSecretValue: (ask) => {
      const secret = usable(ask);
      const token = ask.ClientRequestToken ?? '';
      const same = secret.versions.get(token);
      if (same !== undefined) {
        if (same.text !== ask.SecretString) {
          throw new Refused('ResourceExistsException', `${token} is in use for a version of the secret.`);
        }
        return { ...named(secret), VersionId: token, VersionStages: [...same.labels] };
      }
      const first = holder(secret, CURRENT) === null;
      const labels = [...(ask.VersionStages ?? [CURRENT]), ...(first ? [CURRENT] : [])];
      const id = add(secret, ask, [...new Set(labels)]);
      return { ...named(secret), VersionId: id, VersionStages: labels };
    },

    UpdateSecretVersionStage: (ask) => {
      const secret = usable(ask);
      const { VersionStage: label = '', MoveToVersionId: to, RemoveFromVersionId: from } = ask;
      if (to !== undefined && !secret.versions.has(to))
        throw absent("Secrets Manager can't find the version.");
      const at = holder(secret, label);
      if (at !== (from ?? null))
        throw parameter(`The staging label ${label} is attached to another version.`);
      if (to === undefined && label === CURRENT) throw parameter(`${CURRENT} cannot be removed.`);
      if (to === undefined) secret.versions.get(at ?? '')?.labels.delete(label);
      else attach(secret, to, label);
      return named(secret);
    },

    GetSecretValue: (ask) => {
      const secret = usable(ask);
      const id = ask.VersionId ?? holder(secret, ask.VersionStage ?? CURRENT);
      const version = secret.versions.get(id ?? '');
      if (id === null || version === undefined) throw absent("Secrets Manager can't find the value.");
      return {
        ...named(secret),
        VersionId: id,
        ...(version.text === null ? { SecretBinary: 'AAEC' } : { SecretString: version.text }),
        VersionStages: [...version.labels],
        CreatedDate: version.createdAt / 1_000,
      };
    },

    DescribeSecret: (ask) => {
      const secret = known(ask);
      const { deletedAt } = secret;
      return {
        ...named(secret),
        ...secret.facts,
        VersionIdsToStages: labelled(secret),
        ...(deletedAt === undefined ? {} : { DeletedDate: deletedAt / 1_000 }),
      };
    },

    ListSecrets: (ask) => {
      const beginning = ask.Filters?.[0]?.Values[0] ?? '';
      const found = [...secrets.values()].filter(({ name }) => name.startsWith(beginning));
      return {
        SecretList: found.map((secret) => ({ Name: secret.name, SecretVersionsToStages: labelled(secret) })),
      };
    },

    DeleteSecret: (ask) => {
      const secret = known(ask);
      secrets.delete(secret.name);
      return named(secret);
    },
  };

  const add = (secret: FakeSecret, ask: Ask, labels: readonly string[]): string => {
    const { ClientRequestToken: token = '', SecretString: text = '' } = ask;
    if (!/^.{32,64}$/.test(token)) throw parameter('ClientRequestToken must have 32 to 64 characters.');
    if (text === '') throw parameter('SecretString must not be empty.');
    if (Buffer.byteLength(text) > MOST_BYTES) throw parameter('SecretString is too long.');
    prune(secret, now());
    if (secret.versions.size >= MOST_VERSIONS) throw tooMany('versions');
    const fresh = labels.filter((label) => holder(secret, label) === null).length;
    if (countLabels(secret) + fresh > MOST_LABELS) throw tooMany('labels');
    secret.versions.set(token, { text, createdAt: now(), labels: new Set() });
    for (const label of labels) attach(secret, token, label);
    return token;
  };

  return {
    secrets,
    answer: (action, ask) => {
      const act = actions[action];
      if (act === undefined) throw new Refused('UnknownOperationException', action);
      return act(ask);
    },
  };
}

/** AWSPREVIOUS follows AWSCURRENT. */
function attach(secret: FakeSecret, to: string, label: string): void {
  const from = holder(secret, label);
  if (from === to) return;
  if (from === null && countLabels(secret) >= MOST_LABELS) throw tooMany('labels');
  if (label === CURRENT && from !== null) {
    for (const version of secret.versions.values()) version.labels.delete(PREVIOUS);
    secret.versions.get(from)?.labels.add(PREVIOUS);
  }
  if (from !== null) secret.versions.get(from)?.labels.delete(label);
  secret.versions.get(to)?.labels.add(label);
}

/** AWS does it in its own time; this is the most that it may do. */
function prune(secret: FakeSecret, at: number): void {
  for (const [id, { labels, createdAt }] of secret.versions) {
    if (secret.versions.size < MOST_VERSIONS) return;
    if (labels.size === 0 && at - createdAt > DAY) secret.versions.delete(id);
  }
}

function holder({ versions }: FakeSecret, label: string): string | null {
  for (const [id, { labels }] of versions) if (labels.has(label)) return id;
  return null;
}

export function countLabels({ versions }: FakeSecret): number {
  return [...versions.values()].reduce((sum, { labels }) => sum + labels.size, 0);
}

function labelled({ versions }: FakeSecret): Record<string, readonly string[]> {
  const found = [...versions].flatMap(([id, { labels }]) => (labels.size === 0 ? [] : [[id, [...labels]]]));
  return Object.fromEntries(found) as Record<string, readonly string[]>;
}

function named({ name }: FakeSecret): { readonly ARN: string; readonly Name: string } {
  return { ARN: `arn:aws:secretsmanager:eu-central-1:123456789012:secret:${name}-AbCdEf`, Name: name };
}

const absent = (message: string) => new Refused('ResourceNotFoundException', message);
const parameter = (message: string) => new Refused('InvalidParameterException', message);
const tooMany = (what: string) => new Refused('LimitExceededException', `Too many ${what}.`);
