import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KeyturnError } from '../../src/core/errors.ts';
import type { SecretStore } from '../../src/core/store.ts';
import { typeCommands } from './page-commands.ts';
import { anotherLocation, startBench, type VaultBench } from './vault-bench.ts';
import { rotationAt } from './vault-rotation.ts';

/* What docs/stores/vault.md says is done here, word for word. */

const page = readFileSync(new URL('../../docs/stores/vault.md', import.meta.url), 'utf8');
const standIn = fileURLToPath(new URL('vault-program.mjs', import.meta.url));
const run = promisify(execFile);
const { signal } = new AbortController();
const DOCUMENTED = 'prod/whatsapp/token';

const blocks = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map(([, code]) => code ?? '');

interface Rule {
  readonly path: string;
  readonly capabilities: readonly string[];
}

/** The policy of the page with this name in its first line. */
function policy(name: string): readonly Rule[] {
  const text = blocks('hcl').find((block) => block.startsWith(`# ${name}\n`)) ?? '';
  const rest = text.replace(/^#.*\n/, '');
  const rules: Rule[] = [];
  const left = rest.replace(
    /path "([^"]+)" \{\s*capabilities = (\[[^\]]*\])\s*\}/g,
    (_, path, capabilities) => {
      rules.push({ path, capabilities: JSON.parse(capabilities) as string[] });
      return '';
    },
  );
  expect(left.trim(), 'of the policy that is not understood').toBe('');
  expect(rules).not.toEqual([]);
  return rules;
}

const written = (rules: readonly Rule[]) =>
  rules
    .map(({ path, capabilities }) => `path "${path}" { capabilities = ${JSON.stringify(capabilities)} }`)
    .join('\n');

/** The documented policy for another location. */
const moved = (rules: readonly Rule[], location: string) =>
  rules.map((rule) => ({ ...rule, path: rule.path.replace(DOCUMENTED, location) }));

