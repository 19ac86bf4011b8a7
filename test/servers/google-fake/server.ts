import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { GrpcClient, grpc } from 'google-gax';
import { type May, requirePermission } from './access.ts';
import { type FakeCall, type Fault, failureOf, type Rule, takeFault } from './faults.ts';
import { METHODS, type Request, type Site } from './methods.ts';
import { Failure, toServiceError } from './status.ts';
import { World } from './world.ts';

/*
 * A fake of Google Secret Manager, written by us from the public documentation. It is not evidence of how Google's
 * service behaves; it shares no code with the store that is tested on it. It speaks real gRPC, with the service
 * definition that Google's client library ships, on loopback and without TLS.
 */

export interface GoogleFake {
  /** `http://127.0.0.1:PORT`, as the setting `endpoint` takes it. */
  readonly url: string;
  readonly project: string;
  readonly world: World;
  /** What callers showed as their login, each once. */
  readonly logins: Set<string>;
  /** Every call that arrived, in order. */
  readonly calls: FakeCall[];
  /** Faults that are to come. Push a rule; what has met its calls is taken out. */
  readonly faults: Rule[];
  /** What callers may do; everything to begin with. */
  may: May;
  /** False: the API was never switched on in this project. */
  enabled: boolean;
  /** Asked for each call before anything is done with it; null: what `faults` say. */
  rule: ((call: FakeCall) => Promise<Ruling | null>) | null;
  /** Performs a method as somebody would who is always allowed to. */
  ask(method: string, request: Request): object;
  stop(): Promise<void>;
}

/** What becomes of one call. */
export interface Ruling {
  readonly fault: Fault | null;
  /** Of a call that is done: awaited before the caller sees anything of it. */
  readonly after?: () => Promise<void>;
}

const PROJECT = 'fake-project';
const PROJECT_NUMBER = '314159265358';
const SERVICE = 'google.cloud.secretmanager.v1.SecretManagerService';

