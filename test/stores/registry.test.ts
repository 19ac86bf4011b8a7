import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { fileKind, fileSettings } from '../../src/stores/file/settings.ts';
import { storeKinds } from '../../src/stores/registry.ts';
import { contextIn } from './plugin-context.ts';

const good = { kind: 'file', path: './secrets', identity: 'env:IDENTITY' };
const faultsOf = (settings: unknown): readonly string[] => {
  const parsed = z.safeParse(fileSettings, settings);
  return parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
};

describe('the registry of stores', () => {
  test('knows each kind once, by its own name', async () => {
    const kinds = storeKinds.map(({ kind }) => kind);
    expect(kinds).toEqual(['aws-secrets-manager', 'file', 'gcp-secret-manager', 'vault']);
    for (const entry of storeKinds) {
      const { kind, settings, summary } = await entry.open();
      expect(kind).toBe(entry.kind);
      expect(summary).toMatch(/\.$/);
      expect(z.safeParse(settings, { ...good, kind: `not-${kind}` }).success).toBe(false);
    }
  });

  test('loads a store on first use, and touches nothing', async () => {
    const kind = storeKinds.find((one) => one.kind === 'file');
    const make = await (await kind?.open())?.load();
    const settings = z.parse(fileSettings, good);
    expect(make?.(settings, contextIn('/nowhere', {})).kind).toBe('file');
    expect((await fileKind.load())(settings, contextIn('/nowhere', {})).ledgers).toBeDefined();
  });
});

describe('settings of the file store', () => {
  test('are taken as they are', () => {
    expect(faultsOf(good)).toEqual([]);
    const recipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
    expect(
      faultsOf({
        ...good,
        identity: 'file:~/.config/keyturn/identity',
        recipients: [recipient],
        shared: true,
      }),
    ).toEqual([]);
  });

  test.each([
    [{ ...good, path: '' }, 'path: must be the path of a folder, on one line'],
    [{ ...good, path: 'a\nb' }, 'path: must be the path of a folder, on one line'],
    [{ ...good, identity: 'AGE-SECRET-KEY-1QQ' }, 'never the secret itself'],
    [{ ...good, identity: 'store:other' }, 'a store cannot hold the key to itself'],
    [{ ...good, recipients: 'age1q' }, 'must be a list of age recipients'],
    [{ ...good, recipients: ['ssh-ed25519 AAAA'] }, 'must be a list of age recipients'],
    [{ ...good, shared: 'yes' }, 'must be true or false'],
    [{ ...good, more: 1 }, 'Invalid input'],
  ])('that are wrong are told: %j', (settings, says) => {
    expect(faultsOf(settings).join('\n')).toContain(says);
  });

  test('say of themselves what the table of the configuration needs', () => {
    for (const [key, field] of Object.entries(fileSettings.shape)) {
      if (key === 'kind') continue;
      const inner = field instanceof z.ZodMiniOptional ? field.def.innerType : field;
      const meta = z.globalRegistry.get(field) ?? z.globalRegistry.get(inner as z.ZodMiniType);
      expect(meta?.description, key).toMatch(/\.$/);
    }
    expect(z.globalRegistry.get(fileSettings.shape.identity)).toMatchObject({ reference: true });
  });
});
