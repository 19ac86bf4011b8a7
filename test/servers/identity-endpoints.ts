import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What a machine in AWS asks for its identity, on loopback: the portal of SSO, the credentials of a container, the
 * metadata of an instance. Written by us from the public documentation; not evidence of AWS's behaviour.
 */
export interface IdentityEndpoints {
  readonly url: string;
  /** What was asked, as `GET /path`. */
  readonly asked: readonly string[];
  /** Everything secret that it takes or gives. */
  readonly secrets: typeof SECRETS;
  close(): Promise<void>;
}

const SECRETS = {
  ssoToken: 'plainly-fake-sso-token-0123456789',
  containerToken: 'plainly-fake-container-token-0123456789',
  instanceToken: 'plainly-fake-instance-token-0123456789',
  key: 'plainly-fake-key-of-a-machine-0123456789',
  session: 'plainly-fake-session-of-a-machine-0123456789',
} as const;
const IN_AN_HOUR_MS = 3_600_000;

type Route = (headers: IncomingMessage['headers']) => string | null;

/** Keys of an identity, each with another id, so that a test can tell where they came from. */
const keysOf = (id: string) => ({
  AccessKeyId: id,
  SecretAccessKey: SECRETS.key,
  Token: SECRETS.session,
  Expiration: new Date(Date.now() + IN_AN_HOUR_MS).toISOString(),
});

const ROUTES: Readonly<Record<string, Route>> = {
  'GET /federation/credentials': (headers) =>
    headers['x-amz-sso_bearer_token'] === SECRETS.ssoToken
      ? JSON.stringify({
          roleCredentials: {
            accessKeyId: 'ASIAFROMSSO',
            secretAccessKey: SECRETS.key,
            sessionToken: SECRETS.session,
            expiration: Date.now() + IN_AN_HOUR_MS,
          },
        })
      : null,
  'GET /container': ({ authorization }) =>
    authorization === SECRETS.containerToken ? JSON.stringify(keysOf('ASIAFROMCONTAINER')) : null,
  'PUT /latest/api/token': () => SECRETS.instanceToken,
  'GET /latest/meta-data/iam/security-credentials/': (headers) =>
    headers['x-aws-ec2-metadata-token'] === SECRETS.instanceToken ? 'rotator' : null,
  'GET /latest/meta-data/iam/security-credentials/rotator': (headers) =>
    headers['x-aws-ec2-metadata-token'] === SECRETS.instanceToken
      ? JSON.stringify({ Code: 'Success', Type: 'AWS-HMAC', ...keysOf('ASIAFROMINSTANCE') })
      : null,
};

export async function startIdentityEndpoints(): Promise<IdentityEndpoints> {
  const asked: string[] = [];
  const server = createServer(({ method = '', url = '', headers }, outgoing) => {
    const name = `${method} ${url.split('?')[0]}`;
    asked.push(name);
    const answer = ROUTES[name]?.(headers) ?? null;
    outgoing.writeHead(answer === null ? 401 : 200, {
      'content-type': 'application/json',
      'x-aws-ec2-metadata-token-ttl-seconds': '21600',
    });
    outgoing.end(answer ?? '{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    secrets: SECRETS,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
