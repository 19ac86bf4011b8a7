import { randomBytes } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Failure } from 'keyturn/contracts/issuer';

export const ADMIN_TOKEN = randomBytes(20).toString('hex');

/** Acme, as far as its documentation goes. */
export async function startAcme() {
  const live = new Set<string>();
  let requests = 0;
  let creates = 0;
  let failing: { how: Failure; what: 'all' | 'create' } | null = null;
  const make = () => {
    const secret = randomBytes(20).toString('hex');
    live.add(secret);
    return secret;
  };
  const server = createServer((request, response) => {
    requests += 1;
    const { method = '', url = '', headers } = request;
    const creating = method === 'POST';
    if (creating) creates += 1;
    const bearer = headers.authorization?.replace('Bearer ', '') ?? '';
    const how = failing !== null && (failing.what === 'all' || creating) ? failing.how : null;
    if (how === 'silent') return;
    if (how === 'reset') return void response.socket?.resetAndDestroy();
    if (how === 'html') return void response.writeHead(502).end('<html><body>Bad gateway</body></html>');
    if (url === '/me') return answer(response, live.has(bearer) ? 200 : 401, {}, how);
    if (bearer !== ADMIN_TOKEN || how === 'refused') return answer(response, 401, {}, how);
    if (creating) return answer(response, 201, { secret: make() }, how);
    return answer(response, live.delete(String(headers['x-key'])) ? 204 : 404, {}, how);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    live,
    make,
    requests: () => requests,
    creates: () => creates,
    fail: (how: Failure, what: 'all' | 'create') => {
      failing = { how, what };
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

function answer(response: ServerResponse, status: number, body: object, how: Failure | null): void {
  const text = JSON.stringify(body).padEnd(20);
  if (how === 'lost') return void response.socket?.resetAndDestroy();
  if (how === 'cut') {
    response.writeHead(status === 204 ? 200 : status, { 'content-length': '200' });
    response.write(text, () => response.destroy());
    return;
  }
  response.writeHead(status).end(status === 204 ? undefined : text);
}
