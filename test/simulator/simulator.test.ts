import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { describeSwitches } from '../../src/simulator/switches.ts';
import { DAY_MS, START, startHarness } from './harness.ts';

const root = new URL('../../', import.meta.url);

describe('the keys it keeps', () => {
  it('are of the age that was asked, and keep their value', async () => {
    const { simulator, pass } = await startHarness();
    const token = simulator.issue({ ageDays: 100, expiresInDays: 3, scopes: ['ads_read'] });
    const key = simulator.keys()[1];
    expect(key).toEqual({
      id: 'key-2',
      fingerprint: createHash('sha256').update(token).digest('hex').slice(0, 16),
      appId: simulator.world.appId,
      userId: simulator.world.systemUserId,
      scopes: ['ads_read'],
      origin: 'seeded',
      delivered: true,
      issuedAt: START - 100 * DAY_MS,
      expiresAt: START + 3 * DAY_MS,
      diedAt: null,
      state: 'live',
      uses: 0,
      sends: 0,
      lastUsedAt: null,
      failedUses: 0,
    });
    pass(3 * 86_400);
    expect(simulator.lookup(token)).toMatchObject({ state: 'expired', diedAt: START + 3 * DAY_MS });
    expect(simulator.lookup('EAANOTATOKEN')).toBeNull();
  });

  it('begin with a working admin token', async () => {
    const { simulator, mint } = await startHarness();
    expect(simulator.keys()).toMatchObject([
      { id: 'key-1', userId: simulator.world.adminUserId, expiresAt: null, state: 'live' },
    ]);
    expect((await mint()).status).toBe(200);
  });

  it('die once: what killed them first stays', async () => {
    const { simulator, pass } = await startHarness();
    const token = simulator.issue({ expiresInDays: 1 });
    simulator.kill('key-2');
    pass(2 * 86_400);
    simulator.kill('key-2');
    expect(simulator.lookup(token)).toMatchObject({ state: 'killed', diedAt: START });
    const late = simulator.issue({ expiresInDays: -1 });
    simulator.kill('key-3');
    expect(simulator.lookup(late)?.state).toBe('expired');
  });
});

describe('starting and closing', () => {
  it('makes the same world from the same seed, and another one from another', async () => {
    const tokens = async (seed: number) => {
      const { simulator, minted } = await startHarness({ seed });
      return [simulator.world.adminToken, simulator.world.appSecret, simulator.issue(), await minted()];
    };
    const one = await tokens(1);
    expect(await tokens(1)).toEqual(one);
    expect((await tokens(2)).some((token) => one.includes(token))).toBe(false);
    expect(new Set(one).size).toBe(4);
  });

  it('takes a world', async () => {
    const world = { appId: '42', appSecret: 'plainly-fake', adminToken: 'fake admin word' };
    const { simulator, mint, debug } = await startHarness({ world });
    expect(simulator.world).toMatchObject(world);
    expect(simulator.lookup('fake admin word')?.id).toBe('key-1');
    const { status, body } = await mint();
    expect(status).toBe(200);
    expect((await debug(body.access_token)).body.data.app_id).toBe('42');
  });

  it('runs without options, on the time of this machine', async () => {
    const simulator = await startSimulator({ clock: Date.now });
    simulator.issue();
    await simulator.close();
    expect(Math.abs((simulator.keys()[1]?.issuedAt ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it('listens on the loopback address alone', async () => {
    const { port } = (await startHarness()).simulator;
    const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    for (const { address, family, internal } of addresses) {
      if (internal || family !== 'IPv4') continue;
      const outcome = await new Promise((resolve) => {
        const socket = connect({ host: address, port, timeout: 2000 });
        socket.once('connect', () => resolve('connected'));
        socket.once('timeout', () => resolve('refused'));
        socket.once('error', () => resolve('refused'));
      });
      expect([address, outcome]).toEqual([address, 'refused']);
    }
  });

  it('says when the port is taken', async () => {
    const { port } = (await startHarness()).simulator;
    await expect(startSimulator({ clock: Date.now, port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('closes with open connections, twice', async () => {
    const { simulator } = await startHarness();
    const socket = connect(simulator.port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.on('error', () => undefined);
    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.write('GET /v25.0/me HTTP/1.1\r\n');
    await simulator.close();
    await ended;
    await simulator.close();
    await expect(fetch(simulator.url)).rejects.toThrow();
  });

  it('survives requests that are none, that break off, and that are too large', async () => {
    const { simulator, readPhone } = await startHarness();
    for (const bytes of [
      'nonsense\r\n\r\n',
      'POST /v25.0/x HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc',
    ]) {
      const socket = connect(simulator.port, '127.0.0.1');
      socket.on('error', () => undefined);
      await new Promise((resolve) => socket.once('connect', resolve));
      await new Promise((resolve) => socket.write(bytes, resolve));
      socket.destroy();
    }
    const body = 'x'.repeat(2 * 1024 * 1024);
    await expect(fetch(`${simulator.url}/v25.0/x`, { method: 'POST', body })).rejects.toThrow();
    expect((await readPhone(simulator.issue())).status).toBe(200);
  });
});

describe('what it is', () => {
  it('imports node and itself, nothing else', () => {
    const folder = new URL('src/simulator/', root);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    expect(files.length).toBeGreaterThan(10);
    for (const file of files) {
      const text = readFileSync(new URL(file, folder), 'utf8');
      for (const [, from = ''] of text.matchAll(/from '([^']+)'/g)) {
        const own = file.includes('/') ? /^\.\.?\/[a-z-]+\.ts$/ : /^\.\/(edges\/)?[a-z-]+\.ts$/;
        expect([file, from]).toEqual([file, from.startsWith('node:') ? from : expect.stringMatching(own)]);
      }
    }
  });

  it('has every switch in its documentation, and no other', () => {
    const page = readFileSync(new URL('docs/simulator.md', root), 'utf8');
    const rows = describeSwitches().map(
      ({ name, values, initial, about }) => `| \`${name}\` | ${values} | ${initial} | ${about} |`,
    );
    const found = page.split('\n').filter((line) => /^\| `[a-zA-Z0-9]+` \| .+ \| .+ \| .+ \|$/.test(line));
    expect(found).toEqual(rows);
  });
});
