import { type ErrorCode, KeyturnError } from '../../src/core/errors.ts';
import { asked, look } from './look.ts';
import { Dice } from './random.ts';
import { type Actor, MINUTE, SECOND } from './world.ts';

/** What becomes of a call: when it lands at the other side, what comes back, and who lives to see it. */
interface Course {
  readonly lands: 'soon' | 'late' | 'never';
  readonly reply: 'soon' | 'slow' | 'lost' | 'refused' | 'limited' | 'never';
  readonly besides?: 'dies' | 'nap before' | 'nap after' | 'interrupt';
  /** What happens instead where nothing can be late: to a call without effect, or where the protocol excludes it. */
  readonly unless?: string;
}

const COURSES = {
  slow: { lands: 'soon', reply: 'slow' },
  'lost-before': { lands: 'never', reply: 'lost' },
  'lost-after': { lands: 'soon', reply: 'lost' },
  hangs: { lands: 'never', reply: 'never' },
  late: { lands: 'late', reply: 'never', unless: 'hangs' },
  'lost-late': { lands: 'late', reply: 'lost', unless: 'lost-before' },
  refused: { lands: 'never', reply: 'refused' },
  limited: { lands: 'never', reply: 'limited' },
  'die-before': { lands: 'never', reply: 'never', besides: 'dies' },
  'die-after': { lands: 'soon', reply: 'never', besides: 'dies' },
  'die-late': { lands: 'late', reply: 'never', besides: 'dies', unless: 'die-before' },
  'nap-before': { lands: 'soon', reply: 'soon', besides: 'nap before', unless: 'nap-after' },
  'nap-after': { lands: 'soon', reply: 'soon', besides: 'nap after' },
  interrupt: { lands: 'soon', reply: 'soon', besides: 'interrupt' },
} satisfies Readonly<Record<string, Course>>;
export type Fault = keyof typeof COURSES;
export const FAULTS = Object.keys(COURSES) as readonly Fault[];
const SPARED: Course = { lands: 'soon', reply: 'soon' };

/** How long after it was sent a request can still have its effect. */
export const LATEST = 59 * MINUTE;
/** Calls that change something, and can do so when the caller has given up; the first five need an intention. */
export const EFFECTS: readonly string[] = [
  ...['create', 'register', 'stage', 'promote', 'revoke'],
  ...['save', 'keep', 'discard', 'hook', 'mirror', 'sink'],
];
/** Methods that touch nothing outside. */
const INSIDE = ['invent', 'instructions'];
const never = new AbortController().signal;

/** The same object as a process reaches it: each of its methods is a call that can go wrong. */
export function reach<T extends object>(actor: Actor, target: T): T {
  const { sim, plan } = actor.one;
  const reached = Object.entries(target).map(([name, value]) => {
    if (typeof value !== 'function' || INSIDE.includes(name)) return [name, value];
    const effect = EFFECTS.indexOf(name);
    const lasting = effect >= 0 || name.endsWith('Segment');
    // Of two requests to promote, the first landing last, one would end the wrong key: the protocol says that nothing
    // can exclude an issuer that accepts a request minutes after it was sent.
    const prompt = name === 'revoke' && plan.traits.revokesBy === 'promotion';
    const method = (...args: readonly unknown[]): unknown => {
      if (effect >= 0 && effect < 5) asked(actor, name, args[0] as Parameters<typeof asked>[2]);
      if (name === 'save') sim.saving(actor.one, args[1] as string);
      return call(actor, name, lasting && !prompt, () => {
        // What lands late does so whether or not somebody still waits for it.
        const done = value(...args.map((arg) => (isSignal(arg) ? never : arg)));
        if (lasting) look(sim, actor);
        return done;
      });
    };
    return [name, method];
  });
  return Object.fromEntries(reached) as T;
}

/** Sends one request; `land` is what happens at the other side when it gets there. */
export function call<T>(actor: Actor, name: string, late: boolean, land: () => T | Promise<T>): Promise<T> {
  const { sim } = actor.one;
  const { clock, schedule } = sim;
  actor.calls += 1;
  // Each call has chance of its own, so that to take one fault out moves no other.
  const dice = new Dice(schedule.seed, actor.op, actor.calls);
  const { lands, reply, besides } = courseOf(actor, name, late, dice);
  const began = clock.time;
  const nap = dice.between(6 * SECOND, besides === 'nap before' ? LATEST - MINUTE : 180 * MINUTE);
  const there = dice.between(5, 150) + (besides === 'nap before' ? nap : 0);
  const back = reply === 'slow' ? dice.between(3 * SECOND, 45 * SECOND) : dice.between(5, 150);
  if (besides?.startsWith('nap') === true) clock.sleep(actor.host, nap);
  if (besides === 'interrupt') actor.controller.abort();
  return new Promise<T>((resolve, reject) => {
    const arrive = (): void => {
      actor.began = began;
      const landed = new Promise<T>((done) => done(land()));
      landed.catch(() => undefined);
      if (reply === 'soon' || reply === 'slow') clock.later(back, actor, () => resolve(landed));
    };
    if (lands !== 'never')
      clock.later(lands === 'late' ? dice.between(5 * SECOND, LATEST) : there, null, arrive);
    // The connection may be gone when the machine wakes up.
    const cut = besides === 'nap after' && dice.chance(0.5);
    const error = failureOf(name, cut ? 'lost' : reply, dice);
    if (error !== null) clock.later(cut ? there : there + back, actor, () => reject(error));
    if (besides === 'dies') clock.later(there + back, sim.director, () => sim.kill(actor));
  });
}

function courseOf(actor: Actor, name: string, late: boolean, dice: Dice): Course {
  const { sim } = actor.one;
  const { faults, without } = sim.schedule;
  const id = `${actor.op}.${actor.calls}`;
  const drawn = dice.next();
  const kind = dice.pick(faults.kinds);
  const spared = drawn >= faults.probability || sim.calm || without.has(id);
  const { unless }: Course = COURSES[kind];
  const fault = late ? kind : ((unless ?? kind) as Fault);
  sim.trace(`${actor.owner} ${id} ${name}${spared ? '' : `: ${fault}`}`);
  if (!spared) sim.reached.push({ id, call: name, fault, ...sim.moment(actor) });
  return spared ? SPARED : COURSES[fault];
}

/** Errors that leave open whether the request had its effect, and such as say that it had none. */
const ERRORS: Readonly<Record<string, readonly ErrorCode[]>> = {
  lost: ['UNREACHABLE', 'UNAVAILABLE', 'BAD_REPLY'],
  refused: ['REFUSED', 'DENIED', 'UNREACHABLE'],
};

function failureOf(name: string, reply: Course['reply'], dice: Dice): KeyturnError | null {
  if (reply === 'limited') {
    const retryAfterMs = dice.pick([1_000, 20_000, 120_000]);
    return new KeyturnError('RATE_LIMITED', `${name}: later, please`, { hint: 'wait', retryAfterMs });
  }
  const codes = ERRORS[reply];
  if (codes === undefined) return null;
  return new KeyturnError(dice.pick(codes), `${name}: ${reply}`, {
    hint: 'wait',
    unsent: reply === 'refused',
  });
}

function isSignal(arg: unknown): boolean {
  return typeof arg === 'object' && arg !== null && 'aborted' in arg;
}
