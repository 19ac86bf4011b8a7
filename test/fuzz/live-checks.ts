import fc from 'fast-check';
import * as z from 'zod/mini';
import { Secret } from '../../src/core/secret.ts';
import { liveCheck } from '../../src/http/live-check.ts';
import { type LiveCheckSettings, liveCheckSettings, sentParts } from '../../src/http/live-check-settings.ts';
import { target } from './engine.ts';
import { anyText, type Json, mutants, textOf } from './mutate.ts';
import { holds, outcomeOf, secrets, silent } from './outcome.ts';
import { contextWith, documentOf, member, providerOf, replies } from './replies.ts';

const URL_ = 'https://chat-api.example/v1/me';
const header = 'Authorization: Bearer {key.value}';
const SETTINGS = [
  { url: URL_, header },
  { url: URL_, header, worksIf: { pointer: '/data/ok', equals: true } },
  {
    url: URL_,
    header,
    works: [200, 403],
    worksIf: { pointer: '/status', equals: 'active' },
    refused: [401, 404],
  },
  { url: URL_, header, refusedIf: { pointer: '/error/code', equals: 1004 } },
  {
    url: URL_,
    header,
    worksIf: { pointer: '/data/ok', equals: true },
    refusedIf: { pointer: '/error/code', equals: 1004 },
    acceptHtml: true,
  },
].map((one) => z.parse(liveCheckSettings, one));

const BODIES = [
  '{"data":{"ok":true},"status":"active"}',
  '{"data":{"ok":false},"status":"blocked","error":{"code":1004,"message":"SECRET"}}',
  '{"error":"unauthorized"}',
  '<!doctype html><html><body>SECRET</body></html>',
  '',
  'null',
  '[]',
  '{"data":{"ok":true}',
];
const WORDS: readonly Json[] = [
  true,
  'true',
  1,
  1004,
  '1004',
  'active',
  'data',
  'ok',
  'status',
  'error',
  'code',
  'SECRET',
  '<html>',
];
const { signal } = new AbortController();

/** The same question, answered the long way: what a reply says of the key, by the page in the docs. */
function says(
  test: LiveCheckSettings,
  status: number,
  text: string,
  document: unknown,
): 'works' | 'dead' | null {
  const holdsTrue = (rule: LiveCheckSettings['worksIf']) =>
    rule?.pointer.split('/').slice(1).reduce<unknown>(member, document) === rule?.equals;
  const page = document === undefined && /<(html|head|body|!doctype +html)\b/i.test(text.slice(0, 1024));
  if (page && !test.acceptHtml) return null;
  const good = test.works === undefined ? status >= 200 && status <= 299 : test.works.includes(status);
  const about = status >= 400 && status <= 499 && ![407, 408, 425, 429].includes(status);
  const dead =
    test.refused.includes(status) ||
    (test.refusedIf !== undefined && (good || about) && holdsTrue(test.refusedIf));
  const works = good && (test.worksIf === undefined || holdsTrue(test.worksIf));
  if (works && dead && test.worksIf !== undefined) return null;
  return dead ? 'dead' : works ? 'works' : null;
}

export const liveReplies = target({
  name: 'live-check-replies',
  few: 250,
  share: 10,
  input: fc.record({
    which: fc.nat({ max: SETTINGS.length - 1 }),
    answers: fc.array(replies(BODIES, WORDS), { minLength: 1, maxLength: 3 }),
    secret: secrets,
  }),
  check: async ({ which, answers, secret }) => {
    const test = SETTINGS[which] as LiveCheckSettings;
    const spoken = answers.map((one) => ({
      ...one,
      bytes: Buffer.from(one.bytes.toString('latin1').replaceAll('SECRET', secret), 'latin1'),
    }));
    const provider = providerOf(() => 'test', { test: spoken });
    const { value } = await outcomeOf(
      () => liveCheck(test, Secret.of(secret), contextWith(provider), signal),
      [],
      [secret],
    );
    silent(value, [secret]);
    const last = provider.served.at(-1)?.reply;
    if (last === undefined || value === null) throw new Error('no answer');
    const strict = strictly(last.bytes);
    const body = [204, 205, 304].includes(last.status) ? { text: '', json: undefined } : strict;
    const right = says(test, last.status, body.text, body.json);
    if (value.verdict === 'works') holds(right === 'works', `a wrong works: ${last.status} ${body.text}`);
    if (value.verdict === 'refused') holds(right === 'dead', `a wrong dead: ${last.status} ${body.text}`);
  },
});

