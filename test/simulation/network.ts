import { KeyturnError } from '../../src/core/errors.ts';
import { Dice } from './random.ts';
import { type Actor, MINUTE, type Scheduler, SECOND } from './world.ts';

/** What becomes of a call: when it lands at the other side, what comes back, and who lives to see it. */
interface Course {
  readonly lands: 'soon' | 'late' | 'never';
  readonly reply: 'soon' | 'slow' | 'lost' | 'refused' | 'limited' | 'never';
  readonly besides?: 'dies' | 'nap before' | 'nap after' | 'interrupt';
  /** What happens instead where nothing can be late: to a call without effect, or where the protocol excludes it. */
  readonly unless?: Fault;
}

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

const COURSES: Readonly<Record<Fault, Course>> = {
  slow: { lands: 'soon', reply: 'slow' },
  'lost-before': { lands: 'never', reply: 'lost' },
  'lost-after': { lands: 'soon', reply: 'lost' },
  hangs: { lands: 'never', reply: 'never' },
  late: { lands: 'late', reply: 'never', unless: 'hangs' },
  refused: { lands: 'never', reply: 'refused' },
  limited: { lands: 'never', reply: 'limited' },
  'die-before': { lands: 'never', reply: 'never', besides: 'dies' },
  'die-after': { lands: 'soon', reply: 'never', besides: 'dies' },
  'die-late': { lands: 'late', reply: 'never', besides: 'dies', unless: 'die-before' },
  'nap-before': { lands: 'soon', reply: 'soon', besides: 'nap before', unless: 'nap-after' },
  'nap-after': { lands: 'soon', reply: 'soon', besides: 'nap after' },
  interrupt: { lands: 'soon', reply: 'soon', besides: 'interrupt' },
};
const SPARED: Course = { lands: 'soon', reply: 'soon' };

/** How long after it was sent a request can still have its effect. */
export const LATEST = 20 * MINUTE;

/** Which faults happen. Each call has chance of its own, so that to take one fault out moves no other. */
export interface FaultPlan {
  readonly seed: number;
  readonly probability: number;
  readonly kinds: readonly Fault[];
  /** Calls that meet no fault, as `op.call`. */
  readonly without: ReadonlySet<string>;
}

/** Calls that can land late, when the caller has given up. */
const EFFECTS: ReadonlySet<string> = new Set([
  ...[
    'create',
    'register',
    'revoke',
    'stage',
    'promote',
    'keep',
    'discard',
    'save',
    'writeSegment',
    'dropSegment',
  ],
]);
/** Methods that touch nothing outside. */
const INSIDE: ReadonlySet<string> = new Set(['invent', 'checkShape', 'instructions', 'overwrite']);
const never = new AbortController().signal;

interface Told {
  sent(actor: Actor, id: string, call: string, fault: Fault | null): void;
  died(actor: Actor): void;
}

/** Everything between the processes and the systems that they call. */
export class Network {
  /** From now on everything works. */
  calm = false;
  readonly #time: Scheduler;
  readonly #plan: FaultPlan;
  readonly #tell: Told;

  constructor(time: Scheduler, plan: FaultPlan, tell: Told) {
    this.#time = time;
    this.#plan = plan;
    this.#tell = tell;
  }

  /** The same object as a process reaches it: each of its methods is a call that can go wrong. */
  reach<T extends object>(
    target: T,
    actor: Actor,
    before?: (name: string, args: readonly unknown[]) => void,
    prompt: readonly string[] = [],
  ): T {
    const reached = Object.entries(target).map(([name, value]) => {
      if (typeof value !== 'function' || INSIDE.has(name)) return [name, value];
      // What lands late does so whether or not somebody still waits for it.
      const land = (args: readonly unknown[]) => value(...args.map((arg) => (isSignal(arg) ? never : arg)));
      const method = (...args: readonly unknown[]): unknown => {
        before?.(name, args);
        return this.call(actor, name, () => land(args), EFFECTS.has(name) && !prompt.includes(name));
      };
      return [name, method];
    });
    return Object.fromEntries(reached) as T;
  }

  /** Sends one request; `land` is what happens at the other side when it gets there. */
  call<T>(actor: Actor, name: string, land: () => T | Promise<T>, late = false): Promise<T> {
    actor.calls += 1;
    const dice = new Dice(this.#plan.seed, actor.op, actor.calls);
    const { lands, reply, besides } = this.#courseOf(actor, name, late, dice);
    const time = this.#time;
    const began = time.time;
    const nap = dice.between(6 * SECOND, besides === 'nap before' ? LATEST - MINUTE : 180 * MINUTE);
    const there = dice.between(5, 150) + (besides === 'nap before' ? nap : 0);
    const back = reply === 'slow' ? dice.between(3 * SECOND, 45 * SECOND) : dice.between(5, 150);
    if (besides?.startsWith('nap') === true) time.sleep(actor.host, nap);
    if (besides === 'interrupt') actor.controller.abort();
    return new Promise<T>((resolve, reject) => {
      const arrive = (): void => {
        actor.began = began;
        const landed = new Promise<T>((done) => done(land()));
        landed.catch(() => undefined);
        if (reply === 'soon' || reply === 'slow') time.later(back, actor, () => resolve(landed));
      };
      if (lands !== 'never')
        time.later(lands === 'late' ? dice.between(5 * SECOND, LATEST) : there, null, arrive);
      // The connection may be gone when the machine wakes up.
      const error = failureOf(name, besides === 'nap after' && dice.chance(0.5) ? 'lost' : reply, dice);
      if (error !== null)
        time.later(besides === 'nap after' ? there : there + back, actor, () => reject(error));
      if (besides === 'dies') time.later(there + back, null, () => this.#kill(actor));
    });
  }

  #courseOf(actor: Actor, call: string, late: boolean, dice: Dice): Course {
    const { probability, without, kinds } = this.#plan;
    const id = `${actor.op}.${actor.calls}`;
    const drawn = dice.next();
    const kind = dice.pick(kinds);
    const spared = drawn >= probability || this.calm || without.has(id);
    const fault = late ? kind : (COURSES[kind].unless ?? kind);
    this.#tell.sent(actor, id, call, spared ? null : fault);
    return spared ? SPARED : COURSES[fault];
  }

  #kill(actor: Actor): void {
    if (actor.dead) return;
    actor.dead = true;
    this.#tell.died(actor);
  }
}

function failureOf(name: string, reply: Course['reply'], dice: Dice): KeyturnError | null {
  switch (reply) {
    case 'lost':
      return new KeyturnError(
        dice.pick(['UNREACHABLE', 'UNAVAILABLE', 'BAD_REPLY']),
        `${name}: no usable answer`,
        {
          hint: 'wait',
        },
      );
    case 'limited': {
      const retryAfterMs = dice.pick([1_000, 20_000, 120_000]);
      return new KeyturnError('RATE_LIMITED', `${name}: later, please`, { hint: 'wait', retryAfterMs });
    }
    case 'refused':
      return new KeyturnError(dice.pick(['REFUSED', 'DENIED', 'UNREACHABLE']), `${name}: no`, {
        hint: 'mend it',
        unsent: true,
      });
    default:
      return null;
  }
}

function isSignal(arg: unknown): boolean {
  return typeof arg === 'object' && arg !== null && 'aborted' in arg;
}
