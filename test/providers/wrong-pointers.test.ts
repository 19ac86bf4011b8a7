import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { built } from '../cli/harness.ts';
import { NAME, openProviderBench, type ProviderBench } from './bench.ts';
import type { ProviderKey } from './server.ts';
import { startUnseen } from './unseen.ts';

/*
 * A pointer of a description that leads to another thing than it should: whatever comes of it, no key ends that was
 * there before the key that was asked for.
 */

const LIST = {
  url: '/credentials',
  items: '/rows',
  next: { cursor: '/last', as: 'after', more: '/more' },
};
const CREATE = {
  url: '/credentials',
  json: { label: 'keyturn {rotation.id}' },
  answers: { done: [{ pointer: '/code', equals: 0 }] },
};
const part = { parts: { value: '/row/value' } };
const WRONG_CREATE = { ...CREATE, reply: { ...part, id: '/owner' } };
const RIGHT_CREATE = { ...CREATE, reply: { ...part, id: '/row/id' } };
const NAMED = { ...LIST, reply: { id: '/id', name: '/label' } };
const UNNAMED = { ...LIST, reply: { id: '/id' } };
const MISNAMED = { ...LIST, reply: { id: '/id', name: '/nothing' } };
const WRONG_LIST = { ...LIST, reply: { id: '/parent', name: '/label' } };

beforeAll(built, 60_000);

async function scene(issuer: Record<string, unknown>) {
  const bench = await openProviderBench(startUnseen, { issuer: { settles: '0s', ...issuer } });
  onTestFinished(bench.close);
  return { bench, stranger: bench.make() };
}

/** The reply to the next create names the key of somebody else as its owner. */
function ownedBy(bench: ProviderBench, { id }: ProviderKey): void {
  bench.server.answer((said) => ({
    ...said,
    text: said.text?.replace('"row":{', `"owner":${id},"row":{`) ?? '',
  }));
}

async function corrected(bench: ProviderBench, issuer: Record<string, unknown>): Promise<void> {
  await bench.bench.configure(
    stringify({
      version: 1,
      store: { kind: 'file', path: './secrets', identity: 'env:KEYTURN_IDENTITY' },
      policy: { overlap: '0s' },
      issuers: { provider: { ...bench.settings, settles: '0s', timeout: '5s', ...issuer } },
      credentials: { [NAME]: { issuer: 'provider' } },
    }),
  );
}

describe('issuer test', { timeout: 60_000 }, () => {
  async function tried(bench: ProviderBench) {
    const answer = await bench.keyturn('issuer', 'test', 'provider', '--yes', '--json');
    const steps = answer.document.data.steps as {
      operation: string;
      outcome: string;
      message: string;
      hint: string;
    }[];
    return { answer, steps, of: (operation: string) => steps.filter((step) => step.operation === operation) };
  }

  test.each([
    ['no names', UNNAMED],
    ['a wrong pointer to the name', MISNAMED],
  ])('does not end a key that was listed before, with %s', async (_, list) => {
    const { bench, stranger } = await scene({ create: WRONG_CREATE, list });
    ownedBy(bench, stranger);
    const { answer, of } = await tried(bench);
    expect(stranger.deadFrom).toBeNull();
    expect(answer.code).toBe(4);
    expect(of('create')).toMatchObject(
      [{ outcome: 'failed', message: /listed before/ }].map((one) => ({
        ...one,
        message: expect.stringMatching(one.message),
      })),
    );
    expect(of('revoke')).toMatchObject([{ outcome: 'failed', hint: expect.stringContaining('by hand') }]);
  });

  test('ends the key that its name leads to, where create gave the id of another one', async () => {
    const { bench, stranger } = await scene({ create: WRONG_CREATE, list: NAMED });
    ownedBy(bench, stranger);
    const { answer } = await tried(bench);
    expect(answer.code).toBe(4);
    expect(bench.ring.live()).toEqual([stranger]);
  });

  test('ends the key that create gave, where its name leads to one that was there before', async () => {
    const { bench, stranger } = await scene({ create: RIGHT_CREATE, list: WRONG_LIST });
    const { answer, of } = await tried(bench);
    expect([answer.code, of('list')[1]?.outcome]).toEqual([4, 'failed']);
    expect(stranger.deadFrom).toBeNull();
  });

  test('without a list does not say that a key was ended that still works', async () => {
    const { bench, stranger } = await scene({ create: WRONG_CREATE, list: undefined });
    ownedBy(bench, stranger);
    const { answer, of } = await tried(bench);
    expect(answer.code).toBe(4);
    expect(of('revoke')[0]?.message).not.toContain('was ended');
    expect(of('verify').at(-1)).toMatchObject({ outcome: 'failed', message: 'the ended key still works' });
  });
});

