import { Agent as PlainAgent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';

/** As many connections at once as the SDK opens by itself. */
const OPTIONS = { keepAlive: true, maxSockets: 50 };

type AddRequest = (request: unknown, options: Readonly<Record<string, unknown>>) => void;

/**
 * Connections for the SDK. Node prints the options of a request when NODE_DEBUG says so, and the SDK puts its headers
 * among them, a session token too. A request has taken its headers by then, so they are left out.
 */
export function quietAgents(): { readonly httpAgent: PlainAgent; readonly httpsAgent: SecureAgent } {
  return { httpAgent: quiet(new PlainAgent(OPTIONS)), httpsAgent: quiet(new SecureAgent(OPTIONS)) };
}

function quiet<Agent extends PlainAgent>(agent: Agent): Agent {
  const { addRequest } = agent as unknown as { readonly addRequest: AddRequest };
  const withoutHeaders: AddRequest = (request, options) =>
    addRequest.call(agent, request, { ...options, headers: undefined });
  return Object.assign(agent, { addRequest: withoutHeaders });
}
