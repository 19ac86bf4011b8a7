import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import { ROTATOR } from '../../src/stores/gcp/rights.ts';
import { gcpSettings } from '../../src/stores/gcp/settings.ts';
import { docsOf } from './docs-blocks.ts';
import { openGcp } from './gcp-bench.ts';

/* What docs/stores/gcp-secret-manager.md shows is what keyturn takes, and what consumers can run. */

const installed = createRequire(import.meta.url).resolve;
const { blocks, text } = docsOf('docs/stores/gcp-secret-manager.md');

describe('docs/stores/gcp-secret-manager.md', () => {
  test('shows settings that are right', () => {
    const stores = blocks('yaml')
      .map((block) => parse(block).store)
      .filter((store) => store !== undefined);
    expect(stores).toHaveLength(2);
    for (const store of stores) expect(z.safeParse(gcpSettings, store).success).toBe(true);
  });

  test('has a role with exactly what a rotation is asked for', () => {
    const [role = ''] = blocks('json');
    expect(JSON.parse(role).includedPermissions).toEqual(ROTATOR);
  });

  test('gives consumers one role', () => {
    const policy = blocks('yaml')
      .map((block) => parse(block))
      .find(({ bindings }) => bindings !== undefined);
    expect(policy.bindings).toMatchObject([{ role: 'roles/secretmanager.secretAccessor' }]);
  });

  test('makes the secrets that the store uses', () => {
    const commands = blocks('sh').find((block) => block.startsWith('gcloud iam')) ?? '';
    for (const secret of [
      'prod-whatsapp-token',
      'prod-whatsapp-token--staged',
      'prod-whatsapp-token--ledger--wa-webhook',
    ])
      expect(commands).toMatch(new RegExp(` ${secret}[ ;]`));
  });

  test('says that the fake is a fake', () => {
    expect(text).toContain(
      "a fake written by us from the public documentation, and not evidence of Google's behaviour",
    );
  });

  test('its code for consumers reads in Node', async () => {
    const bench = await openGcp('alias');
    const folder = await mkdtemp(join(tmpdir(), 'keyturn-gcp-'));
    try {
      await bench.overwrite('prod-whatsapp-token', 'plain words \u{1f511}');
      const [code = ''] = blocks('js');
      const client = `new SecretManagerServiceClient({
        apiEndpoint: '127.0.0.1',
        port: ${new URL(bench.fake.url).port},
        sslCreds: gax.grpc.credentials.createInsecure(),
        auth: new gax.GoogleAuth({ authClient: new gax.googleAuthLibrary.PassThroughClient() }),
      })`;
      const script = code
        .replace("'@google-cloud/secret-manager'", `'${installed('@google-cloud/secret-manager')}'`)
        .replace('new SecretManagerServiceClient()', client)
        .replace('my-project', bench.fake.project);
      const file = join(folder, 'consumer.mjs');
      const gax = `import gax from '${installed('google-gax')}';`;
      await writeFile(
        file,
        `${gax}\n${script}\nprocess.stdout.write(await currentToken());\nprocess.exit();\n`,
      );
      const { stdout } = await promisify(execFile)(process.execPath, [file]);
      expect(stdout).toBe('plain words \u{1f511}');
    } finally {
      await bench.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
