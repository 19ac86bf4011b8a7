import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** How often the client sends, and how often it looks for a newer token, in milliseconds. */
const SEND_EVERY = 25;
const READ_EVERY = 250;

export interface ClientOrders {
  readonly tokenFile: string;
  readonly identityFile: string;
  /** Where messages are sent. */
  readonly url: string;
}

export interface ClientReport {
  readonly sent: number;
  readonly failed: number;
  /** How many different tokens it has used. */
  readonly tokens: number;
}

/**
 * A WhatsApp client as a process of its own: reads the stored token as consumers do, with age and nothing of keyturn,
 * keeps it for a while, and sends messages until its standard input ends. Writes its report as one line of JSON.
 */
export async function runClient(orders: ClientOrders): Promise<ClientReport> {
  const state = { stopped: false };
  process.stdin.resume().on('end', () => {
    state.stopped = true;
  });
  const seen = new Set<string>();
  let sent = 0;
  let failed = 0;
  let token = '';
  let readAt = Number.NEGATIVE_INFINITY;
  while (!state.stopped) {
    if (performance.now() - readAt >= READ_EVERY) {
      token = await readToken(orders);
      readAt = performance.now();
      seen.add(token);
    }
    if (await send(orders.url, token)) sent += 1;
    else failed += 1;
    await pause(SEND_EVERY);
  }
  return { sent, failed, tokens: seen.size };
}

async function readToken({ tokenFile, identityFile }: ClientOrders): Promise<string> {
  const age = await import('age-encryption');
  const decrypter = new age.Decrypter();
  decrypter.addIdentity((await readFile(identityFile, 'utf8')).trim());
  return decrypter.decrypt(await readFile(tokenFile), 'text');
}

async function send(url: string, token: string): Promise<boolean> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      messaging_product: 'whatsapp',
      to: '15550000000',
      type: 'text',
      text: { body: 'hello' },
    }),
  });
  await response.arrayBuffer();
  return response.ok;
}
