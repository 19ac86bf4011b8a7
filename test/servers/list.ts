import { googleServer } from './google.ts';
import { ministackServer } from './ministack.ts';
import { motoServer } from './moto.ts';
import { folderOf, type TestServer, Unavailable } from './server.ts';
import { vaultServer } from './vault.ts';

/** Every server that `npm run test:servers` knows. Its tests are `<name>*.server.ts` beside this file. */
export const servers: readonly TestServer[] = [vaultServer, motoServer, ministackServer, googleServer];

/** Why a server cannot be had on this machine; null where it is there now. */
export async function installServer(server: TestServer): Promise<string | null> {
  try {
    await server.install(folderOf(server));
    return null;
  } catch (caught) {
    if (caught instanceof Unavailable) return caught.message;
    throw caught;
  }
}
