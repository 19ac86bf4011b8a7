import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KeyturnError } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';
import { anotherLocation, startBench, type VaultBench } from './vault-bench.ts';
import { type Rotation, rotationAt } from './vault-rotation.ts';

/* What is wrong at Vault's side is said with what to do about it, before a key is made. */

const { signal } = new AbortController();
let vault: VaultBench;
beforeAll(async () => {
  vault = await startBench();
});
afterAll(() => vault.stop());

type Settings = Parameters<VaultBench['open']>[0];

async function failure(work: Promise<unknown>): Promise<KeyturnError> {
  const caught = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(caught instanceof KeyturnError)) throw new Error(`expected a KeyturnError, got ${String(caught)}`);
  expect(caught.hint).not.toBe('');
  return caught;
}

/** The rotation fails so, and the issuer was not asked for a key. */
async function stops(settings: Settings, expected: Partial<KeyturnError>, rotation?: Rotation) {
  const at = rotation ?? rotationAt(anotherLocation());
  const before = at.issuer.keys.length;
  const error = await failure(at.whole(vault.open(settings)));
  expect(error).toMatchObject(expected);
  expect(at.issuer.keys.length).toBe(before);
  return error;
}

describe('the mount', () => {
  test('of version 1 is refused: it takes no notice of compare-and-set', async () => {
    await vault.api('POST', 'sys/mounts/old', { type: 'kv', options: { version: '1' } });
    const { message, hint } = await stops({ mount: 'old' }, { code: 'CONFIG' });
    expect(message).toContain('version 2');
    expect(hint).toContain('compare-and-set');
    expect(await failure(vault.open({ mount: 'old' }).read('x', 'current', signal))).toMatchObject({
      code: 'CONFIG',
    });
  });

  test.each(['nowhere', 'secret/below', 'sys'])('%s is not one', async (mount) => {
    await stops({ mount }, { code: 'CONFIG' });
    const [finding] = (await vault.open({ mount }).check?.(signal)) ?? [];
    expect(finding).toMatchObject({ name: 'mount', ok: false });
  });

  test('with a path of its own works', async () => {
    await vault.api('POST', 'sys/mounts/team/a/kv', { type: 'kv', options: { version: '2' } });
    await rotationAt(anotherLocation()).whole(vault.open({ mount: 'team/a/kv', ownPath: 'own/of-keyturn' }));
  });

  test('that deletes versions after a time is refused, and nothing stays there', async () => {
    await vault.api('POST', 'sys/mounts/fleeting', { type: 'kv', options: { version: '2' } });
    await vault.api('POST', 'fleeting/config', { delete_version_after: '240h' });
    const { hint } = await stops({ mount: 'fleeting' }, { code: 'CONFIG' });
    expect(hint).toContain('delete_version_after=0s');
    expect((await vault.api('GET', 'fleeting/metadata/?list=true')).status).toBe(404);
    const findings = (await vault.open({ mount: 'fleeting' }).check?.(signal)) ?? [];
    expect(findings.filter(({ ok }) => !ok)).toMatchObject([{ name: 'mount' }]);
    await vault.api('POST', 'fleeting/config', { delete_version_after: '0s', max_versions: 1 });
    await rotationAt(anotherLocation()).whole(vault.open({ mount: 'fleeting' }));
    const told = (await vault.open({ mount: 'fleeting' }).check?.(signal)) ?? [];
    expect(told.map(({ message }) => message).join()).toContain('max_versions');
  });

  test('that begins to delete versions while a ledger is there is refused too', async () => {
    await vault.api('POST', 'sys/mounts/later', { type: 'kv', options: { version: '2' } });
    const rotation = rotationAt(anotherLocation());
    const store = vault.open({ mount: 'later' });
    await rotation.whole(store);
    await vault.api('POST', 'later/config', { delete_version_after: '240h' });
    rotation.later(100);
    const first = await stops({ mount: 'later' }, { code: 'CONFIG' }, rotation);
    const { hint } = await stops({ mount: 'later' }, { code: 'CONFIG' }, rotation);
    expect(first.hint).toBe(hint);
    const [, versions, path] = /vault kv undelete -mount=later -versions=(\d+) (\S+)$/.exec(hint) ?? [];
    await vault.api('POST', 'later/config', { delete_version_after: '0s' });
    await vault.api('POST', `later/undelete/${path}`, { versions: [Number(versions)] });
    // The lease of the run that was refused is over then.
    rotation.later(1);
    expect(await rotation.run(store)).toMatchObject({ outcome: 'overlap' });
  });
});

