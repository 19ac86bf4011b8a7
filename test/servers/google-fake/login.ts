import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';

/* What stands around the service when a login is needed: a certificate, a way to it, and a place that gives tokens. */

const HOSTS = ['secretmanager.googleapis.com', 'secretmanager.europe-west3.rep.googleapis.com'];

/** A certificate of Google's host names, signed by itself. `file` is what callers are told to trust. */
export function certificateIn(folder: string): { key: Buffer; cert: Buffer; file: string } {
  const [key, file] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const names = HOSTS.map((host) => `DNS:${host}`).join(',');
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=fake'];
  execFileSync('openssl', [...args, '-addext', `subjectAltName=${names}`, '-keyout', key, '-out', file], {
    stdio: 'ignore',
  });
  return { key: readFileSync(key), cert: readFileSync(file), file };
}

export interface Listener {
  readonly url: string;
  readonly asked: string[];
  stop(): void;
}

/** A proxy that leads every CONNECT to one port of this machine. */
export async function startProxy(to: number): Promise<Listener> {
  const open = new Set<Socket>();
  const asked: string[] = [];
  const server = createServer();
  server.on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    const inner = connect(to, '127.0.0.1', () => socket.write('HTTP/1.1 200 Connected\r\n\r\n'));
    for (const one of [socket as Socket, inner]) {
      open.add(one);
      one.on('error', () => undefined);
    }
    socket.pipe(inner).pipe(socket);
  });
  return listening(server, asked, () => {
    for (const one of open) one.destroy();
  });
}

/** Changes the identity token of a workload into a token of Google; `answer` can be replaced. */
export async function startTokens(
  token: string,
): Promise<Listener & { answer: { status: number; body: object } }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      asked.push(body);
      response.writeHead(tokens.answer.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(tokens.answer.body));
    });
  });
  const usual = {
    access_token: token,
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
    expires_in: 3600,
  };
  const tokens = {
    ...(await listening(server, asked, () => undefined)),
    answer: { status: 200, body: usual as object },
  };
  return tokens;
}

/** The metadata server of a machine with a service account attached. */
export async function startMetadata(token: string): Promise<Listener> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0] ?? '';
    asked.push(path);
    const reply = path.endsWith('/token')
      ? JSON.stringify({ access_token: token, expires_in: 3600, token_type: 'Bearer' })
      : path.endsWith('/project-id')
        ? 'fake-project'
        : path.endsWith('/universe-domain') || path.endsWith('/universe_domain')
          ? 'googleapis.com'
          : '{}';
    const type = reply.startsWith('{') ? 'application/json' : 'application/text';
    response.writeHead(200, { 'metadata-flavor': 'Google', 'content-type': type });
    response.end(reply);
  });
  return await listening(server, asked, () => undefined);
}

/** A file for GOOGLE_APPLICATION_CREDENTIALS: workload identity federation, as a CI job has it. */
export function workloadIn(folder: string, tokenUrl: string, identity: string): string {
  const [subject, file] = [join(folder, 'identity'), join(folder, 'credentials.json')];
  writeFileSync(subject, identity);
  const pool = 'projects/1/locations/global/workloadIdentityPools/ci/providers/ci';
  writeFileSync(
    file,
    JSON.stringify({
      type: 'external_account',
      audience: `//iam.googleapis.com/${pool}`,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${tokenUrl}/v1/token`,
      credential_source: { file: subject },
    }),
  );
  return file;
}

function listening(
  server: ReturnType<typeof createServer>,
  asked: string[],
  end: () => void,
): Promise<Listener> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      const stop = (): void => {
        end();
        server.closeAllConnections();
        server.close();
      };
      resolve({ url: `http://127.0.0.1:${port}`, asked, stop });
    });
  });
}
