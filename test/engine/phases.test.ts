import { describe, expect, it } from 'vitest';
import { KeyturnError } from '../../src/core/errors.ts';
import type { OwedEffect } from '../../src/engine/run.ts';
import { PATIENCE, sampled } from './long.ts';
import { type Scene, type SceneOptions, sceneOf } from './scene.ts';
import { type Around, FAULTS, type Fault, faulty } from './tap.ts';
import { DAY, HOUR } from './world.ts';

const hook: OwedEffect = { name: 'restart', kind: 'hook', perform: async () => undefined };
const HOOKED = { policy: { hooks: ['restart'] }, effects: [hook] } as const;

/** Every class of issuer that the engine treats differently. */
const CLASSES: Readonly<Record<string, SceneOptions & { readonly gap?: true }>> = {
  'by secret': { ...HOOKED, traits: { settles: 5_000 } },
  'by id, with marks': { ...HOOKED, traits: { revokesBy: 'id', marks: true } },
  'by id, with lists': { ...HOOKED, traits: { revokesBy: 'id', lists: true } },
  'keys that never end': { ...HOOKED, traits: { longestLife: null, maxLive: 3 } },
  'client-made, registered': { ...HOOKED, traits: { secretFrom: 'client' } },
  'client-made, nothing to revoke': {
    ...HOOKED,
    traits: { secretFrom: 'client', revokesBy: 'nothing', proves: false, longestLife: null },
  },
  'operator-made': { ...HOOKED, traits: { secretFrom: 'operator', revokesBy: 'operator' } },
  'one key at a time': {
    policy: { ...HOOKED.policy, acceptGap: true },
    effects: [hook],
    traits: { maxLive: 1, revokesBy: 'replacement' },
    gap: true,
  },
};

const OPS = [
  'issuer.create',
  'issuer.register',
  'issuer.verify',
  'issuer.revoke',
  'issuer.find',
  'issuer.list',
  'store.stage',
  'store.promote',
  'store.read',
  'store.keep',
  'store.discard',
  'hook.perform',
  'ledger.load',
  'ledger.save',
];

const LOOKS: ReadonlySet<string> = new Set([
  'issuer.verify',
  'issuer.find',
  'issuer.list',
  'store.read',
  'ledger.load',
]);
const LOOK_FAULTS: readonly Fault[] = ['crash-before', 'unavailable', 'limited', 'timeout'];

/** Puts the fault on the nth call of this operation in a life, counted over all processes. */
function faultOn(
  scene: () => Scene,
  op: string,
  nth: number,
  fault: Fault,
): { around: Around; hits: () => number } {
  let seen = 0;
  let hits = 0;
  return {
    hits: () => hits,
    around: (call, perform) => {
      if (call.op !== op) return perform();
      seen += 1;
      if (seen !== nth) return perform();
      hits += 1;
      return faulty(
        fault,
        { crash: () => processes.at(-1)?.kill(), later: (one) => scene().late.push(one) },
        perform,
      );
    },
  };
}

const processes: { kill(): void }[] = [];

async function live(name: string, op: string, nth: number, fault: Fault): Promise<boolean> {
  const options = CLASSES[name] ?? {};
  const scene: Scene = sceneOf(options);
  if (options.gap) Object.assign(scene.watch.allowed, { earlyDeath: true, lastKey: true });
  const doing = faultOn(() => scene, op, nth, fault);
  const step = async (how: (task: { around: Around }) => Promise<unknown>): Promise<void> => {
    await how({ around: doing.around });
    await scene.watch.look();
  };
  const start = (): { process: ReturnType<Scene['clock']['process']> } => {
    const process = scene.clock.process();
    processes.splice(0, processes.length, process);
    return { process };
  };
  if (options.traits?.proves === false) {
    await step((task) => scene.run({ ...task, ...start(), order: { do: 'rotate', reason: 'first' } }));
  } else {
    await step((task) => scene.adopt(100, { ...task, ...start() }));
  }
  const adopted = (await scene.watch.ledger())?.keys.some((key) => key.state === 'current');
  if (!adopted && options.traits?.proves !== false) {
    scene.clock.advance(HOUR);
    await scene.adoptAgain(start());
  }
  if (options.traits?.proves === false) scene.clock.advance(91 * DAY);
  for (const pause of [0, 61_000, 2 * HOUR, DAY + HOUR, 61_000]) {
    scene.clock.advance(pause);
    await step((task) => scene.run({ ...task, ...start() }));
  }
  await scene.untilRest();
  const violations = scene.watch.violations;
  if (violations.length > 0) throw new Error(`${name}, ${op} #${nth} ${fault}:\n${violations.join('\n')}`);
  return doing.hits() > 0;
}

describe.each(Object.keys(CLASSES))('every effect and every fault: %s', (name) => {
  it('goes through without a fault', async () => {
    await live(name, 'none', 1, 'crash-before');
  });

  it.each(OPS)(
    '%s',
    async (op) => {
      const failures: string[] = [];
      let place = Object.keys(CLASSES).indexOf(name) + OPS.indexOf(op);
      for (let nth = 1; nth <= 12; nth += 1) {
        let hit = false;
        for (const fault of LOOKS.has(op) ? LOOK_FAULTS : FAULTS) {
          place += 1;
          if (!sampled(place, 5)) continue;
          try {
            hit = (await live(name, op, nth, fault)) || hit;
          } catch (caught) {
            const error = caught as Error;
            failures.push(
              `${name}, ${op} #${nth} ${fault}: ${error instanceof KeyturnError ? error.code : ''} ${error.message}`,
            );
          }
        }
        if (!hit) break;
      }
      expect(failures.join('\n\n')).toBe('');
    },
    PATIENCE,
  );
});
