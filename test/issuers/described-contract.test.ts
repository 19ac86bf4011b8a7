import * as z from 'zod/mini';
import { issuerKinds } from '../../src/issuers/registry.ts';
import { type IssuerHarness, issuerContract } from '../contracts/issuer.ts';
import { ASKED_BY_KEY, PROVIDERS } from '../providers/all.ts';
import { contextFor } from '../providers/context.ts';
import type { Provider, StartProvider } from '../providers/provider.ts';

/** One that makes its secrets, and one whose secrets keyturn makes. */
const SILENT = ['twilio', 'vonage'];

async function harnessOf(kind: string, start: StartProvider): Promise<IssuerHarness> {
  const provider: Provider = await start();
  const { server, ring } = provider;
  const found = await issuerKinds.find((one) => one.kind === kind)?.open();
  if (found === undefined) throw new Error(`there is no issuer ${kind}`);
  const make = await found.load();
  const issuer = make(
    z.parse(found.settings, { ...provider.settings, timeout: SILENT.includes(kind) ? '2s' : '5s' }),
    contextFor(provider.env),
  );
  const record = provider.recordOf;
  return {
    issuer,
    liveKey: async () => provider.secretOf(provider.make()),
    deadKey: async () => {
      // Where making a key ends the others, they are to live on: this one is not made for its own sake.
      const alive = ring.live();
      const key = provider.make();
      for (const one of alive) one.deadFrom = null;
      key.deadFrom = 0;
      return provider.secretOf(key);
    },
    unknownKey: async () => provider.strange(),
    accepts: async (key) => ring.accepted(record(key)?.secret) !== null,
    state: () => JSON.stringify(ring.keys),
    keyId: (key) => record(key)?.id ?? null,
    ...(ASKED_BY_KEY.includes(kind) ? {} : { verifiesAlone: true as const }),
    creates: server.creates,
    requests: () => server.log.length,
    failures: [
      // All go through the same requests; waiting for no answer takes seconds, so two stand for the rest.
      ...(SILENT.includes(kind) ? (['silent'] as const) : []),
      'reset',
      'html',
      'cut',
      'lost',
      ...(ASKED_BY_KEY.includes(kind) ? [] : (['refused'] as const)),
    ],
    fail: (how, what) => server.fail(how, what),
    canaries: Object.values(provider.env),
    close: server.close,
  };
}

for (const [kind, start] of Object.entries(PROVIDERS)) issuerContract(kind, () => harnessOf(kind, start));
