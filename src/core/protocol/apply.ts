import { toInstant } from '../credential.ts';
import type { Ledger } from '../ledger.ts';
import { isDead } from '../rows.ts';
import { append, type TrailNote } from '../trail.ts';
import { creationChanges } from './apply-creation.ts';
import { deathChanges } from './apply-death.ts';
import { placeChanges } from './apply-place.ts';
import { rotationChanges } from './apply-rotation.ts';
import type { Change } from './changes.ts';
import type { Handler, Handlers, Pen } from './record.ts';

/** Dead rows that are remembered, so that an old key that comes back is recognised. */
const DEAD_ROWS_KEPT = 8;

const HANDLERS: Handlers<Change['type']> = {
  ...rotationChanges,
  ...creationChanges,
  ...placeChanges,
  ...deathChanges,
};

/** The ledger after a change, its trail included. Pure. */
export function apply(ledger: Ledger, change: Change, pen: Pen): Ledger {
  const handler = HANDLERS[change.type] as Handler<Change['type']>;
  const rotation = ledger.rotation?.id;
  const { ledger: changed, note } = handler(ledger, change as never, pen);
  const pruned = prune(changed);
  if (note === null) return pruned;
  const id = changed.rotation?.id ?? rotation;
  const entry: TrailNote = {
    at: toInstant(pen.now),
    event: note.event,
    by: pen.by,
    ...(id === undefined ? {} : { rotation: id }),
    ...(note.key === undefined ? {} : { key: note.key }),
    ...(note.data === undefined ? {} : { data: note.data }),
  };
  return { ...pruned, trail: append(pruned.trail, ledger.credential, entry) };
}

/** Forgets the oldest dead rows, but never one whose value the store still keeps. */
function prune(ledger: Ledger): Ledger {
  const finished = ledger.keys.filter(
    (key) =>
      isDead(key) &&
      key.storeVersion === undefined &&
      (key.spares ?? []).length === 0 &&
      key.id !== ledger.rotation?.old &&
      key.id !== ledger.rotation?.new,
  );
  const excess = finished.length - DEAD_ROWS_KEPT;
  if (excess <= 0) return ledger;
  const gone = new Set(finished.slice(0, excess).map((key) => key.id));
  return { ...ledger, keys: ledger.keys.filter((key) => !gone.has(key.id)) };
}
