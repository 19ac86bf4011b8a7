import type { Ledger } from '../../src/core/ledger.ts';
import type { World } from '../../src/engine/run.ts';
import type { Dice } from './random.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** True time begins here, in milliseconds since the epoch. */
export const START = Date.parse('2026-11-22T00:00:00.000Z');

const ABORTED = new Error('aborted');

/** A machine with clocks of its own. */
export interface Host {
  readonly name: string;
  /** What its wall clock says more than the truth. */
  readonly offset: number;
  asleepUntil: number;
  fellAsleep: number;
  /** How long it has slept in all: its monotonic clock stands still meanwhile. */
  slept: number;
}

/** One process. A dead one never goes on, whatever comes back to it. */
export interface Actor {
  readonly owner: string;
  readonly host: Host;
  /** Number of the operation that it carries out, and the credential's place. */
  readonly op: number;
  readonly credential: number;
  readonly controller: AbortController;
  dead: boolean;
  /** Calls so far. */
  calls: number;
  /** When it sent the request that is being answered. */
  began: number;
  /** When it sent its last read of `current` that was answered, and its last question about a key. */
  readAt: number;
  askedAt: number;
  /** The ledger that it saved last, and when. */
  saved: { readonly at: number; readonly ledger: Ledger } | null;
}

interface Event {
  time: number;
  readonly actor: Actor | null;
  readonly run: () => void;
  /** A timer stands still while its machine sleeps; a reply waits until it wakes. */
  readonly timer: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Virtual time and the order of everything that happens in it. Nothing happens but by `step`. */
export class Scheduler {
  time = START;
  /** The latest first. */
  readonly #events: Event[] = [];

  /** Runs something later. What belongs to an actor is dropped when that is dead, and waits while its machine sleeps. */
  later(ms: number, actor: Actor | null, run: () => void, timer = false, signal?: AbortSignal): void {
    this.#put({ time: this.time + ms, actor, run, timer, signal });
  }

  /** Lets the next thing happen that can wake a process up. False: nothing is left to happen. */
  step(): boolean {
    for (let event = this.#events.pop(); event !== undefined; event = this.#events.pop()) {
      const { actor, signal, timer, run } = event;
      if (actor?.dead === true || signal?.aborted === true) continue;
      const host = actor?.host;
      if (host !== undefined && host.asleepUntil > event.time) {
        event.time = host.asleepUntil + (timer ? event.time - host.fellAsleep : 1);
        this.#put(event);
        continue;
      }
      this.time = event.time;
      run();
      if (actor !== null) return true;
    }
    return false;
  }

  /** Puts a machine to sleep from now on. */
  sleep(host: Host, ms: number): void {
    host.fellAsleep = this.time;
    host.asleepUntil = this.time + ms;
    host.slept += ms;
  }

  /** Time and chance as this process is given them. */
  worldOf(actor: Actor, dice: Dice): World {
    const { host } = actor;
    return {
      now: () => Math.floor(this.time + host.offset),
      monotonic: () => this.time - host.slept,
      random: (bytes) => Uint8Array.from({ length: bytes }, () => dice.int(256)),
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          if (signal.aborted) reject(ABORTED);
          signal.addEventListener('abort', () => reject(ABORTED));
          this.later(ms, actor, resolve, true, signal);
        }),
    };
  }

  #put(event: Event): void {
    let at = this.#events.length;
    while (at > 0 && (this.#events[at - 1] as Event).time <= event.time) at -= 1;
    this.#events.splice(at, 0, event);
  }
}
