import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bench, built, openBench } from '../cli/harness.ts';
import { docsOf } from '../stores/docs-blocks.ts';
import { type GcpBench, openGcp } from '../stores/gcp-bench.ts';
import { googlePython } from './google-python.ts';
import { typeCommands } from './page-commands.ts';

/* What docs/stores/gcp-secret-manager.md says is done here; its code in Node is run by test/stores/gcp-docs.test.ts. */

const run = promisify(execFile);
const { blocks } = docsOf('docs/stores/gcp-secret-manager.md');
const [example = ''] = blocks('yaml');
const python = await googlePython();

describe('from the page alone', () => {
  let google: GcpBench;
  let bench: Bench;

  beforeAll(async () => {
    await built();
    google = await openGcp('alias');
    bench = await openBench();
    // The fake listens here, and has a project of its own.
    const here = example.replace('my-project', `${google.fake.project}\n  endpoint: ${google.fake.url}`);
    expect(here).not.toBe(example);
    await bench.configure(here);
  });
  afterAll(async () => {
    await bench?.close();
    await google?.close();
  });

  test('doctor finds nothing, rotate makes a key, and consumers read it', async () => {
    const steps = blocks('sh').filter((block) => block.startsWith('keyturn'));
    const said = await typeCommands(steps, bench.folder, bench.env);
    const value = await google.consume('prod-whatsapp-token');
    expect(value).toMatch(/^.{20,}$/);
    expect(said).toContain(`${value?.length} characters`);
  });

  test.skipIf(python === null)('its code for consumers reads in Python', async () => {
    await google.overwrite('prod-whatsapp-token', 'plain words \u{1f511}');
    const [code = ''] = blocks('python');
    const client = 'secretmanager.SecretManagerServiceClient()';
    // Where the fake listens, the client is told by its transport.
    const here = code
      .replace(client, client.replace('()', '(transport=there)'))
      .replace('my-project', google.fake.project);
    expect(here).toContain('transport=there');
    const file = join(bench.folder, 'consumer.py');
    await writeFile(
      file,
      `import grpc
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
    SecretManagerServiceGrpcTransport as Transport,
)
there = Transport(channel=grpc.insecure_channel("${new URL(google.fake.url).host}"))
${here}
print(current_token(), end="")
`,
    );
    expect((await run(python ?? '', [file])).stdout).toBe('plain words \u{1f511}');
  });
});
