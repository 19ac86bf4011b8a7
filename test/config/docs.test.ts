import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { catalogue } from '../../src/cli/kinds.ts';
import { openAll } from '../../src/config/catalogue.ts';
import type { Kinds } from '../../src/config/config.ts';
import { configSchema } from '../../src/config/json-schema.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { FILE, KINDS, yaml } from './kinds.ts';

const SHIPPED: Kinds = await openAll(catalogue);
const docs = fileURLToPath(new URL('../../docs', import.meta.url));
const page = readFileSync(join(docs, 'configuration.md'), 'utf8');

/** Whole configurations in a page. */
function examplesOf(text: string): readonly string[] {
  return [...text.matchAll(/```yaml\n(version: 1\n[\s\S]*?)```/g)].map((match) => match[1] ?? '');
}

const examples = readdirSync(docs, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.md'))
  .flatMap((path) =>
    examplesOf(readFileSync(join(docs, path), 'utf8')).map((text, at) => ({
      name: `${path} ${at + 1}`,
      text,
    })),
  );

function validator(kinds: Kinds): (text: string) => boolean {
  const validate = new Ajv({ allErrors: true, strictTypes: false }).compile(configSchema(kinds));
  return (text) => validate(parseYaml(text));
}

describe('the pages', () => {
  const valid = validator(SHIPPED);

  it.each(examples)('have examples that are right: $name', ({ text }) => {
    expect(parseConfig(text, FILE, SHIPPED).credentials.length).toBeGreaterThan(0);
    expect(valid(text)).toBe(true);
  });

  it('tell mistakes as the loader does', () => {
    const [example = ''] = examplesOf(page);
    const lines = example.split('\n');
    const wrong = lines
      .map((line) => line.replace('maxAge: 90d', 'maxAge: 90').replace('appSecret: env', 'appSecrte: env'))
      .join('\n');
    let said = '';
    try {
      parseConfig(wrong, FILE, SHIPPED);
    } catch (caught) {
      said = caught instanceof Error ? caught.message : '';
    }
    expect(page).toContain(`\`\`\`text\n${said}\n\`\`\``);
  });
});

describe('the JSON Schema for editors', () => {
  const valid = validator(KINDS);

  it.each([
    ['the plain one', yaml()],
    ['a policy', yaml({ policy: '{ maxAge: 90d, overlap: 0s, accept: gap }' })],
    ['a store of its own', yaml({ credentials: '{ a: { issuer: own, store: { kind: shelf, path: x } } }' })],
    ['sinks', yaml({ trail: '{ sinks: [{ file: a }, { stderr: true, required: true }] }' })],
  ])('accepts what the loader accepts: %s', (_, text) => {
    expect(parseConfig(text, FILE, KINDS).version).toBe(1);
    expect(valid(text)).toBe(true);
  });

  it('takes a kind that it does not know where a package may bring it, and there only', () => {
    const own = { issuers: '{ own: { kind: acme, any: thing }, meta: { kind: invent } }' };
    expect(valid(yaml({ ...own, plugins: '[acme]' }))).toBe(true);
    expect(valid(yaml({ ...own, plugins: '[acme]', store: '{ kind: shelf, pth: x }' }))).toBe(false);
    expect(valid(yaml(own))).toBe(false);
  });

  it.each([
    ['an unknown key', yaml({ polcy: '{}' })],
    ['an unknown kind', yaml({ store: '{ kind: no }' })],
    ['an unknown setting', yaml({ store: '{ kind: shelf, path: x, pth: y }' })],
    ['a literal secret', yaml({ store: '{ kind: shelf, path: x, identity: plain words }' })],
    ['a duration without unit', yaml({ policy: '{ maxAge: "90" }' })],
    ['a name', yaml({ credentials: '{ Wa: { issuer: own } }' })],
    ['a sink of two kinds', yaml({ trail: '{ sinks: [{ file: a, stderr: true }] }' })],
    ['a location', yaml({ credentials: '{ a: { issuer: own, location: ../x } }' })],
    ['no version', yaml({ version: '' })],
  ])('refuses what the loader refuses: %s', (_, text) => {
    expect(() => parseConfig(text, FILE, KINDS)).toThrow();
    expect(valid(text)).toBe(false);
  });
});
