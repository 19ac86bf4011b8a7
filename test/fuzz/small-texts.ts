import fc from 'fast-check';
import { parseDate } from '../../src/config/date.ts';
import { isLoopback as loopbackInConfig } from '../../src/config/literals.ts';
import { toMs } from '../../src/core/credential.ts';
import { Secret } from '../../src/core/secret.ts';
import { durationMs } from '../../src/core/setting.ts';
import { atPointer, JSON_POINTER } from '../../src/http/json-pointer.ts';
import { retryAfterMs } from '../../src/http/retry-after.ts';
import { fillTemplate, parseTemplate, type Template } from '../../src/http/template.ts';
import { isLoopback, urlFault } from '../../src/http/url.ts';
import { stayAwayMs } from '../../src/issuers/meta/limits.ts';
import { target } from './engine.ts';
import { type Json, mutants, textOf } from './mutate.ts';
import { holds, outcomeOf, secrets } from './outcome.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const DAY = 86_400_000;

/** Dates and durations as people type them. */
export const dates = target({
  name: 'date',
  few: 500,
  share: 9,
  input: fc.record({
    text: mutants([
      '2026-05-31',
      '2026-05-31T14:00:00Z',
      '2024-02-29T23:59:59.999+14:00',
      '2026-05-31T14:00-00:30',
      '0099-01-01',
      '9999-12-31T00:00Z',
    ]).map(textOf),
    ms: fc.integer({ min: Date.UTC(100, 0, 1), max: NOW }),
  }),
  check: async ({ text, ms }) => {
    const { value, error } = await outcomeOf(() => parseDate(text, NOW, '--issued-at'), ['USAGE']);
    if (error === null) {
      holds(toMs(value) <= NOW && new Date(toMs(value)).toISOString() === value, `${text} became ${value}`);
      // Where the language reads it too, it reads the same.
      holds(Number.isNaN(Date.parse(text)) || Date.parse(text) === toMs(value), `${text} became ${value}`);
    }
    const instant = new Date(ms).toISOString();
    holds(parseDate(instant, NOW, 'x') === instant, `${instant} does not come back`);
  },
});

const UNIT = { s: 1000, m: 60_000, h: 3_600_000, d: DAY, w: 7 * DAY } as const;

export const durations = target({
  name: 'duration',
  few: 500,
  share: 6,
  input: fc.record({
    text: mutants(['90d', '0s', '24h', '999999999w', '1m']).map(textOf),
    count: fc.nat({ max: 999_999_999 }),
    unit: fc.constantFrom('s', 'm', 'h', 'd', 'w'),
  }),
  check: ({ text, count, unit }) => {
    const ms = durationMs(text);
    holds(ms === null || (Number.isFinite(ms) && ms >= 0), `${text} became ${ms}`);
    if (ms !== null)
      holds(ms === Number(text.slice(0, -1)) * UNIT[text.at(-1) as 's'], `${text} became ${ms}`);
    holds(durationMs(`${count}${unit}`) === count * UNIT[unit as 's'], `${count}${unit}`);
  },
});

const steps = fc.array(
  fc.oneof(fc.string(), fc.constantFrom('~', '/', '~1', '', '0', '__proto__', 'length')),
  { maxLength: 5 },
);

export const pointers = target({
  name: 'json-pointer',
  few: 500,
  share: 6,
  input: fc.record({
    text: mutants(['/error/code', '/a/0/~1', '', '/data/__proto__', '/length', '/0']).map(textOf),
    steps,
    leaf: fc.jsonValue(),
  }),
  check: ({ text, steps: path, leaf }) => {
    const escaped = path.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
    holds(JSON_POINTER.test(escaped), `${escaped} is no pointer`);
    const document = path.reduceRight<unknown>((inner, step) => Object.fromEntries([[step, inner]]), leaf);
    holds(Object.is(atPointer(document, escaped), leaf), `${escaped} leads elsewhere`);
    for (const root of [document, leaf, [leaf], { error: { code: 1 } }, null, 'text']) {
      const found = atPointer(root, text);
      holds(typeof found !== 'function' && found !== Object.prototype, `${text} leads out of the document`);
    }
  },
});

const piece = fc.oneof(
  fc.string().map((text) => text.replace(/[{}]/g, '')),
  fc.stringMatching(/^[a-z][A-Za-z0-9_]{0,30}$/).map((part) => ({ part })),
);

