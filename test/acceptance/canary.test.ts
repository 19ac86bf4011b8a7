import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'vitest';
import { type Edge, type Fault, USUAL } from './graph-switches.ts';
import { configuration, type Ended, openRig, type Rig, type RunOptions } from './rig.ts';
import { type Finding, searchFolder, searchText, watchArguments } from './secrets.ts';

/** What a person may paste that no server knows, with characters that look different in every notation. */
const pasted = `pasted"${randomBytes(24).toString('base64')}/+&%\\`;
const manualKey = `bsp-${randomBytes(24).toString('hex')}`;
const EDGES: readonly Edge[] = ['install', 'mint', 'exchange', 'debug', 'read', 'revoke'];

interface Watched {
  readonly rig: Rig;
  /** Runs a command and searches what it printed and its arguments. */
  readonly keyturn: (args: readonly string[], options?: RunOptions) => Promise<Ended>;
  /** All that was found so far, and what is found in the folder now. */
  readonly found: () => Promise<readonly Finding[]>;
}

async function watchedRig(onTestFinished: TestContext['onTestFinished']): Promise<Watched> {
  const options = { switches: USUAL, policy: 'overlap: 1h' };
  const elsewhere = await listen((_, response) => response.writeHead(200).end('{}'));
  const rig = await openRig({ ...options, elsewhere: elsewhere.url });
  onTestFinished(async () => {
    await rig.close();
    await elsewhere.close();
  });
  const canaries = (): Map<string, string> =>
    new Map([
      ['the identity', rig.identity],
      ['the app secret', rig.server.world.appSecret],
      ['the pasted key', pasted],
      ['the manual key', manualKey],
      ...rig.server.world.tokens.all.map(({ value, user, madeBy }, index): [string, string] => [
        `token ${index} (${user}, ${madeBy})`,
        value,
      ]),
    ]);
  const findings: Finding[] = [];
  return {
    rig,
    keyturn: async (args, given = {}) => {
      const seen = new Set<string>();
      const watching: Promise<void>[] = [];
      const started = (pid: number): void => {
        given.started?.(pid);
        watching.push(watchArguments(pid, seen));
      };
      const killed = await rig.keyturn(args, { ...given, started });
      // On a busy machine the signal may come before there is anything to catch it.
      const ended = killed.signal === 'SIGINT' ? { ...killed, code: 130 } : killed;
      await Promise.all(watching);
      const name = args.join(' ');
      findings.push(
        ...searchText(canaries(), ended.stdout, `stdout of ${name}`),
        ...searchText(canaries(), ended.stderr, `stderr of ${name}`),
        ...searchText(canaries(), [...seen].join('\n'), `arguments of ${name}`),
      );
      return ended;
    },
    found: async () => [
      ...findings,
      ...(await searchFolder(canaries(), rig.folder)),
      ...elsewhere.asked.map((path) => ({ canary: path, form: 'request', where: 'another host' })),
    ],
  };
}

