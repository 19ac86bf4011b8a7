import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { built } from '../cli/harness.ts';
import { NAME, openProviderBench, type ProviderBench } from './bench.ts';
import { startDialog360 } from './dialog360.ts';
import { NORDWIND, startNordwind } from './nordwind.ts';
import type { StartProvider } from './provider.ts';
import { SELBST, startSelbst } from './selbst.ts';
import { startTafel, TAFEL } from './tafel.ts';
import { startTwilio, startTwilioToken } from './twilio.ts';
import { startUnseen, UNSEEN } from './unseen.ts';
import { startVonage } from './vonage.ts';

async function benchOf(start: StartProvider, change: Parameters<typeof openProviderBench>[1] = {}) {
  const bench = await openProviderBench(start, change);
  onTestFinished(bench.close);
  return bench;
}

/** The outcome of each operation of `issuer test`, in order. */
async function tested(bench: ProviderBench, ...more: readonly string[]) {
  const answer = await bench.keyturn('issuer', 'test', 'provider', '--yes', '--json', ...more);
  const secrets = [...bench.ring.keys.map(({ secret }) => secret), ...Object.values(bench.env)];
  for (const secret of secrets) expect(answer.stdout + answer.stderr).not.toContain(secret);
  const steps: { operation: string; outcome: string; message: string; hint: string }[] =
    answer.document.data?.steps ?? [];
  return { answer, steps, outcomes: steps.map(({ operation, outcome }) => `${operation} ${outcome}`) };
}

beforeAll(built, 60_000);

describe('a provider that nobody has seen', { timeout: 60_000 }, () => {
  test('is described in fewer than 40 lines', () => {
    expect(UNSEEN.trim().split('\n').length).toBeLessThan(40);
  });

  test('is tried on a throw-away key, which is gone afterwards', async () => {
    const bench = await benchOf(startUnseen, { issuer: { settles: '0s' } });
    const { answer, steps, outcomes } = await tested(bench);
    expect(outcomes).toEqual([
      'list ok',
      'create ok',
      'verify ok',
      'list ok',
      'find ok',
      'lastUsed ok',
      'describe skipped',
      'revoke ok',
      'verify ok',
      'list ok',
    ]);
    expect(steps[1]?.message).toMatch(/value \(43 characters\); id 9223372036854775801; issued 20/);
    expect(answer.code).toBe(0);
    expect(bench.ring.live()).toEqual([]);
  });

  test('rotates', async () => {
    const bench = await benchOf(startUnseen);
    for (let n = 0; n < 3; n += 1) bench.make();
    expect((await bench.keyturn('rotate', NAME)).code).toBe(0);
    const answer = await bench.keyturn('rotate', NAME, '--wait');
    expect([answer.code, answer.stderr]).toEqual([0, expect.stringContaining('proven dead')]);
    const keys = await bench.keyturn('keys', 'provider', '--json');
    const whose = (keys.document.data.keys as { whose: string }[]).map((key) => key.whose);
    expect(whose).toEqual(['unknown', 'unknown', 'unknown', 'ours']);
    expect(keys.document.data.keys[3]).toMatchObject({
      credential: NAME,
      state: 'current',
      lastUsedKnown: true,
    });
  });
});

/** What each provider is for; the first key of one that is asked with a key is made by hand. */
const MORE = [
  ['nordwind', NORDWIND, startNordwind, false],
  ['tafel', TAFEL, startTafel, false],
  ['selbst', SELBST, startSelbst, true],
] as const;

describe.each(MORE)('another that nobody has seen, %s', (_, described, start, byHand) => {
  test('is described in fewer than 40 lines, is tried, and rotates', { timeout: 60_000 }, async () => {
    expect(described.trim().split('\n').length).toBeLessThan(40);
    const bench = await benchOf(start, { adoptsById: true });
    if (byHand) {
      expect((await bench.keyturn('rotate', NAME)).code).toBe(4);
      await bench.adopt();
    } else bench.make();
    const { answer, steps } = await tested(bench);
    expect([answer.code, steps.filter(({ outcome }) => outcome === 'failed')]).toEqual([0, []]);
    const dated = steps.filter(({ message }) => /issued \d{4}-/.test(message));
    expect(dated.length).toBeGreaterThan(0);

    if (!byHand) expect((await bench.keyturn('rotate', NAME)).code).toBe(0);
    const rotated = await bench.keyturn('rotate', NAME, '--wait');
    expect([rotated.code, rotated.stderr]).toEqual([0, expect.stringContaining('proven dead')]);
    const keys = await bench.keyturn('keys', 'provider', '--json');
    const whose = (keys.document.data.keys as { whose: string }[]).map((key) => key.whose);
    expect(whose).toEqual(byHand ? ['ours'] : ['unknown', 'ours']);
    expect(bench.ring.live()).toHaveLength(whose.length);
  });
});

