import type { grpc } from 'google-gax';
import { KeyturnError } from '../../core/errors.ts';
import type { PluginContext } from '../../core/plugin.ts';
import type { GcpSettings } from './settings.ts';

/** The methods of Google's service that are used here. */
export type Method =
  | 'accessSecretVersion'
  | 'addSecretVersion'
  | 'createSecret'
  | 'deleteSecret'
  | 'destroySecretVersion'
  | 'getSecret'
  | 'getSecretVersion'
  | 'listSecrets'
  | 'listSecretVersions'
  | 'testIamPermissions'
  | 'updateSecret';

/** Why a call failed: what gRPC says, without any text of the other side. */
export interface CallFailure {
  readonly code: number;
  /** Google's ErrorInfo, such as SERVICE_DISABLED, where it is one that is known here. */
  readonly reason: string | null;
  /** It did not come to a call: `login` gave no token, or there was no connection. */
  readonly before: 'login' | 'connection' | null;
}

export type CallResult =
  | { readonly ok: true; readonly reply: unknown }
  | { readonly ok: false; readonly failure: CallFailure | 'late' | 'aborted' };

/** One request. `about` is the resource that it is routed by, `withinMs` how long it may take. */
export interface Sending {
  readonly method: Method;
  readonly request: object;
  readonly about: Readonly<Record<string, string>>;
  readonly withinMs: number;
}

/** Sends it once. */
export type Send = (sending: Sending, signal: AbortSignal) => Promise<CallResult>;

export interface Connection {
  readonly send: Send;
  readonly close: () => Promise<void>;
}

type Stub = Readonly<Record<Method, StubMethod>> & { readonly close: () => void };
type StubMethod = (
  request: object,
  metadata: grpc.Metadata,
  options: object,
  callback: (error: grpc.ServiceError | null, reply: unknown) => void,
) => { cancel(): void };

const LOGIN_MS = 20_000;
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const REASONS = [
  'SERVICE_DISABLED',
  'BILLING_DISABLED',
  'CONSUMER_INVALID',
  'ACCESS_TOKEN_SCOPE_INSUFFICIENT',
  'USER_PROJECT_DENIED',
] as const;

/**
 * Google's client, loaded and logged in on first use. Its stub is used rather than its methods: those print requests,
 * values included, when GOOGLE_SDK_NODE_LOGGING asks for it, repeat some of them, and cannot be cancelled.
 */
export function connectionFor(settings: GcpSettings, context: PluginContext): Connection {
  let opening: Promise<{ readonly stub: Stub; readonly metadata: () => grpc.Metadata }> | null = null;
  const open = () => {
    opening ??= connect(settings, context).catch((caught: unknown) => {
      opening = null;
      throw caught;
    });
    return opening;
  };

  return {
    send: async ({ method, request, about, withinMs }, signal) => {
      const { stub, metadata } = await open();
      if (signal.aborted) return { ok: false, failure: 'aborted' };
      const headers = metadata();
      const route = Object.entries(about).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
      if (route.length > 0) headers.set('x-goog-request-params', route.join('&'));
      const late = (ended: AbortSignal) => context.sleep(withinMs, ended);
      return await unary(stub[method].bind(stub), request, headers, late, signal);
    },
    close: async () => {
      const opened = await opening?.catch(() => null);
      opening = null;
      opened?.stub.close();
    },
  };
}

function unary(
  call: StubMethod,
  request: object,
  metadata: grpc.Metadata,
  late: (ended: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<CallResult> {
  return new Promise((resolve) => {
    const ended = new AbortController();
    const end = (result: CallResult): void => {
      ended.abort();
      resolve(result);
    };
    const sent = call(request, metadata, {}, (error, reply) =>
      end(error === null ? { ok: true, reply } : { ok: false, failure: failureOf(error) }),
    );
    const giveUp = (failure: 'late' | 'aborted'): void => {
      end({ ok: false, failure });
      sent.cancel();
    };
    signal.addEventListener('abort', () => giveUp('aborted'), { signal: ended.signal });
    late(ended.signal).then(
      () => giveUp('late'),
      () => undefined,
    );
  });
}

/** What may be known of a failure. Its texts come from elsewhere and may repeat the request: they are only compared. */
function failureOf({ code, details, metadata }: grpc.ServiceError): CallFailure {
  const info = metadata?.get('grpc-status-details-bin').map(String).join('') ?? '';
  const reason = REASONS.find((one) => info.includes(one)) ?? null;
  const text = String(details);
  const login = text.startsWith('Getting metadata from plugin failed');
  const connection = /^(No connection established|Name resolution failed)/.test(text);
  return { code, reason, before: login ? 'login' : connection ? 'connection' : null };
}

async function connect(settings: GcpSettings, context: PluginContext) {
  // Loggers are made while the client loads, so they are silenced before.
  (await import('google-logging-utils')).default.setBackend(null);
  // Of a CommonJS module in a bundle, `default` is all there is.
  const [{ default: library }, { default: gax }] = await Promise.all([
    import('@google-cloud/secret-manager/build/src/v1/index.js'),
    import('google-gax'),
  ]);
  const { grpc, GoogleAuth, googleAuthLibrary } = gax;
  grpc.setLogger({ error: () => undefined, info: () => undefined, debug: () => undefined });
  const local = settings.endpoint === undefined ? null : new URL(settings.endpoint);
  const where =
    local !== null
      ? {
          apiEndpoint: local.hostname.replace(/^\[|\]$/g, ''),
          port: Number(local.port),
          sslCreds: grpc.credentials.createInsecure(),
          auth: new GoogleAuth({ authClient: new googleAuthLibrary.PassThroughClient() }),
        }
      : settings.location === undefined
        ? {}
        : { apiEndpoint: `secretmanager.${settings.location}.rep.googleapis.com` };
  const client = new library.SecretManagerServiceClient({
    ...where,
    projectId: settings.project,
    scopes: [SCOPE],
    'grpc.service_config_disable_resolution': 1,
  });
  // Without this the first call would fail twice, the second time as a rejection that nobody can catch.
  const stub = (await loggedIn(client.initialize(), context)) as unknown as Stub;
  return { stub, metadata: () => new grpc.Metadata() };
}

/** Ambient credentials are looked for in files, in the environment and on the machine's metadata server. */
async function loggedIn<T>(login: Promise<T>, context: PluginContext): Promise<T> {
  const ended = new AbortController();
  const late = context.sleep(LOGIN_MS, ended.signal).then(
    () => null,
    () => new Promise<never>(() => undefined),
  );
  try {
    const found = await Promise.race([login, late]);
    if (found !== null) return found;
  } catch {
    // What it says may hold parts of a credential file.
    throw noLogin('no login for Google Cloud was found, or it is not one that can be used');
  } finally {
    ended.abort();
  }
  login.catch(() => undefined);
  throw noLogin(`looking for a login for Google Cloud took longer than ${LOGIN_MS / 1000} s`);
}

export function noLogin(message: string): KeyturnError {
  return new KeyturnError('ADMIN_REFUSED', message, {
    hint: 'run gcloud auth application-default login, let GOOGLE_APPLICATION_CREDENTIALS name a file, or run where a service account is attached; nothing was sent',
    unsent: true,
  });
}
