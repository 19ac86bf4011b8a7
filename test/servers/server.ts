import { fileURLToPath } from 'node:url';

/** A server that is up. What else its store needs (tokens, certificates) a server adds to this. */
export interface RunningServer {
  /** On loopback, on a port that was free. */
  readonly url: string;
  /** Ends it, by its process id. Succeeds twice. */
  stop(): Promise<void>;
}

/** A third-party server that a store is proven on. One file each beside this one, and a line in list.ts. */
export interface TestServer<Running extends RunningServer = RunningServer> {
  readonly name: string;
  /**
   * Puts it into a folder of its own, which git ignores. Does nothing where it is there already.
   * Throws Unavailable where it cannot be had here: a program that is missing, a registry that gives no answer.
   */
  install(folder: string): Promise<void>;
  /** Starts one more of it. Bounded in time; throws when it does not come up. */
  start(folder: string): Promise<Running>;
}

/** Why a server cannot be had on this machine. The run counts it as skipped; every other failure is one. */
export class Unavailable extends Error {}

const CACHE = fileURLToPath(new URL('../../.cache/servers/', import.meta.url));

/** Where a server is installed. Outlives `npm ci`. */
export function folderOf(server: Pick<TestServer, 'name'>): string {
  return `${CACHE}${server.name}`;
}

/** Starts an installed server for a test file: `const vault = await started(vaultServer)`. */
export function started<Running extends RunningServer>(server: TestServer<Running>): Promise<Running> {
  return server.start(folderOf(server));
}
