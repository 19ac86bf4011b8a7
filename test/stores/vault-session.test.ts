import type { ServerResponse } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/stores/vault/client.ts';
import { kvOn } from '../../src/stores/vault/kv.ts';
import { openSession } from '../../src/stores/vault/session.ts';
import { vaultSettings } from '../../src/stores/vault/settings.ts';
import { openWire } from '../../src/stores/vault/wire.ts';
import { contextIn } from './plugin-context.ts';
import { type Heard, listen, say } from './vault-listener.ts';

/* A Vault that says `permission denied` of what is no token any more, and nothing else. The real core is in test/servers. */

const { signal } = new AbortController();
const denied = (reply: ServerResponse) => say(reply, 403, { errors: ['permission denied'] });
const login = '/v1/auth/approle/login';
const self = '/v1/auth/token/lookup-self';
const revocation = '/v1/auth/token/revoke-self';

/** A session with a clock, at a Vault whose logins give `token-1`, `token-2` and so on. */
async function sessionAt(answer: (heard: Heard, reply: ServerResponse, logins: number) => void) {
  let logins = 0;
  const server = await listen((heard, reply) => {
    if (heard.target === login) logins += 1;
    answer(heard, reply, logins);
  });
  onTestFinished(server.close);
  const clock = { now: 0 };
  const environment = { ROLE: 'role', ID: 'not-a-secret-id' };
  const context = { ...contextIn('/nowhere', environment), now: () => clock.now };
  const auth = { method: 'approle', roleId: 'env:ROLE', secretId: 'env:ID' };
  const settings = vaultSettings.parse({ kind: 'vault', address: server.url, auth });
  const send = connect({ address: server.url }, openWire(null, context));
  const session = openSession(settings.auth, send, context);
  const kv = kvOn({ mount: 'secret', send, session, sleep: context.sleep }, async () => undefined);
  const read = () => kv.call({ method: 'GET', path: ['secret', 'data', 'x'], doing: 'read', signal });
  const targets = () => server.heard.map(({ target }) => target).filter((one) => !one.includes('/data/'));
  return { read, clock, targets, heard: server.heard };
}

function given(reply: ServerResponse, logins: number): void {
  say(reply, 200, { auth: { client_token: `token-${logins}`, lease_duration: 600, token_type: 'service' } });
}

test('a token that has ended is told by asking for it, and is let go once another is held', async () => {
  let ended = '';
  const { read, clock, targets, heard } = await sessionAt(({ target, headers }, reply, logins) => {
    if (target === login) given(reply, logins);
    else if (headers['x-vault-token'] === ended) denied(reply);
    else say(reply, 200, {});
  });
  await read();
  ended = 'token-1';
  clock.now = 60_000;
  await read();
  expect(targets()).toEqual([login, self, login, revocation]);
  expect(heard.at(-1)?.headers['x-vault-token']).toBe('token-2');
});

test('a token that may have ended is kept where no other is to be had, and the login is not repeated', async () => {
  const rights = { read: true };
  const { read, clock, targets } = await sessionAt(({ target }, reply, logins) => {
    if (target === login && logins === 1) given(reply, logins);
    else if (target.includes('/data/') && rights.read) say(reply, 200, {});
    else denied(reply);
  });
  await read();
  clock.now = 60_000;
  rights.read = false;
  await expect(read()).rejects.toMatchObject({ code: 'DENIED' });
  await expect(read()).rejects.toMatchObject({ code: 'DENIED' });
  rights.read = true;
  await read();
  expect(targets()).toEqual([login, self, login, self]);
});

test('a token that ends soon is used to its end where no other is to be had', async () => {
  const { read, clock, targets } = await sessionAt(({ target }, reply, logins) => {
    if (target !== login) say(reply, 200, {});
    else if (logins === 1) given(reply, logins);
    else denied(reply);
  });
  await read();
  clock.now = 590_000;
  await read();
  expect(targets()).toEqual([login, login]);
  clock.now = 600_000;
  await expect(read()).rejects.toMatchObject({ code: 'ADMIN_REFUSED' });
});

test('a login that was refused is not sent again, since Vault locks out whoever is refused often', async () => {
  const { read, heard } = await sessionAt((_, reply) => denied(reply));
  const refusals = await Promise.all([read(), read(), read()].map((one) => one.catch((error) => error)));
  for (const error of refusals) {
    expect(error).toMatchObject({ code: 'ADMIN_REFUSED' });
    expect(error.message).toContain('locked out');
  }
  expect(heard).toHaveLength(1);
});
