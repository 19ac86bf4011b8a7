import type { World } from '../../src/engine/run.ts';
import type { Dice } from './random.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** True time begins here, in milliseconds since the epoch. */
export const START = Date.parse('2026-11-22T00:00:00.000Z');

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
  /** Number of the operation in the schedule that it carries out. */
  readonly op: number;
  readonly host: Host;
  readonly controller: AbortController;
  /** The phase of the open rotation that it works on. */
  readonly phase: () => string;
  dead: boolean;
  /** Calls so far. */
  calls: number;
  /** True time at which its last read of `current` began, and its last question about a key in it. */
  readAt: number;
  askedAt: number;
}

interface Event {
  time: number;
  readonly order: number;
  readonly actor: Actor | null;
  /** A timer stands still while its machine sleeps; a reply waits until it wakes. */
  readonly timer: boolean;
  readonly signal: AbortSignal | undefined;
  readonly run: () => void;
}

/** Virtual time and the order of everything that happens in it. Nothing happens but by `step`. */
export class Scheduler {
  time = START;
  #order = 0;
  readonly #heap: Event[] = [];

  /** Runs something later. What belongs to an actor is dropped when that is dead, and waits while its machine sleeps. */
  later(
    ms: number,
    actor: Actor | null,
    run: () => void,
    options: { readonly timer?: boolean; readonly signal?: AbortSignal } = {},
  ): void {
    this.#order += 1;
    const { timer = false, signal } = options;
    this.#push({ time: this.time + ms, order: this.#order, actor, timer, signal, run });
  }

  /** Lets the next thing happen that can wake a process up. False: nothing is left to happen. */
  step(): boolean {
    for (let event = this.#pop(); event !== undefined; event = this.#pop()) {
      const { actor, signal } = event;
      if (actor?.dead === true || signal?.aborted === true) continue;
      const host = actor?.host;
      if (host !== undefined && host.asleepUntil > event.time) {
        event.time = host.asleepUntil + (event.timer ? event.time - host.fellAsleep : 1);
        this.#push(event);
        continue;
      }
      this.time = event.time;
      event.run();
      if (actor !== null) return true;
    }
    return false;
  }

  /** Puts a machine to sleep from now on. */
  sleepHost(host: Host, ms: number): void {
    host.fellAsleep = this.time;
    host.asleepUntil = this.time + ms;
    host.slept += ms;
  }

  /** Time and chance as this process is given them. */
  worldOf(actor: Actor, dice: Dice): World {
    return {
      now: () => Math.floor(this.time + actor.host.offset),
      monotonic: () => this.time - actor.host.slept,
      random: (bytes) => dice.bytes(bytes),
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          if (signal === actor.controller.signal) {
            if (signal.aborted) reject(new Error('aborted'));
            signal.addEventListener('abort', () => reject(new Error('aborted')));
          }
          this.later(ms, actor, resolve, { timer: true, signal });
        }),
    };
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (!before(event, heap[up] as Event)) break;
      heap[at] = heap[up] as Event;
      at = up;
    }
    heap[at] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (let down = 1; down < heap.length; down = 2 * at + 1) {
      const right = heap[down + 1];
      const least = right !== undefined && before(right, heap[down] as Event) ? down + 1 : down;
      if (!before(heap[least] as Event, last)) break;
      heap[at] = heap[least] as Event;
      at = least;
    }
    heap[at] = last;
    return first;
  }
}

function before(a: Event, b: Event): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}
