import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { judgeUse } from '../../src/cli/gates.ts';
import { built } from '../cli/harness.ts';
import { NAME, openProviderBench } from './bench.ts';
import { startTwilio } from './twilio.ts';
import { startUnseen } from './unseen.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('a key is quiet', () => {
  const NOW = Date.parse('2026-11-25T12:00:00Z');
  const gate = { name: 'issuer-last-used', quiet: HOUR, longest: 2 * DAY };
  const ago = (ms: number) => new Date(NOW - ms).toISOString();
  const judge = (used: number | null, replaced: number) =>
    judgeUse(used === null ? null : ago(used), gate, ago(replaced), NOW).reason;

  test.each([
    ['used a moment ago', MINUTE, DAY, false],
    ['used just short of the quiet time ago', HOUR - 1, DAY, false],
    ['used the quiet time ago', HOUR, DAY, true],
    ['never used, and just replaced', null, MINUTE, false],
    ['never used, and replaced long ago', null, HOUR, true],
    ['still in use after the longest time', MINUTE, 2 * DAY, true],
    ['used in the future, by the clock of the provider', -MINUTE, DAY, false],
  ])('%s', (_, used, replaced, passes) => {
    const reason = judge(used, replaced);
    expect(reason === null).toBe(passes);
    if (reason !== null) expect(reason).toMatch(/quiet for 1 h.*opens in/);
  });
});

describe('the gate issuer-last-used', { timeout: 60_000 }, () => {
  beforeAll(built, 60_000);

  test('keeps a key that is used, says since when it is quiet, and opens', async () => {
    const bench = await openProviderBench(startUnseen, { policy: { gates: ['issuer-last-used'] } });
    onTestFinished(bench.close);
    await bench.keyturn('rotate', NAME);
    const [old] = bench.ring.live();
    if (old === undefined) throw new Error('there is no key');
    old.usedAt = Date.now() - HOUR;
    await bench.keyturn('rotate', NAME);
    const held = await bench.keyturn('run', '--json');
    expect([held.code, held.document.data.credentials[0].outcome]).toEqual([4, 'overlap']);
    expect(held.document.data.credentials[0].reason).toMatch(
      /issuer-last-used: the old key was last used 1 h/,
    );
    expect(bench.ring.accepted(old.secret)).not.toBeNull();
    const quiet = new Date(old.usedAt).toISOString();
    const status = await bench.keyturn('status', '--json');
    const { keys } = status.document.data.credentials[0];
    expect(keys.map((key: { usedAt: string | null }) => key.usedAt)).toContain(quiet);
    expect((await bench.keyturn('status')).stdout).toContain(`quiet since ${quiet.slice(0, 10)}`);

    old.usedAt = Date.now() - DAY;
    const done = await bench.keyturn('run', '--json');
    expect([done.code, bench.ring.accepted(old.secret)]).toEqual([0, null]);
  });

  test('keeps a key that the list does not name: nobody says that it was never used', async () => {
    const bench = await openProviderBench(startUnseen, {
      policy: { gates: ['issuer-last-used'] },
    });
    onTestFinished(bench.close);
    await bench.keyturn('rotate', NAME);
    const [old] = bench.ring.live();
    if (old === undefined) throw new Error('there is no key');
    // Gone from the list, and still accepted.
    old.deadFrom = Date.now() + DAY;
    await bench.keyturn('rotate', NAME);
    const held = await bench.keyturn('run', '--json');
    expect([held.code, held.document.data.credentials[0].outcome]).toEqual([4, 'overlap']);
    expect(held.document.data.credentials[0].reason).toMatch(/the list does not name the key.*opens in/);
    expect(bench.ring.accepted(old.secret)).not.toBeNull();
  });

  test('says since when a key is quiet that was never used', async () => {
    const bench = await openProviderBench(startUnseen, { policy: { gates: ['issuer-last-used'] } });
    onTestFinished(bench.close);
    await bench.keyturn('rotate', NAME);
    await bench.keyturn('rotate', NAME);
    await bench.keyturn('run');
    const status = (await bench.keyturn('status', '--json')).document.data.credentials[0];
    const old = status.keys.find((key: { state: string }) => key.state === 'retiring');
    expect([status.gates, old.usedAt, old.quietSince]).toEqual([
      ['issuer-last-used'],
      null,
      expect.stringMatching(/^20/),
    ]);
    expect((await bench.keyturn('status')).stdout).toMatch(
      /gate issuer-last-used, quiet since .*never used/s,
    );
  });

  test('does not keep a key that is dead already', async () => {
    const bench = await openProviderBench(startUnseen, { policy: { gates: ['issuer-last-used'] } });
    onTestFinished(bench.close);
    await bench.keyturn('rotate', NAME);
    const [old] = bench.ring.live();
    if (old === undefined) throw new Error('there is no key');
    await bench.keyturn('rotate', NAME);
    old.deadFrom = 1;
    const run = await bench.keyturn('run', '--json');
    expect([run.code, run.document.data.credentials[0].outcome]).toEqual([0, 'done']);
    const status = (await bench.keyturn('status', '--json')).document.data.credentials[0];
    expect(status.keys).toMatchObject([{ state: 'revoked' }, { state: 'current' }]);
  });

  test('is refused before a key is made where the provider does not tell the last use', async () => {
    const bench = await openProviderBench(startTwilio, {
      policy: { gates: [{ gate: 'issuer-last-used', quiet: '1h', longest: '2d' }] },
    });
    onTestFinished(bench.close);
    const answer = await bench.keyturn('rotate', NAME);
    expect([answer.code, bench.server.creates()]).toEqual([2, 0]);
    expect(answer.stderr).toContain('cannot tell when a key was last used');
    expect((await bench.keyturn('doctor')).stdout).toContain('cannot tell when a key was last used');
  });

  test('of another name or without an end is a mistake in its line', async () => {
    const bench = await openProviderBench(startUnseen, { policy: { gates: ['last-used'] } });
    onTestFinished(bench.close);
    const answer = await bench.keyturn('status');
    expect([answer.code, answer.stderr]).toEqual([
      2,
      expect.stringMatching(/keyturn\.yaml:\d+:\d+: policy\.gates\[0\]/),
    ]);
  });
});