describe('a list that shows the secret of a known key', { timeout: 60_000 }, () => {
  test.each([
    ['as its name', { id: '/id', name: '/value' }],
    ['as its id', { id: '/value', name: '/label' }],
  ])('%s is neither shown nor kept', async (_, reply) => {
    const { bench } = await scene({});
    expect((await bench.keyturn('rotate', NAME)).code).toBe(0);
    await corrected(bench, { list: { ...LIST, reply } });
    const answers = [];
    for (const words of [['keys', 'provider'], ['rotate', NAME], ['audit'], ['status', '--json']])
      answers.push(await bench.keyturn(...words));
    expect([answers[0]?.code, answers[0]?.stderr]).toEqual([
      4,
      expect.stringContaining('correct list.reply.id and list.reply.name'),
    ]);
    const said = answers.map(({ stdout, stderr }) => stdout + stderr).join();
    for (const { secret } of bench.ring.keys) expect(said).not.toContain(secret);
  });
});

describe('a rotation', { timeout: 60_000 }, () => {
  test.each([
    ['no names', UNNAMED],
    ['names', NAMED],
  ])('takes no id that was listed before for that of the new key, with %s', async (_, list) => {
    const { bench, stranger } = await scene({ create: WRONG_CREATE, list });
    ownedBy(bench, stranger);
    const answer = await bench.keyturn('rotate', NAME);
    expect([answer.code, answer.stderr]).toEqual([
      4,
      expect.stringMatching(/listed before[\s\S]*create\.reply\.id/),
    ]);
    await corrected(bench, { create: RIGHT_CREATE, list });
    for (const round of [0, 1])
      expect([round, (await bench.keyturn('rotate', NAME, '--wait')).code]).toEqual([round, 0]);
    expect(stranger.deadFrom).toBeNull();
    const status = await bench.keyturn('status', NAME, '--json');
    expect(JSON.stringify(status.document.data)).not.toContain(`"issuerKeyId":"${stranger.id}"`);
    // What the first request made is found by its name and ended; without one it is left to a person.
    expect(bench.ring.live()).toHaveLength(list === NAMED ? 2 : 3);
  });

  test('does not end what a lost key is found as, where that was listed before', async () => {
    const { bench, stranger } = await scene({ create: RIGHT_CREATE, list: WRONG_LIST });
    bench.server.fail('lost', 'create', 1);
    await bench.keyturn('rotate', NAME);
    await bench.keyturn('run', NAME);
    expect(stranger.deadFrom).toBeNull();
    expect(bench.server.creates()).toBeGreaterThan(0);
  });

  test('takes no key of somebody else that create gives once more', async () => {
    const { bench, stranger } = await scene({ create: RIGHT_CREATE, list: UNNAMED });
    const row = { id: 'ID', value: stranger.secret, born: stranger.madeAt };
    bench.server.answer((said) => ({
      ...said,
      text: JSON.stringify({ code: 0, row }).replace('"ID"', stranger.id),
    }));
    const answer = await bench.keyturn('rotate', NAME);
    expect([answer.code, answer.stderr]).toEqual([4, expect.stringContaining('listed before')]);
    for (const round of [0, 1])
      expect([round, (await bench.keyturn('rotate', NAME, '--wait')).code]).toEqual([round, 0]);
    expect(stranger.deadFrom).toBeNull();
  });
});
