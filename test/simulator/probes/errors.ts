import { BAD, injected, killed, type Probes, status } from './probe.ts';

export const errorProbes = {
  statusFor190: {
    observe: async ({ send }) => {
      const reply = await send(BAD);
      return [reply.status, reply.headers.get('www-authenticate')?.startsWith('OAuth "Facebook Platform"')];
    },
    sees: [
      [401, [401, undefined]],
      [400, [400, true]],
    ],
  },
  statusFor200: {
    given: { assetAssigned: false },
    observe: async ({ send, simulator }) => status(await send(simulator.issue())),
    sees: [
      [403, 403],
      [400, 400],
    ],
  },
  statusForRateLimit: {
    observe: async (harness) => [
      status(await injected(harness, 4)),
      status(await injected(harness, 80007)),
      status(await injected(harness, 80008)),
    ],
    sees: [
      [429, [429, 429, 429]],
      [400, [400, 400, 400]],
      [403, [403, 403, 403]],
    ],
  },
  statusForTransient: {
    observe: async (harness) => [status(await injected(harness, 1)), status(await injected(harness, 2))],
    sees: [
      [500, [500, 500]],
      [503, [503, 503]],
      [400, [400, 400]],
    ],
  },
  missingObject: {
    observe: async ({ call, simulator }) => {
      const reply = await call('GET', '/v25.0/123456', { bearer: simulator.issue() });
      return [reply.status, reply.body.error.code, reply.body.error.error_subcode];
    },
    sees: [
      ['100/33', [400, 100, 33]],
      ['803', [404, 803, undefined]],
    ],
  },
  noTokenCode: {
    observe: async ({ call }) => (await call('GET', '/v25.0/me')).body.error.code,
    sees: [
      [104, 104],
      [190, 190],
      [200, 200],
    ],
  },
  subcodePresent: {
    observe: async ({ send, debug, simulator }) => {
      const token = simulator.issue({ expiresInDays: -1 });
      const { body } = await debug(token);
      return [(await send(token)).body.error.error_subcode, body.data.error.subcode];
    },
    sees: [
      [true, [463, 463]],
      [false, [undefined, undefined]],
    ],
  },
  revokeSubcode: {
    observe: async (harness) => {
      const token = await killed(harness);
      const { body } = await harness.debug(token);
      return [(await harness.send(token)).body.error.error_subcode, body.data.error.subcode];
    },
    sees: [
      ['none', [undefined, undefined]],
      [466, [466, 466]],
      [467, [467, 467]],
    ],
  },
  isTransientPresent: {
    observe: async (harness) => [
      (await injected(harness, 2)).body.error.is_transient,
      (await harness.send(BAD)).body.error.is_transient,
    ],
    sees: [
      [true, [true, false]],
      [false, [undefined, undefined]],
    ],
  },
  errorDataAsString: {
    observe: async ({ call, simulator }) => {
      const path = `/v25.0/${simulator.world.phoneNumberId}/messages`;
      const { body } = await call('POST', path, { bearer: simulator.issue(), json: {} });
      return body.error.error_data;
    },
    sees: [
      [false, { messaging_product: 'whatsapp', details: 'messaging_product must be whatsapp' }],
      [true, '{"messaging_product":"whatsapp","details":"messaging_product must be whatsapp"}'],
    ],
  },
  retryAfterS: {
    observe: async (harness) => (await injected(harness, 80007)).headers.get('retry-after'),
    sees: [
      [0, null],
      [7, '7'],
    ],
  },
  regainMinutes: {
    observe: async (harness) => {
      const header = (await injected(harness, 80008)).headers.get('x-business-use-case-usage') ?? '{}';
      return JSON.parse(header)[harness.simulator.world.wabaId][0].estimated_time_to_regain_access;
    },
    sees: [
      [1, 1],
      [12, 12],
    ],
  },
  usageHeadersPresent: {
    observe: async (harness) => {
      const [normal, limited] = [await harness.send(harness.simulator.issue()), await injected(harness, 4)];
      return [
        normal.headers.has('x-business-use-case-usage'),
        limited.headers.has('x-business-use-case-usage'),
        limited.headers.has('x-app-usage'),
      ];
    },
    sees: [
      [true, [true, true, true]],
      [false, [false, false, false]],
    ],
  },
} satisfies Partial<Probes>;
