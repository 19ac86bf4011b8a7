import { grpc } from 'google-gax';
import { crc32c } from './checksum.ts';
import {
  checkAliases,
  checkAnnotations,
  checkLabels,
  checkSecretId,
  dataOf,
  type Payload,
  type Texts,
} from './rules.ts';
import { Failure, invalid, notFound, precondition } from './status.ts';
import { type FakeSecret, type FakeVersion, freshEtag, type World } from './world.ts';

/** Fields of requests, so far as this fake knows them. */
export interface Request {
  readonly name?: string;
  readonly parent?: string;
  readonly resource?: string;
  readonly secretId?: string;
  readonly secret?: SecretFields | null;
  readonly updateMask?: { readonly paths?: readonly string[] } | null;
  readonly payload?: Payload | null;
  readonly etag?: string;
  readonly pageSize?: number;
  readonly pageToken?: string;
  readonly filter?: string;
  readonly permissions?: readonly string[];
}

interface SecretFields {
  readonly name?: string;
  readonly etag?: string;
  readonly replication?: object | null;
  readonly labels?: Texts;
  readonly annotations?: Texts;
  readonly versionAliases?: Texts;
  readonly versionDestroyTtl?: { readonly seconds?: string | number } | null;
  readonly secretType?: string;
}

export interface Site {
  readonly world: World;
  /** Google answers with the number of the project, whatever was asked for. */
  readonly outward: (path: string) => string;
  /** Whether the caller has this permission on the secret of this path. */
  readonly may: (permission: string, path: string) => boolean;
}

type Method = (site: Site, request: Request) => object;

const MOST_PER_PAGE = 25_000;

/** What each method does once the caller was found to be allowed to call it. */
export const METHODS: Readonly<Record<string, Method>> = {
  ListSecrets: (site, request) => {
    const wanted = /^name:(\S+)$/.exec(request.filter ?? '')?.[1] ?? '';
    const all = site.world
      .allSeen(request.parent ?? '')
      .filter(({ path }) => path.split('/').at(-1)?.includes(wanted));
    const page = pageOf(all, request);
    return { secrets: page.items.map((secret) => secretReply(site, secret)), nextPageToken: page.next };
  },

  CreateSecret: (site, { parent = '', secretId = '', secret }) => {
    checkSecretId(secretId);
    const path = `${parent}/secrets/${secretId}`;
    const regional = /\/locations\//.test(parent);
    const replicated = secret?.replication !== undefined && secret.replication !== null;
    if (regional === replicated)
      throw invalid('The replication of a global secret, and only of one, must be given.');
    if (site.world.has(path))
      throw new Failure(grpc.status.ALREADY_EXISTS, `Secret [${path}] already exists.`);
    const fresh: FakeSecret = {
      path,
      createdAt: Date.now(),
      regional,
      secretType: secret?.secretType ?? 'SECRET_TYPE_UNSPECIFIED',
      etag: freshEtag(),
      labels: {},
      annotations: {},
      aliases: {},
      destroyTtlSeconds: 0,
      versions: [],
    };
    change(fresh, secret ?? {}, ['labels', 'annotations', 'version_aliases', 'version_destroy_ttl']);
    site.world.put(fresh);
    return secretReply(site, fresh);
  },

  GetSecret: (site, { name = '' }) => secretReply(site, site.world.seen(name)),

  UpdateSecret: (site, { secret, updateMask }) => {
    const path = secret?.name ?? '';
    const found = site.world.now(path);
    requireEtag(found.etag, secret?.etag);
    const paths = updateMask?.paths ?? [];
    if (paths.length === 0) throw invalid('The update mask is empty.');
    change(found, secret ?? {}, paths);
    found.etag = freshEtag();
    site.world.changed(path);
    return secretReply(site, found);
  },

  DeleteSecret: (site, { name = '', etag }) => {
    requireEtag(site.world.now(name).etag, etag);
    site.world.remove(name);
    return {};
  },

  AddSecretVersion: (site, { parent = '', payload }) => {
    const secret = site.world.now(parent);
    if (secret.secretType === 'CLOUD_SQL_DB_CREDENTIALS')
      throw precondition('The secret is rotated by Google.');
    const { data, checked } = dataOf(payload);
    const version: FakeVersion = {
      number: secret.versions.length + 1,
      createdAt: Date.now(),
      checked,
      state: 'ENABLED',
      etag: freshEtag(),
      data,
    };
    // The etag of the secret stays: it covers the secret alone.
    secret.versions.push(version);
    site.world.changed(parent);
    return versionReply(site, secret, version);
  },

  ListSecretVersions: (site, request) => {
    const secret = site.world.seen(request.parent ?? '');
    const state = /^state:(\w+)$/i.exec(request.filter ?? '')?.[1]?.toUpperCase();
    const all = secret.versions.toReversed().filter((one) => state === undefined || one.state === state);
    const page = pageOf(all, request);
    return {
      versions: page.items.map((version) => versionReply(site, secret, version)),
      nextPageToken: page.next,
      totalSize: all.length,
    };
  },

  GetSecretVersion: (site, { name = '' }) => {
    const { secret, version } = versionAt(site, name);
    return versionReply(site, secret, version);
  },

  AccessSecretVersion: (site, { name = '' }) => {
    const { secret, version } = versionAt(site, name);
    const { data, state } = version;
    if (state !== 'ENABLED' || data === null) {
      throw precondition(`Secret Version [${versionName(site, secret, version)}] is in ${state} state.`);
    }
    return {
      name: versionName(site, secret, version),
      payload: { data, dataCrc32c: String(crc32c(data)) },
    };
  },

  DisableSecretVersion: (site, request) => setState(site, request, 'DISABLED'),
  EnableSecretVersion: (site, request) => setState(site, request, 'ENABLED'),
  DestroySecretVersion: (site, request) => setState(site, request, 'DESTROYED'),

  TestIamPermissions: (site, { resource = '', permissions = [] }) => ({
    permissions: site.world.has(resource)
      ? permissions.filter((permission) => site.may(permission, resource))
      : [],
  }),
};

