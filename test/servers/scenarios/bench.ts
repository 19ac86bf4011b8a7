import type { SecretStore } from '../../../src/core/store.ts';

/** One call of a process to the server of its store. */
export interface Call {
  /** From 1, in the order of arrival. */
  readonly n: number;
  /** What it does, in the service's own words: `PutSecretValue`, `POST /v1/secret/data/x`. */
  readonly name: string;
}

/**
 * What becomes of a call. Done: `pass` and `lost` (the answer never comes: the connection is closed). Not done: `reset`
 * (closed without an answer), `hang` (open, and silent), `busy` (come back later), `broken` (a fault of the server),
 * `denied` (the right is missing).
 */
export const VERDICTS = ['pass', 'lost', 'reset', 'hang', 'busy', 'broken', 'denied'] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface Ruling {
  readonly verdict: Verdict;
  /** Of a call that is done: awaited when the server has answered, before the client sees anything of it. */
  readonly after?: () => Promise<void>;
}

/** Asked for each call when it has arrived and nothing is done yet. */
export type Rule = (call: Call) => Ruling | Promise<Ruling>;

/** What stands between the processes under test and the server. */
export interface Front {
  /** All that arrived so far. */
  readonly calls: readonly Call[];
  /** From now on; null: everything passes. */
  rule(rule: Rule | null): void;
}

/** One store on a server, for the scenarios that every store must pass. */
export interface ScenarioBench {
  readonly front: Front;
  /** What `store:` of a configuration says, in YAML on one line. It leads through the front. */
  readonly store: string;
  /** Variables that a process under test needs. */
  readonly env: Readonly<Record<string, string>>;
  /** The same store in this process, through the front. */
  openStore(): SecretStore;
  /** A location that was never used, another one each time. */
  location(): string;
  /** What a consumer reads, not through the front; null: nothing. */
  consume(location: string): Promise<string | null>;
  /** Makes a text current as a person would who knows nothing of keyturn, not through the front. */
  overwrite(location: string, text: string): Promise<void>;
  /** What the error of a call must say that was denied, and its hint of what grants it. Null: it does without. */
  denial(call: Call): { readonly says: string; readonly grant: string } | null;
  close(): Promise<void>;
}

/** What a store has for the scenarios. */
export interface ScenarioStore {
  readonly name: string;
  open(): Promise<ScenarioBench>;
  /** Scenarios that its server is known to get wrong: their names, and why. A cell that passes fails the run. */
  readonly knownBad?: Readonly<Record<string, string>>;
  /** Why its server is right or wrong by chance where two write at once: what rests on that is shown as skipped. */
  readonly losesRaces?: string;
}
