import { execFile } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drive } from '../../src/engine/rotate.ts';
import { type Bench, built, openBench } from '../cli/harness.ts';
import { fakeIssuer } from '../engine/fake-issuer.ts';
import { openStore } from '../stores/aws/bench.ts';
import { docsOf } from '../stores/docs-blocks.ts';
import { awsManners } from './aws-scenarios.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { motoPython, motoServer } from './moto.ts';
import { typeCommands } from './page-commands.ts';
import { runFor } from './scenarios/trial.ts';
import { type RunningServer, started } from './server.ts';

/* What docs/stores/aws-secrets-manager.md says is done here, word for word. */

const run = promisify(execFile);
const modules = fileURLToPath(new URL('../../node_modules', import.meta.url));
const { blocks, text } = docsOf('docs/stores/aws-secrets-manager.md');
const [example = ''] = blocks('yaml');

describe('from the page alone', () => {
  let moto: RunningServer;
  let front: FaultProxy;
  let bench: Bench;
  let identity: Readonly<Record<string, string>>;

  beforeAll(async () => {
    await built();
    moto = await started(motoServer);
    front = await startFaultProxy(moto.url, awsManners.nameOf);
    bench = await openBench();
    identity = {
      AWS_ACCESS_KEY_ID: '123456789012',
      AWS_SECRET_ACCESS_KEY: 'plainly-fake',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: front.url,
    };
    Object.assign(bench.env, identity);
    await bench.configure(example);
  });
  afterAll(async () => {
    await bench?.close();
    await front?.close();
    await moto?.stop();
  });

  const keyturn = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await bench.keyturn(args);
    expect(code, stdout + stderr).toBe(0);
    return stdout;
  };

  test('doctor tries the store and finds nothing, rotate makes a key, and consumers read it', async () => {
    const said = await typeCommands(blocks('sh'), bench.folder, bench.env);
    expect(said).toContain('was staged, read, promoted, replaced and discarded');
    const print = 'require("node:fs").writeSync(1, process.env.WA_VERIFY_TOKEN)';
    const value = await keyturn('exec', 'wa-webhook', '--', process.execPath, '-e', print);
    expect(value).toMatch(/^.{20,}$/);
    expect(said).toContain(`${value.length} characters`);

    const env = { PATH: process.env.PATH, AWS_REGION: 'eu-central-1', ...identity };
    await symlink(modules, join(bench.folder, 'node_modules'));
    const node = join(bench.folder, 'consumer.mjs');
    await writeFile(node, `${blocks('js')[0]}\nprocess.stdout.write(await currentToken());`);
    expect((await run(process.execPath, [node], { env })).stdout).toBe(value);
    const python = join(bench.folder, 'consumer.py');
    await writeFile(python, `${blocks('python')[0]}\nprint(current_token(), end="")`);
    const there = { ...env, AWS_DEFAULT_REGION: 'eu-central-1' };
    expect((await run(motoPython(), [python], { env: there })).stdout).toBe(value);
  });

  test('a rotation takes as many requests as the page says, and status one', async () => {
    Object.assign(process.env, identity);
    const store = openStore(front.url);
    const issuer = fakeIssuer({ now: () => Date.now() });
    const parts = { store, issuer, location: 'prod/counted', overlap: 0, now: () => Date.now() };
    const rotate = (owner: string) =>
      drive(runFor({ ...parts, owner }), { do: 'rotate', reason: 'asked' } as const);
    await rotate('first');
    const before = front.calls.length;
    expect(await rotate('next')).toMatchObject({ outcome: 'done', problems: [] });
    await store.close();
    const names = front.calls.slice(before).map(({ name }) => name.split(' ')[0] ?? '');
    const times = (name: string) => names.filter((one) => one === name).length;
    console.log([...new Set(names)].map((name) => `${name} ${times(name)}`).join(', '));
    expect(names.length).toBe(Number(/A rotation takes (\d+) requests/.exec(text)?.[1]));

    const status = front.calls.length;
    await keyturn('status');
    expect(front.calls.length - status).toBe(1);
  });
});