let vault: VaultBench;
let folder: string;
beforeAll(async () => {
  vault = await startBench();
  folder = await mkdtemp(join(tmpdir(), 'keyturn-vault-'));
});
afterAll(async () => {
  await vault.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('the policy of keyturn', () => {
  const rules = policy('keyturn');

  const storeUnder = async (some: readonly Rule[]) => {
    const { auth, environment } = await vault.role(written(some));
    return vault.open({ auth }, { environment });
  };

  test('is enough for whole rotations, of a first key and of one that was adopted', async () => {
    const first = rotationAt(anotherLocation());
    const store = await storeUnder(moved(rules, first.location));
    await first.whole(store);
    expect(first.issuer.keys.map(({ diedAt }) => diedAt === null)).toEqual([false, true]);
    expect(await first.current(store)).toBe(first.issuer.keys[1]?.value);

    const second = rotationAt(anotherLocation());
    const other = await storeUnder(moved(rules, second.location));
    const old = second.issuer.make(100);
    await vault.api('POST', `secret/data/${second.location}`, { data: { value: old.value } });
    await second.adopt(other);
    second.later(100);
    await second.run(other);
    second.later(2);
    expect(await second.run(other)).toMatchObject({ outcome: 'done' });
    expect(second.issuer.isAlive(old.value)).toBe(false);
    const { json } = await vault.api('GET', `secret/metadata/keyturn/${second.location}/.kept?list=true`);
    expect(json.errors, 'nothing is kept of a key that is dead').toEqual([]);
  });

  const parts = rules.flatMap((rule) =>
    rule.capabilities.map((capability) => [`${capability} on ${rule.path}`, rule, capability] as const),
  );
  const without = (rule: Rule, capability: string) =>
    rules.flatMap((one) => {
      const left = one === rule ? one.capabilities.filter((word) => word !== capability) : one.capabilities;
      return left.length === 0 ? [] : [{ ...one, capabilities: left }];
    });

  test.each(parts)(
    'needs %s: without it no key is made, and the line is named',
    async (_, rule, capability) => {
      const rotation = rotationAt(anotherLocation());
      const store = await storeUnder(moved(without(rule, capability), rotation.location));
      const failure = await rotation.whole(store).catch((caught: unknown) => caught);
      expect(failure).toBeInstanceOf(KeyturnError);
      const { code, message, hint } = failure as KeyturnError;
      expect(code).toBe('DENIED');
      expect(`${message} ${hint}`).toContain(
        rule.path.replace(DOCUMENTED, rotation.location).replace('/*', ''),
      );
      expect(`${message} ${hint}`).toContain(capability);
      expect(rotation.issuer.keys).toEqual([]);
    },
  );

  test.each(parts)(
    'needs %s also where nobody asks for the rights beforehand',
    async (_, rule, capability) => {
      const rotation = rotationAt(anotherLocation());
      const { rights: __, ...blind } = await storeUnder(moved(without(rule, capability), rotation.location));
      const failure = await rotation.whole(blind as SecretStore).catch((caught: unknown) => caught);
      // Where it is missed after a key was made, the rotation closes as failed, and its key is revoked.
      expect(failure instanceof KeyturnError ? failure.code : String(failure)).toContain('DENIED');
      expect(rotation.issuer.keys.filter(({ diedAt }) => diedAt === null).length).toBeLessThanOrEqual(1);
    },
  );
});

test('the policy of consumers lets them read the value and nothing else', async () => {
  const rules = policy('consumers');
  const rotation = rotationAt(anotherLocation());
  await rotation.whole(vault.open());
  const { auth, environment } = await vault.role(written(moved(rules, rotation.location)));
  const consumer = vault.open({ auth }, { environment });
  expect(await rotation.current(consumer)).toBe(rotation.issuer.keys[1]?.value);
  const { ledgers } = consumer;
  const denied = { code: 'DENIED' };
  await expect(
    ledgers.load({ credential: 'wa-test', location: rotation.location }, signal),
  ).rejects.toMatchObject(denied);
  await expect(consumer.read(rotation.location, { mark: 'r1.1' }, signal)).rejects.toMatchObject(denied);
  await expect(consumer.remove(rotation.location, signal)).rejects.toMatchObject(denied);
});

describe('from the page alone', () => {
  const [example = ''] = blocks('yaml');
  const env = () => ({ HOME: folder, VAULT_ADDR: vault.url, VAULT_TOKEN: vault.rootToken });

  test('an administrator makes a role, doctor finds nothing, rotate makes a key, and consumers read it', async () => {
    // The bench has made this mount already, as others may have.
    await vault.api('DELETE', 'sys/auth/approle');
    const here = example.replace('https://vault.example:8200', vault.url);
    expect(here).not.toBe(example);
    await writeFile(join(folder, 'keyturn.yaml'), here);
    for (const name of ['keyturn', 'doctor'])
      await writeFile(join(folder, `${name}.hcl`), written(policy(name)));
    const said = await typeCommands(blocks('sh'), folder, env(), { vault: standIn });
    expect(said).toContain('was staged, read, promoted, replaced and discarded');
    const { json } = await vault.api('GET', `secret/data/${DOCUMENTED}`);
    const { value } = json.data.data;
    expect(value).toMatch(/^.{20,}$/);
    expect(said).toContain(`${value.length} characters`);

    const role = await vault.role(written(policy('consumers')));
    const login = { role_id: role.environment.ROLE_ID, secret_id: role.environment.SECRET_ID };
    const token = (await vault.api('POST', 'auth/approle/login', login)).json.auth.client_token;
    const consumer = { PATH: process.env.PATH, VAULT_ADDR: vault.url, VAULT_TOKEN: token };
    const [script = ''] = blocks('js');
    const node = join(folder, 'consumer.mjs');
    await writeFile(node, `${script}\nprocess.stdout.write(await currentToken());`);
    expect((await run(process.execPath, [node], { env: consumer })).stdout).toBe(value);
    const [code = ''] = blocks('python');
    const python = join(folder, 'consumer.py');
    await writeFile(python, `${code}\nprint(current_token(), end="")`);
    expect((await run('python3', [python], { env: consumer })).stdout).toBe(value);
  });

  test('no token of a run outlives it', async () => {
    const ids = blocks('sh')
      .join('')
      .split('\n')
      .filter((line) => line.startsWith('export'));
    const alive = async () =>
      (await vault.api('GET', 'auth/token/accessors?list=true')).json.data.keys.length as number;
    const before = await alive();
    const said = await typeCommands([...ids, 'keyturn status'], folder, env(), { vault: standIn });
    expect(said).toContain('wa-webhook');
    expect(await alive()).toBe(before);
  });
});
