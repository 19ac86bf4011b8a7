import { freePort, launch } from './process.ts';
import { installPackages, pythonIn, waitUntilUp } from './python.ts';
import { folderOf, type TestServer } from './server.ts';

const PACKAGES = ['moto[server]==5.2.5'];

/** AWS by https://github.com/getmoto/moto (Apache-2.0), in memory. It accepts every identity. */
export const motoServer: TestServer = {
  name: 'moto',
  install: (folder) => installPackages(folder, PACKAGES),
  async start(folder) {
    const port = await freePort();
    const run = 'from moto.server import main; import sys; main(sys.argv[1:])';
    const args = ['-c', run, '-H', '127.0.0.1', '-p', String(port)];
    const server = launch({ program: pythonIn(folder, PACKAGES), args });
    const url = `http://127.0.0.1:${port}`;
    try {
      await waitUntilUp(url, server);
      return { url, stop: server.stop };
    } catch (caught) {
      await server.stop();
      throw caught;
    }
  },
};

/** The Python that has AWS's library for Python, boto3, beside the server. */
export function motoPython(): string {
  return pythonIn(folderOf(motoServer), PACKAGES);
}
