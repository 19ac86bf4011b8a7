import { MANAGEMENT, MESSAGING, proofOf } from '../harness.ts';
import { code, debugData, killed, type Probes, status } from './probe.ts';

export const tokenProbes = {
  newTokenDelayS: {
    observe: async ({ minted, send, debug, pass }) => {
      const token = await minted();
      const soon = [code(await send(token)), (await debug(token)).body.data.is_valid];
      pass(30);
      return [...soon, code(await send(token))];
    },
    sees: [
      [0, [200, true, 200]],
      [30, [190, true, 200]],
    ],
  },
  newTokenDebugDelayS: {
    observe: async ({ minted, send, debug, pass }) => {
      const token = await minted();
      const soon = [code(await send(token)), (await debug(token)).body.data.is_valid];
      pass(30);
      return [...soon, (await debug(token)).body.data.is_valid];
    },
    sees: [
      [0, [200, true, true]],
      [30, [200, false, true]],
    ],
  },
  newTokenRefusal: {
    given: { newTokenDelayS: 30 },
    observe: async ({ minted, send }) => (await send(await minted())).body.error.code,
    sees: [
      [190, 190],
      [200, 200],
    ],
  },
  deadTokenDelayS: {
    observe: async (harness) => {
      const token = await killed(harness);
      const soon = [code(await harness.send(token)), (await harness.debug(token)).body.data.is_valid];
      harness.pass(30);
      return [...soon, code(await harness.send(token))];
    },
    sees: [
      [0, [190, false, 190]],
      [30, [200, false, 190]],
    ],
  },
  deadTokenDebugDelayS: {
    observe: async (harness) => {
      const token = await killed(harness);
      const soon = [code(await harness.send(token)), (await harness.debug(token)).body.data.is_valid];
      harness.pass(30);
      return [...soon, (await harness.debug(token)).body.data.is_valid];
    },
    sees: [
      [0, [190, false, false]],
      [30, [190, true, false]],
    ],
  },
  debugTypePresent: {
    observe: async (harness) => (await debugData(harness)).type,
    sees: [
      [true, 'SYSTEM_USER'],
      [false, undefined],
    ],
  },
  debugIssuedAtPresent: {
    observe: async (harness) => typeof (await debugData(harness)).issued_at,
    sees: [
      [true, 'number'],
      [false, 'undefined'],
    ],
  },
  debugGranularScopesPresent: {
    observe: async (harness) => (await debugData(harness)).granular_scopes?.length,
    sees: [
      [true, 2],
      [false, undefined],
    ],
  },
  debugTargetIdsPresent: {
    observe: async (harness) => (await debugData(harness)).granular_scopes[0],
    sees: [
      [true, { scope: MANAGEMENT, target_ids: ['900000000000020'] }],
      [false, { scope: MANAGEMENT }],
    ],
  },
  targetIdsAsNumbers: {
    observe: async (harness) => (await debugData(harness)).granular_scopes[0].target_ids,
    sees: [
      [false, ['900000000000020']],
      [true, [900000000000020]],
    ],
  },
  debugDeadIdsPresent: {
    observe: async (harness) => {
      const { data } = (await harness.debug(await killed(harness))).body;
      return [data.is_valid, data.app_id, data.user_id];
    },
    sees: [
      [true, [false, '900000000000002', '900000000000011']],
      [false, [false, undefined, undefined]],
    ],
  },
  idsAsNumbers: {
    observe: async (harness) => {
      const { app_id, user_id } = await debugData(harness);
      return [app_id, user_id, (await harness.readPhone(harness.simulator.issue())).body.id];
    },
    sees: [
      [false, ['900000000000002', '900000000000011', '900000000000021']],
      [true, [900000000000002, 900000000000011, 900000000000021]],
    ],
  },
  assetAssigned: {
    observe: async ({ send, readPhone, simulator }) => {
      const token = simulator.issue();
      const replies = [await send(token), await readPhone(token), await send(simulator.world.adminToken)];
      return replies.map(status);
    },
    sees: [
      [true, [200, 200, 200]],
      [false, [403, 403, 200]],
    ],
  },
  phoneReadScope: {
    observe: async ({ readPhone, simulator }) =>
      status(await readPhone(simulator.issue({ scopes: [MESSAGING] }))),
    sees: [
      ['either', 200],
      ['management', 403],
    ],
  },
  permissionsEndpointSupported: {
    observe: async ({ call, simulator }) =>
      code(await call('GET', '/v25.0/me/permissions', { bearer: simulator.issue() })),
    sees: [
      [true, 200],
      [false, 100],
    ],
  },
  requireAppSecret: {
    observe: async ({ readPhone, simulator }) => {
      const token = simulator.issue();
      const appsecret_proof = proofOf(simulator.world.appSecret, token);
      return [code(await readPhone(token)), code(await readPhone(token, { appsecret_proof }))];
    },
    sees: [
      [false, [200, 200]],
      [true, [100, 200]],
    ],
  },
  defaultVersion: {
    observe: async ({ call, simulator }) =>
      (await call('GET', '/me', { bearer: simulator.issue() })).headers.get('facebook-api-version'),
    sees: [
      ['v25.0', 'v25.0'],
      ['v26.0', 'v26.0'],
      ['v24.0', 'v24.0'],
      ['v23.0', 'v23.0'],
      ['v22.0', 'v22.0'],
      ['v21.0', 'v21.0'],
    ],
  },
} satisfies Partial<Probes>;
