import type { Call } from './calls.ts';
import { crc32c } from './crc32c.ts';
import { CODE, faultOf } from './faults.ts';
import {
  fieldsOf,
  readPayload,
  readSecret,
  readVersion,
  type SecretMeta,
  type VersionMeta,
} from './replies.ts';

/** A version with its bytes; `closed`: it is there, but disabled or destroyed. */
export type Accessed = { readonly number: number; readonly data: Buffer } | 'closed';

/** The whole maps, as they are to be; what is absent here stays as it is. */
export interface SecretChange {
  readonly aliases?: ReadonlyMap<string, number>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * The calls to Google that the store is made of. Null is absence, and only that.
 */
export interface Api {
  /** As it stands in messages and in policies. */
  readonly resource: (secret: string) => string;
  getSecret(secret: string, signal: AbortSignal): Promise<SecretMeta | null>;
  /** Null: there is one of this name already. */
  createSecret(secret: string, change: SecretChange, signal: AbortSignal): Promise<SecretMeta | null>;
  /** Null: it has another etag by now, or is gone; nothing was changed. */
  updateSecret(of: SecretMeta, change: SecretChange, signal: AbortSignal): Promise<SecretMeta | null>;
  /** Of the absent: succeeds. */
  deleteSecret(secret: string, signal: AbortSignal): Promise<void>;
  /** All whose names contain the text. */
  listSecrets(containing: string, signal: AbortSignal): Promise<readonly SecretMeta[]>;
  /** The number of the new version; null: there is no such secret. */
  addVersion(secret: string, data: Buffer, signal: AbortSignal): Promise<number | null>;
  access(secret: string, which: number | string, signal: AbortSignal): Promise<Accessed | null>;
  getVersion(secret: string, number: number, signal: AbortSignal): Promise<VersionMeta | null>;
  /** From the newest on, at most `most`; empty where there is no such secret. */
  listVersions(secret: string, most: number, signal: AbortSignal): Promise<readonly VersionMeta[]>;
  /** Of the absent, and of what is destroyed or about to be: succeeds. */
  destroyVersion(secret: string, number: number, signal: AbortSignal): Promise<void>;
  /** Those of the permissions that are there; none where there is no such secret. */
  testPermissions(
    secret: string,
    permissions: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly string[]>;
}

const SECRETS_PER_PAGE = 1000;
const { ABORTED, ALREADY_EXISTS, FAILED_PRECONDITION, NOT_FOUND } = CODE;

export function createApi(call: Call, parent: string): Api {
  const resource = (secret: string) => `${parent}/secrets/${secret}`;
  const versionOf = (secret: string, which: number | string) => `${resource(secret)}/versions/${which}`;
  /** Regional secrets are where their region is; all others are everywhere. */
  const replication = parent.includes('/locations/') ? {} : { replication: { automatic: {} } };

  const getVersion: Api['getVersion'] = async (secret, number, signal) => {
    const name = versionOf(secret, number);
    const called = await call('getSecretVersion', name, { name }, signal, NOT_FOUND);
    return 'code' in called ? null : readVersion(called.reply);
  };

  return {
    resource,
    getVersion,

    getSecret: async (secret, signal) => {
      const name = resource(secret);
      const called = await call('getSecret', name, { name }, signal, NOT_FOUND);
      return 'code' in called ? null : readSecret(called.reply);
    },

    createSecret: async (secretId, change, signal) => {
      const request = { parent, secretId, secret: { ...replication, ...fieldsFor(change) } };
      const called = await call('createSecret', parent, request, signal, ALREADY_EXISTS);
      return 'code' in called ? null : readSecret(called.reply);
    },

    updateSecret: async ({ id, etag }, change, signal) => {
      const name = resource(id);
      const secret = { name, etag, ...fieldsFor(change) };
      const request = { secret, updateMask: { paths: pathsOf(change) } };
      const lost = [FAILED_PRECONDITION, ABORTED, NOT_FOUND];
      const called = await call('updateSecret', name, request, signal, ...lost);
      return 'code' in called ? null : readSecret(called.reply);
    },

    deleteSecret: async (secret, signal) => {
      const name = resource(secret);
      await call('deleteSecret', name, { name }, signal, NOT_FOUND);
    },

    listSecrets: async (containing, signal) => {
      const found: SecretMeta[] = [];
      let pageToken = '';
      do {
        const filter = containing === '' ? {} : { filter: `name:${containing}` };
        const request = { parent, pageSize: SECRETS_PER_PAGE, pageToken, ...filter };
        const called = await call('listSecrets', parent, request, signal);
        const page = 'reply' in called ? fieldsOf(called.reply) : {};
        for (const one of listOf(page.secrets)) found.push(readSecret(one));
        pageToken = typeof page.nextPageToken === 'string' ? page.nextPageToken : '';
      } while (pageToken !== '');
      return found;
    },

    addVersion: async (secret, data, signal) => {
      const parent = resource(secret);
      const payload = { data, dataCrc32c: String(crc32c(data)) };
      const called = await call('addSecretVersion', parent, { parent, payload }, signal, NOT_FOUND);
      return 'code' in called ? null : readVersion(called.reply).number;
    },

    access: async (secret, which, signal) => {
      const name = versionOf(secret, which);
      const expected = [NOT_FOUND, FAILED_PRECONDITION];
      const called = await call('accessSecretVersion', name, { name }, signal, ...expected);
      if ('reply' in called) return readPayload(called.reply);
      return called.code === NOT_FOUND ? null : 'closed';
    },

    listVersions: async (secret, most, signal) => {
      const parent = resource(secret);
      const request = { parent, pageSize: most };
      const called = await call('listSecretVersions', parent, request, signal, NOT_FOUND);
      return 'code' in called ? [] : listOf(fieldsOf(called.reply).versions).map(readVersion);
    },

    destroyVersion: async (secret, number, signal) => {
      const name = versionOf(secret, number);
      const known = [NOT_FOUND, FAILED_PRECONDITION];
      if ('reply' in (await call('destroySecretVersion', name, { name }, signal, ...known))) return;
      const version = await getVersion(secret, number, signal);
      if (version === null || version.state === 'destroyed' || version.state === 'ending') return;
      throw faultOf({ code: FAILED_PRECONDITION, reason: null, before: null }, 'destroySecretVersion', name);
    },

    testPermissions: async (secret, permissions, signal) => {
      const name = resource(secret);
      const request = { resource: name, permissions };
      const called = await call('testIamPermissions', name, request, signal, NOT_FOUND);
      return 'code' in called ? [] : listOf(fieldsOf(called.reply).permissions).map(String);
    },
  };
}

function fieldsFor({ aliases, annotations }: SecretChange): object {
  return {
    ...(aliases === undefined ? {} : { versionAliases: Object.fromEntries(aliases) }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

function pathsOf({ aliases, annotations }: SecretChange): readonly string[] {
  return [
    ...(aliases === undefined ? [] : ['version_aliases']),
    ...(annotations === undefined ? [] : ['annotations']),
  ];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
