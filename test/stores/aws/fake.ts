import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Ask, Refused, type Rules, secretsManagerRules } from './rules.ts';

/** What a call is answered with instead. */
export interface Instead {
  readonly status?: number;
  readonly type?: string;
  readonly message?: string;
  /** Sent as it is. */
  readonly body?: string;
  /** Of the reply, in milliseconds since the epoch. */
  readonly date?: number;
}

export interface FakeAws {
  readonly url: string;
  readonly secrets: Rules['secrets'];
  /** Requests that arrived: the action, and the name of the secret. */
  readonly calls: { readonly action: string; readonly name: string }[];
  /** Asked before each call; null: the rules answer. */
  instead: (action: string, ask: Ask, headers: IncomingMessage['headers']) => Instead | null;
  clock: () => number;
  close(): Promise<void>;
}

/** The rules behind HTTP, on loopback. */
export async function startFakeAws(): Promise<FakeAws> {
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const action = String(incoming.headers['x-amz-target']).replace('secretsmanager.', '');
      const ask = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Ask;
      fake.calls.push({ action, name: ask.SecretId ?? ask.Name ?? '' });
      const { status, body, date } = reply(fake, rules, action, ask, incoming.headers);
      outgoing.writeHead(status, {
        'content-type': 'application/x-amz-json-1.1',
        ...(date === undefined ? {} : { date: new Date(date).toUTCString() }),
      });
      outgoing.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const rules = secretsManagerRules(() => fake.clock());
  const fake: FakeAws = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    secrets: rules.secrets,
    calls: [],
    instead: () => null,
    clock: () => Date.now(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return fake;
}

function reply(
  { instead }: FakeAws,
  rules: Rules,
  action: string,
  ask: Ask,
  headers: IncomingMessage['headers'],
): { readonly status: number; readonly body: string; readonly date?: number } {
  const other = instead(action, ask, headers);
  if (other !== null) {
    const { status = 400, type = '', message = '', date } = other;
    const body = other.body ?? JSON.stringify({ __type: type, Message: message });
    return { status, body, ...(date === undefined ? {} : { date }) };
  }
  try {
    return { status: 200, body: JSON.stringify(rules.answer(action, ask)) };
  } catch (caught) {
    if (!(caught instanceof Refused)) throw caught;
    return { status: 400, body: JSON.stringify({ __type: caught.name, Message: caught.message }) };
  }
}
