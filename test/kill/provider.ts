import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { metaIssuer } from '../cli/configuration.ts';

/** A key as whoever issued it knows it. */
export interface IssuedKey {
  readonly id: string;
  /** The first 16 hex digits of SHA-256 over the value. */
  readonly fingerprint: string;
  readonly live: boolean;
  readonly diedAt: number | null;
}

/** Who issues the keys, seen from outside of keyturn: every key that ever was, and whether it lives. */
export interface Provider {
  /** Those of the credential, in the order of making. */
  keys(): readonly IssuedKey[];
  lookup(value: string): IssuedKey | null;
  /** Makes a key as a person does. The same calls in the same order make the same keys. */
  make(): string;
  kill(id: string): void;
  /** Sends one message; whether it was accepted. */
  send(value: string): Promise<boolean>;
  /** The lines of the issuer in the configuration. */
  readonly settings: readonly string[];
  /** What the settings refer to, as variables; none may ever be printed. */
  readonly secrets: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** The simulated Meta app. */
export async function openMeta(): Promise<Provider> {
  const simulator = await startSimulator({ clock: Date.now, seed: 1 });
  const { url, world } = simulator;
  const toKey = ({
    id,
    fingerprint,
    state,
    diedAt,
  }: ReturnType<typeof simulator.keys>[number]): IssuedKey => ({
    id,
    fingerprint,
    live: state === 'live',
    diedAt,
  });
  const phone = `${url}/v25.0/${world.phoneNumberId}`;
  const message = {
    messaging_product: 'whatsapp',
    to: '15550000000',
    type: 'text',
    text: { body: 'hello' },
  };
  return {
    keys: () =>
      simulator
        .keys()
        .filter(({ userId }) => userId === world.systemUserId)
        .map(toKey),
    lookup: (value) => {
      const found = simulator.lookup(value);
      return found === null ? null : toKey(found);
    },
    make: () => simulator.issue({ ageDays: 100 }),
    kill: simulator.kill,
    send: (value) => accepted(`${phone}/messages`, value, message),
    settings: [...metaIssuer({ ...world, url }), 'settles: 0s'],
    secrets: { META_APP_SECRET: world.appSecret, META_ADMIN_TOKEN: world.adminToken },
    close: simulator.close,
  };
}

/** A provider whose keys are made and deleted at a page, by a person. */
export async function openConsole(): Promise<Provider> {
  const keys: { readonly id: string; readonly value: string; diedAt: number | null }[] = [];
  const server = createServer((request, response) => {
    const value = request.headers.authorization?.replace('Bearer ', '');
    const known = keys.some((key) => key.value === value && key.diedAt === null);
    request.resume().on('end', () => response.writeHead(known ? 200 : 401).end());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/me`;
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  const toKey = ({ id, value, diedAt }: (typeof keys)[number]): IssuedKey => ({
    id,
    fingerprint: hash(value).slice(0, 16),
    live: diedAt === null,
    diedAt,
  });
  return {
    keys: () => keys.map(toKey),
    lookup: (value) => keys.filter((key) => key.value === value).map(toKey)[0] ?? null,
    make: () => {
      const id = `key-${keys.length + 1}`;
      const value = `console-${hash(id)}`;
      keys.push({ id, value, diedAt: null });
      return value;
    },
    kill: (id) => {
      for (const key of keys) if (key.id === id) key.diedAt ??= Date.now();
    },
    send: (value) => accepted(url, value, null),
    settings: [
      'kind: manual',
      'console: https://console.example/keys',
      `test: { url: "${url}", header: "Authorization: Bearer {key.value}" }`,
      'settles: 1s',
    ],
    secrets: {},
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

async function accepted(url: string, value: string, body: unknown): Promise<boolean> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${value}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await response.arrayBuffer();
  return response.ok;
}
