import { KeyturnError } from '../../src/core/errors.ts';
import { type Order, settleable } from '../../src/core/protocol/orders.ts';
import { Secret } from '../../src/core/secret.ts';
import { type AdoptRequest, adopt } from '../../src/engine/adopt.ts';
import type { Outcome } from '../../src/engine/outcome.ts';
import { provide } from '../../src/engine/provide.ts';
import { drive } from '../../src/engine/rotate.ts';
import type { Run } from '../../src/engine/run.ts';
import { endByHand, makeByHand } from './issuer.ts';
import { handOn, told } from './look.ts';
import { type Actor, runFor } from './process.ts';
import { put } from './store.ts';
import type { Credential, SimKey } from './truth.ts';
import { MINUTE } from './world.ts';

/** How a command ended, as far as who typed it can tell. `text` has what it says, secrets and all if there are any. */
export interface Result {
  readonly code: number;
  readonly text: string;
  readonly outcome: Outcome | null;
}

const adopted = (run: Run, request: AdoptRequest): Promise<Outcome> =>
  adopt(run, request).then(({ outcome }) => outcome);
type Typed = (one: Credential, run: Run) => Order | Promise<Outcome>;
type Allows = Partial<Credential['allowed']>;

const overlap = 10 * MINUTE; // the shortest that an operator asks for
const [reason, who] = ['asked for', 'a person'];
const alarm = { emergency: true };
const [settle, first] = [{ settle: true }, { ...alarm, revokeFirst: true }];

/** What is typed: what becomes of it, and what may happen from then on that else may not. */
const TYPED = {
  run: [() => ({ do: 'run' })],
  rotate: [() => ({ do: 'rotate', reason })],
  'rotate --overlap': [() => ({ do: 'rotate', reason, overlap }), { overlap }],
  rollback: [() => ({ do: 'rollback', reason })],
  'rollback --now': [() => ({ do: 'rollback', reason, now: true }), { overlap: 0 }],
  revoke: [() => ({ do: 'revoke', reason }), { revoke: true }],
  'revoke --attest': [(one) => ({ do: 'revoke', reason, attest: who, ...removed(one) }), settle],
  emergency: [() => ({ do: 'emergency', reason }), alarm],
  'emergency --again': [() => ({ do: 'emergency', reason, again: true }), alarm],
  'emergency --revoke-first': [() => ({ do: 'emergency', reason, revokeFirst: true }), first],
  provide: [(one, run) => provide(run, handed(one))],
  adopt: [(_, run) => adopted(run, {})],
  'adopt by hand': [(one, run) => adopted(run, { secret: Secret.of(makeByHand(one).value) })],
  forget: [(one) => ({ do: 'forget', orphan: removeOrphan(one), reason, who }), settle],
} satisfies Readonly<Record<string, readonly [Typed, Allows?]>>;

/** What somebody does who knows nothing of keyturn. */
const STRANGERS = {
  'stranger: foreign': (one) => put(one, makeByHand(one).value),
  'stranger: back': (one) => {
    const old = retiring(one);
    if (old !== undefined) put(one, old.value);
  },
  'stranger: mirror': (one) => {
    const old = retiring(one);
    if (one.mirror === null || old === undefined) return;
    one.mirroredAt = one.sim.clock.time;
    handOn(one, 'mirror', old.value);
    one.mirrorKnown = false;
  },
  'stranger: edits': (one) => {
    if (one.text() !== null && one.fields) put(one, `${one.sim.clock.time}`, { value: 'OTHER' });
  },
  'stranger: removes': (one) => {
    if (one.text() !== null && !one.fields) put(one, null);
  },
  'issuer: ends current': (one) => {
    const current = one.current();
    if (current?.mark) endByHand(one, current);
  },
} satisfies Readonly<Record<string, (one: Credential) => void>>;

