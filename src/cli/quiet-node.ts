import type { Agent } from 'node:http';

/** The sections of NODE_DEBUG in which Node's fetch prints the address of every request. */
const OF_FETCH = /^(fetch|undici|websocket)$/i;

type AddRequest = (
  this: Agent,
  request: unknown,
  options: Readonly<Record<string, unknown>>,
  ...more: unknown[]
) => void;

/**
 * Keeps from what Node prints for NODE_DEBUG what holds a secret: Meta is asked about a token in the address of a
 * request, and libraries of stores log in with headers. Has to run before the first request.
 */
export function quietNode(): void {
  // Loaded here, because hardly anybody needs it.
  const util = process.getBuiltinModule('node:util');
  const http = process.getBuiltinModule('node:http');
  const { debuglog } = util;
  const silent = Object.assign(() => undefined, { enabled: false });
  const quiet: typeof debuglog = (section, callback) =>
    OF_FETCH.test(section) ? silent : debuglog(section, callback);
  Object.assign(util, { debuglog: quiet });

  // Of node:http, the options of a request are printed. It has taken its headers out of them when it comes to an agent.
  const agent = http.Agent.prototype as unknown as { addRequest: AddRequest };
  const { addRequest } = agent;
  agent.addRequest = function (request, options, ...more) {
    addRequest.call(this, request, { ...options, headers: undefined }, ...more);
  };
}