/** JSON in UTF-8 or nothing: no leniency is promised to providers that nobody has documented. */
function strictly(bytes: Buffer): { readonly text: string; readonly json: unknown } {
  const text = new TextDecoder().decode(bytes);
  const whole =
    Buffer.from(text).equals(bytes) ||
    Buffer.concat([Buffer.from('\ufeff'), Buffer.from(text)]).equals(bytes);
  const read = documentOf({ status: 200, headers: {}, bytes });
  try {
    JSON.parse(text);
    return { text, json: whole ? read : undefined };
  } catch (caught) {
    if (caught instanceof SyntaxError) return { text, json: undefined };
    throw caught;
  }
}

const TESTS = [
  { url: `${URL_}?a={key.sid}`, headers: { 'X-Key': '{key.secret}' } },
  {
    url: `https://api.example/{key.sid}/x`,
    basic: { user: '{key.sid}', password: '{key.secret}' },
    refused: [401, 403],
  },
  { url: URL_, query: { key: '{key.secret}' }, timeout: '5s', worksIf: { pointer: '/a/0', equals: null } },
  {
    url: 'http://127.0.0.1:8080/',
    header: 'X-Key: a{key.sid}b',
    works: [200, 404],
    refusedIf: { pointer: '', equals: 'no' },
  },
].map((one) => JSON.stringify(one));
const SETTING_WORDS: readonly Json[] = [
  '{key.sid}',
  '{key.secret}',
  'https://evil.example/',
  '@evil.example',
  '\\evil.example',
  '//evil.example',
  '..',
  '#',
  'Host',
  'Authorization',
  'X-Key: a\r\nB: c',
  '/a~2',
  401,
  407,
  99,
  600,
  'url',
  'header',
  '\u00e9',
  '%2e%2e',
  '?',
];
const part = fc.oneof(
  secrets,
  fc.string(),
  anyText,
  fc.constantFrom('..', '/', '@evil.example', '\r\nX: y', '?a', '#', ':', '%2e'),
);

/** Any settings that are accepted, with any key: nothing but the configured host ever sees it. */
export const liveSettings = target({
  name: 'live-check-settings',
  few: 250,
  share: 8,
  input: fc.record({ test: mutants(TESTS, SETTING_WORDS, { twists: 2, cuts: 2 }), sid: part, secret: part }),
  check: async ({ test: mutant, sid, secret }) => {
    const raw = parsed(textOf(mutant));
    const read = z.safeParse(liveCheckSettings, raw);
    if (!read.success) return;
    const test = read.data;
    holds(sentParts(test).length > 0, 'a test that sends no key');
    const host = new URL(test.url).host;
    const provider = providerOf(() => 'test', {
      test: [{ status: 200, headers: {}, bytes: Buffer.from('{}') }],
    });
    const planted = [sid, secret].filter((one) => one.length >= 30);
    const key = Secret.fromParts({ sid, secret });
    const { value } = await outcomeOf(() => liveCheck(test, key, contextWith(provider), signal), [], planted);
    silent(value, planted);
    for (const { url } of provider.served) {
      holds(url.host === host, `the key went to ${url.host} instead of ${host}`);
      const steps = (path: string) => path.split('/').length;
      holds(
        steps(url.pathname) === steps(new URL(test.url).pathname),
        `the key changed the path: ${url.pathname}`,
      );
      const { protocol, hostname } = url;
      holds(
        protocol === 'https:' || /^(localhost|\[::1\]|127\..*)$/.test(hostname),
        `${protocol} to ${hostname}`,
      );
    }
  },
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (caught) {
    if (caught instanceof SyntaxError) return text;
    throw caught;
  }
}
