import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type KeyCheckServer, startKeyCheckServer } from '../issuers/key-check-server.ts';
import { type Bench, benchFor, built } from './harness.ts';

beforeAll(built, 120_000);

const DAY = 86_400_000;

function daysAgo(days: number): string {
  return new Date(Date.now() - days * DAY).toISOString();
}

interface Manual {
  readonly bench: Bench;
  readonly provider: KeyCheckServer;
  /** A key that the provider accepts. */
  readonly key: () => string;
}

/** Credentials at a provider whose keys a person makes; one has two parts. */
async function manual(policy = 'overlap: 1s'): Promise<Manual> {
  const bench = await benchFor();
  const provider = await startKeyCheckServer();
  onTestFinished(provider.close);
  await bench.configure(`version: 1
store: { kind: file, path: ./secrets, identity: env:KEYTURN_IDENTITY }
policy: { ${policy} }
issuers:
  chat:
    kind: manual
    console: https://chat.example/keys
    settles: 1s
    test: { url: "${provider.url}", header: "Authorization: Bearer {key.value}" }
  blind: { kind: manual, console: https://blind.example/keys, unproven: accept }
  pair:
    kind: manual
    console: https://pair.example/keys
    parts: [sid, secret]
    test: { url: "${provider.url}", header: "Authorization: Bearer {key.secret}" }
credentials:
  chat-prod: { issuer: chat, env: CHAT_KEY }
  blind-prod: { issuer: blind, location: blind, env: BLIND_KEY }
  pair-prod: { issuer: pair, location: pair, fields: { sid: SID, secret: SECRET } }
`);
  const key = (): string => {
    const value = `manual-${randomBytes(16).toString('hex')}`;
    provider.live.add(value);
    return value;
  };
  return { bench, provider, key };
}

describe('adopt', { timeout: 60_000 }, () => {
  it('takes on a key from stdin, verified, with the age that the issuer tells', async () => {
    const bench = await benchFor();
    const token = bench.simulator.issue({ ageDays: 100 });
    const dry = await bench.keyturn(['adopt', 'wa-prod', '--stdin', '--dry-run', '--json'], { input: token });
    expect(dry.document.data.credentials).toMatchObject([{ action: 'start' }]);
    expect((await bench.keyturn(['status', '--json'])).document.data.credentials[0].current).toBe(null);
    const adopted = await bench.keyturn(['adopt', 'wa-prod', '--stdin', '--json'], { input: `${token}\n` });
    expect(adopted.code).toBe(0);
    expect(adopted.document.data).toMatchObject({
      credential: 'wa-prod',
      key: { state: 'current', issuedAtFrom: 'issuer' },
    });
    expect(JSON.stringify(adopted)).not.toContain(token);
    const status = (await bench.keyturn(['status', '--json'])).document.data.credentials[0];
    expect(status.ageDays).toBe(100);
    // The same key again, from the store or by hand.
    expect((await bench.keyturn(['adopt', 'wa-prod', '--stdin'], { input: token })).code).toBe(0);
    const same = await bench.keyturn(['adopt', 'wa-prod']);
    expect(same).toMatchObject({ code: 0 });
    expect(same.stdout).toContain('is under management already');
    // A different one while one is managed.
    const other = await bench.keyturn(['adopt', 'wa-prod', '--stdin', '--json'], {
      input: bench.simulator.issue(),
    });
    expect(other.code).toBe(2);
    expect(other.document).toMatchObject({ data: null, errors: [{ code: 'USAGE' }] });
  });

  it('refuses without a key, and a key that is live under another name', async () => {
    const bench = await benchFor();
    const none = await bench.keyturn(['adopt', 'wa-prod']);
    expect(none.code).toBe(2);
    expect(none.stderr).toContain('--stdin');
    const text = await readFile(join(bench.folder, 'keyturn.yaml'), 'utf8');
    await bench.configure(`${text}  wa-test: { issuer: meta }\n`);
    const token = bench.simulator.issue();
    expect((await bench.keyturn(['adopt', 'wa-prod', '--stdin'], { input: token })).code).toBe(0);
    const twin = await bench.keyturn(['adopt', 'wa-test', '--stdin'], { input: token });
    expect(twin.code).toBe(2);
    expect(twin.stderr).toContain('live under wa-prod');
  });

  it('takes the word of a person for the age, where nobody else knows', async () => {
    const { bench, key } = await manual();
    const issuedAt = daysAgo(40);
    const args = ['adopt', 'chat-prod', '--stdin', '--issued-at', issuedAt, '--json'];
    const adopted = await bench.keyturn(args, { input: key() });
    expect(adopted.document.data.key).toMatchObject({ issuedAt, issuedAtFrom: 'operator' });
  });
});

