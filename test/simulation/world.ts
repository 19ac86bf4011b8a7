import type { Ledger } from '../../src/core/ledger.ts';
import type { World } from '../../src/engine/run.ts';
import type { Dice } from './random.ts';
import type { Operation } from './schedule.ts';
import type { Credential } from './truth.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** True time begins here, in milliseconds since the epoch. */
export const START = Date.parse('2026-11-22T00:00:00.000Z');

const ABORTED = new Error('aborted');

/** A machine with clocks of its own: the monotonic one stands still while it sleeps. */
export const newHost = (name: string, offset: number) => ({
  name,
  offset, // what its wall clock says more than the truth
  asleepUntil: 0,
  fellAsleep: 0,
  slept: 0, // in all
});
export type Host = ReturnType<typeof newHost>;

/** One process of keyturn. */
export const newActor = (owner: string, host: Host, { id, command }: Operation, one: Credential) => ({
  owner,
  host,
  op: id, // what it carries out
  command,
  one,
  controller: new AbortController(),
  dead: false, // it never goes on, whatever comes back to it
  die: (): void => undefined, // ends the wait for it
  calls: 0, // so far
  began: 0, // when it sent the request that is being answered
  readAt: 0, // when it sent its last read of `current` that was answered
  askedAt: 0, // and its last question about a key
  saved: null as { readonly at: number; readonly ledger: Ledger } | null, // what it saved last
});
export type Actor = ReturnType<typeof newActor>;

interface Event {
  time: number;
  /** Dropped when this one is dead, and put off while its machine sleeps. Null: at the other side. */
  readonly whose: Pick<Actor, 'dead' | 'host'> | null;
  readonly run: () => void;
  /** A timer stands still while its machine sleeps; a reply waits until it wakes. */
  readonly timer?: AbortSignal;
}

/** Virtual time and the order of everything that happens in it. Nothing happens but by `step`. */
export class Clock {
  time = START;
  readonly #events: Event[] = []; // the latest first

  later(ms: number, whose: Event['whose'], run: () => void): void {
    this.#put({ time: this.time + ms, whose, run });
  }

  /** Lets the next thing happen that can wake a process up. False: nothing is left to happen. */
  step(): boolean {
    for (let event = this.#events.pop(); event !== undefined; event = this.#events.pop()) {
      const { whose, timer, run } = event;
      if (whose?.dead === true || timer?.aborted === true) continue;
      if (whose !== null && whose.host.asleepUntil > event.time) {
        event.time = whose.host.asleepUntil + (timer ? event.time - whose.host.fellAsleep : 1);
        this.#put(event);
        continue;
      }
      this.time = event.time;
      run();
      if (whose !== null) return true;
    }
    return false;
  }

  /** Puts a machine to sleep from now on. */
  sleep(host: Host, ms: number): void {
    host.fellAsleep = this.time;
    host.asleepUntil = this.time + ms;
    host.slept += ms;
  }

  /** Time and chance as a process is given them. */
  worldOf(actor: Actor, dice: Dice): World {
    const { host } = actor;
    return {
      now: () => Math.floor(this.time + host.offset),
      monotonic: () => this.time - host.slept,
      random: (bytes) => Uint8Array.from({ length: bytes }, () => dice.int(256)),
      sleep: (ms, timer) =>
        new Promise((resolve, reject) => {
          if (timer.aborted) reject(ABORTED);
          timer.addEventListener('abort', () => reject(ABORTED));
          this.#put({ time: this.time + ms, whose: actor, run: resolve, timer });
        }),
    };
  }

  #put(event: Event): void {
    let at = this.#events.length;
    while (at > 0 && (this.#events[at - 1] as Event).time <= event.time) at -= 1;
    this.#events.splice(at, 0, event);
  }
}