async function listen(
  handler: Parameters<typeof createServer>[1] & object,
): Promise<{ url: string; asked: readonly string[]; close: () => Promise<void> }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url?.split('?')[0]}`);
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const everywhere = (kind: Fault['kind']): Fault[] => EDGES.map((edge) => ({ edge, kind, times: 1_000 }));

/** A child that has the token and prints nothing of it. */
const CHILD = ['--', 'node', '-e', 'process.exit(process.env.WHATSAPP_TOKEN ? 0 : 1)'];

describe('the search', () => {
  it.for([
    ['plain', (text: string) => text],
    ['base64', (text: string) => Buffer.from(`user:${text} and more`).toString('base64')],
    ['base64', (text: string) => Buffer.from(`{"a":"${text}"}`).toString('base64url')],
    ['hex', (text: string) => Buffer.from(text).toString('hex')],
    ['url', encodeURIComponent],
    ['form', (text: string) => new URLSearchParams({ text }).toString()],
    ['json', (text: string) => JSON.stringify({ text })],
    ['beginning', (text: string) => `${text.slice(0, 20)}…`],
  ] as const)('finds a secret as %s', ([form, write], { expect }) => {
    const found = searchText(new Map([['it', pasted]]), `before ${write(pasted)} after`, 'here');
    expect(found.map((finding) => finding.form)).toContain(form);
  });
});

describe('no secret is anywhere but in the store, at the server and where the user put it', () => {
  it.concurrent('when all goes well, with every command', { timeout: 180_000 }, async ({
    expect,
    onTestFinished,
  }) => {
    const check = await listen((request, response) => {
      response.writeHead(request.headers.authorization === `Bearer ${manualKey}` ? 200 : 401);
      response.end(JSON.stringify(request.headers));
    });
    onTestFinished(check.close);
    const { rig, keyturn, found } = await watchedRig(onTestFinished);
    const { first } = rig.server.world;
    const text = configuration(rig.server, { switches: USUAL, policy: 'overlap: 1h' });
    const manual = `  chat:\n    kind: manual\n    console: https://chat.example/keys\n    test: { url: "${check.url}/me", header: "Authorization: Bearer {key.value}" }\n  random: { kind: random }\n`;
    const more = '  chat-api: { issuer: chat, env: CHAT_API_KEY }\n  webhook: { issuer: random }\n';
    await rig.configure(
      text.replace('credentials:', `${manual}credentials:`).replace('trail:', `${more}trail:`),
    );
    const report = join(rig.folder, 'report.md');
    const yes = ['--yes', '--reason', 'a test'];
    const story: readonly (readonly [readonly string[], (number | null)[], string?])[] = [
      [
        ['doctor', '--verbose'],
        [0, 4],
      ],
      [['adopt', 'wa-prod', '--stdin', '--verbose'], [0], first.value],
      [['adopt', 'wa-prod', '--stdin', '--json'], [0], first.value],
      [['adopt', 'wa-prod', '--stdin', '--json'], [2, 3, 4], pasted],
      [['rotate', 'webhook', '--json'], [0]],
      [['rotate', 'chat-api'], [0]],
      [['provide', 'chat-api', '--stdin'], [2, 3, 4], first.value],
      [['provide', 'chat-api', '--stdin', '--verbose'], [0], manualKey],
      [['plan', '--live', '--json'], [0]],
      [['rotate', 'wa-prod', '--dry-run', '--verbose'], [0]],
      [['rotate', 'wa-prod', '--verbose'], [0]],
      [['rollback', 'wa-prod', ...yes, '--json'], [0]],
      [['revoke', 'wa-prod', ...yes, '--verbose'], [0]],
      [['rotate', 'wa-prod', '--overlap', '2h', '--json', '--verbose'], [0]],
      [['status', '--verbose'], [0]],
      [['status', '--json'], [0]],
      [['plan', '--verbose'], [0]],
      [
        ['audit', '--verbose'],
        [0, 7],
      ],
      [
        ['audit', '--json'],
        [0, 7],
      ],
      [['identify', '--stdin', '--json'], [0, 7], first.value],
      [['identify', '--stdin', '--verbose'], [0], pasted],
      [['emergency', 'wa-prod', '--report', report, ...yes, '--verbose'], [0]],
      [['run', '--json', '--verbose'], [0]],
      [['forget', 'wa-prod', '--orphan', 'r1.1', ...yes], [2]],
      [['trail', '--json'], [0]],
      [['trail', 'verify', '--verbose'], [0]],
      [['exec', 'wa-prod', '--verbose', ...CHILD], [0]],
    ];
    for (const [args, codes, input] of story) {
      const ended = await keyturn(args, {
        env: { DEBUG: '*', KEYTURN_DEBUG: '1' },
        ...(input === undefined ? {} : { input }),
      });
      expect(codes, `${args.join(' ')}: ${ended.stdout}${ended.stderr}`).toContain(ended.code);
    }
    expect(await readdir(join(rig.folder, 'tmp'))).toEqual([]);
    expect(await found()).toEqual([]);
  });

  it.concurrent.for(['echo', 'redirect', 'html-before', 'cut-after'] as const)(
    'when the server answers every request with %s',
    { timeout: 120_000 },
    async (kind, { expect, onTestFinished }) => {
      const { rig, keyturn, found } = await watchedRig(onTestFinished);
      const { server } = rig;
      const token = server.world.first.value;
      server.sabotage(everywhere(kind));
      const early = await keyturn(['adopt', 'wa-prod', '--stdin', '--verbose', '--issued-at', 'unknown'], {
        input: token,
        started: interruptAfter(1_500),
      });
      expect(early.code).not.toBe(1);
      server.sabotage([]);
      expect((await keyturn(['adopt', 'wa-prod', '--stdin'], { input: token })).code).toBe(0);
      for (const edge of EDGES) {
        server.sabotage([{ edge, kind, times: 1_000 }]);
        const ended = await keyturn(['rotate', 'wa-prod', '--verbose'], { started: interruptAfter(1_500) });
        expect([0, 3, 4, 130], ended.stderr).toContain(ended.code);
      }
      server.sabotage(everywhere(kind));
      for (const args of [
        ['run', '--json'],
        ['audit', '--verbose'],
        ['doctor', '--json'],
        ['plan', '--live'],
      ]) {
        const ended = await keyturn(args, { started: interruptAfter(1_500) });
        expect([0, 3, 4, 7, 130], `${args.join(' ')} ${ended.stderr}`).toContain(ended.code);
      }
      await keyturn(['identify', '--stdin', '--verbose'], { input: token, started: interruptAfter(1_500) });
      await keyturn(['emergency', 'wa-prod', '--yes', '--reason', 'x', '--json'], {
        started: interruptAfter(1_500),
      });
      expect(await found()).toEqual([]);
    },
  );

  it.concurrent('when what the user gave is wrong, or the process is ended', { timeout: 120_000 }, async ({
    expect,
    onTestFinished,
  }) => {
    const { rig, keyturn, found } = await watchedRig(onTestFinished);
    const { server } = rig;
    const { world } = server;
    const good = configuration(server, { switches: USUAL, policy: 'overlap: 1h' });
    expect((await keyturn(['adopt', 'wa-prod', '--stdin'], { input: world.first.value })).code).toBe(0);
    const wrong: readonly RunOptions[] = [
      { env: { META_APP_SECRET: pasted } },
      { env: { META_ADMIN_TOKEN: pasted.replaceAll(/[^a-z0-9]/gi, 'x') } },
      { env: { META_ADMIN_TOKEN: pasted } },
      { env: { META_ADMIN_TOKEN: world.first.value } },
      { env: { META_ADMIN_TOKEN: `${world.appSecret}\n` } },
      { env: { KEYTURN_IDENTITY: rig.identity.slice(0, -4) } },
      { env: { KEYTURN_IDENTITY: pasted } },
    ];
    for (const given of wrong) {
      const ended = await keyturn(['rotate', 'wa-prod', '--verbose'], {
        ...given,
        started: interruptAfter(2_500),
      });
      expect([2, 3, 4, 130], ended.stderr).toContain(ended.code);
    }
    server.sabotage([{ edge: 'mint', kind: 'hang-after', times: 1 }]);
    await keyturn(['rotate', 'wa-prod', '--json'], { started: endWhenAsked(rig, 'access_tokens', 'SIGINT') });
    server.sabotage([{ edge: 'debug', kind: 'hang-before', times: 5 }]);
    const killed = await keyturn(['adopt', 'wa-prod', '--stdin', '--verbose'], {
      input: server.world.first.value,
      started: endWhenAsked(rig, 'debug_token', 'SIGKILL'),
    });
    expect(killed.signal).toBe('SIGKILL');
    expect(await found()).toEqual([]);

    server.sabotage([]);
    const literals = [world.appSecret, world.admin.value, rig.identity, pasted];
    for (const literal of literals) {
      const text = good
        .replace('env:META_APP_SECRET', JSON.stringify(literal))
        .replace('kind: file', `kind: ${JSON.stringify(literal)}`)
        .replace('overlap: 1h', `overlap: ${JSON.stringify(literal)}, ${JSON.stringify(literal)}: 1`)
        .replace('wa-prod:', `${JSON.stringify(literal)}:`);
      await rig.configure(text);
      for (const args of [['run'], ['doctor', '--json', '--verbose'], ['exec', 'wa-prod', ...CHILD]]) {
        const ended = await keyturn(args);
        expect([2, 4, 125], ended.stderr).toContain(ended.code);
      }
    }
    await rig.configure(good);
    expect(await found()).toEqual([]);
  });
});

/** Ends the process as soon as it has asked the server for this. */
function endWhenAsked(rig: Rig, text: string, signal: NodeJS.Signals): (pid: number) => void {
  return (pid) => {
    const from = rig.server.journal.length;
    const timer = setInterval(() => {
      if (!rig.server.journal.slice(from).some((line) => line.includes(text))) return;
      clearInterval(timer);
      end(pid, signal);
    }, 10);
    timer.unref();
  };
}

/** Ctrl-C, for commands that would ask the server again and again. */
function interruptAfter(ms: number): (pid: number) => void {
  return (pid) => {
    setTimeout(() => end(pid, 'SIGINT'), ms);
  };
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (caught) {
    if (!(caught instanceof Error && 'code' in caught && caught.code === 'ESRCH')) throw caught;
  }
}
