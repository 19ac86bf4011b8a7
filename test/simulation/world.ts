export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** True time begins here, in milliseconds since the epoch. */
export const START = Date.parse('2026-11-22T00:00:00.000Z');

/** A machine with clocks of its own: the monotonic one stands still while it sleeps. */
export const newHost = (offset: number) => ({
  offset, // what its wall clock says more than the truth
  asleepUntil: 0,
  fellAsleep: 0,
  slept: 0, // in all
});
export type Host = ReturnType<typeof newHost>;

interface Event {
  time: number;
  /** Dropped when this one is dead, and put off while its machine sleeps. Null: at the other side. */
  readonly whose: { readonly dead: boolean; readonly host: Host } | null;
  readonly run: () => void;
  /** A timer stands still while its machine sleeps; a reply waits until it wakes. */
  readonly timer: AbortSignal | null;
}

/** Virtual time and the order of everything that happens in it. Nothing happens but by `step`. */
export class Clock {
  time = START;
  readonly #events: Event[] = []; // the latest first

  later(ms: number, whose: Event['whose'], run: () => void, timer: AbortSignal | null = null): void {
    this.#put({ time: this.time + ms, whose, run, timer });
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

  #put(event: Event): void {
    let at = this.#events.length;
    while (at > 0 && (this.#events[at - 1] as Event).time <= event.time) at -= 1;
    this.#events.splice(at, 0, event);
  }
}
