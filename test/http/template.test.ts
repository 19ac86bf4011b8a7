import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { atPointer, JSON_POINTER } from '../../src/http/json-pointer.ts';
import { fillTemplate, parseTemplate, partsOf } from '../../src/http/template.ts';
import { urlFault } from '../../src/http/url.ts';

describe('template', () => {
  test('finds its parts in order', () => {
    expect(partsOf(parseTemplate('{key.sid}:{key.token} {key.sid}') ?? [])).toEqual(['sid', 'token', 'sid']);
  });

  test.each([
    '{',
    '}',
    '{}',
    '{value}',
    '{key}',
    '{key.}',
    '{KEY.value}',
    '{{key.value}}',
    '{key.Value}',
    'x{',
  ])('refuses %s', (text) => {
    expect(parseTemplate(text)).toBeNull();
  });

  test('fills each place with the encoded part', () => {
    const key = Secret.fromParts({ sid: 'a b', token: 'c/d' });
    const template = parseTemplate('/x/{key.sid}?t={key.token}') ?? [];
    expect(fillTemplate(template, key, encodeURIComponent)).toBe('/x/a%20b?t=c%2Fd');
  });

  test('is null for a key that lacks a part', () => {
    expect(fillTemplate(parseTemplate('{key.sid}') ?? [], Secret.of('x'))).toBeNull();
  });

  test('never reads what a part holds as a template', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (value, around) => {
        const plain = around.replaceAll(/[{}]/g, '');
        const template = parseTemplate(`${plain}{key.value}${plain}`) ?? [];
        expect(fillTemplate(template, Secret.of(value))).toBe(`${plain}${value}${plain}`);
      }),
    );
  });
});

describe('json pointer', () => {
  const document = { a: [{ 'b/c': 1, 'd~e': null }], '': 'empty' };

  test.each([
    ['', document],
    ['/', 'empty'],
    ['/a/0/b~1c', 1],
    ['/a/0/d~0e', null],
    ['/a/00', undefined],
    ['/a/length', undefined],
    ['/a/0/b~1c/x', undefined],
    ['/toString', undefined],
    ['/__proto__', undefined],
  ])('%j leads to its value', (pointer, value) => {
    expect(JSON_POINTER.test(pointer)).toBe(true);
    expect(atPointer(document, pointer)).toEqual(value);
  });

  test.each(['a', '/~', '/~2', 'a/b', '#/a'])('%j is none', (pointer) => {
    expect(JSON_POINTER.test(pointer)).toBe(false);
  });
});

describe('url', () => {
  test.each([
    'https://chat-api.example/v1/me',
    'https://chat-api.example:8443/?a=b',
    'http://127.0.0.1:4010/x',
    'http://127.8.9.10/',
    'http://localhost:1/x',
    'http://[::1]:4010/x',
  ])('takes %s', (text) => {
    expect(urlFault(text)).toBeNull();
  });

  test.each([
    'http://chat-api.example/v1/me',
    'http://127.0.0.1.example/x',
    'http://localhost.example/x',
    'http://2130706434.example/',
    'ftp://127.0.0.1/x',
    'file:///etc/hosts',
    'javascript:alert(1)',
    'https://user@chat-api.example/',
    'https://:pass@chat-api.example/',
    'https://chat-api.example/a b',
    'https://chat-api.example/a\nb',
    ' https://chat-api.example/',
    'chat-api.example',
    '',
  ])('refuses %j without quoting it', (text) => {
    const fault = urlFault(text);
    expect(fault).not.toBeNull();
    if (text.length > 0) expect(fault).not.toContain(text);
  });
});
