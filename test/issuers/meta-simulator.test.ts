import { describe, expect, onTestFinished, test } from 'vitest';
import type { KeyturnError } from '../../src/core/errors.ts';
import type { Issuer } from '../../src/core/issuer.ts';
import { Secret } from '../../src/core/secret.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts';
import { FAILURES, type Failure, type IssuerHarness, issuerContract } from '../contracts/issuer.ts';
import { type Account, issuerOn } from './meta-harness.ts';

type Switches = NonNullable<SimulatorOptions['switches']>;
type Fault = Parameters<Simulator['faults']['once']>[1];

const accountOf = ({ url, world }: Simulator): Account => ({
  url,
  appId: world.appId,
  appSecret: world.appSecret,
  systemUserId: world.systemUserId,
  phoneId: world.phoneNumberId,
  adminToken: world.adminToken,
});
const EXCHANGE = { mode: 'exchange', adminToken: undefined };

const FAULTS: Readonly<Record<Failure, Fault>> = {
  silent: { type: 'hang' },
  reset: { type: 'reset' },
  html: { type: 'html' },
  cut: { type: 'cut' },
  lost: { type: 'lost-after' },
  refused: { type: 'error', code: 190 },
};

issuerContract('meta-system-user against the simulator', async (): Promise<IssuerHarness> => {
  const simulator = await startSimulator({ clock: Date.now });
  const live = () => Secret.of(simulator.issue({ expiresInDays: 30 }));
  const state = () =>
    simulator.keys().map(({ fingerprint, state, expiresAt }) => [fingerprint, state, expiresAt]);
  return {
    issuer: issuerOn(accountOf(simulator)),
    liveKey: async () => live(),
    deadKey: async () => {
      const key = live();
      simulator.kill(simulator.lookup(key.open() ?? '')?.id ?? '');
      return key;
    },
    unknownKey: async () => Secret.of(`EAA${'unheard'.repeat(30)}`),
    accepts: async (key) => simulator.lookup(key.open() ?? '')?.state === 'live',
    state: () => JSON.stringify(state()),
    creates: () => simulator.requests().filter(({ kind }) => kind === 'mint').length,
    requests: () => simulator.requests().length,
    failures: FAILURES,
    fail: (how, what) => {
      simulator.faults.add({ fault: FAULTS[how], ...(what === 'all' ? {} : { kind: 'mint' }) });
    },
    canaries: [simulator.world.appSecret, simulator.world.adminToken],
    close: () => simulator.close(),
  };
});

/** Each unknown of Meta at a value that is not the default, alone or with those that it works together with. */
const UNKNOWNS: readonly Switches[] = [
  {},
  { requireExpiring: true },
  { requireExpiring: true, requireExpiringCode: 200 },
  { lifetimeDays: 90 },
  { mintCallers: 'admin' },
  { mintNeedsBusinessManagement: true },
  { extraScope: 'business_management' },
  { appInstalled: false },
  { appInstalled: false, notInstalledCode: 200 },
  { appInstalled: false, notInstalledCode: 100, installResponse: 'success', successAsString: true },
  { successAsString: true },
  { revokeTakesBearer: false },
  { revokeTakesBearer: false, noTokenCode: 190 },
  { revokeTakesBearer: false, noTokenCode: 200, subcodePresent: false },
  { revokeTakesBearer: false, noTokenCode: 200, statusFor200: 400 },
  { revokeCallers: 'sameUser' },
  { revokeCallers: 'admin', appTokenMayRevoke: true },
  { selfRevokeAllowed: false },
  { revokeOfDead: 'error190', statusFor190: 400 },
  { revokeOfDead: 'error100' },
  { debugTypePresent: false, debugIssuedAtPresent: false, debugGranularScopesPresent: false },
  { debugTargetIdsPresent: false, debugDeadIdsPresent: false },
  { targetIdsAsNumbers: true, idsAsNumbers: true },
  { phoneReadScope: 'management' },
  { permissionsEndpointSupported: false },
  { requireAppSecret: true },
  { statusFor190: 400, subcodePresent: false, isTransientPresent: false },
  { revokeSubcode: 466 },
  { revokeSubcode: 467, errorDataAsString: true, usageHeadersPresent: false },
  { postAccessTokenAllowed: false },
  { refreshWithoutFlag: 'refused' },
];

