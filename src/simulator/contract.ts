import type { FaultPlan } from './faults.ts';
import type { RequestRecord } from './journal.ts';
import type { Switches } from './switches.ts';
import type { KeyRecord } from './tokens.ts';
import type { World } from './world.ts';

export interface SimulatorOptions {
  /** 0, a free one, unless given. */
  readonly port?: number;
  /** Milliseconds since the epoch. The waits of faults run on real timers. */
  readonly clock: () => number;
  /** The same seed makes the same tokens and the same chance. 1, unless given. */
  readonly seed?: number;
  readonly world?: Partial<World>;
  readonly switches?: Partial<Switches>;
}

export interface IssueOptions {
  /** How long ago it was made. 0, unless given. */
  readonly ageDays?: number;
  /** The two WhatsApp permissions, unless given. */
  readonly scopes?: readonly string[];
  /** From now; negative: it has expired. It never expires, unless given. */
  readonly expiresInDays?: number;
  /** The employee system user and the app of the world, unless given. */
  readonly userId?: string;
  readonly appId?: string;
}

/** A running simulator of Meta's Graph API. Written from documentation: not evidence of what Meta does. */
export interface Simulator {
  /** `http://127.0.0.1:port`, without a slash at its end. */
  readonly url: string;
  readonly port: number;
  readonly world: World;
  /** May be changed at any time. */
  readonly switches: Switches;
  readonly faults: FaultPlan;
  /** Every key that ever was, in the order of making; the first is the admin token. */
  keys(): readonly KeyRecord[];
  /** The key of this value. Null: there never was one. */
  lookup(value: string): KeyRecord | null;
  /** Makes a token of a given age, as if by hand. Throws RangeError for a user or app that is not there. */
  issue(options?: IssueOptions): string;
  /** Kills a key from outside, as Meta does with a leaked one. Throws RangeError for an unknown id. */
  kill(id: string): void;
  /** Gives the app a new secret, as at the dashboard. Returns it. */
  resetAppSecret(): string;
  /** The newest requests to Graph, oldest first. */
  requests(): readonly RequestRecord[];
  /** Ends every connection and timer: effects that are still to land never do. A second time is fine. */
  close(): Promise<void>;
}
