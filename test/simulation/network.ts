import { type ErrorCode, KeyturnError } from '../../src/core/errors.ts';
import type { Secret } from '../../src/core/secret.ts';
import { tapped } from '../engine/tap.ts';
import { asked, handed, look } from './look.ts';
import type { Actor } from './process.ts';
import { Dice } from './random.ts';
import { CANARY } from './truth.ts';
import { MINUTE, SECOND } from './world.ts';

/** Answers that leave open whether the request had its effect, and such as say that it had none. */
const ERRORS = {
  lost: (['UNREACHABLE', 'UNAVAILABLE', 'BAD_REPLY'] as const).map((code) => ({ code })),
  refused: (['REFUSED', 'DENIED', 'UNREACHABLE'] as const).map((code) => ({ code, unsent: true })),
  limited: [1_000, 20_000, 120_000].map((retryAfterMs) => ({ code: 'RATE_LIMITED' as const, retryAfterMs })),
} satisfies Readonly<Record<string, readonly { readonly code: ErrorCode }[]>>;

/** What becomes of a call. What is not said goes well. */
interface Course {
  readonly lands?: 'late' | 'never';
  readonly reply?: 'slow' | 'never' | keyof typeof ERRORS;
  readonly sender?: 'dies' | 'is interrupted' | 'naps before' | 'naps after';
  /** What happens instead where nothing can be late: to a call without effect, or where the protocol excludes it. */
  readonly unless?: string;
}

const COURSES = {
  slow: { reply: 'slow' },
  'lost-before': { lands: 'never', reply: 'lost' },
  'lost-after': { reply: 'lost' },
  hangs: { lands: 'never', reply: 'never' },
  late: { lands: 'late', reply: 'never', unless: 'hangs' },
  'lost-late': { lands: 'late', reply: 'lost', unless: 'lost-before' },
  refused: { lands: 'never', reply: 'refused' },
  limited: { lands: 'never', reply: 'limited' },
  'die-before': { lands: 'never', reply: 'never', sender: 'dies' },
  'die-after': { reply: 'never', sender: 'dies' },
  'die-late': { lands: 'late', reply: 'never', sender: 'dies', unless: 'die-before' },
  'nap-before': { sender: 'naps before', unless: 'nap-after' },
  'nap-after': { sender: 'naps after' },
  interrupt: { sender: 'is interrupted' },
} satisfies Readonly<Record<string, Course>>;
export type Fault = keyof typeof COURSES;
export const FAULTS = Object.keys(COURSES) as readonly Fault[];

/** How long after it was sent a request can still have its effect. */
export const LATEST = 59 * MINUTE;
/** Calls that change something, and can do so when the caller has given up; the first five need an intention. */
export const EFFECTS: readonly string[] = [
  ...['create', 'register', 'stage', 'promote', 'revoke'],
  ...['save', 'keep', 'discard', 'sink'],
];

/** The same object as a process reaches it: each of its methods is a call that can go wrong. */
export const reach = <T extends object>(actor: Actor, target: T): T =>
  tapped(target, '', ({ op, args }, perform) => {
    const { sim, plan } = actor.one;
    const name = op.slice(1);
    const effect = EFFECTS.indexOf(name);
    const lasting = effect >= 0 || name.endsWith('Segment');
    // Of two requests to promote, the first landing last, one would end the wrong key: the protocol says that nothing
    // can exclude an issuer that accepts a request minutes after it was sent.
    const prompt = name === 'revoke' && plan.traits.revokesBy === 'promotion';
    if (effect >= 0 && effect < 5) asked(actor, name, args[0] as Parameters<typeof asked>[2]);
    if (name === 'hook' || name === 'mirror') handed(actor, name);
    if (name === 'save') sim.saving(actor.one, args[1] as string);
    if (name === 'writeSegment')
      actor.one.judge('a segment', [
        ['I6', 'there is a secret in it', JSON.stringify(args).includes(CANARY)],
      ]);
    const began = sim.clock.time;
    return send(actor, name, lasting && !prompt, () => {
      actor.began = began;
      if (name === 'verify') {
        actor.askedAt = began;
        actor.asked.set((args[0] as Secret).open(), began);
      }
      if (name === 'read' && args[1] === 'current') actor.readAt = began;
      // What lands late does so whether or not somebody still waits for it.
      const done = perform('late');
      if (lasting) look(sim, actor);
      return done;
    });
  });

/** Sends one request; `land` is what happens at the other side when it gets there. */
function send(actor: Actor, name: string, late: boolean, land: () => Promise<unknown>): Promise<unknown> {
  const { clock, schedule } = actor.one.sim;
  actor.calls += 1;
  // Each call has chance of its own, so that to take one fault out moves no other.
  const dice = new Dice(schedule.seed, actor.operation.id, actor.calls);
  const { lands, reply, sender }: Course = courseOf(actor, name, late, dice);
  const before = sender === 'naps before';
  const nap = dice.between(6 * SECOND, before ? LATEST - MINUTE : 180 * MINUTE);
  const there = dice.between(5, 150) + (before ? nap : 0);
  const back = reply === 'slow' ? dice.between(3 * SECOND, 45 * SECOND) : dice.between(5, 150);
  if (before || sender === 'naps after') clock.sleep(actor.host, nap);
  if (sender === 'is interrupted') actor.controller.abort();
  return new Promise((resolve, reject) => {
    const arrive = (): void => {
      const landed = land();
      landed.catch(() => undefined);
      if (reply === undefined || reply === 'slow') clock.later(back, actor, () => resolve(landed));
    };
    const lag = lands === 'late' ? dice.between(5 * SECOND, LATEST) : there;
    if (lands !== 'never') clock.later(lag, null, arrive);
    // The connection may be gone when the machine wakes up.
    const cut = sender === 'naps after' && dice.chance(0.5);
    const errors = cut ? ERRORS.lost : ERRORS[reply as keyof typeof ERRORS];
    if (errors !== undefined) {
      const { code, ...more } = dice.pick<{ readonly code: ErrorCode }>(errors);
      const error = new KeyturnError(code, `${name}: ${cut ? 'lost' : reply}`, { hint: 'wait', ...more });
      clock.later(cut ? there : there + back, actor, () => reject(error));
    }
    if (sender === 'dies') clock.later(there + back, actor, actor.die);
  });
}

function courseOf(actor: Actor, call: string, late: boolean, dice: Dice): Course {
  const { sim } = actor.one;
  const { faults, without } = sim.schedule;
  const id = `${actor.operation.id}.${actor.calls}`;
  const drawn = dice.next();
  const kind = dice.pick(faults.kinds);
  const spared = drawn >= faults.probability || sim.calm || without.has(id);
  const { unless }: Course = COURSES[kind];
  const fault = late ? kind : ((unless ?? kind) as Fault);
  sim.trace(`${actor.owner} ${id} ${call}${spared ? '' : `: ${fault}`}`);
  if (!spared) sim.reached.push({ id, call, fault, ...sim.moment(actor) });
  return spared ? {} : COURSES[fault];
}
