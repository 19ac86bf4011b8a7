import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch, runTool } from './process.ts';
import { type RunningServer, type TestServer, Unavailable } from './server.ts';

const SOURCES = fileURLToPath(new URL('vault/', import.meta.url));
const INPUTS = ['go.mod', 'go.sum', 'main.go'];
const DOWNLOAD_MS = 15 * 60_000;
const BUILD_MS = 30 * 60_000;

export interface RunningVault extends RunningServer {
  /** The same core over TLS, with a certificate that `authority` (PEM) has signed. */
  readonly tlsUrl: string;
  readonly authority: string;
  readonly rootToken: string;
  readonly unsealKey: string;
}

/** A real Vault core in memory, unsealed; built from its Go module once for each state of the program in vault/. */
export const vaultServer: TestServer<RunningVault> = {
  name: 'vault',

  async install(folder) {
    const binary = await binaryIn(folder);
    if (await exists(binary)) return;
    const tool = (args: readonly string[], withinMs: number) =>
      runTool('go', args, { cwd: SOURCES, withinMs, env: { CGO_ENABLED: '0', GOWORK: 'off' } });
    await tool(['version'], DOWNLOAD_MS).catch(() => {
      throw new Unavailable('Go is not installed, and the Vault core is built with it');
    });
    await tool(['mod', 'download', '-x'], DOWNLOAD_MS).catch((error: Error) => {
      throw new Unavailable(`its Go modules cannot be had: ${error.message.slice(-300)}`);
    });
    await mkdir(folder, { recursive: true });
    const making = `${binary}.making`;
    await tool(['build', '-trimpath', '-ldflags', '-s -w', '-o', making, '.'], BUILD_MS);
    for (const old of await readdir(folder)) {
      if (!making.endsWith(old)) await rm(join(folder, old), { recursive: true, force: true });
    }
    await rename(making, binary);
  },

  async start(folder) {
    const process = launch({ program: await binaryIn(folder), args: [] });
    try {
      const told = JSON.parse(await process.firstLine) as Omit<RunningVault, 'stop'>;
      return { ...told, stop: process.stop };
    } catch (caught) {
      await process.stop();
      throw caught;
    }
  },
};

async function binaryIn(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const input of INPUTS) hash.update(await readFile(join(SOURCES, input)));
  return join(folder, `vault-${hash.digest('hex').slice(0, 16)}`);
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
