import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matches, oneCredential, type Selection, selectCredentials } from '../../src/config/select.ts';
import { parse, yaml } from './kinds.ts';

const config = parse(
  yaml({
    credentials: `
  wa-prod: { issuer: meta, tags: { env: prod, team: chat } }
  wa-test: { issuer: meta, tags: { env: test, team: chat } }
  sms-prod: { issuer: own, tags: { env: prod } }`,
  }),
);

function select(given: Partial<Selection>, rule: 'optional' | 'required' = 'optional'): readonly string[] {
  const selection = { names: [], tags: [], issuers: [], all: false, ...given };
  return selectCredentials(config, selection, rule).map((one) => one.name);
}

const usage = (message: string, hint?: string) =>
  expect.objectContaining({ code: 'USAGE', exitCode: 2, message, ...(hint === undefined ? {} : { hint }) });

describe('selecting credentials', () => {
  it.each<[string, Partial<Selection>, readonly string[]]>([
    ['nothing', {}, ['wa-prod', 'wa-test', 'sms-prod']],
    ['--all', { all: true }, ['wa-prod', 'wa-test', 'sms-prod']],
    ['names, in the order of the file', { names: ['sms-prod', 'wa-prod'] }, ['wa-prod', 'sms-prod']],
    ['a name and a glob that overlap', { names: ['wa-*', 'wa-test'] }, ['wa-prod', 'wa-test']],
    ['a glob of single characters', { names: ['??-test'] }, ['wa-test']],
    ['tags, all of which hold', { tags: ['env=prod', 'team=chat'] }, ['wa-prod']],
    ['issuers, any of which holds', { issuers: ['own', 'meta'] }, ['wa-prod', 'wa-test', 'sms-prod']],
    [
      'names narrowed by tag and issuer',
      { names: ['*-prod'], tags: ['env=prod'], issuers: ['own'] },
      ['sms-prod'],
    ],
    ['--all narrowed', { all: true, tags: ['env=test'] }, ['wa-test']],
  ])('%s', (_, given, names) => expect(select(given)).toEqual(names));

  it('needs a selection where the rule says so', () => {
    expect(() => select({}, 'required')).toThrow(
      usage('no credential is selected', 'name one, or say --all'),
    );
    expect(select({ all: true }, 'required')).toHaveLength(3);
    expect(select({ tags: ['env=test'] }, 'required')).toEqual(['wa-test']);
    expect(select({ issuers: ['own'] }, 'required')).toEqual(['sms-prod']);
  });

  it.each<[string, Partial<Selection>, string, string]>([
    ['a name', { names: ['wa-prd', 'sms-prod'] }, 'no credential matches "wa-prd"', 'try wa-prod'],
    ['a glob', { names: ['x*'] }, 'no credential matches "x*"', 'run keyturn status to see all of them'],
    ['two', { names: ['wa-prd', 'x'] }, 'no credential matches "wa-prd", "x"', 'try wa-prod'],
    ['an issuer', { issuers: ['mta'] }, 'there is no issuer "mta"', 'try meta'],
    [
      'a tag',
      { tags: ['env=none'] },
      'no credential fits the selection',
      'run keyturn status to see all of them',
    ],
    [
      'a tag that objects have anyway',
      { tags: ['constructor=x'] },
      'no credential fits the selection',
      'run keyturn status to see all of them',
    ],
    ['a tag without value', { tags: ['env'] }, 'a tag is not of the form key=value', 'write --tag key=value'],
    [
      '--all with a name',
      { all: true, names: ['wa-prod'] },
      '--all and a name exclude each other',
      'give one of the two',
    ],
  ])('refuses what fits nothing: %s', (_, given, message, hint) =>
    expect(() => select(given)).toThrow(usage(message, hint)),
  );

  it('takes one name, and no glob, where a command says NAME', () => {
    expect(oneCredential(config, 'wa-prod').name).toBe('wa-prod');
    expect(() => oneCredential(config, 'wa-*')).toThrow(usage('"wa-*" is a pattern'));
    expect(() => oneCredential(config, 'wa-prods')).toThrow(
      usage('no credential matches "wa-prods"', 'try wa-prod'),
    );
  });
});

describe('a pattern', () => {
  it('matches as a regular expression with .* and . does', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 12 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '-', '*', '?'), maxLength: 8 });
    fc.assert(
      fc.property(pattern, text, (glob, name) => {
        const same = new RegExp(`^${glob.replaceAll('*', '.*').replaceAll('?', '.')}$`);
        expect(matches(glob, name)).toBe(same.test(name));
      }),
    );
  });

  it('takes no time that grows with its stars', () => {
    expect(matches(`${'*a'.repeat(30)}b`, 'a'.repeat(63))).toBe(false);
  });
});
