import { inspect } from 'node:util';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { KeyturnError } from '../../src/core/errors.ts';
import { readInstant } from '../../src/described/instants.ts';
import { bodyOf, formOf, holdsMark, readEntries, readFacts, readPart } from '../../src/described/reading.ts';
import { ADMIN, type Desk, json, MARK, openDesk, SECRET, text } from './desk.ts';

const { signal } = new AbortController();
const PAGE = `<!doctype html><html><body>Sign in ${SECRET}</body></html>`;
let desk: Desk;

beforeEach(async () => {
  desk = await openDesk();
});

const create = (change = {}) => desk.issuer(change).create?.({ mark: MARK, signal });

/** The error of a call, after a search for secrets in all of it. */
async function refusal(doing: Promise<unknown> | undefined): Promise<KeyturnError> {
  const error = await Promise.resolve(doing).then(
    (value) => new Error(`nothing was thrown, but ${inspect(value)} came`),
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(KeyturnError);
  const own = error as KeyturnError;
  const out = inspect(own, { depth: 10, showHidden: true }) + own.message + own.hint;
  for (const secret of [SECRET, ADMIN]) expect(out).not.toContain(secret);
  expect(own.hint).not.toBe('');
  return own;
}

describe('create', () => {
  test.each<[string, Desk['answer'], string, RegExp]>([
    ['200 without a secret', json({ id: 'k1' }), 'BAD_REPLY', /lacks the part value/],
    ['a masked secret', json({ id: 'k1', secret: 'sk_0123***89' }), 'BAD_REPLY', /lacks the part value/],
    [
      'a secret that cannot be sent',
      json({ id: 'k1', secret: 'a b\nc' }),
      'BAD_REPLY',
      /lacks the part value/,
    ],
    ['an empty body', text('', 201), 'BAD_REPLY', /is empty/],
    ['words', text('made', 201), 'BAD_REPLY', /is text that is not JSON/],
    ['a web page as 200', text(PAGE, 200, { 'content-type': 'text/html' }), 'BAD_REPLY', /web page/],
    ['a web page as 403', text(PAGE, 403, { 'content-type': 'application/json' }), 'BAD_REPLY', /web page/],
    [
      'a redirect to another host',
      text('', 302, { location: 'https://other.example/' }),
      'BAD_REPLY',
      /redirect/,
    ],
    [
      'another charset',
      text(Buffer.from(JSON.stringify({ secret: SECRET }), 'utf16le')),
      'BAD_REPLY',
      /is text in another charset/,
    ],
    ['100 MB', (_, response) => endless(response), 'BAD_REPLY', /larger than/],
    ['500', json({}, 500), 'UNAVAILABLE', /500/],
    ['408', json({}, 408), 'UNAVAILABLE', /408/],
  ])(
    'answered with %s leaves open whether a key exists, and says how to find it',
    async (_, answer, code, says) => {
      desk.answer = answer;
      const error = await refusal(create());
      expect([error.code, error.ambiguous]).toEqual([code, true]);
      expect(error.message).toMatch(says);
      expect(error.hint).toMatch(new RegExp(`keyturn looks for the key; .* named after ${MARK} `));
      expect(desk.seen).toHaveLength(1);
    },
  );

  test.each<[string, Desk['answer'], string]>([
    ['400', json({}, 400), 'REFUSED'],
    ['401', json({}, 401), 'ADMIN_REFUSED'],
    ['403', json({}, 403), 'REFUSED'],
    ['409', json({}, 409), 'REFUSED'],
    ['429', json({}, 429), 'RATE_LIMITED'],
  ])('answered with %s has made nothing', async (_, answer, code) => {
    desk.answer = answer;
    const error = await refusal(create());
    expect([error.code, error.ambiguous]).toEqual([code, false]);
  });

  test('a full set can be told from another refusal by the body', async () => {
    desk.answer = json({ code: 'too_many', note: SECRET }, 400);
    const answers = { full: [{ status: 400, pointer: '/code', equals: 'too_many' }] };
    const error = await refusal(
      create({
        create: {
          url: '/keys',
          json: { name: '{rotation.id}' },
          answers,
          reply: { parts: { value: '/secret' }, id: '/id' },
        },
        errorCode: '/code',
      }),
    );
    expect([error.code, error.detail.remoteCode]).toEqual(['FULL', 'too_many']);
  });

  test('a code of the provider that could be a secret is not shown', async () => {
    desk.answer = json({ code: `${SECRET}${SECRET}` }, 400);
    const error = await refusal(create({ errorCode: '/code' }));
    expect(error.detail.remoteCode).toBeUndefined();
  });

  test.each([
    ['a text', 'k-1', 'k-1'],
    ['a number', 17, '17'],
    ['no text at all', { deep: true }, undefined],
    ['the secret itself', SECRET, undefined],
    ['a text that holds the secret', `k1-${SECRET}`, undefined],
    ['a text with spaces', 'k 1', undefined],
  ])('an id that is %s costs no key', async (_, id, read) => {
    desk.answer = json({ secret: SECRET, id });
    const created = await create();
    expect(created?.secret.open()).toBe(SECRET);
    expect(created?.facts.issuerKeyId).toBe(read);
  });

  test('an id of more digits than a number holds keeps them all', async () => {
    desk.answer = text(`{"id": 9223372036854775807, "secret": "${SECRET}", "note": "12345678901234567890"}`);
    expect((await create())?.facts.issuerKeyId).toBe('9223372036854775807');
  });

  test('what else cannot be read costs no key either', async () => {
    desk.answer = json({ secret: SECRET, id: 'k1', made: 'next week', ends: {}, may: [SECRET] });
    const created = await create();
    expect(created?.facts).toEqual({ issuerKeyId: 'k1', fingerprints: created?.secret.fingerprints() });
  });

  test('letters of another charset around it cost no key', async () => {
    desk.answer = text(
      Buffer.from(JSON.stringify({ secret: SECRET, id: 'k1', owner: 'Jos\u00e9' }), 'latin1'),
    );
    expect((await create())?.secret.open()).toBe(SECRET);
  });
});

function endless(response: Parameters<Desk['answer']>[1]): void {
  const chunk = Buffer.alloc(256 * 1024, ' ');
  let sent = 0;
  const more = (): void => {
    while (sent < 100 * 1024 * 1024 && !response.destroyed) {
      sent += chunk.length;
      if (!response.write(chunk)) return void response.once('drain', more);
    }
    response.end();
  };
  response.writeHead(200, { 'content-type': 'application/json' });
  more();
}

describe('times', () => {
  const AT = '2026-05-31T12:34:56.000Z';
  test.each([
    ['ISO 8601', '2026-05-31T12:34:56Z'],
    ['ISO 8601 with an offset', '2026-05-31T14:34:56+02:00'],
    ['an offset without a colon', '2026-05-31T14:34:56.000+0200'],
    ['no offset, which is UTC', '2026-05-31T12:34:56'],
    ['a space in place of T', '2026-05-31 12:34:56'],
    ['RFC 2822', 'Sun, 31 May 2026 12:34:56 +0000'],
    ['slashes, in the order of ISO 8601', '2026/05/31 12:34:56'],
    ['RFC 2822 without a zone', '31 May 2026 12:34:56'],
    ['RFC 1123', 'Sun, 31 May 2026 12:34:56 GMT'],
    ['seconds', 1_780_230_896],
    ['milliseconds', 1_780_230_896_000],
    ['seconds as text', '1780230896'],
  ])('%s', (_, given) => expect(readInstant(given)).toBe(AT));

  test('a date alone is its midnight', () =>
    expect(readInstant('2026-05-31')).toBe('2026-05-31T00:00:00.000Z'));

  test.each([['31/05/2026'], ['May 31'], ['2026-02-31'], [''], [-5], [true], [null], ['0'], [1e18]])(
    '%s is none',
    (given) => expect(readInstant(given)).toBeNull(),
  );
});

describe('list', () => {
  const list = (change = {}) => desk.issuer(change).list?.(signal);
  const paged = { url: '/keys', items: '/keys', reply: { id: '/id', name: '/name' } };

  test('reads what it is told to read and no secret beside it', async () => {
    desk.answer = json({
      keys: [{ id: 'k1', name: `keyturn ${MARK}`, made: 1_780_230_896, secret: SECRET }],
    });
    const listed = await list();
    expect(listed).toEqual([
      {
        issuerKeyId: 'k1',
        name: `keyturn ${MARK}`,
        mark: MARK,
        facts: { issuerKeyId: 'k1', issuedAt: '2026-05-31T12:34:56.000Z' },
      },
    ]);
  });

  test.each<[string, Desk['answer']]>([
    ['no list', json({ keys: 'none' })],
    ['an entry without an id', json({ keys: [{ name: 'x' }] })],
    ['no JSON', text('keys')],
    ['a web page', text(PAGE)],
    ['a redirect', text('', 301, { location: '/login' })],
  ])('refuses %s', async (_, answer) => {
    desk.answer = answer;
    expect(await refusal(list())).toMatchObject({ code: 'BAD_REPLY' });
  });

  test('that never ends is refused, whether it repeats itself or not', async () => {
    let page = 0;
    desk.answer = (request, response) => {
      page += 1;
      json({ keys: [{ id: `k${page}` }], next: `c${page}` })(request, response);
    };
    const next = { cursor: '/next', as: 'after' };
    expect(await refusal(list({ list: { ...paged, next } }))).toMatchObject({
      message: expect.stringContaining('does not end'),
    });
    expect(desk.seen.length).toBeLessThanOrEqual(100);
    desk.answer = json({ keys: [], next: 'c1' });
    const before = desk.seen.length;
    await refusal(list({ list: { ...paged, next } }));
    expect(desk.seen.length - before).toBe(2);
  });

  test('that goes on for too long says so before the look is given up', async () => {
    let at = 0;
    const slow = () => {
      at += 500;
      return at;
    };
    desk.answer = (request, response) =>
      json({ keys: [{ id: `k${at}` }], next: `c${at}` })(request, response);
    const next = { cursor: '/next', as: 'after' };
    const error = await refusal(desk.issuer({ list: { ...paged, next } }, slow).list?.(signal));
    expect([error.code, error.message]).toEqual([
      'TIMEOUT',
      expect.stringMatching(/has not ended after \d+ pages in 20 s/),
    ]);
    expect(desk.seen.length).toBeLessThan(60);
  });

  test('whose next page is at another host is refused, and nothing is sent there', async () => {
    desk.answer = json({ keys: [{ id: 'k1' }], next: 'https://other.example/keys?page=2' });
    const error = await refusal(list({ list: { ...paged, next: { url: '/next' } } }));
    expect([error.code, error.message]).toEqual(['BAD_REPLY', expect.stringContaining('another host')]);
    expect(desk.seen).toHaveLength(1);
  });

  test.each([
    ['an address that is none', { url: '/next' }, { next: [null] }],
    ['a cursor that is none', { cursor: '/next', as: 'p' }, { next: { after: 'x' } }],
    ['more, and no cursor', { cursor: '/next', as: 'p', more: '/more' }, { more: true }],
    ['an unclear word on more', { cursor: '/next', as: 'p', more: '/more' }, { more: 'true', next: 'x' }],
  ])('is refused where it may be cut short: %s', async (_, next, said) => {
    desk.answer = json({ keys: [{ id: 'k1' }], ...said });
    expect(await refusal(list({ list: { ...paged, next } }))).toMatchObject({ code: 'BAD_REPLY' });
  });

  test('is not cut short by a number of pages that is none', async () => {
    desk.answer = (request, response) => {
      const page = Number(new URL(request.url, desk.url).searchParams.get('p'));
      json({ keys: page < 3 ? [{ id: `k${page}` }] : [], pages: '' })(request, response);
    };
    const listed = await list({ list: { ...paged, next: { page: 'p', pages: '/pages' } } });
    expect(listed?.map((key) => key.issuerKeyId)).toEqual(['k1', 'k2']);
  });

  test('knows a mark at the end of a long name, and no other mark by the beginning of it', async () => {
    const long = 'x'.repeat(127 - MARK.length);
    desk.answer = json({
      keys: [
        { id: 'k1', name: `${long} ${MARK}2` },
        { id: 'k2', name: `${long} and more ${MARK}` },
      ],
    });
    expect(await desk.issuer().find?.(MARK, signal)).toMatchObject({ issuerKeyId: 'k2', mark: MARK });
    expect((await list())?.map((key) => key.mark)).toEqual([`${MARK}2`, MARK]);
  });

  test.each([
    ['by address', { url: '/next' }, (page: number) => (page < 3 ? `/keys?p=${page + 1}` : null)],
    ['by cursor', { cursor: '/next', as: 'p' }, (page: number) => (page < 3 ? String(page + 1) : '')],
    ['by number, with their count', { page: 'p', pages: '/next' }, () => 3],
  ])('goes through pages %s', async (_, next, nextOf) => {
    desk.answer = (request, response) => {
      const page = Number(new URL(request.url, desk.url).searchParams.get('p') ?? 1);
      json({ keys: [{ id: `k${page}` }], next: nextOf(page) })(request, response);
    };
    const listed = await list({ list: { ...paged, next } });
    expect(listed?.map((key) => key.issuerKeyId)).toEqual(['k1', 'k2', 'k3']);
  });

  test('goes through pages by number where their count is not said', async () => {
    desk.answer = (request, response) => {
      const page = Number(new URL(request.url, desk.url).searchParams.get('p'));
      json({ keys: page < 4 ? [{ id: `k${page}` }] : [] })(request, response);
    };
    const listed = await list({ list: { ...paged, next: { page: 'p', pages: '/total' } } });
    expect(listed?.map((key) => key.issuerKeyId)).toEqual(['k1', 'k2', 'k3']);
  });

  test('names a key once, and finds its mark in whichever entry has it', async () => {
    desk.answer = json({
      keys: [
        { id: 'k1', name: `keyturn ${MARK}` },
        { id: 'k1', name: 'renamed' },
      ],
    });
    expect((await list())?.map((key) => key.issuerKeyId)).toEqual(['k1']);
    expect(await desk.issuer().find?.(MARK, signal)).toMatchObject({ issuerKeyId: 'k1' });
  });

  test('names only the living, where it says which those are', async () => {
    desk.answer = json({
      keys: [
        { id: 'k1', on: true },
        { id: 'k2', on: false },
      ],
    });
    const where = { pointer: '/on', equals: true };
    const listed = await list({ list: { ...paged, where } });
    expect(listed?.map((key) => key.issuerKeyId)).toEqual(['k1']);
  });
});

describe('the last use', () => {
  const inList = { list: { url: '/keys', items: '/keys', reply: { id: '/id', lastUsed: '/used' } } };
  const apart = { lastUsed: { url: '/keys/{key.id}/use', reply: { at: '/used' } } };
  const lastUsed = (change: object) => desk.issuer(change).lastUsed?.('k1', signal);

  test.each([
    ['a time', 1_780_230_896, '2026-05-31T12:34:56.000Z'],
    ['null, which is never', null, null],
  ])('is %s', async (_, used, at) => {
    desk.answer = json({ keys: [{ id: 'k1', used }], used });
    expect([await lastUsed(inList), await lastUsed(apart)]).toEqual([at, at]);
    desk.answer = json({ keys: [{ id: 'k2', used: null }] });
    expect(await refusal(lastUsed(inList))).toMatchObject({ code: 'BAD_REPLY' });
  });

  test.each([
    ['a time in no known form', 'yesterday'],
    ['nothing', undefined],
  ])('is never guessed from %s', async (_, used) => {
    desk.answer = json({ keys: [{ id: 'k1', used }], used });
    for (const change of [inList, apart])
      expect(await refusal(lastUsed(change))).toMatchObject({ code: 'BAD_REPLY' });
  });
});

describe('revoke', () => {
  const revoke = (change = {}) => desk.issuer(change).revoke?.({ issuerKeyId: 'a/b', role: 'old', signal });

  test.each([204, 200, 404, 410])('%i is done', async (status) => {
    desk.answer = text('', status);
    await revoke();
    expect(desk.seen.map(({ method, url }) => `${method} ${url}`)).toEqual(['DELETE /keys/a%2Fb']);
  });

  test('a web page as 404 is not', async () => {
    desk.answer = text(PAGE, 404);
    expect(await refusal(revoke())).toMatchObject({ code: 'BAD_REPLY' });
  });

  test.each<[string, string | Buffer, RegExp]>([
    ['words', 'gone', /with text that is not JSON/],
    ['another charset', Buffer.from('{"ok":true}', 'utf16le'), /with text in another charset/],
  ])('%s are not, where the body is to say it, and are called so', async (_, said, message) => {
    desk.answer = text(said);
    const answers = { done: [{ pointer: '/ok', equals: true }] };
    const error = await refusal(revoke({ revoke: { url: '/keys/{key.id}', answers } }));
    expect([error.code, error.message]).toEqual(['BAD_REPLY', expect.stringMatching(message)]);
  });

  test('an error in a body of 200 is not, where the description says what success is', async () => {
    desk.answer = json({ ok: false });
    const answers = { done: [{ pointer: '/ok', equals: true }] };
    await refusal(revoke({ revoke: { url: '/keys/{key.id}', answers } }));
  });
});

test('a mark is found as a whole only', () => {
  expect(holdsMark('keyturn r1.1', 'r1.1')).toBe(true);
  expect(holdsMark('keyturn-r1.1', 'r1.1')).toBe(true);
  expect(holdsMark('(r1.1)', 'r1.1')).toBe(true);
  expect(holdsMark('r1.1.', 'r1.1')).toBe(true);
  for (const name of ['r1.12', 'xr1.1', 'r1.1.2', 'r1.1a', '9r1.1', 'r11.1'])
    expect(holdsMark(name, 'r1.1')).toBe(false);
});

test('nothing that a provider can answer breaks the reading of it', () => {
  const pointers = { id: '/id', issuedAt: ['/a/0', '/made'], expiresAt: '/ends', scopes: '/may' };
  const list = { url: '/keys', items: '/keys', reply: { id: '/id', name: '/name', lastUsed: '/used' } };
  const named = fc.constantFrom(
    'id',
    'a',
    'made',
    'ends',
    'may',
    'keys',
    'name',
    'used',
    'secret',
    '__proto__',
  );
  const small = fc.jsonValue({ maxDepth: 1 });
  const entry = fc.dictionary(named, small, { maxKeys: 5 });
  const replies = fc.oneof(
    fc.json({ maxDepth: 2 }),
    fc.string({ unit: 'binary' }),
    entry.chain((one) =>
      fc
        .record({ keys: fc.array(entry, { maxLength: 3 }) })
        .map((list) => JSON.stringify({ ...one, ...list })),
    ),
    fc.bigInt().map((count) => `{"id":${count},"keys":[{"id":${count}}]}`),
  );
  fc.assert(
    fc.property(replies, (reply) => {
      const body = bodyOf(reply);
      const { issuerKeyId, scopes } = readFacts(body, pointers);
      const part = readPart(body, '/secret');
      const entries = readEntries(body, list);
      const texts = [issuerKeyId, part, ...(entries ?? []).map((entry) => entry.issuerKeyId)];
      const sendable = texts.every(
        (text) => text === undefined || text === null || /^[\x21-\x7e]+$/.test(text),
      );
      const short = (scopes ?? []).every((scope) => /^\S{1,256}$/.test(scope));
      return sendable && short && (formOf(reply, body) === 'json') === (body !== undefined);
    }),
    { numRuns: 300 },
  );
});