describe('--stdin', { timeout: 60_000 }, () => {
  it.each([
    ['nothing', '', 'is empty'],
    ['a line break inside', 'abcdefgh\nijklmnop', 'control character'],
    ['a control character', 'abcdefgh\u0007ijklmnop', 'control character'],
    ['more than 64 KiB', 'x'.repeat(64 * 1024 + 2), 'more than 64 KiB'],
    ['what is no text', '\uffff\ud800', null],
  ])('refuses %s', async (_, input, message) => {
    const bench = await benchFor();
    const { code, stderr } = await bench.keyturn(['adopt', 'wa-prod', '--stdin'], { input });
    expect(code).toBe(2);
    if (message !== null) expect(stderr).toContain(message);
    expect(bench.simulator.requests()).toEqual([]);
  });

  it('takes a key of several parts as a JSON object', async () => {
    const { bench, key } = await manual();
    const secret = key();
    const adopt = (value: unknown) =>
      bench.keyturn(['adopt', 'pair-prod', '--stdin', '--issued-at', 'unknown'], {
        input: JSON.stringify(value),
      });
    for (const wrong of [
      'text',
      { sid: 'SK1234567890' },
      { sid: 'SK1234567890', secret, more: 'x' },
      ['a', 'b'],
    ]) {
      const refused = await adopt(wrong);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain('a JSON object with the texts sid, secret');
    }
    expect((await adopt({ sid: 'SK1234567890', secret })).code).toBe(0);
  });
});

describe('a manual issuer', { timeout: 60_000 }, () => {
  it('waits for a person, takes the key, and proves that the old one is gone', async () => {
    const { bench, provider, key } = await manual();
    const first = key();
    const adopted = ['adopt', 'chat-prod', '--stdin', '--issued-at', daysAgo(80), '--quiet'];
    expect((await bench.keyturn(adopted, { input: first })).code).toBe(0);
    const early = await bench.keyturn(['provide', 'chat-prod', '--stdin'], { input: key() });
    expect(early.code).toBe(2);
    expect(early.stderr).toContain('no rotation of chat-prod waits for a key');

    const opened = await bench.keyturn(['run', 'chat-prod', '--json']);
    expect(opened.code).toBe(0);
    expect(opened.document).toMatchObject({ status: 'waiting', next: ['keyturn provide chat-prod'] });
    expect(opened.document.data.credentials).toMatchObject([{ outcome: 'waiting' }]);
    const told = await bench.keyturn(['run', 'chat-prod']);
    expect(told.stdout).toContain('do not delete or change it until the overlap is over');

    expect((await bench.keyturn(['provide', 'chat-prod'])).code).toBe(2);
    const dead = await bench.keyturn(['provide', 'chat-prod', '--stdin', '--dry-run'], {
      input: 'manual-dead-0000',
    });
    expect(dead.code).toBe(4);
    const second = key();
    const dry = await bench.keyturn(['provide', 'chat-prod', '--stdin', '--dry-run', '--json'], {
      input: second,
    });
    expect(dry.document.data.credentials).toMatchObject([{ action: 'resume' }]);
    const provided = await bench.keyturn(['provide', 'chat-prod', '--stdin', '--json'], { input: second });
    expect(provided.code).toBe(0);
    expect(provided.document.data.credentials[0].times.promoted).not.toBe(null);

    await new Promise((resolve) => setTimeout(resolve, 1100));
    const removal = await bench.keyturn(['run', 'chat-prod']);
    expect(removal.code).toBe(0);
    expect(removal.stdout).toContain('delete the old key');
    provider.live.delete(first);
    const done = await bench.keyturn(['run', 'chat-prod', '--json']);
    expect(done.document.data.credentials).toMatchObject([
      { outcome: 'done', reason: 'the old key is proven dead' },
    ]);
    const status = (await bench.keyturn(['status', 'chat-prod', '--json'])).document.data.credentials[0];
    expect(status.keys[0]).toMatchObject({ state: 'revoked', proof: { by: 'issuer' } });
  });

  it('ends a key on the word of a person as settled, never as revoked', async () => {
    const { bench, key } = await manual();
    await bench.keyturn(['adopt', 'blind-prod', '--stdin', '--issued-at', daysAgo(80), '--quiet'], {
      input: key(),
    });
    await bench.keyturn(['rotate', 'blind-prod', '--quiet']);
    await bench.keyturn(['provide', 'blind-prod', '--stdin', '--quiet'], { input: key() });
    const ended = await bench.keyturn(['revoke', 'blind-prod', '--yes']);
    expect(ended.stderr).toContain('A person has to remove it at the issuer; until then it works.');
    expect(ended.stderr).not.toContain('is revoked now');
    const attest = ['revoke', 'blind-prod', '--attest', '--reason', 'deleted at the dashboard', '--yes'];
    const attested = await bench.keyturn(attest);
    expect(attested.code).toBe(0);
    const status = (await bench.keyturn(['status', 'blind-prod', '--json'])).document.data.credentials[0];
    expect(status.keys[0]).toMatchObject({ state: 'settled', proof: { by: 'operator' } });
  });

  it('takes no word for what the live check can tell', async () => {
    const { bench, key } = await manual();
    const adopt = ['adopt', 'chat-prod', '--stdin', '--issued-at', daysAgo(80), '--quiet'];
    await bench.keyturn(adopt, { input: key() });
    await bench.keyturn(['rotate', 'chat-prod', '--quiet']);
    await bench.keyturn(['provide', 'chat-prod', '--stdin', '--quiet'], { input: key() });
    const attest = ['revoke', 'chat-prod', '--attest', '--reason', 'deleted at the dashboard', '--yes'];
    const refused = await bench.keyturn(attest);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('can say whether the key is dead');
  });
});
