import type { client as NodeVaultClient, Option } from 'node-vault';
import { type Asked, badReply, replyFault } from './faults.ts';
import { encoded, type Steps } from './paths.ts';
import type { Wire, WireReply } from './wire.ts';

/** Less than the engine gives a call, so that a hung Vault is told apart from a slow one. */
const DEADLINE_MS = 20_000;

export interface VaultCall extends Asked {
  readonly method: 'GET' | 'LIST' | 'POST' | 'DELETE';
  /** Below `/v1/`, as steps in clear. */
  readonly path: Steps;
  readonly query?: Readonly<Record<string, string>>;
  /** JSON as text, so that what is only passed on stays as it came. */
  readonly body?: string;
  /** Absent: the call is made without one. */
  readonly token?: string;
  readonly signal: AbortSignal;
}

export interface VaultReply {
  /** True for 404, which is absence to some calls and a failure to others. */
  readonly missing: boolean;
  /** Undefined where the answer has no body. */
  readonly json: unknown;
  readonly text: string;
}

/** Sends one call. Throws KeyturnError for all that is neither success nor 404. */
export type SendToVault = (call: VaultCall) => Promise<VaultReply>;

/** What node-vault hands to the function that sends for it, and what it wants back. */
interface Order {
  readonly method: string;
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly call: VaultCall;
  readonly answer: (reply: WireReply) => void;
}

/**
 * The client of Vault with its pitfalls fenced (docs/decisions/vault-store.md). It is node-vault that knows how a request
 * to Vault looks; what goes over the wire goes through a wire of our own, which node-vault takes in place of its own. So
 * there is a time limit, no redirect is followed, and no error carries a token or a body.
 */
export function connect(
  of: {
    readonly address: string;
    readonly namespace?: string | undefined;
    readonly deadlineMs?: number;
  },
  wire: Wire,
): SendToVault {
  let client: Promise<NodeVaultClient> | undefined;

  return async (call) => {
    client ??= open(of.address, of.namespace, (order) => deliver(wire, order, of.deadlineMs ?? DEADLINE_MS));
    let reply: WireReply | undefined;
    const options = {
      // An object of its own: node-vault writes into it.
      headers: call.token === undefined ? {} : { 'X-Vault-Token': call.token },
      call,
      answer: (given: WireReply) => {
        reply = given;
      },
    };
    await perform(await client, call, options).catch((caught: unknown) => {
      // node-vault makes an error of its own of 404; whether it is one is for the caller to say.
      if (reply?.status !== 404) throw caught;
    });
    if (reply === undefined) throw badReply(call.doing);
    // By the status itself: node-vault takes any answer for success where the path has `sys/health` in it.
    return { missing: reply.status === 404, json: reply.json, text: reply.text };
  };
}

async function open(
  address: string,
  namespace: string | undefined,
  deliver: (order: Order) => Promise<unknown>,
): Promise<NodeVaultClient> {
  const { default: makeClient } = await import('node-vault');
  const client = makeClient({
    endpoint: address.replace(/\/$/, ''),
    // node-vault prints every value that it writes when DEBUG says so.
    debug: () => undefined,
    'request-promise': { defaults: () => (order: Order) => deliver(order) },
  });
  // node-vault fills in what it finds in VAULT_TOKEN, VAULT_NAMESPACE and VAULT_PREFIX. Only the configuration counts.
  return Object.assign(client, { token: '', namespace: namespace ?? '', pathPrefix: '' });
}

function perform(client: NodeVaultClient, call: VaultCall, options: Option): Promise<unknown> {
  const path = encoded(call.path);
  if (call.method === 'POST') return client.write(path, {}, options);
  if (call.method === 'DELETE') return client.delete(path, options);
  return client.read(path, options);
}

/** Sends what node-vault has put together, and tells it the outcome in its own terms. */
async function deliver(wire: Wire, order: Order, deadlineMs: number): Promise<unknown> {
  const { call, answer, uri, headers } = order;
  const query = new URLSearchParams({ ...(call.method === 'LIST' ? { list: 'true' } : {}), ...call.query });
  const reply = await wire({
    method: call.method === 'LIST' ? 'GET' : call.method,
    url: query.size === 0 ? uri : `${uri}?${query}`,
    what: call.doing,
    headers,
    ...(call.body === undefined ? {} : { body: call.body }),
    deadlineMs,
    signal: call.signal,
  });
  const fault = replyFault(call, reply);
  if (fault !== null) throw fault;
  answer(reply);
  return { statusCode: reply.status, body: reply.json ?? {}, request: { path: '' } };
}
