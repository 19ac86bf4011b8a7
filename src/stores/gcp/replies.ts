import { toInstant } from '../../core/credential.ts';
import { crc32c } from './crc32c.ts';
import { badReply } from './faults.ts';

/* What is read of Google's replies. Names are read from their last step: Google writes the number of the project. */

export interface SecretMeta {
  /** The last step of its name. */
  readonly id: string;
  readonly etag: string;
  readonly aliases: ReadonlyMap<string, number>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Google itself writes its versions. */
  readonly managed: boolean;
}

export interface VersionMeta {
  readonly number: number;
  /** `ending`: disabled until it is destroyed at a time that is set. */
  readonly state: 'enabled' | 'disabled' | 'ending' | 'destroyed';
  readonly createdAt?: string;
}

type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

export function readSecret(reply: unknown): SecretMeta {
  const { name, etag, versionAliases, annotations, secretType } = fieldsOf(reply);
  if (typeof name !== 'string' || typeof etag !== 'string' || etag === '')
    throw badReply('a secret has no etag');
  const aliases = Object.entries(fieldsOf(versionAliases)).map(([alias, at]) => [alias, Number(at)] as const);
  return {
    id: name.split('/').at(-1) ?? '',
    etag,
    aliases: new Map(aliases),
    annotations: Object.fromEntries(
      Object.entries(fieldsOf(annotations)).map(([key, value]) => [key, String(value)]),
    ),
    managed: secretType === 'CLOUD_SQL_DB_CREDENTIALS',
  };
}

export function readVersion(reply: unknown): VersionMeta {
  const { name, state, createTime, scheduledDestroyTime } = fieldsOf(reply);
  const createdAt = readTime(createTime);
  return {
    number: numberIn(name),
    state: stateOf(state, scheduledDestroyTime),
    ...(createdAt === null ? {} : { createdAt }),
  };
}

/** A payload whose checksum was compared. */
export function readPayload(reply: unknown): { readonly number: number; readonly data: Buffer } {
  const { name, payload } = fieldsOf(reply);
  const { data, dataCrc32c } = fieldsOf(payload);
  if (!(data instanceof Uint8Array)) throw badReply('a version has no payload');
  if (typeof dataCrc32c !== 'string' || Number(dataCrc32c) !== crc32c(data)) {
    throw badReply('a payload does not match its checksum');
  }
  return { number: numberIn(name), data: Buffer.from(data) };
}

function numberIn(name: unknown): number {
  const digits = typeof name === 'string' ? /\/versions\/([1-9][0-9]*)$/.exec(name)?.[1] : undefined;
  if (digits === undefined) throw badReply('a version has no number');
  return Number(digits);
}

function stateOf(state: unknown, scheduledDestroyTime: unknown): VersionMeta['state'] {
  if (state === 'ENABLED') return 'enabled';
  if (state === 'DESTROYED') return 'destroyed';
  return scheduledDestroyTime === undefined || scheduledDestroyTime === null ? 'disabled' : 'ending';
}

function readTime(time: unknown): string | null {
  const { seconds, nanos } = fieldsOf(time);
  const ms = Number(seconds) * 1000 + Math.floor(Number(nanos ?? 0) / 1_000_000);
  return Number.isSafeInteger(ms) && ms > 0 ? toInstant(ms) : null;
}
