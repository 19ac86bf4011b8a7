import { expect } from 'vitest';
import { type Planned, plan } from '../../src/engine/plan.ts';
import { drive } from '../../src/engine/rotate.ts';
import { outcomeIn, type Scene, sceneOf, type Task } from './scene.ts';
import { type Around, faulty } from './tap.ts';
import { DAY } from './world.ts';

/** One run whose process dies at the first call of this operation, and two minutes. */
export async function cutAt(
  scene: Scene,
  op: string,
  when: 'crash-before' | 'crash-after',
  task: Task = {},
): Promise<void> {
  const process = scene.clock.process();
  const around: Around = (call, perform) =>
    call.op === op
      ? faulty(when, { crash: () => process.kill(), later: () => undefined }, perform)
      : perform();
  expect(await scene.run({ ...task, process, around })).toBe('crashed');
  scene.clock.advance(120_000);
}

/** A rotation has replaced a key that lives for so long yet, in milliseconds. */
export async function expiring(left: number): Promise<Scene> {
  const scene = sceneOf({ traits: { longestLife: 100 * DAY } });
  outcomeIn(await scene.adopt(95));
  scene.clock.advance(5 * DAY - left);
  outcomeIn(await scene.run());
  return scene;
}

/** What a job would do, the issuer not asked; what is open goes on after that. */
export async function plannedIn(scene: Scene): Promise<Planned | null> {
  let planned: Planned | null = null;
  const work: Task['work'] = async (run) => {
    planned = await plan(run, { do: 'run' }, false);
    return drive(run, { do: 'resume' });
  };
  outcomeIn(await scene.run({ work }));
  return planned;
}
