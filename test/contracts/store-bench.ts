import { Secret } from '../../src/core/secret.ts';
import type { SecretStore, Version } from '../../src/core/store.ts';
import { callWitness, type Witness } from './witness.ts';

/** One store with what lies behind it. Everything but `store` acts there directly. */
export interface StoreHarness {
  readonly store: SecretStore;
  /** A location that was never used, another one each time. */
  location(): string;
  /** The same values through another store object, as a process would see them that starts now. */
  reopen?(): Promise<SecretStore>;
  /** Makes a text current as somebody would who knows nothing of keyturn. */
  overwrite?(location: string, text: string): Promise<void>;
  /** What a consumer reads at a location, by the means of consumers; null when there is nothing. */
  consume?(location: string): Promise<string | null>;
  close(): Promise<void>;
}

/** A version that no store ever gave. */
export const UNKNOWN_VERSION = '0'.repeat(32);

type Which = Parameters<SecretStore['read']>[1];

/** One location of the store under test, and short words for what is done to it. */
export interface StoreBench extends Witness {
  readonly harness: StoreHarness;
  readonly store: SecretStore;
  readonly at: string;
  /** Another text each time. */
  fresh(): string;
  stage(mark: string, text: string): Promise<Version>;
  promote(version: Version, base: Version | null): Promise<Version>;
  read(
    which: Which,
    from?: SecretStore,
  ): Promise<{ readonly version: Version; readonly text: string | null } | null>;
  /** Stages and promotes; gives the version that is current then. */
  put(mark: string, text: string): Promise<Version>;
  /** Ends the test. Every error of it is searched for the texts that it was about. */
  close(): Promise<void>;
}

export function openBench(harness: StoreHarness): StoreBench {
  const { signal } = new AbortController();
  const { store } = harness;
  const at = harness.location();
  const witness = callWitness();
  let texts = 0;

  const stage: StoreBench['stage'] = async (mark, text) =>
    (await store.stage({ location: at, mark, text: Secret.of(text) }, signal)).version;
  const promote: StoreBench['promote'] = async (version, base) =>
    (await store.promote({ location: at, version, base }, signal)).version;
  const read: StoreBench['read'] = async (which, from = store) => {
    const value = await from.read(at, which, signal);
    return value === null ? null : { version: value.version, text: value.text.open() };
  };

  return {
    ...witness,
    harness,
    store,
    at,
    stage,
    promote,
    read,
    fresh: () => {
      texts += 1;
      return `${witness.canary}-${texts}`;
    },
    put: async (mark, text) => {
      const before = await read('current');
      return await promote(await stage(mark, text), before?.version ?? null);
    },
    close: async () => {
      await harness.close();
      witness.expectSilence();
    },
  };
}
