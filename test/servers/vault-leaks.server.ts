import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FaultProxy, type Rule, startFaultProxy } from './fault-proxy.ts';
import { anotherLocation, startBench, type VaultBench } from './vault-bench.ts';

/*
 * No token, secret id or value in anything that a command prints, whatever is asked to be printed for the search of
 * defects, and whatever Vault answers: also an answer that echoes the request.
 */

const program = fileURLToPath(new URL('../../bin/keyturn.js', import.meta.url));
const POLICY = 'path "*" { capabilities = ["create", "read", "update", "delete", "list"] }';

let vault: VaultBench;
let wire: FaultProxy;
let folder: string;
/** Every secret that went over the wire, in both directions. */
const canaries = new Set<string>();

beforeAll(async () => {
  vault = await startBench();
  wire = await startFaultProxy(vault.url, ({ method, path }) => `${method} ${path}`);
  folder = await mkdtemp(join(tmpdir(), 'keyturn-vault-'));
});
afterAll(async () => {
  await wire.close();
  await vault.stop();
  await rm(folder, { recursive: true, force: true });
});

function remember(text: string): void {
  for (const [, name, value = ''] of text.matchAll(/"(client_token|secret_id|value|text)":"([^"]{8,})"/g)) {
    if (name !== undefined) canaries.add(value);
  }
}

const RULES: Readonly<Record<string, (n: number) => Rule>> = {
  'all goes well': () => async (call, forward) => {
    const reply = await forward();
    remember(call.body);
    remember(reply.body);
    return reply;
  },
  'an answer echoes the request': (n) => async (call, forward) => {
    remember(call.body);
    const reply = await forward();
    remember(reply.body);
    if (call.n % n !== 0) return reply;
    return {
      status: 400 + (call.n % 150),
      headers: {},
      body: JSON.stringify({ errors: [call.body, reply.body] }),
    };
  },
  'a connection is reset': (n) => async (call, forward) => {
    remember(call.body);
    const reply = await forward();
    remember(reply.body);
    return call.n % n === 0 ? 'reset' : reply;
  },
};

async function keyturn(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => (output += bytes.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  return output;
}

test.each(Object.keys(RULES))('nothing is printed where %s', async (name) => {
  const { environment } = await vault.role(POLICY, { token_ttl: '10m' });
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    VAULT_ROLE_ID: environment.ROLE_ID,
    VAULT_SECRET_ID: environment.SECRET_ID,
    DEBUG: '*',
    NODE_DEBUG: '*',
  };
  canaries.add(environment.SECRET_ID ?? '');
  const config = {
    version: 1,
    store: {
      kind: 'vault',
      address: wire.url,
      auth: { method: 'approle', roleId: 'env:VAULT_ROLE_ID', secretId: 'env:VAULT_SECRET_ID' },
    },
    policy: { overlap: '1s' },
    issuers: { invented: { kind: 'random' } },
    credentials: { hook: { issuer: 'invented', location: anotherLocation(), env: 'HOOK' } },
  };
  await writeFile(join(folder, 'keyturn.yaml'), JSON.stringify(config));
  const printed: string[] = [];
  for (const n of [3, 5, 7]) {
    wire.rule(RULES[name]?.(n) ?? (async (_, forward) => forward()));
    for (const args of [['rotate', 'hook'], ['run'], ['status'], ['audit'], ['doctor', '--write']]) {
      printed.push(await keyturn([...args, '--verbose'], env));
    }
  }
  expect(canaries.size).toBeGreaterThan(4);
  // What Node prints of itself by NODE_DEBUG is in it, so this is no empty search.
  expect(printed.join('')).toMatch(/^[A-Z_0-9]+ \d+: /m);
  for (const canary of canaries) {
    for (const text of printed) expect(text.includes(canary), 'a secret was printed').toBe(false);
  }
  for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const text = file.isFile() ? await readFile(join(file.parentPath, file.name), 'utf8') : '';
    for (const canary of canaries) expect(text.includes(canary), `a secret is in ${file.name}`).toBe(false);
  }
});
