import { type ErrorCode, KeyturnError } from '../../core/errors.ts';
import { type CallFailure, type Method, noLogin } from './client.ts';

/** What each method needs to be allowed; Google's page "Access control with IAM". */
export const PERMISSIONS: Readonly<Record<Exclude<Method, 'testIamPermissions'>, string>> = {
  accessSecretVersion: 'secretmanager.versions.access',
  addSecretVersion: 'secretmanager.versions.add',
  createSecret: 'secretmanager.secrets.create',
  deleteSecret: 'secretmanager.secrets.delete',
  destroySecretVersion: 'secretmanager.versions.destroy',
  getSecret: 'secretmanager.secrets.get',
  getSecretVersion: 'secretmanager.versions.get',
  listSecrets: 'secretmanager.secrets.list',
  listSecretVersions: 'secretmanager.versions.list',
  updateSecret: 'secretmanager.secrets.update',
};

/** Codes of gRPC (https://grpc.io/docs/guides/status-codes/) that are told apart here. */
export const CODE = {
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

const QUOTA_MS = 60_000;

interface Fault {
  readonly code: ErrorCode;
  readonly what: string;
  readonly hint: string;
  readonly unsent?: true;
  readonly retryAfterMs?: number;
}

const AGAIN = 'run again';
const NETWORK = 'check the network and https://status.cloud.google.com, then run again';

/** Anyone who is logged in may ask what they may do, unless the whole project is closed to them. */
const CLOSED: Fault = {
  code: 'DENIED',
  what: 'this login may not even ask for its rights',
  hint: 'check `project` and the login; a perimeter of VPC Service Controls may keep it out',
  unsent: true,
};

const BY_REASON: Readonly<Record<string, Fault>> = {
  SERVICE_DISABLED: {
    code: 'CONFIG',
    what: 'the Secret Manager API is not enabled in this project',
    hint: 'run gcloud services enable secretmanager.googleapis.com, and wait a few minutes',
    unsent: true,
  },
  BILLING_DISABLED: {
    code: 'CONFIG',
    what: 'the project has no billing account',
    hint: 'attach a billing account to the project',
    unsent: true,
  },
  CONSUMER_INVALID: {
    code: 'CONFIG',
    what: 'there is no such project, or it is closed to this login',
    hint: 'check `project`: it is the ID of the project, not its name',
    unsent: true,
  },
  USER_PROJECT_DENIED: {
    code: 'DENIED',
    what: 'this login may not charge calls to its quota project',
    hint: 'grant it roles/serviceusage.serviceUsageConsumer there, or set another quota project',
    unsent: true,
  },
  ACCESS_TOKEN_SCOPE_INSUFFICIENT: {
    code: 'DENIED',
    what: 'the machine gives its programs no scope for Secret Manager',
    hint: 'start it with the scope cloud-platform; what is allowed is then decided by IAM',
    unsent: true,
  },
};

const BY_CODE: Readonly<Record<number, Fault>> = {
  [CODE.INVALID_ARGUMENT]: {
    code: 'REFUSED',
    what: 'Google calls the request invalid',
    hint: 'check project, location and the name of the secret',
    unsent: true,
  },
  [CODE.DEADLINE_EXCEEDED]: { code: 'TIMEOUT', what: 'Google did not answer in time', hint: NETWORK },
  [CODE.NOT_FOUND]: {
    code: 'CONFIG',
    what: 'it is not there',
    hint: 'check project, location and the name of the secret',
    unsent: true,
  },
  [CODE.ALREADY_EXISTS]: { code: 'CONFLICT', what: 'it is there already', hint: AGAIN, unsent: true },
  [CODE.RESOURCE_EXHAUSTED]: {
    code: 'RATE_LIMITED',
    what: 'a quota of the project is used up',
    hint: 'wait a minute, or raise the quota of Secret Manager in the project',
    unsent: true,
    retryAfterMs: QUOTA_MS,
  },
  [CODE.FAILED_PRECONDITION]: {
    code: 'REFUSED',
    what: 'the state of the secret does not allow it',
    hint: 'look at the secret, its key in Cloud KMS, and its versions in the Google Cloud console',
    unsent: true,
  },
  [CODE.ABORTED]: { code: 'CONFLICT', what: 'someone else changed it just now', hint: AGAIN, unsent: true },
  [CODE.UNIMPLEMENTED]: {
    code: 'UNSUPPORTED',
    what: 'the service does not know this call',
    hint: 'check `endpoint` and `location`',
    unsent: true,
  },
  [CODE.UNAVAILABLE]: { code: 'UNREACHABLE', what: 'Google gave no answer', hint: NETWORK },
};

/** The failure of a call as an error of ours. Nothing that the other side wrote is in it. */
export function faultOf(failure: CallFailure | 'late' | 'aborted', method: Method, on: string): KeyturnError {
  const doing = `${words(method)} ${on}`;
  if (failure === 'aborted') {
    return new KeyturnError('INTERRUPTED', `${doing}: interrupted`, { hint: 'run again to resume' });
  }
  if (failure === 'late') {
    return new KeyturnError('TIMEOUT', `${doing}: no answer in time`, { hint: NETWORK });
  }
  if (failure.before === 'login' || failure.code === CODE.UNAUTHENTICATED) {
    return noLogin(`${doing}: the login for Google Cloud is not accepted, or has expired`);
  }
  if (failure.before === 'connection') {
    return new KeyturnError('UNREACHABLE', `${doing}: there is no connection to Google`, {
      hint: 'check the network, the proxy, and `location`',
      unsent: true,
    });
  }
  const fault = BY_REASON[failure.reason ?? ''] ?? byCode(failure.code, method, on);
  const { code, what, ...detail } = fault;
  return new KeyturnError(code, `${doing}: ${what}`, { ...detail, remoteCode: `gRPC ${failure.code}` });
}

function byCode(code: number, method: Method, on: string): Fault {
  if (code === CODE.PERMISSION_DENIED && method === 'testIamPermissions') return CLOSED;
  if (code === CODE.PERMISSION_DENIED && method !== 'testIamPermissions') {
    const permission = PERMISSIONS[method];
    return {
      code: 'DENIED',
      what: `${permission} is not allowed`,
      hint: `grant ${permission} on ${on} (${grantOf(permission)}); Google gives the same answer where it is not there`,
      unsent: true,
    };
  }
  const known = BY_CODE[code];
  if (known !== undefined) return known;
  return { code: 'UNAVAILABLE', what: 'Google reports a fault of its own', hint: NETWORK };
}

/** Where a permission is to be had. */
export function grantOf(permission: string): string {
  return permission === 'secretmanager.secrets.create'
    ? 'or make the secret beforehand, as docs/stores/gcp-secret-manager.md says'
    : 'it is a line of the role keyturnRotator in docs/stores/gcp-secret-manager.md';
}

function words(method: Method): string {
  return method.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

export function badReply(what: string): KeyturnError {
  return new KeyturnError('BAD_REPLY', `Google Secret Manager: ${what}`, {
    hint: 'run again; if it stays, report it with the time of the call',
  });
}
