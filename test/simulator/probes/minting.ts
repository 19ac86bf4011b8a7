import { MESSAGING, proofOf } from '../harness.ts';
import { code, employeeMint, type Probes, status } from './probe.ts';

export const mintingProbes = {
  requireExpiring: {
    observe: async ({ mint }) => [
      code(await mint()),
      code(await mint({ set_token_expires_in_60_days: 'true' })),
    ],
    sees: [
      [false, [200, 200]],
      [true, [100, 200]],
    ],
  },
  requireExpiringCode: {
    given: { requireExpiring: true },
    observe: async ({ mint }) => (await mint({ set_token_expires_in_60_days: 'false' })).body.error.code,
    sees: [
      [100, 100],
      [200, 200],
    ],
  },
  lifetimeDays: {
    observe: async ({ minted, simulator }) => {
      const token = await minted({ set_token_expires_in_60_days: 'true' });
      const key = simulator.lookup(token);
      return Math.round(((key?.expiresAt ?? 0) - (key?.issuedAt ?? 0)) / 86_400_000);
    },
    sees: [
      [60, 60],
      [90, 90],
    ],
  },
  mintReturnsSameToken: {
    observe: async ({ minted }) => new Set([await minted(), await minted()]).size,
    sees: [
      [false, 2],
      [true, 1],
    ],
  },
  mintInvalidatesPrevious: {
    observe: async ({ minted, send }) => {
      const first = await minted();
      const second = await minted();
      return [code(await send(first)), code(await send(second))];
    },
    sees: [
      [false, [200, 200]],
      [true, [190, 200]],
    ],
  },
  mintCallers: {
    observe: async (harness) => status(await employeeMint(harness)),
    sees: [
      ['any', 200],
      ['admin', 403],
    ],
  },
  mintNeedsBusinessManagement: {
    observe: async ({ mint, simulator }) => {
      const caller = simulator.issue({ userId: simulator.world.adminUserId });
      return status(await mint({ appsecret_proof: proofOf(simulator.world.appSecret, caller) }, caller));
    },
    sees: [
      [false, 200],
      [true, 403],
    ],
  },
  maxLiveTokens: {
    observe: async ({ mint }) => [code(await mint()), code(await mint()), code(await mint())],
    sees: [
      [0, [200, 200, 200]],
      [2, [200, 200, 100]],
    ],
  },
  extraScope: {
    observe: async ({ minted, debug }) => (await debug(await minted({ scope: MESSAGING }))).body.data.scopes,
    sees: [
      ['', [MESSAGING]],
      ['business_management', [MESSAGING, 'business_management']],
    ],
  },
  manageEventsScope: {
    observe: async ({ mint }) => code(await mint({ scope: 'whatsapp_business_manage_events' })),
    sees: [
      [false, 3962],
      [true, 200],
    ],
  },
  canonicalIdAccepted: {
    observe: async ({ mint, install, invalidate, simulator }) => {
      const id = simulator.world.canonicalUserId;
      const replies = [await mint({}, undefined, id), await install(id), await invalidate(id)];
      return replies.map(code);
    },
    sees: [
      [false, [100, 100, 100]],
      [true, [200, 200, 200]],
    ],
  },
  appInstalled: {
    observe: async ({ mint }) => code(await mint()),
    sees: [
      [true, 200],
      [false, 412],
    ],
  },
  appInstallable: {
    observe: async ({ install }) => code(await install()),
    sees: [
      [true, 200],
      [false, 3],
    ],
  },
  notInstalledCode: {
    given: { appInstalled: false },
    observe: async ({ mint }) => (await mint()).body.error.code,
    sees: [
      [412, 412],
      [200, 200],
      [100, 100],
    ],
  },
  installDelayS: {
    given: { appInstalled: false },
    observe: async ({ install, mint, pass }) => {
      await install();
      const soon = code(await mint());
      pass(120);
      return [soon, code(await mint())];
    },
    sees: [
      [0, [200, 200]],
      [120, [412, 200]],
    ],
  },
  installResponse: {
    observe: async ({ install }) => (await install()).body,
    sees: [
      ['true', true],
      ['success', { success: true }],
    ],
  },
} satisfies Partial<Probes>;
