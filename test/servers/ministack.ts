import { freePort, launch } from './process.ts';
import { installPackages, pythonIn, waitUntilUp } from './python.ts';
import type { RunningServer, TestServer } from './server.ts';

const PACKAGES = ['ministack==1.5.33'];

/** AWS by https://github.com/ministackorg/ministack (MIT), in memory. It accepts every identity. */
export const ministackServer: TestServer = {
  name: 'ministack',
  install: (folder) => installPackages(folder, PACKAGES),
  start: (folder) => startMinistack(folder, {}),
};

/** Without its services named, it opens ports on every interface. `AUTH: 'true'` makes it hold to IAM's policies. */
export async function startMinistack(
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<RunningServer> {
  const port = await freePort();
  const server = launch({
    program: pythonIn(folder, PACKAGES),
    args: ['-m', 'ministack'],
    env: {
      SERVICES: 'secretsmanager,sts,iam',
      IOT_MTLS_ENABLED: '0',
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      ...env,
    },
  });
  const url = `http://127.0.0.1:${port}`;
  try {
    await waitUntilUp(url, server);
    return { url, stop: server.stop };
  } catch (caught) {
    await server.stop();
    throw caught;
  }
}