describe('every unknown of Meta, at its other value', () => {
  describe.each(UNKNOWNS.map((switches) => ({ switches })))('$switches', ({ switches }) => {
    test.each([{}, EXCHANGE])('a life from one key to the next: %j', async (mode) => {
      const simulator = await startSimulator({ clock: Date.now, switches });
      onTestFinished(() => simulator.close());
      const issuer = issuerOn(accountOf(simulator), mode);
      const old = Secret.of(simulator.issue({ expiresInDays: 30 }));
      const { secret } = await madeBy(issuer, old);
      expect(secret.equals(old)).toBe(false);
      expect([await verdictOf(issuer, secret), await verdictOf(issuer, old)]).toEqual(['works', 'works']);
      await endedBy(issuer, old, secret);
      await endedBy(issuer, old, secret);
      expect([await verdictOf(issuer, secret), await verdictOf(issuer, old)]).toEqual([
        'works',
        'refused dead',
      ]);
      expect(simulator.keys().filter(({ state }) => state === 'live')).toHaveLength(2);
    });
  });
});

describe('what is settled elsewhere, and only told truly here', () => {
  let simulator: Simulator;
  let issuer: Issuer;
  let old: Secret;
  const start = async (switches: Switches, settings: object = {}) => {
    simulator = await startSimulator({ clock: Date.now, switches });
    onTestFinished(() => simulator.close());
    issuer = issuerOn(accountOf(simulator), settings);
    old = Secret.of(simulator.issue({ expiresInDays: 30 }));
  };
  const refusal = (doing: Promise<unknown>) =>
    doing.then(
      () => 'none',
      (error: KeyturnError) => `${error.code}${error.ambiguous ? ', ambiguous' : ''}`,
    );

  test('the same token again', async () => {
    await start({ mintReturnsSameToken: true });
    const first = await madeBy(issuer, old);
    expect((await madeBy(issuer, old)).secret.equals(first.secret)).toBe(true);
  });

  test('the id that the business settings show', async () => {
    const shown = '900000000000911';
    await start({ canonicalIdAccepted: true }, { systemUserId: shown });
    const answer = await issuer.verify((await madeBy(issuer, old)).secret, signal);
    expect(answer).toMatchObject({
      verdict: 'works',
      findings: [{ rule: 'other', message: expect.stringContaining(shown) }],
    });
  });

  test('a mint that ends the keys before it', async () => {
    await start({ mintInvalidatesPrevious: true });
    const { secret } = await madeBy(issuer, old);
    expect([await verdictOf(issuer, secret), await verdictOf(issuer, old)]).toEqual([
      'works',
      'refused dead',
    ]);
  });

  test.each<[Switches, object, string]>([
    [{ requireExpiring: true }, { expiring: false }, 'REFUSED'],
    [{ requireExpiring: true, requireExpiringCode: 200 }, { expiring: false }, 'DENIED'],
    [{ maxLiveTokens: 1 }, {}, 'REFUSED'],
    [{ appInstalled: false, appInstallable: false }, {}, 'DENIED'],
    [{ appInstalled: false, installDelayS: 60 }, {}, 'UNAVAILABLE'],
    [{ appInstalled: false, installDelayS: 60, notInstalledCode: 200 }, {}, 'UNAVAILABLE'],
    [{}, { scopes: ['whatsapp_business_manage_events'] }, 'REFUSED'],
    [{}, { systemUserId: '900000000000911' }, 'REFUSED'],
    [{}, { systemUserId: '900000000000013' }, 'DENIED'],
  ])('a definite no: %j %j', async (switches, settings, expected) => {
    await start(switches, settings);
    expect(await refusal(madeBy(issuer, old))).toBe(expected);
    expect(simulator.keys().filter(({ origin }) => origin === 'mint')).toHaveLength(0);
  });

  test.each<Switches>([
    { newTokenDelayS: 60 },
    { newTokenDelayS: 60, newTokenRefusal: 200 },
    { newTokenDebugDelayS: 60 },
    { newTokenDelayS: 60, newTokenDebugDelayS: 60 },
  ])('a new key that is not seen yet does not work yet: %j', async (switches) => {
    await start(switches);
    expect(await verdictOf(issuer, (await madeBy(issuer, old)).secret)).not.toBe('works');
  });

  test.each<Switches>([{ deadTokenDelayS: 60 }, { deadTokenDebugDelayS: 60 }])(
    'a dead key that is still accepted in one way is not proven dead: %j',
    async (switches) => {
      await start(switches);
      await endedBy(issuer, old, undefined);
      expect(await verdictOf(issuer, old)).toBe('unknown');
    },
  );

  test('a reset app secret is never taken for a dead key', async () => {
    await start({});
    const before = issuerOn(accountOf(simulator));
    simulator.resetAppSecret();
    const answer = await before.verify(old, new AbortController().signal);
    expect(answer).toMatchObject({ verdict: 'unknown', message: expect.stringContaining('appSecret') });
    expect(await refusal(madeBy(before, old))).toBe('ADMIN_REFUSED');
    expect(await refusal(endedBy(before, old, undefined))).toBe('ADMIN_REFUSED');
    expect(simulator.lookup(old.open() ?? '')?.state).toBe('live');
  });

  test('a key of another app, and one without its access to the account', async () => {
    await start({});
    const foreign = Secret.of(simulator.issue({ appId: simulator.world.otherAppId }));
    expect(await verdictOf(issuer, foreign)).toBe('refused wrong-kind');
    expect(await refusal(endedBy(issuer, foreign, old))).toBe('REFUSED');
    simulator.switches.assetAssigned = false;
    expect(await verdictOf(issuer, old)).toBe('refused scope-missing');
    simulator.switches.assetAssigned = true;
    const narrow = Secret.of(simulator.issue({ scopes: ['whatsapp_business_management'] }));
    expect(await verdictOf(issuer, narrow)).toBe('refused scope-missing');
  });

  test('a revocation that Meta grants to an admin only', async () => {
    await start({ revokeCallers: 'admin', selfRevokeAllowed: false });
    const { secret } = await madeBy(issuer, old);
    expect(await refusal(endedBy(issuerOn(accountOf(simulator), EXCHANGE), old, secret))).toBe('DENIED');
    await endedBy(issuer, old, secret);
    expect(await verdictOf(issuer, old)).toBe('refused dead');
  });

  test.each<[Fault, string]>([
    [{ type: 'error', code: 4 }, 'RATE_LIMITED'],
    [{ type: 'error', code: 80008, status: 400 }, 'RATE_LIMITED'],
    [{ type: 'error', code: 368 }, 'REFUSED'],
    [{ type: 'error', code: 1, status: 500 }, 'UNAVAILABLE, ambiguous'],
    [{ type: 'error', code: 2, status: 400 }, 'UNAVAILABLE, ambiguous'],
    [{ type: 'hang', commit: true }, 'TIMEOUT, ambiguous'],
    [{ type: 'lost-after' }, 'UNREACHABLE, ambiguous'],
    [{ type: 'lost-before' }, 'UNREACHABLE, ambiguous'],
    [{ type: 'html', commit: true }, 'UNAVAILABLE, ambiguous'],
    [{ type: 'html', status: 200 }, 'BAD_REPLY, ambiguous'],
    [{ type: 'cut' }, 'BAD_REPLY, ambiguous'],
    [{ type: 'cut', broken: true }, 'UNREACHABLE, ambiguous'],
    [{ type: 'foreign' }, 'BAD_REPLY, ambiguous'],
    [{ type: 'redirect', commit: true }, 'BAD_REPLY, ambiguous'],
    [{ type: 'oversized' }, 'BAD_REPLY, ambiguous'],
  ])('a mint that meets %j', async (fault, expected) => {
    await start({});
    simulator.faults.add({ kind: 'mint', fault });
    expect(await refusal(madeBy(issuer, old))).toBe(expected);
    expect(simulator.requests().filter(({ kind }) => kind === 'mint')).toHaveLength(1);
  });

  test('a slow reply is a reply', async () => {
    await start({});
    simulator.faults.once('mint', { type: 'delay', ms: 300 });
    expect(await verdictOf(issuer, (await madeBy(issuer, old)).secret)).toBe('works');
  });
});

const { signal } = new AbortController();

function madeBy(issuer: Issuer, current: Secret) {
  if (issuer.create === undefined) throw new Error('no create');
  return issuer.create({ mark: 'r1.1', current, signal });
}

async function endedBy(issuer: Issuer, secret: Secret, caller: Secret | undefined): Promise<void> {
  await issuer.revoke?.({ secret, role: 'old', signal, ...(caller === undefined ? {} : { caller }) });
}

async function verdictOf(issuer: Issuer, secret: Secret): Promise<string> {
  const answer = await issuer.verify(secret, signal);
  return answer.verdict === 'refused' ? `refused ${answer.why}` : answer.verdict;
}
