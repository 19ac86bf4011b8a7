import { KeyturnError } from '../../src/core/errors.ts';
import { dice, hash } from './random.ts';
import { type Actor, MINUTE, type Scheduler, SECOND } from './world.ts';

/** What can happen to one call, beyond that it works. */
export const FAULTS = [
  'slow',
  'lost-before',
  'lost-after',
  'hangs',
  'late',
  'refused',
  'limited',
  'die-before',
  'die-after',
  'die-late',
  'nap-before',
  'nap-after',
  'interrupt',
] as const;

export type Fault = (typeof FAULTS)[number];

/** How long after it was sent a request can still have its effect. */
const LATEST = 20 * MINUTE;

/** Which faults happen in a schedule: by the number of the operation and of its call. */
export interface FaultPlan {
  readonly seed: number;
  /** Of a call, to meet with a fault at all. */
  readonly probability: number;
  /** Faults that were taken out while shrinking, as `op.call`. */
  readonly without: ReadonlySet<string>;
  /** The kinds that this schedule has. */
  readonly kinds: readonly Fault[];
  /** After this moment everything works. */
  until: number;
}

export interface Call<T> {
  readonly actor: Actor;
  /** What is asked of whom, for the trace and the table of what was reached. */
  readonly name: string;
  readonly effect: boolean;
  /** What happens at the other side, when the request gets there. */
  readonly land: () => T;
}

/** Delivers calls: decides when each gets there, what comes back, and who lives to see it. */
export class Network {
  /** Every fault that happened, as `op.call`. */
  readonly happened: {
    readonly id: string;
    readonly call: string;
    readonly fault: Fault;
    readonly phase: string;
  }[] = [];
  readonly #time: Scheduler;
  readonly #plan: FaultPlan;
  readonly #trace: (line: string) => void;
  readonly #died: (actor: Actor) => void;
  calls = 0;

  constructor(time: Scheduler, plan: FaultPlan, trace: (line: string) => void, died: (actor: Actor) => void) {
    this.#time = time;
    this.#plan = plan;
    this.#trace = trace;
    this.#died = died;
  }

  call<T>({ actor, name, effect, land }: Call<T>): Promise<T> {
    this.calls += 1;
    actor.calls += 1;
    const chance = dice(hash(this.#plan.seed, actor.op, actor.calls));
    const fault = this.#faultOf(actor, name, effect, chance);
    const there = chance.between(5, 150);
    const back = chance.between(5, 150);
    const time = this.#time;
    // Nothing of ours may ever wait for a process that is gone.
    return new Promise<T>((resolve, reject) => {
      const answer = (after: number): void => {
        let settle: () => void;
        try {
          const value = land();
          settle = () => resolve(value);
        } catch (error) {
          settle = () => reject(error as Error);
        }
        time.later(after, actor, settle);
      };
      const landing = (ms: number): void =>
        time.later(ms, null, () => {
          try {
            land();
          } catch (error) {
            if (!(error instanceof KeyturnError)) throw error;
          }
        });
      const failing = (ms: number): void => time.later(ms, actor, () => reject(lost(name, chance.int(3))));
      switch (fault) {
        case null:
          time.later(there, null, () => answer(back));
          break;
        case 'slow':
          time.later(there, null, () => answer(chance.between(3 * SECOND, 45 * SECOND)));
          break;
        case 'lost-before':
          failing(there + back);
          break;
        case 'lost-after':
          landing(there);
          failing(there + back);
          break;
        case 'hangs':
          break;
        case 'late':
          landing(chance.between(5 * SECOND, LATEST));
          break;
        case 'refused':
        case 'limited':
          time.later(there + back, actor, () => reject(refusal(name, fault, chance.int(3))));
          break;
        case 'die-before':
          this.#kill(actor, there);
          break;
        case 'die-after':
          landing(there);
          this.#kill(actor, there + back);
          break;
        case 'die-late':
          landing(chance.between(5 * SECOND, LATEST));
          this.#kill(actor, there);
          break;
        case 'nap-before': {
          // The machine falls asleep just before the request leaves it.
          const nap = chance.between(6 * SECOND, LATEST - MINUTE);
          time.sleepHost(actor.host, nap);
          time.later(nap + there, null, () => answer(back));
          break;
        }
        case 'nap-after': {
          const nap = chance.between(6 * SECOND, 3 * 60 * MINUTE);
          const connected = chance.chance(0.5);
          time.later(there, null, () => answer(back));
          time.sleepHost(actor.host, nap);
          if (!connected) failing(there);
          break;
        }
        case 'interrupt':
          actor.controller.abort();
          time.later(there, null, () => answer(back));
          break;
      }
    });
  }

  #faultOf(actor: Actor, name: string, effect: boolean, chance: ReturnType<typeof dice>): Fault | null {
    const { probability, without, kinds, until } = this.#plan;
    const drawn = chance.next();
    const kind = chance.pick(kinds);
    const id = `${actor.op}.${actor.calls}`;
    if (drawn >= probability || this.#time.time >= until || without.has(id)) {
      this.#trace(`${actor.owner} ${id} ${name}`);
      return null;
    }
    const fault = effect ? kind : (READ_FAULTS[kind] ?? kind);
    this.#trace(`${actor.owner} ${id} ${name}: ${fault}`);
    this.happened.push({ id, call: name, fault, phase: actor.phase() });
    return fault;
  }

  #kill(actor: Actor, ms: number): void {
    this.#time.later(ms, null, () => {
      if (actor.dead) return;
      actor.dead = true;
      this.#trace(`${actor.owner} dies`);
      this.#died(actor);
    });
  }
}

/** A read that comes late is a read that hangs. */
const READ_FAULTS: Partial<Record<Fault, Fault>> = {
  late: 'hangs',
  'die-late': 'die-before',
  refused: 'limited',
};

/** Failures that leave it open whether there was an effect. */
function lost(name: string, which: number): KeyturnError {
  const code = (['UNREACHABLE', 'UNAVAILABLE', 'BAD_REPLY'] as const)[which] ?? 'UNREACHABLE';
  return new KeyturnError(code, `${name}: no usable answer`, { hint: 'wait' });
}

/** Failures that say that nothing was done. */
function refusal(name: string, fault: 'refused' | 'limited', which: number): KeyturnError {
  if (fault === 'limited') {
    const retryAfterMs = [1_000, 20_000, 120_000][which] ?? 1_000;
    return new KeyturnError('RATE_LIMITED', `${name}: later, please`, { hint: 'wait', retryAfterMs });
  }
  const code = (['REFUSED', 'DENIED', 'UNREACHABLE'] as const)[which] ?? 'REFUSED';
  return new KeyturnError(code, `${name}: no`, { hint: 'mend it', unsent: true });
}
