import { KeyturnError } from '../../src/core/errors.ts';
import { type Dice, dice, hash } from './random.ts';
import { type Actor, MINUTE, type Scheduler, SECOND } from './world.ts';

/** What becomes of a call: when it lands at the other side, what comes back, and who lives to see it. */
interface Course {
  /** `late`: up to twenty minutes after it was sent, when the caller has long given up. */
  readonly lands: 'soon' | 'late' | 'never';
  readonly reply: 'soon' | 'slow' | 'lost' | 'refused' | 'limited' | 'never';
  readonly besides?: 'dies' | 'nap before' | 'nap after' | 'interrupt';
  /** What happens instead to a call that cannot come late: it has no effect, or the protocol excludes it. */
  readonly read?: Fault;
}

const COURSES = {
  slow: { lands: 'soon', reply: 'slow' },
  'lost-before': { lands: 'never', reply: 'lost' },
  'lost-after': { lands: 'soon', reply: 'lost' },
  hangs: { lands: 'never', reply: 'never' },
  late: { lands: 'late', reply: 'never', read: 'hangs' },
  refused: { lands: 'never', reply: 'refused', read: 'limited' },
  limited: { lands: 'never', reply: 'limited' },
  'die-before': { lands: 'never', reply: 'never', besides: 'dies' },
  'die-after': { lands: 'soon', reply: 'never', besides: 'dies' },
  'die-late': { lands: 'late', reply: 'never', besides: 'dies', read: 'die-before' },
  'nap-before': { lands: 'soon', reply: 'soon', besides: 'nap before', read: 'nap-after' },
  'nap-after': { lands: 'soon', reply: 'soon', besides: 'nap after' },
  interrupt: { lands: 'soon', reply: 'soon', besides: 'interrupt' },
} as const satisfies Record<string, Omit<Course, 'read'> & { readonly read?: string }>;

export type Fault = keyof typeof COURSES;
export const FAULTS = Object.keys(COURSES) as readonly Fault[];
const NONE: Course = { lands: 'soon', reply: 'soon' };

/** How long after it was sent a request can still have its effect. */
const LATEST = 20 * MINUTE;

/** Which faults happen in a schedule. Each call has chance of its own, so that taking out one fault moves no other. */
export interface FaultPlan {
  readonly seed: number;
  readonly probability: number;
  readonly kinds: readonly Fault[];
  /** Calls that meet no fault, as `op.call`. */
  readonly without: ReadonlySet<string>;
  /** After this moment everything works. */
  until: number;
}

export interface Call<T> {
  readonly actor: Actor;
  /** What is asked, for the trace and the table of what was reached. */
  readonly name: string;
  readonly effect: boolean;
  /** What happens at the other side, when the request gets there. */
  readonly land: () => T | Promise<T>;
}

export interface Happened {
  readonly id: string;
  readonly call: string;
  readonly fault: Fault;
  readonly phase: string;
}

export class Network {
  readonly happened: Happened[] = [];
  readonly #time: Scheduler;
  readonly #plan: FaultPlan;
  readonly #trace: (line: string) => void;
  readonly #died: (actor: Actor) => void;

  constructor(time: Scheduler, plan: FaultPlan, trace: (line: string) => void, died: (actor: Actor) => void) {
    this.#time = time;
    this.#plan = plan;
    this.#trace = trace;
    this.#died = died;
  }

  call<T>({ actor, name, effect, land }: Call<T>): Promise<T> {
    actor.calls += 1;
    const chance = dice(hash(this.#plan.seed, actor.op, actor.calls));
    const { lands, reply, besides } = this.#courseOf(actor, name, effect, chance);
    const time = this.#time;
    const nap = chance.between(6 * SECOND, besides === 'nap before' ? LATEST - MINUTE : 180 * MINUTE);
    if (besides === 'nap before') time.sleepHost(actor.host, nap);
    const there = chance.between(5, 150) + (besides === 'nap before' ? nap : 0);
    const back = reply === 'slow' ? chance.between(3 * SECOND, 45 * SECOND) : chance.between(5, 150);
    return new Promise<T>((resolve, reject) => {
      const arrive = (): void => {
        const landed = new Promise<T>((done) => done(land()));
        landed.catch(() => undefined);
        if (reply === 'soon' || reply === 'slow') time.later(back, actor, () => resolve(landed));
      };
      if (lands !== 'never') {
        time.later(lands === 'late' ? chance.between(5 * SECOND, LATEST) : there, null, arrive);
      }
      const error = failure(name, reply, chance.int(3));
      if (error !== null) time.later(there + back, actor, () => reject(error));
      if (besides === 'dies') this.#kill(actor, there + back);
      if (besides === 'interrupt') actor.controller.abort();
      if (besides === 'nap after') {
        time.sleepHost(actor.host, nap);
        // The connection may be gone when the machine wakes up.
        const gone = failure(name, 'lost', 0);
        if (chance.chance(0.5) && gone !== null) time.later(there, actor, () => reject(gone));
      }
    });
  }

  #courseOf(actor: Actor, call: string, effect: boolean, chance: Dice): Course {
    const { probability, without, kinds, until } = this.#plan;
    const drawn = chance.next();
    const kind = chance.pick(kinds);
    const id = `${actor.op}.${actor.calls}`;
    const spared = drawn >= probability || this.#time.time >= until || without.has(id);
    const course: Course = COURSES[kind];
    const fault = effect ? kind : (course.read ?? kind);
    this.#trace(`${actor.owner} ${id} ${call}${spared ? '' : `: ${fault}`}`);
    if (spared) return NONE;
    this.happened.push({ id, call, fault, phase: actor.phase() });
    return COURSES[fault];
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

function failure(name: string, reply: Course['reply'], which: number): KeyturnError | null {
  if (reply === 'lost') {
    const code = (['UNREACHABLE', 'UNAVAILABLE', 'BAD_REPLY'] as const)[which] ?? 'UNREACHABLE';
    return new KeyturnError(code, `${name}: no usable answer`, { hint: 'wait' });
  }
  if (reply === 'limited') {
    const retryAfterMs = [1_000, 20_000, 120_000][which] ?? 1_000;
    return new KeyturnError('RATE_LIMITED', `${name}: later, please`, { hint: 'wait', retryAfterMs });
  }
  if (reply !== 'refused') return null;
  const code = (['REFUSED', 'DENIED', 'UNREACHABLE'] as const)[which] ?? 'REFUSED';
  return new KeyturnError(code, `${name}: no`, { hint: 'mend it', unsent: true });
}
