import { BAD, code, killed, type Probes, status } from './probe.ts';

export const oauthProbes = {
  refreshReturnsSameToken: {
    observe: async ({ refresh, simulator, pass }) => {
      const token = simulator.issue({ expiresInDays: 5 });
      const { body } = await refresh(token);
      pass(6 * 86_400);
      return [body.access_token === token, simulator.lookup(token)?.state];
    },
    sees: [
      [false, [false, 'expired']],
      [true, [true, 'live']],
    ],
  },
  refreshWithoutFlag: {
    observe: async ({ refresh, simulator }) =>
      code(await refresh(simulator.issue({ expiresInDays: 5 }), { set_token_expires_in_60_days: '' })),
    sees: [
      ['expiring', 200],
      ['refused', 100],
    ],
  },
  refreshOfNeverExpiring: {
    observe: async ({ refresh, simulator }) => {
      const token = simulator.issue();
      return [code(await refresh(token)), simulator.lookup(token)?.expiresAt === null];
    },
    sees: [
      ['newToken', [200, true]],
      ['converted', [200, false]],
      ['refused', [100, true]],
    ],
  },
  postAccessTokenAllowed: {
    observe: async ({ refresh, simulator }) => {
      const token = simulator.issue({ expiresInDays: 5 });
      return [code(await refresh(token, {}, 'POST')), code(await refresh(token))];
    },
    sees: [
      [true, [200, 200]],
      [false, [100, 200]],
    ],
  },
  postRevokeAllowed: {
    observe: async ({ revoke, simulator }) => {
      const { issue, world } = simulator;
      const byPost = await revoke(issue(), world.adminToken, {}, 'POST');
      return [code(byPost), code(await revoke(issue(), world.adminToken))];
    },
    sees: [
      [false, [100, 200]],
      [true, [200, 200]],
    ],
  },
  revokeTakesBearer: {
    observe: async ({ call, simulator }) => {
      const { appId, appSecret, adminToken } = simulator.world;
      const query = { client_id: appId, client_secret: appSecret, revoke_token: simulator.issue() };
      return code(await call('GET', '/v25.0/oauth/revoke', { query, bearer: adminToken }));
    },
    sees: [
      [true, 200],
      [false, 104],
    ],
  },
  revokeCallers: {
    observe: async ({ revoke, simulator }) => {
      const { issue, world } = simulator;
      const byOther = await revoke(issue(), issue({ userId: world.secondUserId }));
      return [byOther, await revoke(issue(), issue()), await revoke(issue(), world.adminToken)].map(status);
    },
    sees: [
      ['sameApp', [200, 200, 200]],
      ['sameUser', [403, 200, 403]],
      ['admin', [403, 403, 200]],
    ],
  },
  appTokenMayRevoke: {
    observe: async ({ revoke, simulator, appToken }) => code(await revoke(simulator.issue(), appToken())),
    sees: [
      [false, 100],
      [true, 200],
    ],
  },
  selfRevokeAllowed: {
    observe: async ({ revoke, simulator }) => {
      const token = simulator.issue();
      return [code(await revoke(token, token)), simulator.lookup(token)?.state];
    },
    sees: [
      [true, [200, 'revoked']],
      [false, [100, 'live']],
    ],
  },
  revokeOfDead: {
    observe: async (harness) => {
      const { revoke, simulator } = harness;
      const { adminToken } = simulator.world;
      const dead = await killed(harness);
      const expired = simulator.issue({ expiresInDays: -1 });
      const targets = [dead, expired, BAD];
      return Promise.all(targets.map(async (target) => code(await revoke(target, adminToken))));
    },
    sees: [
      ['success', [200, 200, 200]],
      ['error190', [190, 190, 190]],
      ['error100', [100, 100, 100]],
    ],
  },
  invalidateCallers: {
    observe: async ({ call, simulator }) => {
      const path = `/v25.0/${simulator.world.systemUserId}/access_tokens`;
      return status(await call('DELETE', path, { bearer: simulator.issue() }));
    },
    sees: [
      ['any', 200],
      ['admin', 403],
    ],
  },
  invalidateSpansApps: {
    observe: async ({ invalidate, simulator }) => {
      const { world, issue, lookup } = simulator;
      const [own, other] = [issue(), issue({ appId: world.otherAppId })];
      await invalidate(world.systemUserId);
      return [own, other].map((token) => lookup(token)?.state);
    },
    sees: [
      [true, ['invalidated', 'invalidated']],
      [false, ['invalidated', 'live']],
    ],
  },
  invalidateResponse: {
    observe: async ({ invalidate, simulator }) => (await invalidate(simulator.world.systemUserId)).body,
    sees: [
      ['true', true],
      ['success', { success: true }],
    ],
  },
  successAsString: {
    given: { installResponse: 'success' },
    observe: async ({ revoke, install, simulator }) => [
      (await revoke(simulator.issue(), simulator.world.adminToken)).body,
      (await install()).body,
    ],
    sees: [
      [false, [{ success: true }, { success: true }]],
      [true, [{ success: 'true' }, { success: 'true' }]],
    ],
  },
  secretResetKillsTokens: {
    observe: async ({ send, simulator }) => {
      const token = simulator.issue();
      simulator.resetAppSecret();
      return [code(await send(token)), simulator.lookup(token)?.state];
    },
    sees: [
      [false, [200, 'live']],
      [true, [190, 'secret-reset']],
    ],
  },
} satisfies Partial<Probes>;