/** By number: strongly consistent. By `latest` or an alias: as reads see the secret. */
function versionAt(site: Site, name: string): { readonly secret: FakeSecret; readonly version: FakeVersion } {
  const at = name.lastIndexOf('/versions/');
  const path = name.slice(0, at);
  const which = name.slice(at + '/versions/'.length);
  const byNumber = /^[0-9]+$/.test(which);
  const secret = byNumber ? site.world.now(path) : site.world.seen(path);
  const number = byNumber
    ? Number(which)
    : which === 'latest'
      ? secret.versions.length
      : Number(secret.aliases[which]);
  const version = secret.versions.find((one) => one.number === number);
  if (version === undefined) throw notFound(`Secret Version [${name}]`);
  return { secret, version };
}

function setState(site: Site, { name = '', etag }: Request, wanted: FakeVersion['state']): object {
  const path = name.slice(0, name.lastIndexOf('/versions/'));
  const secret = site.world.now(path);
  const version = secret.versions.find((one) => name.endsWith(`/versions/${one.number}`));
  if (version === undefined) throw notFound(`Secret Version [${name}]`);
  requireEtag(version.etag, etag);
  if (version.state === 'DESTROYED') throw precondition(`Secret Version [${name}] is in DESTROYED state.`);
  if (wanted === 'DESTROYED' && secret.destroyTtlSeconds > 0) {
    version.state = 'DISABLED';
    version.destroyAt = Date.now() + secret.destroyTtlSeconds * 1000;
  } else {
    version.state = wanted;
    if (wanted === 'DESTROYED') {
      version.data = null;
      version.destroyedAt = Date.now();
    }
  }
  version.etag = freshEtag();
  site.world.changed(path);
  return versionReply(site, secret, version);
}

function change(secret: FakeSecret, fields: SecretFields, paths: readonly string[]): void {
  for (const path of paths) {
    switch (path) {
      case 'labels':
        checkLabels(fields.labels ?? {});
        secret.labels = { ...fields.labels };
        break;
      case 'annotations':
        checkAnnotations(fields.annotations ?? {});
        secret.annotations = { ...fields.annotations };
        break;
      case 'version_aliases':
        checkAliases(fields.versionAliases ?? {});
        secret.aliases = { ...fields.versionAliases };
        break;
      case 'version_destroy_ttl':
        secret.destroyTtlSeconds = Number(fields.versionDestroyTtl?.seconds ?? 0);
        break;
      default:
        throw invalid(`The path "${path}" of the update mask is not known.`);
    }
  }
}

function requireEtag(standing: string, sent: string | undefined): void {
  if (sent === undefined || sent === '' || sent === standing) return;
  throw precondition('The etag does not match the current etag of the resource.');
}

function pageOf<Item>(all: readonly Item[], { pageSize = 0, pageToken = '' }: Request) {
  const from = pageToken === '' ? 0 : Number(pageToken);
  const size = Math.min(pageSize === 0 ? MOST_PER_PAGE : pageSize, MOST_PER_PAGE);
  const items = all.slice(from, from + size);
  return { items, next: from + size < all.length ? String(from + size) : '' };
}

const timestamp = (ms: number) => ({ seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 });

function secretReply(site: Site, secret: FakeSecret): object {
  const { labels, annotations, aliases: versionAliases, etag, secretType } = secret;
  const replication = secret.regional ? {} : { replication: { automatic: {} } };
  const ttl =
    secret.destroyTtlSeconds === 0 ? {} : { versionDestroyTtl: { seconds: secret.destroyTtlSeconds } };
  return {
    name: site.outward(secret.path),
    createTime: timestamp(secret.createdAt),
    ...replication,
    ...ttl,
    labels,
    annotations,
    versionAliases,
    etag,
    secretType,
  };
}

function versionName(site: Site, secret: FakeSecret, version: FakeVersion): string {
  return `${site.outward(secret.path)}/versions/${version.number}`;
}

function versionReply(site: Site, secret: FakeSecret, version: FakeVersion): object {
  return {
    name: versionName(site, secret, version),
    createTime: timestamp(version.createdAt),
    state: version.state,
    etag: version.etag,
    clientSpecifiedPayloadChecksum: version.checked,
    ...(version.destroyedAt === undefined ? {} : { destroyTime: timestamp(version.destroyedAt) }),
    ...(version.destroyAt === undefined ? {} : { scheduledDestroyTime: timestamp(version.destroyAt) }),
  };
}