/** A key that one may still find somewhere, and think that it is the right one. */
function retiring(one: Credential): SimKey | undefined {
  const rows = one.ledger?.keys.filter(({ state }) => state === 'retiring') ?? [];
  return rows.flatMap((row) => one.keyOf(row) ?? [])[0];
}

type Typing = keyof typeof TYPED;
type Stranger = keyof typeof STRANGERS;
export type Command = Typing | Stranger;
export const COMMANDS = Object.keys({ ...TYPED, ...STRANGERS }) as readonly Command[];

/** What a stranger is about to do; null: it is a command of keyturn. */
export function intrusionFor({ one, operation: { command } }: Actor): (() => void) | null {
  if (!(command in STRANGERS)) return null;
  return () => {
    one.intrusions += 1;
    STRANGERS[command as Stranger](one);
  };
}

/** Carries out one command of keyturn to its end. */
export async function obey(actor: Actor): Promise<Result> {
  const { one } = actor;
  const command = actor.operation.command as Typing;
  const { allowed, sim, promotes } = one;
  const open = one.ledger?.rotation;
  const [typed, allows]: readonly [Typed, Allows?] = TYPED[command];
  Object.assign(allowed, allows, { overlap: Math.min(allowed.overlap, allows?.overlap ?? Infinity) });
  try {
    const run = runFor(actor);
    const order = typed(one, run);
    const outcome = await ('do' in order ? drive(run, order) : order);
    const { exitCode: code, outcome: end, hint, problems } = outcome;
    told(actor, JSON.stringify([outcome.reason, hint, problems]));
    const last = one.ledger?.savedBy === actor.owner && code === 0;
    const left = one.ledger?.keys.some(({ state }) => state === 'retiring' || state === 'pending');
    // Another run may have put a key in place meanwhile, and an open rotation is resumed and not doubled.
    const alone = open === undefined && promotes === one.promotes;
    one.judge(`${command} ends with 0 ${end}`, [
      ['I10', 'and keys live', last && command.startsWith('emergency') && end !== 'waiting' && left === true],
      ['I7', 'and did nothing', last && command.startsWith('rotate') && end === 'none' && alone],
    ]);
    return { code, text: `${code} ${JSON.stringify([end, outcome.reason, hint, problems])}`, outcome };
  } catch (caught) {
    const { exitCode: code = 1, message, hint, stack } = caught as Partial<KeyturnError>;
    const known = caught instanceof KeyturnError && caught.code !== 'BUG';
    if (!known) sim.fail('BUG', `${message} ${stack}`);
    return { code, text: `${code} ${message}; ${hint}`, outcome: null };
  }
}

/** What a person hands over: nearly always a new key. */
function handed(one: Credential): Secret {
  const known = one.sim.dice.chance(0.1) ? one.live().at(-1) : undefined;
  return Secret.of((known ?? makeByHand(one)).value);
}

/** A person removes keys at the issuer, but for the one that consumers read. */
export function remove(one: Credential, keys: readonly (SimKey | null | undefined)[]): void {
  for (const key of keys) if (key && key !== one.current()) endByHand(one, key);
}

/** A person who attests a removal has removed the key, and names it. */
function removed(one: Credential): { readonly key?: string } {
  const row = one.ledger === null ? undefined : settleable(one.ledger)[0];
  remove(one, [one.keyOf(row)]);
  return row === undefined ? {} : { key: row.id };
}

/** A person who settles an orphan has looked for it, and removed it where it was. */
export function removeOrphan(one: Credential): string {
  const rows = one.ledger?.keys ?? [];
  const row = rows.find(({ state, valueLost }) => state === 'possible' || (state === 'pending' && valueLost));
  const key = one.live().find(({ mark }) => mark === row?.id);
  // The issuer gave it twice, and it is in place under another name.
  const stays = rows.some((other) => other.state === 'current' && one.keyOf(other) === key);
  if (key !== undefined && !stays) endByHand(one, key);
  return row?.id ?? 'none';
}
