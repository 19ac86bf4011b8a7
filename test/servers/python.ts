import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from './process.ts';
import { Unavailable } from './server.ts';

const INSTALL_MS = 10 * 60_000;

/** Puts packages of Python into an environment of their own. The environment's name says what is in it. */
export async function installPackages(folder: string, specs: readonly string[]): Promise<void> {
  const home = environmentIn(folder, specs);
  if (await exists(home)) return;
  const making = `${home}.making`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await runTool('python3', ['-m', 'venv', making], { withinMs: INSTALL_MS }).catch(() => {
    throw new Unavailable('python3 with its venv module is not installed');
  });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...specs];
  await runTool(join(making, 'bin/python'), pip, { withinMs: INSTALL_MS }).catch((error: Error) => {
    throw new Unavailable(`its Python packages cannot be had: ${error.message.slice(-300)}`);
  });
  await rename(making, home);
}

/** Runs a module or script of an environment: programs in `bin` hold the path where they were made. */
export function pythonIn(folder: string, specs: readonly string[]): string {
  return join(environmentIn(folder, specs), 'bin/python');
}

function environmentIn(folder: string, specs: readonly string[]): string {
  return join(folder, specs.join('-').replaceAll(/[^A-Za-z0-9.=-]/g, '_'));
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

const UP_MS = 60_000;
const PAUSE_MS = 100;

/** Waits until something answers at a URL, whatever it says. Throws when the server ends or is not up in time. */
export async function waitUntilUp(
  url: string,
  server: { ended(): boolean; output(): string },
): Promise<void> {
  for (const end = Date.now() + UP_MS; Date.now() < end; ) {
    const up = await fetch(url).then(
      async (reply) => {
        await reply.arrayBuffer();
        return true;
      },
      () => false,
    );
    if (up) return;
    if (server.ended()) throw new Error(`the server ended before it was up: ${server.output()}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  throw new Error(`the server did not come up in time: ${server.output()}`);
}
