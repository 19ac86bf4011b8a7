import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';

/**
 * A `fetch` that trusts these certificates and no others, for what the HTTP client asks of one: Node's own takes no
 * certificates. It never follows a redirect, and no variable turns its checks off.
 */
export function fetchTrusting(ca: string): typeof fetch {
  const agent = new Agent({ ca, rejectUnauthorized: true });
  return (input, init = {}) =>
    new Promise((resolve, reject) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const call = request(url, {
        agent,
        method: init.method ?? 'GET',
        headers: Object.fromEntries(new Headers(init.headers)),
        ...(init.signal ? { signal: init.signal } : {}),
      });
      call.once('error', reject);
      call.once('response', (reply) => resolve(toResponse(reply)));
      const { body } = init;
      if (body)
        Readable.fromWeb(body as ReadableStream)
          .on('error', reject)
          .pipe(call);
      else call.end();
    });
}

function toResponse(reply: IncomingMessage): Response {
  const status = reply.statusCode ?? 502;
  const headers = new Headers();
  for (const [name, value] of Object.entries(reply.headers)) headers.set(name, String(value));
  const empty = status === 204 || status === 304;
  if (empty) reply.resume();
  return new Response(empty ? null : (Readable.toWeb(reply) as globalThis.ReadableStream), {
    status,
    headers,
  });
}