test('a mount that is not the one of the policy may be what is wrong', async () => {
  const { auth, environment } = await vault.role('path "secret/*" { capabilities = ["read"] }');
  const store = vault.open({ auth, mount: 'secrte' }, { environment });
  const { code, hint } = await failure(store.read('prod/x', 'current', signal));
  expect({ code, hint }).toMatchObject({ code: 'DENIED', hint: expect.stringContaining('correct `mount`') });
});

test('a namespace is refused where the free edition would ignore it', async () => {
  const { message } = await stops({ namespace: 'team-a' }, { code: 'CONFIG' });
  expect(message).toContain('team-a');
});

describe('the value', () => {
  const filled = async () => {
    const rotation = rotationAt(anotherLocation());
    await rotation.whole(vault.open());
    rotation.later(100);
    return rotation;
  };

  test('that somebody deleted or destroyed is not taken for absence', async () => {
    const rotation = await filled();
    await vault.api('DELETE', `secret/data/${rotation.location}`);
    const deleted = await stops({}, { code: 'UNREADABLE' }, rotation);
    expect(deleted.hint).toContain('undelete -versions=2');
    await vault.api('POST', `secret/undelete/${rotation.location}`, { versions: [2] });
    expect(await rotation.run(vault.open())).toMatchObject({ outcome: 'overlap' });
    await vault.api('POST', `secret/destroy/${rotation.location}`, { versions: [3] });
    rotation.later(100);
    const destroyed = await failure(rotation.current(vault.open()));
    expect(destroyed).toMatchObject({ code: 'UNREADABLE' });
    expect(destroyed.message).toContain('destroyed');
  });

  test.each([
    ['other fields beside it', { value: 'text', note: 'by hand' }],
    ['another field', { token: 'text' }],
    ['a field that is no text', { value: { nested: true } }],
  ])('is not written over where the secret has %s', async (_, data) => {
    const rotation = rotationAt(anotherLocation());
    await vault.api('POST', `secret/data/${rotation.location}`, { data });
    await stops({}, { code: 'UNREADABLE' }, rotation);
    const { json } = await vault.api('GET', `secret/data/${rotation.location}`);
    expect(json.data.data).toEqual(data);
  });

  test('that was kept is not taken to be there where somebody deleted the copy', async () => {
    const location = anotherLocation();
    await vault.api('POST', `secret/data/${location}`, { data: { value: 'by hand' } });
    const store = vault.open();
    const { version } = (await store.read(location, 'current', signal)) ?? { version: '' };
    await store.keep(location, version, signal);
    const copy = `keyturn/${location}/.kept/${version}`;
    await vault.api('DELETE', `secret/data/${copy}`);
    const { message, hint } = await failure(store.keep(location, version, signal));
    expect(message).toContain('was deleted');
    expect(hint).toContain(`vault kv undelete -mount=secret -versions=1 ${copy}`);
    await vault.api('POST', `secret/undelete/${copy}`, { versions: [1] });
    expect(await store.keep(location, version, signal)).toEqual({ version });
  });

  test('can be in a field of another name', async () => {
    const rotation = rotationAt(anotherLocation());
    await rotation.whole(vault.open({ field: 'token' }));
    const { json } = await vault.api('GET', `secret/data/${rotation.location}`);
    expect(json.data.data).toEqual({ token: rotation.issuer.keys[1]?.value });
  });
});