describe('a description with a mistake is found by issuer test, and no key is left', {
  timeout: 60_000,
}, () => {
  const created = { parts: { value: '/row/value' }, id: '/row/id' };
  const listed = {
    items: '/rows',
    url: '/credentials',
    next: { cursor: '/last', as: 'after', more: '/more' },
  };
  test.each([
    [
      'a pointer that leads nowhere',
      {
        create: {
          url: '/credentials',
          json: { label: '{rotation.id}' },
          reply: { ...created, parts: { value: '/no' } },
        },
      },
      'create failed',
      /the reply lacks the part value/,
    ],
    [
      'an id in another place',
      { create: { url: '/credentials', json: { label: '{rotation.id}' }, reply: { ...created, id: '/no' } } },
      'create failed',
      /no id/,
    ],
    [
      'an id that is another number',
      {
        create: {
          url: '/credentials',
          json: { label: '{rotation.id}' },
          reply: { ...created, id: '/code' },
        },
      },
      'find failed',
      /with another id than create gave/,
    ],
    [
      'a list of something else',
      { list: { ...listed, items: '/code', reply: { id: '/id', name: '/label' } } },
      'list failed',
      /no list of keys/,
    ],
    [
      'an id that is the secret',
      { list: { ...listed, reply: { id: '/value', name: '/label' } } },
      'list failed',
      /an id is the secret/,
    ],
    [
      'a name that is the secret',
      { list: { ...listed, reply: { id: '/id', name: '/value' } } },
      'list failed',
      /a name holds the secret/,
    ],
    [
      'a name that is not the name',
      { list: { ...listed, reply: { id: '/id', name: '/id' } } },
      'list failed',
      /without the name/,
    ],
  ])('%s', async (_, issuer, outcome, message) => {
    const bench = await benchOf(startUnseen, { issuer: { settles: '0s', ...issuer } });
    bench.make();
    const { answer, steps, outcomes } = await tested(bench);
    expect(answer.code).toBe(4);
    expect(outcomes).toContain(outcome);
    const failing = steps.find((one) => `${one.operation} ${one.outcome}` === outcome);
    expect(failing?.message).toMatch(message);
    expect(failing?.hint).not.toBe('');
    // Where neither create nor a list gave the id, it says so, and which key to remove by hand.
    const left = bench.ring.live().length - 1;
    if (left > 0) expect(steps.some(({ hint }) => hint.includes('by hand'))).toBe(true);
    if (/find ok|find failed/.test(outcomes.join()) && outcome !== 'list failed') expect(left).toBe(0);
  });

  test('a lost create: the key is found by its name and ended', async () => {
    const bench = await benchOf(startUnseen, { issuer: { settles: '0s' } });
    bench.server.fail('lost', 'create', 1);
    const { answer, outcomes } = await tested(bench);
    expect(outcomes).toEqual(['list ok', 'create failed', 'revoke ok']);
    expect([answer.code, bench.ring.live()]).toEqual([4, []]);
  });
});

test('issuer test makes nothing where that would end the key in use', { timeout: 60_000 }, async () => {
  const bench = await benchOf(startDialog360, { policy: { accept: 'gap' } });
  const { answer } = await tested(bench);
  expect([answer.code, bench.server.creates()]).toEqual([4, 0]);
  expect(answer.stdout).toContain('would end the key in use');
});

test('issuer test makes nothing while a second slot may hold the key in current', {
  timeout: 60_000,
}, async () => {
  const bench = await benchOf(startTwilioToken, { policy: { overlap: '2h' } });
  await bench.adopt();
  expect((await bench.keyturn('rotate', NAME)).code).toBe(0);
  const made = bench.server.creates();
  const { answer } = await tested(bench);
  expect([answer.code, bench.server.creates()]).toEqual([4, made]);
  expect(answer.stdout).toContain('take the place of the key in current');
});

test('an interrupted issuer test ends its key, and ends as interrupted', { timeout: 60_000 }, async () => {
  const bench = await benchOf(startUnseen, { issuer: { settles: '0s' } });
  bench.server.fail('held', 'create');
  const running = bench.bench.start(['issuer', 'test', 'provider', '--yes']);
  await expect.poll(() => bench.server.creates(), { timeout: 20_000 }).toBe(1);
  running.child.kill('SIGINT');
  const answer = await running.answer;
  expect([answer.code, bench.ring.live()]).toEqual([130, []]);
});

