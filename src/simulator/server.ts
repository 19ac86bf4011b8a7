import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface OpenServer {
  readonly port: number;
  /** `http://127.0.0.1:port`, without a slash at its end. */
  readonly url: string;
  /** Ends every connection. A second time is fine. */
  close(): Promise<void>;
}

export type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** The timers of one simulator, which all end with it. */
export interface Timers {
  later(ms: number, work: () => void): void;
  clear(): void;
}

export function createTimers(): Timers {
  const running = new Set<NodeJS.Timeout>();
  return {
    later(ms, work) {
      const timer = setTimeout(() => {
        running.delete(timer);
        work();
      }, ms);
      running.add(timer);
    },
    clear() {
      for (const timer of running) clearTimeout(timer);
      running.clear();
    },
  };
}

/** Listens on 127.0.0.1 and nowhere else; port 0 takes a free one. Rejects when the port is taken. */
export async function openServer(port: number, handle: Handle): Promise<OpenServer> {
  const server = createServer({ requireHostHeader: false }, (request, response) => {
    // So that nobody takes any reply for the real thing.
    response.setHeader('x-simulator', 'keyturn');
    handle(request, response).catch((error: unknown) => {
      if (response.headersSent) return response.destroy();
      response.statusCode = 500;
      return response.end(
        `the simulator itself failed: ${error instanceof Error ? error.message : 'unknown'}`,
      );
    });
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const taken = typeof address === 'object' && address !== null ? address.port : port;
  return {
    port: taken,
    url: `http://127.0.0.1:${taken}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
