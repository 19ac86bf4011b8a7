import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Bench, built, configuration, openBench, type Running } from '../cli/harness.ts';

// Every test starts several processes, which take their time where many run at once.
vi.setConfig({ testTimeout: 60_000 });

let bench: Bench;
let token: string;

beforeAll(async () => {
  await built();
  bench = await openBench();
  token = bench.simulator.issue({ ageDays: 3 });
  expect((await bench.keyturn(['adopt', 'wa-prod', '--stdin'], { input: token })).code).toBe(0);
}, 120_000);
afterAll(() => bench.close());

const node = (script: string) => ['exec', 'wa-prod', '--', process.execPath, '-e', script];
const exec = (script: string, options = {}) => bench.keyturn(node(script), options);

describe('the environment of exec', () => {
  it('holds the key, and nothing that references name', async () => {
    const answer = await exec('console.log(JSON.stringify(process.env))', { env: { OTHER: 'stays' } });
    expect(answer.code).toBe(0);
    const env = JSON.parse(answer.stdout) as Record<string, string>;
    expect(env.WHATSAPP_TOKEN).toBe(token);
    expect(env.OTHER).toBe('stays');
    for (const name of ['KEYTURN_IDENTITY', 'META_APP_SECRET', 'META_ADMIN_TOKEN'])
      expect(env).not.toHaveProperty(name);
  });

  it('keeps what is asked for by name', async () => {
    const answer = await bench.keyturn([
      'exec',
      'wa-prod',
      '--keep-env',
      'META_APP_SECRET',
      '--',
      'sh',
      '-c',
      'echo "$META_APP_SECRET/$META_ADMIN_TOKEN"',
    ]);
    expect(answer.stdout).toBe(`${bench.simulator.world.appSecret}/\n`);
  });

  it('is not printed: where NODE_DEBUG asks Node for it, nothing is started', async () => {
    const env = { NODE_DEBUG: '*' };
    const answer = await exec('console.log(process.env.WHATSAPP_TOKEN)', { env });
    expect(answer).toMatchObject({ code: 125, stdout: '' });
    expect(answer.stderr).toContain('unset NODE_DEBUG');
    expect(answer.stderr).not.toContain(token);
  });

  it('needs none of the secrets of issuers', async () => {
    const env = { META_APP_SECRET: undefined, META_ADMIN_TOKEN: undefined };
    const answer = await exec('process.exit(process.env.WHATSAPP_TOKEN ? 0 : 1)', { env });
    expect(answer).toMatchObject({ code: 0, stderr: '' });
  });

  it('puts no value into an argument list', async () => {
    const script = "console.log(require('fs').readFileSync('/proc/' + process.ppid + '/cmdline', 'latin1'))";
    const { stdout } = await exec(script);
    expect(stdout).toContain('exec');
    expect(stdout).not.toContain(token);
  });
});

describe('stdin, stdout and the exit code of exec', () => {
  it('are those of the child', async () => {
    const answer = await bench.keyturn(['exec', 'wa-prod', '--', 'sh', '-c', 'cat; echo bad >&2; exit 42'], {
      input: 'from outside',
    });
    expect(answer).toMatchObject({ code: 42, stdout: 'from outside', stderr: 'bad\n' });
  });

  it.each([
    [127, ['exec', 'wa-prod', '--', 'there-is-no-such-command']],
    [126, ['exec', 'wa-prod', '--', '/etc/passwd']],
    [125, ['exec', 'wa-prod']],
    [125, ['exec', 'wa-prod', '--', '']],
    [125, ['exec', '--', 'true']],
    [125, ['exec', 'wa-none', '--', 'true']],
  ])('%i of %o', async (code, args) => {
    const answer = await bench.keyturn(args);
    expect(answer.code).toBe(code);
    expect(answer.stdout).toBe('');
    expect(answer.stderr).toMatch(/^keyturn: error: .*\nhint: .*\n$/s);
  });

  it('is 125 where the store has no key, or cannot be read', async () => {
    await writeFile(join(bench.folder, 'bare.yaml'), (await config()).replace('wa-prod:', 'wa-bare:'));
    const bare = await bench.keyturn(['exec', 'wa-bare', '--config', 'bare.yaml', '--', 'true']);
    expect(bare.code).toBe(125);
    expect(bare.stderr).toContain('no current key of wa-bare');
    const locked = await exec('0', { env: { KEYTURN_IDENTITY: undefined } });
    expect(locked.code).toBe(125);
    expect(locked.stderr).toContain('KEYTURN_IDENTITY');
  });
});