test('a key is adopted by the id that keys shows, and only by one that is there', {
  timeout: 60_000,
}, async () => {
  const bench = await benchOf(startVonage);
  const key = bench.make();
  const input = key.secret;
  const keys = await bench.bench.keyturn(['keys', 'provider', '--stdin', '--json'], { input });
  expect(keys.document.data.keys).toMatchObject([{ whose: 'unknown', issuerKeyId: key.id }]);
  const adopt = (id: string) =>
    bench.bench.keyturn(['adopt', NAME, '--stdin', '--issued-at', 'unknown', '--key', id], { input });
  const wrong = await adopt('0000');
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('keyturn keys provider')]);
  expect((await adopt(key.id)).code).toBe(0);
  const after = await bench.keyturn('keys', 'provider', '--json');
  expect([after.code, after.document.data.keys]).toMatchObject([0, [{ whose: 'adopted', credential: NAME }]]);
  key.deadFrom = 0;
  bench.make();
});

test('doctor warns of a secret in an address, and says that auth is accepted', {
  timeout: 60_000,
}, async () => {
  const bench = await benchOf(startUnseen, {
    issuer: { revoke: { method: 'POST', url: '/credentials/kill/{key.value}' } },
  });
  const answer = await bench.keyturn('doctor', '--json');
  const checks = answer.document.data.checks as { name: string; outcome: string }[];
  const about = checks.filter(({ name }) => name.startsWith('issuer provider'));
  expect(about.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
    'issuer provider: auth ok',
    'issuer provider: revoke.url warn',
  ]);
});

test('doctor says nothing of an id in an address, be it a part of the key or not', {
  timeout: 60_000,
}, async () => {
  const bench = await benchOf(startTwilio, {
    issuer: {
      kind: 'http',
      accountSid: undefined,
      authToken: undefined,
      iamUrl: undefined,
      apiUrl: undefined,
      auth: { basic: { user: '{current.sid}', password: '{current.secret}' } },
      create: {
        url: 'https://x.example/keys',
        reply: { parts: { sid: '/sid', secret: '/secret' }, id: '/sid' },
      },
      revoke: { url: 'https://x.example/keys/{key.sid}' },
      verify: { url: 'https://x.example/keys/{key.sid}', basic: { user: 'x', password: '{key.secret}' } },
    },
  });
  const answer = await bench.keyturn('doctor', '--json');
  const checks = answer.document.data.checks as { name: string; outcome: string }[];
  expect(
    checks.filter(({ name }) => name.startsWith('credential')).map(({ outcome }) => outcome),
  ).not.toContain('fail');
  expect(checks.filter(({ name }) => /url$/.test(name))).toEqual([]);
});

test('a key with our mark in no ledger is called an orphan by keys, by audit and by a refusal', {
  timeout: 60_000,
}, async () => {
  const bench = await benchOf(startUnseen, { issuer: { maxLive: 2 } });
  expect((await bench.keyturn('rotate', NAME)).code).toBe(0);
  expect((await bench.keyturn('audit')).code).toBe(0);
  const stray = bench.ring.add({ id: '77', secret: 'un_stray', name: 'keyturn r20261101-0badcafe.2' });

  const keys = await bench.keyturn('keys', 'provider', '--json');
  const whose = keys.document.data.keys.map((key: { whose: string }) => key.whose);
  expect([keys.code, whose]).toEqual([7, ['ours', 'unclaimed']]);

  for (const words of [['audit'], ['audit', NAME]]) {
    const audit = await bench.keyturn(...words, '--json');
    expect([audit.code, audit.document.data.findings]).toMatchObject([7, [{ rule: 'orphan', key: null }]]);
    expect(audit.document.data.findings[0].message).toContain(`77 "${stray.name}"`);
    expect(audit.document.data.findings[0].hint).toContain('keyturn keys provider');
  }
  expect((await bench.keyturn('audit', '--offline')).code).toBe(0);

  const full = await bench.keyturn('rotate', NAME);
  expect(full.code).toBe(4);
  expect(full.stderr).toMatch(
    /77 ".*" \(made by keyturn, and no ledger here knows it; see keyturn audit key-prod\)/,
  );
  expect(bench.ring.live()).toHaveLength(2);
  const back = await bench.keyturn('rollback', NAME, '--yes', '--json');
  expect(back.document.data.credentials).toMatchObject([
    { outcome: 'done', reason: 'what was open is finished' },
  ]);

  bench.server.fail('html', 'all');
  const blind = await bench.keyturn('audit', '--json');
  const rules = blind.document.data.findings.map((one: { rule: string }) => one.rule);
  expect(rules).toEqual(['stuck', 'unverified', 'unverified']);
});
