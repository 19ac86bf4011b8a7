import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  collectReferences,
  execVariables,
  referencedVariables,
  requireReferences,
} from '../../src/config/needs.ts';
import { type ReferenceContext, resolveReference } from '../../src/config/references.ts';
import { KeyturnError } from '../../src/core/errors.ts';
import { FILE, parse, yaml } from './kinds.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyturn-references-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function context(env: Readonly<Record<string, string>> = {}): ReferenceContext {
  return {
    env,
    folder,
    home: join(folder, 'home'),
    readCredential: async (name) => {
      if (name === 'absent') {
        throw new KeyturnError('REFERENCE', `the credential ${name} has no value`, {
          hint: 'rotate it first',
        });
      }
      if (name === 'down') throw new KeyturnError('UNREACHABLE', 'the store is down', { hint: 'wait' });
      return name === 'empty' ? '' : `value of ${name}`;
    },
  };
}

function put(path: string, content: string | Uint8Array, mode = 0o600): string {
  const file = join(folder, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

async function refusal(reference: string, env = {}): Promise<KeyturnError> {
  try {
    await resolveReference(reference, context(env));
  } catch (caught) {
    if (caught instanceof KeyturnError) return caught;
    throw caught;
  }
  throw new Error(`${reference} was resolved`);
}

describe('a reference', () => {
  it.each(['file:a\u0000b', 'file:\u001b[2Jx', 'file:a\u202eb'])(
    '%j is none, and is not repeated',
    async (text) => {
      const { message, hint } = await refusal(text);
      expect(`${message}${hint}`).toBe('this is no referencewrite env:NAME, file:PATH or store:CREDENTIAL');
    },
  );

  it('leads to a variable', async () => {
    expect(await resolveReference('env:A', context({ A: 'plain\n' }))).toBe('plain\n');
  });

  it.each([
    ['env:A', 'the variable "A" is not set'],
    ['env:B', 'the variable "B" is empty'],
    ['env:constructor', 'the variable "constructor" is not set'],
    ['store:absent', 'the credential absent has no value'],
    ['store:empty', 'the credential "empty" is empty in the store'],
    ['plain words', 'this is no reference'],
    ['env:', 'this is no reference'],
    ['store:No', 'this is no reference'],
  ])('%s is refused', async (reference, message) => {
    expect(await refusal(reference, { B: '' })).toMatchObject({ code: 'REFERENCE', message });
  });

  it('leads to a file beside the configuration, in the home folder, or anywhere', async () => {
    const file = put('a/b', 'beside\n');
    put('home/c', 'home');
    expect(await resolveReference('file:a/b', context())).toBe('beside');
    expect(await resolveReference('file:~/c', context())).toBe('home');
    expect(await resolveReference(`file:${file}`, context())).toBe('beside');
  });

  it.each([
    ['one\n', 'one'],
    ['one\r\n', 'one'],
    ['one\n\n', 'one\n'],
    [' one \ntwo', ' one \ntwo'],
  ])('strips one newline at most: %j', async (content, value) => {
    put('f', content);
    expect(await resolveReference('file:f', context())).toBe(value);
  });

  it('follows a symbolic link', async () => {
    symlinkSync(put('f', 'linked'), join(folder, 'link'));
    expect(await resolveReference('file:link', context())).toBe('linked');
  });

  it.each(['640', '604', '620', '610'])('refuses a file of mode %s, and says chmod 600', async (mode) => {
    const file = put('f', 'open to others', Number.parseInt(mode, 8));
    expect(await refusal('file:f')).toMatchObject({
      code: 'REFERENCE',
      message: `${file} can be read or written by other users`,
      hint: `run chmod 600 ${file}`,
    });
  });

  it.each([
    ['what is not there', () => undefined, 'does not exist'],
    ['a folder', () => mkdirSync(join(folder, 'f')), 'is no regular file'],
    [
      'a pipe that nobody writes to',
      () => execFileSync('mkfifo', ['-m', '600', join(folder, 'f')]),
      'is no regular file',
    ],
    ['an empty file', () => put('f', '\n'), 'is empty'],
    ['65 KiB', () => put('f', 'x'.repeat(65 * 1024)), 'is larger than 64 KiB'],
    ['bytes that are no text', () => put('f', Uint8Array.of(0xff, 0xfe, 0x00)), 'is not UTF-8 text'],
  ])('refuses %s', async (_, make, message) => {
    make();
    expect(await refusal('file:f')).toMatchObject({
      code: 'REFERENCE',
      message: `${join(folder, 'f')} ${message}`,
    });
  });

  it('leads to a credential', async () => {
    expect(await resolveReference('store:admin', context())).toBe('value of admin');
    expect(await refusal('store:down')).toMatchObject({ code: 'UNREACHABLE' });
  });
});

const CONFIG = yaml({
  issuers: `
  meta: { kind: mint, appId: "1", appSecret: env:APP, adminToken: store:admin }
  other: { kind: mint, appId: "1", appSecret: env:OTHER }
  own: { kind: invent }`,
  credentials: `
  wa: { issuer: meta, env: TOKEN }
  admin: { issuer: other, env: TOKEN, store: { kind: shelf, path: y, identity: env:ADMIN_IDENTITY } }
  bare: { issuer: own }`,
});

describe('what a command needs', () => {
  const config = parse(CONFIG);
  const [wa, admin, bare] = config.credentials;
  if (wa === undefined || admin === undefined || bare === undefined) throw new Error('three credentials');
  const references = (credentials: readonly (typeof wa)[], need: 'read' | 'rotate') =>
    collectReferences(config, credentials, need).map((use) => use.reference);

  it('is the store to read, and the issuer as well to rotate', () => {
    expect(references([bare], 'rotate')).toEqual(['env:IDENTITY']);
    expect(references([admin], 'read')).toEqual(['env:ADMIN_IDENTITY']);
    expect(references([admin], 'rotate')).toEqual(['env:OTHER', 'env:ADMIN_IDENTITY']);
  });

  it('goes on to the store of a credential that is referred to, not to its issuer', () => {
    expect(references([wa], 'rotate').toSorted()).toEqual(
      ['env:APP', 'store:admin', 'env:IDENTITY', 'env:ADMIN_IDENTITY'].toSorted(),
    );
    expect(references([wa], 'read')).toEqual(['env:IDENTITY']);
  });

  it('is missing together, with place and remedy', async () => {
    const uses = collectReferences(config, [wa], 'rotate');
    await expect(requireReferences(uses, FILE, context({ IDENTITY: 'plain' }))).rejects.toMatchObject({
      code: 'REFERENCE',
      exitCode: 2,
      message: [
        '2 references lead to nothing',
        `  ${FILE}:4: issuers.meta.appSecret: the variable "APP" is not set; set it for this command`,
        `  ${FILE}:9: credentials.admin.store.identity: the variable "ADMIN_IDENTITY" is not set; set it for this command`,
      ].join('\n'),
    });
    const env = { IDENTITY: 'plain', APP: 'plain', ADMIN_IDENTITY: 'plain' };
    await expect(requireReferences(uses, FILE, context(env))).resolves.toBeUndefined();
  });

  it('is named by variables that exec takes away', () => {
    expect(referencedVariables(config)).toEqual(['ADMIN_IDENTITY', 'APP', 'IDENTITY', 'OTHER']);
  });
});

describe('the variables of one exec', () => {
  const { credentials } = parse(CONFIG);
  const only = (name: string) => credentials.filter((one) => one.name === name);

  it('are those of its credentials', () => {
    expect(execVariables(only('wa'))).toEqual([{ variable: 'TOKEN', credential: 'wa', field: 'value' }]);
  });

  it('are refused where two credentials have the same, and where one has none', () => {
    const usage = (message: string) => expect.objectContaining({ code: 'USAGE', message });
    expect(() => execVariables(credentials.slice(0, 2))).toThrow(usage('wa and admin both set TOKEN'));
    expect(() => execVariables(only('bare'))).toThrow(usage('bare has no variable that exec could set'));
  });
});