const config = () => readFile(join(bench.folder, 'keyturn.yaml'), 'utf8');

/** A child that tells which signals it hears, and ends when it is told to. */
const LISTENER = `
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGWINCH']) process.on(name, () => console.log(name));
  process.on('SIGUSR2', () => process.exit(7));
  setInterval(() => undefined, 1000);
  console.log('ready');
`;

describe('signals', () => {
  async function ready(script: string): Promise<Running> {
    const running = bench.start(node(script));
    await running.said('ready');
    return running;
  }

  it('are handed through, each as often as it came', async () => {
    const running = await ready(LISTENER);
    for (const name of ['SIGINT', 'SIGINT', 'SIGTERM', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGWINCH'] as const) {
      running.child.kill(name);
      // Two of one kind at once are one to the system.
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    running.child.kill('SIGUSR2');
    const { code, stdout } = await running.answer;
    expect(code).toBe(7);
    expect(stdout.trim().split('\n').sort()).toEqual(
      ['SIGHUP', 'SIGINT', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGTERM', 'SIGWINCH', 'ready'].sort(),
    );
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
    ['SIGQUIT', 131],
  ] as const)('%s ends both with %i', async (name, code) => {
    const running = await ready("console.log('ready'); setInterval(() => undefined, 1000)");
    running.child.kill(name);
    expect(await running.answer).toMatchObject({ code, signal: null });
  });

  it('that the child gets by itself count too', async () => {
    expect(await exec('process.kill(process.pid, "SIGKILL")')).toMatchObject({ code: 137 });
  });

  it('of a terminal reach the child once', async () => {
    const script =
      "process.on('SIGINT', () => console.log('heard')); console.log('ready'); setTimeout(() => undefined, 900)";
    const { stdout } = await bench.onTerminal(node(script), [['ready', '\u0003']]);
    expect(stdout.match(/heard/g)).toHaveLength(1);
  });
});

describe('--mask', () => {
  it('tells the runner what to hide, before the child starts', async () => {
    const args = ['exec', 'wa-prod', '--mask', '--', 'sh', '-c', 'echo started'];
    const { stdout } = await bench.keyturn(args, { env: { GITHUB_ACTIONS: 'true' } });
    expect(stdout).toBe(`::add-mask::${token}\nstarted\n`);
  });

  it('prints nothing where there is no runner', async () => {
    const answer = await bench.keyturn(['exec', 'wa-prod', '--mask', '--', 'echo', 'started']);
    expect(answer).toMatchObject({ code: 125, stdout: '' });
    expect(answer.stderr).not.toContain(token);
  });
});

describe('a JSON document', () => {
  it('gives its fields, to the variables that are named', async () => {
    const { simulator } = bench;
    await bench.configure(
      configuration(simulator, 'overlap: 24h').replace(
        'env: WHATSAPP_TOKEN, tags: { env: prod } }',
        'env: WHATSAPP_TOKEN }\n  pair: { issuer: meta, location: shared, fields: { value: PAIR_TOKEN } }',
      ),
    );
    expect((await bench.keyturn(['rotate', 'pair'])).code).toBe(0);
    const answer = await bench.keyturn([
      'exec',
      '--all',
      '--',
      'sh',
      '-c',
      'echo "$WHATSAPP_TOKEN $PAIR_TOKEN"',
    ]);
    const [first, second] = answer.stdout.trim().split(' ');
    expect(first).toBe(token);
    expect(simulator.lookup(second ?? '')).toMatchObject({ state: 'live' });
  });
});
