import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Fault, FaultType } from '../../src/simulator/faults.ts';
import { startHarness } from './harness.ts';

/** One mint under a fault: what the client got, and whether a key came to be that nobody was told of. */
async function mintUnder(fault: Fault) {
  const harness = await startHarness();
  const { simulator, mint } = harness;
  simulator.faults.once('mint', fault);
  const reply = await mint().catch((error: Error) => error);
  const made = simulator.keys().slice(1);
  return { harness, reply, made, request: simulator.requests()[0] };
}

describe('faults that spoil the connection', () => {
  const silent: readonly [Fault, number][] = [
    [{ type: 'lost-before' }, 0],
    [{ type: 'lost-after' }, 1],
    [{ type: 'reset' }, 0],
    [{ type: 'reset', commit: true }, 1],
    [{ type: 'cut', broken: true }, 1],
    [{ type: 'cut', broken: true, commit: false }, 0],
  ];
  it.each(silent)('%j leaves %i keys that nobody knows', async (fault, keys) => {
    const { reply, made, request, harness } = await mintUnder(fault);
    expect(reply).toBeInstanceOf(Error);
    expect(made.map((key) => key.delivered)).toEqual(Array(keys).fill(false));
    expect(request).toMatchObject({ kind: 'mint', fault: fault.type, made: made[0]?.id ?? null });
    expect(request?.status).toBe(fault.type === 'cut' ? 200 : null);
    expect((await harness.mint()).status).toBe(200);
  });

  it('a reset is one: ECONNRESET', async () => {
    const { reply } = await mintUnder({ type: 'reset' });
    expect(JSON.stringify(reply, ['cause', 'code'])).toContain('ECONNRESET');
  });

  it('late: the reply is lost now, the effect lands later', async () => {
    const { reply, made, harness } = await mintUnder({ type: 'late', ms: 40 });
    expect(reply).toBeInstanceOf(Error);
    expect(made).toHaveLength(0);
    await expect.poll(() => harness.simulator.keys().length).toBe(2);
    expect(harness.simulator.keys()[1]).toMatchObject({ delivered: false });
    expect(harness.simulator.requests()[0]).toMatchObject({ made: 'key-2', status: null });
  });

  it('late: closing the simulator drops what has not landed', async () => {
    const { harness } = await mintUnder({ type: 'late', ms: 40 });
    await harness.simulator.close();
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(harness.simulator.keys()).toHaveLength(1);
  });

  it.each([
    [undefined, 1],
    [true, 2],
  ] as const)('hang (commit %s): no reply until the simulator closes', async (commit, keys) => {
    const { simulator, mint } = await startHarness();
    simulator.faults.once('mint', { type: 'hang', ...(commit && { commit }) });
    const outcome = mint().then(
      () => 'answered',
      () => 'broken',
    );
    await expect.poll(() => simulator.requests().length).toBe(1);
    expect(await Promise.race([outcome, new Promise((resolve) => setTimeout(resolve, 50, 'waits'))])).toBe(
      'waits',
    );
    expect(simulator.keys()).toHaveLength(keys);
    await simulator.close();
    expect(await outcome).toBe('broken');
  });

  it('hang: the client may give up', async () => {
    const { simulator } = await startHarness();
    simulator.faults.once('read', { type: 'hang' });
    const signal = AbortSignal.timeout(50);
    await expect(fetch(`${simulator.url}/v25.0/me`, { signal })).rejects.toThrow();
  });
});

