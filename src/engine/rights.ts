import { KeyturnError } from '../core/errors.ts';
import type { Ledger, Rotation } from '../core/ledger.ts';
import type { Step } from '../core/protocol/changes.ts';
import type { MissingRight } from '../core/store.ts';
import { guarded } from './guard.ts';
import type { Run } from './run.ts';

/** An emergency is not held up: a right that is missing may be one that it does not need. */
const CHECKED: ReadonlySet<Rotation['kind'] | undefined> = new Set(['scheduled', 'manual']);

/** Whether the step leads to a key that the store will have to take. */
export function leadsToKey(step: Step, { rotation }: Ledger): boolean {
  if (step.do === 'record') return step.change.type === 'opened' && CHECKED.has(step.change.kind);
  return step.do === 'intend' && step.effect.kind === 'create' && CHECKED.has(rotation?.kind);
}

/** What the store says is missing for a rotation; null where it cannot tell. */
export function missingRights(
  run: Pick<Run, 'store' | 'credential' | 'world' | 'signal'>,
): Promise<readonly MissingRight[] | null> {
  const { store, world, signal } = run;
  const { name, location } = run.credential;
  return guarded(world, `ask for the rights at ${location}`, signal, async (inner) =>
    store.rights === undefined ? null : store.rights({ credential: name, location }, inner),
  );
}

/** Throws where it is known beforehand that the store would not take a key (DENIED, CONFIG): then none is made. */
export async function requireRights(run: Run): Promise<void> {
  if (run.store.traits.objectsOnly === true && run.credential.fields === undefined) {
    throw new KeyturnError('CONFIG', `the store of ${run.credential.name} holds JSON objects only`, {
      hint: 'give the credential `fields`, or a store of its own; no key was made',
      unsent: true,
    });
  }
  const missing = (await missingRights(run)) ?? [];
  const [first] = missing;
  if (first === undefined) return;
  const all = missing.map(({ permission, on }) => `${permission} on ${on}`);
  const grants = [...new Set(missing.map(({ grant }) => grant))];
  throw new KeyturnError('DENIED', `the store does not allow ${all.join(', ')}`, {
    hint: `grant it: ${grants.join('; ')}; no key was made`,
    unsent: true,
  });
}