/** With `tls` it speaks TLS, and wants no other login than whatever it is shown. */
export async function startGoogleFake(tls?: {
  readonly key: Buffer;
  readonly cert: Buffer;
}): Promise<GoogleFake> {
  const world = new World();
  const sockets = new Map<number | undefined, Socket>();
  const server = new grpc.Server({ 'grpc.max_receive_message_length': -1 });
  const site: Site = {
    world,
    outward: (path) => path.replace(`projects/${PROJECT}/`, `projects/${PROJECT_NUMBER}/`),
    may: (permission, path) => fake.may(permission, path.split('/').at(-1) ?? ''),
  };

  const perform = (method: string, request: Request): object => METHODS[method]?.(site, request) ?? {};
  const allowed = (method: string, request: Request, secret: string): void => {
    const name = nameOf(request);
    if (!name.startsWith(`projects/${PROJECT}`)) throw notThisProject(name);
    if (!fake.enabled) throw notEnabled();
    requirePermission(method, name, secret, fake.may);
  };

  /** A refusal is an answer, too: it can be lost like any other. */
  const answerTo = (method: string, request: Request, secret: string): object => {
    try {
      allowed(method, request, secret);
      return perform(method, request);
    } catch (caught) {
      if (caught instanceof Failure) return caught;
      throw caught;
    }
  };

  const answer: Answer = async (method, sent, login) => {
    for (const one of login) fake.logins.add(one);
    const request = inward(sent);
    const call = { method, secret: secretOf(request) };
    fake.calls.push(call);
    const ruling = (await fake.rule?.(call)) ?? { fault: takeFault(fake.faults, call) };
    const { fault } = ruling;
    if (fault?.do === 'damage') return damaged(perform(method, request));
    if (fault?.when === 'before') return struck(fault);
    const reply = answerTo(method, request, call.secret);
    await ruling.after?.();
    if (fault !== null) return struck(fault);
    if (reply instanceof Failure) throw reply;
    return reply;
  };

  const struck = (fault: Exclude<Fault, { do: 'damage' }>) => {
    if (fault.do === 'fail') throw failureOf(fault);
    return fault.do === 'hang' ? 'silence' : 'reset';
  };

  server.addService(
    serviceDefinition(),
    implementation(answer, (port) => sockets.get(port)?.destroy()),
  );
  const upstream = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentialsOf(tls), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
  // The server library lets nobody break a connection, so one more hop does.
  const front = createServer((socket) => {
    const inner = connect(upstream, '127.0.0.1');
    inner.on('connect', () => {
      const { localPort } = inner;
      sockets.set(localPort, socket);
      socket.on('close', () => sockets.delete(localPort));
    });
    socket.setNoDelay(true);
    inner.setNoDelay(true);
    for (const [one, other] of [
      [socket, inner],
      [inner, socket],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));

  const fake: GoogleFake = {
    url: `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
    project: PROJECT,
    world,
    logins: new Set(),
    calls: [],
    faults: [],
    may: () => true,
    enabled: true,
    rule: null,
    ask: (method, request) => perform(method, inward(request)),
    stop: async () => {
      for (const socket of sockets.values()) socket.destroy();
      front.close();
      server.forceShutdown();
    },
  };
  return fake;
}

type Answer = (
  method: string,
  request: Request,
  login: readonly string[],
) => Promise<object | 'silence' | 'reset'>;

function implementation(answer: Answer, reset: (port: number) => void): grpc.UntypedServiceImplementation {
  const handlers = Object.keys(METHODS).map((method) => {
    const handle: grpc.handleUnaryCall<Request, object> = (call, callback) => {
      answer(method, call.request, call.metadata.get('authorization').map(String)).then(
        (reply) => {
          if (reply === 'reset') reset(Number(call.getPeer().split(':').at(-1)));
          else if (reply !== 'silence') callback(null, reply);
        },
        (caught: unknown) => {
          const failure =
            caught instanceof Failure
              ? caught
              : new Failure(grpc.status.INTERNAL, `the fake failed: ${caught}`);
          callback(toServiceError(failure));
        },
      );
    };
    return [method, handle] as const;
  });
  return Object.fromEntries(handlers);
}

function credentialsOf(tls: { readonly key: Buffer; readonly cert: Buffer } | undefined) {
  if (tls === undefined) return grpc.ServerCredentials.createInsecure();
  return grpc.ServerCredentials.createSsl(null, [{ private_key: tls.key, cert_chain: tls.cert }]);
}

function serviceDefinition(): grpc.ServiceDefinition {
  const path = createRequire(import.meta.url).resolve(
    '@google-cloud/secret-manager/build/protos/protos.json',
  );
  const loaded = new GrpcClient().loadProtoJSON(JSON.parse(readFileSync(path, 'utf8'))) as unknown;
  const found = SERVICE.split('.').reduce((at, step) => (at as Record<string, unknown>)[step], loaded);
  return (found as { readonly service: grpc.ServiceDefinition }).service;
}

function nameOf(request: Request): string {
  return request.secret?.name || request.name || request.parent || request.resource || '';
}

/** The last step of the secret's name; empty where the request is about the project. */
function secretOf(request: Request): string {
  if (request.secretId) return request.secretId;
  return /\/secrets\/([^/]+)/.exec(nameOf(request))?.[1] ?? '';
}

/** The project may be named by its number as well. */
function inward(request: Request): Request {
  const text = (name: string | undefined) =>
    name?.replace(`projects/${PROJECT_NUMBER}`, `projects/${PROJECT}`);
  const fields = Object.fromEntries(
    (['name', 'parent', 'resource'] as const).flatMap((key) => {
      const value = text(request[key]);
      return value === undefined ? [] : [[key, value]];
    }),
  );
  const name = text(request.secret?.name);
  return { ...request, ...fields, ...(name === undefined ? {} : { secret: { ...request.secret, name } }) };
}

function damaged(reply: object): object {
  const { payload } = reply as { payload?: { data: Buffer } };
  if (payload === undefined) return reply;
  const data = Buffer.from(payload.data);
  data[0] = (data[0] ?? 0) ^ 1;
  return { ...reply, payload: { ...payload, data } };
}

function notThisProject(name: string): Failure {
  return new Failure(
    grpc.status.PERMISSION_DENIED,
    `Permission denied on resource ${name.split('/').slice(0, 2).join('/')}.`,
    'CONSUMER_INVALID',
  );
}

function notEnabled(): Failure {
  return new Failure(
    grpc.status.PERMISSION_DENIED,
    'Secret Manager API has not been used in this project before or it is disabled.',
    'SERVICE_DISABLED',
  );
}