describe('faults that answer', () => {
  it('delay: the right reply, late; the effect before or after the wait', async () => {
    for (const [commit, early] of [
      [false, 1],
      [true, 2],
    ] as const) {
      const { simulator, mint } = await startHarness();
      simulator.faults.once('mint', { type: 'delay', ms: 60, commit });
      const begun = performance.now();
      const reply = mint();
      await expect.poll(() => simulator.requests().length, { interval: 5 }).toBe(1);
      expect(simulator.keys()).toHaveLength(early);
      expect((await reply).status).toBe(200);
      expect(performance.now() - begun).toBeGreaterThan(55);
      expect(simulator.keys()[1]).toMatchObject({ delivered: true });
    }
  });

  it('delay: the effect lands although the client gave up', async () => {
    const { simulator } = await startHarness();
    const { world, url, issue, lookup } = simulator;
    simulator.faults.once('revoke', { type: 'delay', ms: 60 });
    const token = issue();
    const query = new URLSearchParams({
      client_id: world.appId,
      client_secret: world.appSecret,
      revoke_token: token,
      access_token: world.adminToken,
    });
    const signal = AbortSignal.timeout(20);
    await expect(fetch(`${url}/v25.0/oauth/revoke?${query}`, { signal })).rejects.toThrow();
    expect(lookup(token)?.state).toBe('live');
    await expect.poll(() => lookup(token)?.state).toBe('revoked');
  });

  it.each([1, 2])('error %i is transient', async (code) => {
    const { reply, made } = await mintUnder({ type: 'error', code });
    expect(reply).toMatchObject({ status: 500, body: { error: { code, is_transient: true } } });
    expect(made).toHaveLength(0);
  });

  it.each([4, 80007, 80008])('error %i carries usage headers, and Retry-After on request', async (code) => {
    const { reply } = await mintUnder({ type: 'error', code, retryAfterS: 3 });
    if (reply instanceof Error) throw reply;
    expect(reply).toMatchObject({ status: 429, body: { error: { code, is_transient: false } } });
    const usage = JSON.parse(reply.headers.get('x-business-use-case-usage') ?? '{}');
    expect(Object.values(usage)).toEqual([
      [expect.objectContaining({ call_count: 100, estimated_time_to_regain_access: 1 })],
    ]);
    expect(reply.headers.get('retry-after')).toBe('3');
  });

  it('error 368, and any other with its own status, subcode and message', async () => {
    expect((await mintUnder({ type: 'error', code: 368 })).reply).toMatchObject({ status: 403 });
    const own: Fault = { type: 'error', code: 190, status: 418, subcode: 459, message: 'checkpoint' };
    expect((await mintUnder(own)).reply).toMatchObject({
      status: 418,
      body: { error: { code: 190, error_subcode: 459, message: '(#190) checkpoint' } },
    });
  });

  const spoilt: readonly [Fault, number, number][] = [
    [{ type: 'html' }, 502, 0],
    [{ type: 'html', status: 503, commit: true }, 503, 1],
    [{ type: 'foreign' }, 200, 0],
    [{ type: 'foreign', commit: true }, 200, 1],
    [{ type: 'redirect' }, 302, 0],
    [{ type: 'redirect', commit: true }, 302, 1],
    [{ type: 'cut' }, 200, 1],
    [{ type: 'cut', commit: false }, 200, 0],
    [{ type: 'oversized' }, 200, 1],
    [{ type: 'oversized', commit: false, bytes: 100 }, 200, 0],
  ];
  it.each(spoilt)('%j answers %i and leaves %i keys', async (fault, status, keys) => {
    const { reply, made, request } = await mintUnder(fault);
    if (reply instanceof Error) throw reply;
    expect(reply.status).toBe(status);
    expect(reply.headers.get('x-simulator')).toBe('keyturn');
    expect(made).toHaveLength(keys);
    expect(made.some((key) => key.delivered)).toBe(false);
    expect(request).toMatchObject({ status, fault: fault.type });
  });

  it('says in each its own kind of nonsense', async () => {
    const body = async (fault: Fault) => {
      const { reply } = await mintUnder(fault);
      return reply instanceof Error ? reply : reply.body;
    };
    expect(await body({ type: 'html' })).toMatch(/^<!DOCTYPE html>/);
    expect(await body({ type: 'foreign', body: { access_token: 7 } })).toEqual({ access_token: 7 });
    expect(await body({ type: 'foreign' })).not.toHaveProperty('access_token');
    expect(await body({ type: 'cut' })).toMatch(/^\{"access_token":"EAASIMULATED\w+$/);
    expect(await body({ type: 'oversized' })).toHaveProperty('access_token');
  });

  it('oversized: the reply is as large as was asked', async () => {
    const { simulator } = await startHarness();
    simulator.faults.once('read', { type: 'oversized', bytes: 3_000_000 });
    const response = await fetch(`${simulator.url}/v25.0/me`, {
      headers: { authorization: `Bearer ${simulator.issue()}` },
    });
    expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(3_000_000);
  });

  it('redirect: to the host that was given', async () => {
    let visits = 0;
    const elsewhere = createServer((_request, response) => {
      visits += 1;
      response.end('{}');
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void elsewhere.close());
    await new Promise((resolve) => elsewhere.once('listening', resolve));
    const to = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`;
    const { simulator } = await startHarness();
    simulator.faults.add({ kind: 'read', fault: { type: 'redirect', to } });
    const careful = await fetch(`${simulator.url}/v25.0/me`, { redirect: 'manual' });
    expect([careful.status, careful.headers.get('location'), visits]).toEqual([302, to, 0]);
    await fetch(`${simulator.url}/v25.0/me`);
    expect(visits).toBe(1);
  });
});

describe('when a fault strikes', () => {
  const strikes = async (count: number, add: (harness: Awaited<ReturnType<typeof startHarness>>) => void) => {
    const harness = await startHarness({ seed: 7 });
    add(harness);
    const token = harness.simulator.issue();
    const faults: (FaultType | null)[] = [];
    for (let n = 0; n < count; n += 1) {
      await harness.readPhone(token);
      faults.push(harness.simulator.requests().at(-1)?.fault ?? null);
    }
    return faults;
  };
  const html: Fault = { type: 'html' };
  const two: Fault = { type: 'error', code: 2 };

  it('the nth request of its kind, or several', async () => {
    const seen = await strikes(4, ({ simulator }) => {
      simulator.faults.add({ kind: 'read', nth: [2, 4], fault: html });
      simulator.faults.add({ kind: 'send', fault: two });
    });
    expect(seen).toEqual([null, 'html', null, 'html']);
  });

  it('a number of times; the rule that was added first wins', async () => {
    const seen = await strikes(4, ({ simulator }) => {
      simulator.faults.add({ times: 1, fault: html });
      simulator.faults.add({ kind: 'read', times: 2, fault: two });
    });
    expect(seen).toEqual(['html', 'error', 'error', null]);
  });

  it('by path and by matcher', async () => {
    const byPath = await strikes(1, ({ simulator }) => {
      simulator.faults.add({ path: `/${simulator.world.phoneNumberId}`, fault: html });
    });
    const byMatcher = await strikes(2, ({ simulator }) => {
      simulator.faults.add({ matches: ({ method }) => method === 'POST', fault: html });
    });
    expect([byPath, byMatcher]).toEqual([['html'], [null, null]]);
  });

  it('with a probability, the same for the same seed', async () => {
    const half = () =>
      strikes(40, ({ simulator }) => {
        simulator.faults.add({ probability: 0.5, fault: html });
      });
    const once = await half();
    expect(once.filter(Boolean).length).toBeGreaterThan(8);
    expect(once.filter(Boolean).length).toBeLessThan(32);
    expect(await half()).toEqual(once);
  });

  it('not after it was taken back or all were cleared; rules tell how often they struck', async () => {
    const { simulator, readPhone } = await startHarness();
    const token = simulator.issue();
    const remove = simulator.faults.add({ nth: 1, fault: html });
    await readPhone(token);
    await readPhone(token);
    expect(simulator.faults.rules()).toMatchObject([{ seen: 2, struck: 1 }]);
    remove();
    remove();
    simulator.faults.add({ fault: html });
    simulator.faults.clear();
    expect((await readPhone(token)).status).toBe(200);
  });
});