export const templates = target({
  name: 'template',
  few: 500,
  share: 6,
  input: fc.record({
    text: mutants([
      'Bearer {key.value}',
      '{key.a}{key.b}',
      '{{key.value}}',
      'https://h/{key.value}?a={key.v}',
    ]).map(textOf),
    pieces: fc.array(piece, { maxLength: 6 }),
    secret: secrets,
  }),
  check: ({ text, pieces, secret }) => {
    const read = parseTemplate(text);
    if (read !== null) holds(written(read) === text, `${text} does not come back`);
    const back = parseTemplate(written(pieces));
    holds(back !== null && written(back) === written(pieces), 'a template is not read');
    const parts = pieces.flatMap((one) => (typeof one === 'string' ? [] : [one.part]));
    const key = Secret.fromParts(Object.fromEntries(parts.map((part) => [part, secret])));
    const filled = fillTemplate(back ?? [], key);
    const wanted = pieces.map((one) => (typeof one === 'string' ? one : secret)).join('');
    holds(filled === wanted, 'a template is filled with something else');
    holds(
      fillTemplate(back ?? [], Secret.fromParts({})) === null || parts.length === 0,
      'filled from nothing',
    );
  },
});

function written(template: Template): string {
  return template.map((one) => (typeof one === 'string' ? one : `{key.${one.part}}`)).join('');
}

/** Addresses that a key may be sent to. */
export const addresses = target({
  name: 'address',
  few: 500,
  share: 6,
  input: mutants(
    [
      'https://h.example/v1?a=b',
      'http://127.0.0.1:4010',
      'http://[::1]/',
      'http://localhost/x',
      'https://a:b@h/',
      'http://127.1/',
      'https://{key.value}.x/',
    ],
    [
      '@',
      '127.0.0.1',
      'localhost',
      '\\',
      '%2e',
      '。',
      ':',
      '//',
      'http:',
      'https:',
      '[::1]',
      '0x7f.1',
      '0177.0.0.1',
    ],
  ).map(textOf),
  check: (text) => {
    if (urlFault(text) !== null) return;
    const url = new URL(text);
    const near = /^(localhost|\[::1\]|127\.\d+\.\d+\.\d+)$/.test(url.hostname);
    holds(url.protocol === 'https:' || (url.protocol === 'http:' && near), `${text} is allowed`);
    holds(!text.includes('@') || (url.username === '' && url.password === ''), `${text} carries a user`);
    holds(!/[{}]/.test(url.host), `${text} has a place in its host`);
    holds(isLoopback(url.hostname) === loopbackInConfig(url.hostname), 'two words on what this machine is');
  },
});

const HEADER = /^[\t\x20-\x7e\x80-\xff]*$/;
const header = (samples: readonly string[], words: readonly Json[] = []) =>
  fc.option(
    mutants(samples, words)
      .map(textOf)
      .filter((text) => HEADER.test(text) && text.trim() === text),
  );

/** `Retry-After` and the two headers in which Meta speaks of limits. */
export const limits = target({
  name: 'limit-headers',
  few: 500,
  share: 9,
  input: fc.record({
    retry: header([
      '120',
      '0.5',
      'Wed, 21 Oct 2026 07:28:00 GMT',
      'Sun Nov 22 12:00:30 2026',
      '999999999',
      '-1',
      '1e9',
    ]),
    date: header(['Sun, 22 Nov 2026 12:00:00 GMT', 'never']),
    business: header(
      ['{"102":[{"type":"whatsapp","call_count":1,"estimated_time_to_regain_access":7}],"3":[]}'],
      [-5, '12', 1e300, 'NaN', [], {}],
    ),
    app: header(['{"call_count":28,"total_time":100,"total_cputime":25}'], [100, 99, 1e300, '100']),
  }),
  check: ({ retry, date, business, app }) => {
    const headers = new Headers();
    const put = (name: string, value: string | null) => value !== null && headers.set(name, value);
    put('retry-after', retry);
    put('date', date);
    put('x-business-use-case-usage', business);
    put('x-app-usage', app);
    const wait = retryAfterMs(headers, NOW);
    holds(wait === null || (wait >= 0 && wait <= DAY), `Retry-After ${retry} is ${wait}`);
    const away = stayAwayMs(headers, wait ?? undefined);
    holds(away === null || (away > 0 && away <= DAY), `${business} ${app} is ${away}`);
    holds(away === null || away >= (wait ?? 0), 'less than Retry-After asks');
    if (wait !== null && wait > 0) holds(away !== null, 'Retry-After is forgotten');
  },
});
