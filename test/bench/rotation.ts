import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Issuer } from '../../src/core/issuer.ts';
import type { PluginContext } from '../../src/core/plugin.ts';
import type { Policy } from '../../src/core/policy.ts';
import { Secret } from '../../src/core/secret.ts';
import type { LedgerStore, SecretStore } from '../../src/core/store.ts';
import { adopt } from '../../src/engine/adopt.ts';
import { drive } from '../../src/engine/rotate.ts';
import type { Run } from '../../src/engine/run.ts';
import { issuerKinds } from '../../src/issuers/registry.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { generateIdentity } from '../../src/stores/file/identity.ts';
import { storeKinds } from '../../src/stores/registry.ts';

/** One rotation from the first save to the closed ledger, counted and timed. */
export interface RotationMeasure {
  /** Calls to the issuer, the store and the ledger, by name. */
  readonly calls: Readonly<Record<string, number>>;
  /** Requests that reached the simulator, by kind. */
  readonly requests: Readonly<Record<string, number>>;
  readonly totalMs: number;
  /** What is left when the time inside these calls is taken away. */
  readonly ownMs: number;
}

interface Meter {
  readonly calls: Record<string, number>;
  insideMs: number;
}

/** Rotates one token against the simulator over HTTP and an encrypted folder, with no overlap to wait for. */
export async function measureRotation(): Promise<RotationMeasure> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-measure-'));
  const simulator = await startSimulator({ clock: () => Date.now() });
  try {
    const { identity } = await generateIdentity();
    const context = contextFor(folder, {
      KEYTURN_IDENTITY: identity,
      META_APP_SECRET: simulator.world.appSecret,
      META_ADMIN_TOKEN: simulator.world.adminToken,
    });
    const issuer = await make<Issuer>(
      issuerKinds,
      {
        kind: 'meta-system-user',
        appId: simulator.world.appId,
        systemUserId: simulator.world.systemUserId,
        appSecret: 'env:META_APP_SECRET',
        adminToken: 'env:META_ADMIN_TOKEN',
        scopes: ['whatsapp_business_messaging', 'whatsapp_business_management'],
        checks: { phoneNumber: simulator.world.phoneNumberId },
        graphUrl: simulator.url,
      },
      context,
    );
    const store = await make<SecretStore>(
      storeKinds,
      { kind: 'file', path: folder, identity: 'env:KEYTURN_IDENTITY' },
      context,
    );
    const token = simulator.issue({ ageDays: 100 });
    const staged = await store.stage({ location: 'wa', mark: 'by-hand', text: Secret.of(token) }, never());
    await store.promote({ location: 'wa', version: staged.version, base: null }, never());
    const meter: Meter = { calls: {}, insideMs: 0 };
    await adopt(runFor(issuer, store, context), {});
    const before = simulator.requests().length;
    const begun = performance.now();
    const run = runFor(metered(issuer, 'issuer', meter), meteredStore(store, meter), context);
    const outcome = await drive(run, { do: 'run' });
    const totalMs = performance.now() - begun;
    if (outcome.outcome !== 'done')
      throw new Error(`the rotation ended as ${outcome.outcome}: ${outcome.reason}`);
    const requests: Record<string, number> = {};
    for (const { kind } of simulator.requests().slice(before)) requests[kind] = (requests[kind] ?? 0) + 1;
    return { calls: meter.calls, requests, totalMs, ownMs: totalMs - meter.insideMs };
  } finally {
    await simulator.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface AnyKind<Made> {
  readonly kind: string;
  readonly settings: { parse(value: unknown): unknown };
  readonly load: () => Promise<(settings: unknown, context: PluginContext) => Made>;
}

async function make<Made>(
  kinds: readonly { readonly kind: string; readonly open: () => Promise<AnyKind<Made>> }[],
  settings: { readonly kind: string; readonly [setting: string]: unknown },
  context: PluginContext,
): Promise<Made> {
  const kind = await kinds.find((one) => one.kind === settings.kind)?.open();
  if (kind === undefined) throw new Error(`no kind ${settings.kind}`);
  return (await kind.load())(kind.settings.parse(settings), context);
}

function contextFor(folder: string, env: Readonly<Record<string, string>>): PluginContext {
  return {
    now: () => Date.now(),
    random: (bytes) => randomBytes(bytes),
    sleep: async (ms, signal) => {
      await pause(ms, undefined, { signal });
    },
    resolve: async (reference) => env[reference.slice('env:'.length)] ?? '',
    folder,
    home: folder,
  };
}

/** The same object with every method counted and timed. */
function metered<T extends object>(target: T, name: string, meter: Meter): T {
  return new Proxy(target, {
    get(object, property, receiver) {
      const value: unknown = Reflect.get(object, property, receiver);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        const call = `${name}.${String(property)}`;
        const result: unknown = Reflect.apply(value, object, args);
        if (!(result instanceof Promise)) return result;
        meter.calls[call] = (meter.calls[call] ?? 0) + 1;
        const begun = performance.now();
        return result.finally(() => {
          meter.insideMs += performance.now() - begun;
        });
      };
    },
  });
}

function meteredStore(store: SecretStore, meter: Meter): SecretStore {
  const ledgers = store.ledgers === undefined ? {} : { ledgers: metered(store.ledgers, 'ledger', meter) };
  return metered({ ...store, ...ledgers }, 'store', meter);
}

function runFor(issuer: Issuer, store: SecretStore, context: PluginContext): Run {
  return {
    credential: { name: 'wa', issuer: 'meta', location: 'wa', tags: {} },
    issuer,
    store,
    ledgers: store.ledgers as LedgerStore,
    policy: policyFor(issuer, store),
    world: { ...context, monotonic: () => performance.now() },
    runner: { owner: `bench-${process.pid}`, host: 'bench', isGone: () => false, by: 'bench' },
    signal: never(),
    siblings: async () => [],
    effects: [],
    gates: [],
    sinks: [],
    takeLease: false,
    deadline: Date.now() + 60_000,
    waitForOverlap: false,
    report: () => undefined,
  };
}

function policyFor(issuer: Issuer, store: SecretStore): Policy {
  const has = (name: keyof Issuer): boolean => issuer[name] !== undefined;
  return {
    maxAge: 90 * 86_400_000,
    renewBefore: null,
    overlap: 0,
    lead: 0,
    acceptGap: false,
    scopes: [],
    gates: [],
    hooks: [],
    mirrors: [],
    shared: false,
    config: 'bench',
    converges: store.traits.converges,
    issuer: {
      ...issuer.traits,
      can: {
        register: has('register'),
        revoke: has('revoke'),
        find: has('find'),
        list: has('list'),
        slots: has('slots'),
      },
    },
  };
}

function never(): AbortSignal {
  return new AbortController().signal;
}