test('a ledger that somebody deleted or changed is not taken for a new one', async () => {
  const rotation = rotationAt(anotherLocation());
  await rotation.whole(vault.open());
  rotation.later(100);
  const path = `keyturn/${rotation.location}/.ledger/wa-test`;
  await vault.api('DELETE', `secret/data/${path}`);
  expect((await stops({}, { code: 'LEDGER' }, rotation)).hint).toContain('undelete');
  await vault.api('POST', `secret/data/${path}`, { data: { document: 7 } });
  await stops({}, { code: 'LEDGER' }, rotation);
});

test('a quota is an answer for later, with the time that Vault asks for', async () => {
  const store = vault.open();
  const stage = () =>
    store.stage({ location: anotherLocation(), mark: 'r1.1', text: Secret.of('some text') }, signal);
  await stage();
  await vault.api('POST', 'sys/quotas/config', { enable_rate_limit_response_headers: true });
  await vault.api('POST', 'sys/quotas/rate-limit/few', { path: 'secret/', rate: 0.1 });
  try {
    await stage().catch(() => undefined);
    const error = await failure(stage());
    expect(error).toMatchObject({ code: 'RATE_LIMITED', retryable: true, ambiguous: false });
    expect(error.detail.retryAfterMs).toBeGreaterThan(0);
  } finally {
    await vault.api('DELETE', 'sys/quotas/rate-limit/few');
  }
});

test('a root token is worth a word', async () => {
  const findings = (await vault.open().check?.(signal)) ?? [];
  expect(findings).toMatchObject([{ name: 'token', ok: true }]);
});

test('a role without the policy `default` is told nothing of its rights, and can rotate', async () => {
  const policy = 'path "secret/*" { capabilities = ["create", "read", "update", "delete"] }';
  const { auth, environment } = await vault.role(policy, { token_no_default_policy: true });
  const store = vault.open({ auth }, { environment });
  const rotation = rotationAt(anotherLocation());
  expect(await store.rights?.({ credential: 'wa-test', location: rotation.location }, signal)).toBeNull();
  await rotation.whole(store);
  await store.close();
});

test('audit finds values below the path that it is told, by a role that may list', async () => {
  const text = Secret.of('some text');
  const root = vault.open({ listBelow: 'listed' });
  for (const location of ['listed/a', 'listed/a/b', 'listed/c d/e', 'elsewhere/f']) {
    const { version } = await root.stage({ location, mark: 'r1.1', text }, signal);
    await root.promote({ location, version, base: null }, signal);
  }
  expect(await root.locations?.(signal)).toEqual(['listed/a', 'listed/a/b', 'listed/c d/e']);
  const lists =
    'path "secret/metadata/listed" { capabilities = ["list"] } path "secret/metadata/listed/*" { capabilities = ["list"] }';
  const { auth, environment } = await vault.role(lists);
  expect(await vault.open({ auth, listBelow: 'listed' }, { environment }).locations?.(signal)).toHaveLength(
    3,
  );
  const poor = vault.open({ auth, listBelow: 'elsewhere' }, { environment });
  expect(await failure(poor.locations?.(signal) ?? Promise.resolve())).toMatchObject({ code: 'DENIED' });
});

test('a sealed Vault does nothing, and goes on when it is unsealed', async () => {
  const rotation = rotationAt(anotherLocation());
  await rotation.whole(vault.open());
  rotation.later(100);
  await vault.api('PUT', 'sys/seal');
  const { hint } = await stops({}, { code: 'UNAVAILABLE', ambiguous: false }, rotation);
  expect(hint).toContain('unseal');
  await vault.api('PUT', 'sys/unseal', { key: vault.unsealKey });
  // The core takes a moment to be active again.
  for (let tries = 0; (await fetch(`${vault.url}/v1/sys/health`)).status !== 200 && tries < 100; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(await rotation.run(vault.open())).toMatchObject({ outcome: 'overlap' });
});
