import { keyIn } from '../../src/core/document.ts';
import type { Key, Ledger } from '../../src/core/ledger.ts';
import { fingerprint, type Secret } from '../../src/core/secret.ts';
import type { StoredValue } from '../../src/core/store.ts';
import type { TrailEntry, TrailNote } from '../../src/core/trail.ts';
import { traitsOf } from './reach.ts';
import type { Plan } from './schedule.ts';
import type { Simulation } from './simulate.ts';

/** Every secret has this in it, so that one that got out is found by a plain search. */
export const CANARY = 'plainly-fake';

/** A promise of docs/protocol.md. BUG: an exception or a defect, which is no promise. */
export type Promised = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'I10' | 'BUG';
/** A check: the promise, what it is to break it, and whether that is so. */
export type Rule = readonly [promise: Promised, says: string, broken: boolean];

/** One key at the issuer, and what consumers have of it. */
export const newKey = (id: string, value: string, mark: string | null, issuedAt: number) => ({
  id,
  value,
  mark, // the row that asked for it; null: a person made it
  issuedAt,
  expiresAt: Infinity,
  endedAt: null as number | null, // it may be accepted for a while yet
  seen: false, // by `look`, and whether it had ended then
  over: false,
  accepted: mark === null, // the issuer has said that it works: from then on it does, everywhere, while it lives
  calledDead: false, // the issuer has said so, or that it has ended it
  given: false, // it was the answer to a create
  place: null as { readonly stranger: boolean; known: boolean } | null, // in `current`: by whom, and whether we know
  readUntil: null as number | null, // when a consumer may have read it last; null: never
  overlap: 0, // how long from then on it was promised to work
  ended: false, // a command ended its overlap
  first: false, // a command ends it before its successor is there
  mirrored: false,
});
export type SimKey = ReturnType<typeof newKey>;

/** One credential in truth: what issuer, store, consumers and people know, and what its ledger has said so far. */
export class Credential {
  readonly sim: Simulation;
  readonly name: string;
  readonly plan: Plan;
  readonly traits: readonly string[]; // for the table of what was reached
  readonly location: string;
  readonly fields: Readonly<Record<string, string>> | undefined;
  readonly keys: SimKey[] = []; // every one that its issuer ever made
  readonly again = new Map<string, SimKey>(); // those that it gave once more, by the row that asked
  shown: StoredValue | null = null; // what was current at the last look
  before: { readonly value: StoredValue | null; readonly at: number } | null = null; // what was there until when
  values: ReadonlySet<string | null> = new Set(); // what the store held at the last look
  mirror: string | null = null; // what the mirror holds
  told: string | null = null; // what the hook was told of last
  readonly sunk: TrailEntry[] = []; // what the sink has taken
  /** What operators have typed: nothing of this kind may happen without them. `overlap`: the shortest asked for. */
  readonly allowed = {
    emergency: false,
    revokeFirst: false,
    revoke: false,
    settle: false,
    overlap: Infinity,
  };
  intrusions = 0; // how often somebody who knows nothing of keyturn has done something
  strangerAt = 0; // when one of these changed anything last
  placedAt = Number.NEGATIVE_INFINITY; // and did it to what is current
  endedAt = 0; // or ended a key
  gatePassedAt = 0; // when the gate said last that no client uses the old key
  promotes = 0; // how often keyturn has changed what is current
  revision = ''; // of the ledger that was saved last
  ledger: Ledger | null = null;
  readonly known = new Map<string, SimKey>(); // the key of each row whose value was ever in the store
  readonly notes: TrailNote[] = []; // what the trail has said so far
  readonly intended = new Set<string>(); // the intentions in it
  readonly handed = new Set<string>(); // rows of keys that a person handed over
  readonly entered = new Map<string, number>(); // when the last intention to revoke a row was saved
  readonly emergencies = new Set<string>();
  failed: number[] = []; // rotations that ended without promote, since a person began anew
  made: number[] = []; // and keys that were asked for
  anew = 0;

  constructor(sim: Simulation, plan: Plan, index: number) {
    this.sim = sim;
    this.plan = plan;
    this.traits = traitsOf(plan, sim.schedule);
    this.name = `cred-${index}`;
    this.location = plan.policy.shared ? 'document' : this.name;
    this.fields = plan.policy.shared ? { value: `KEY_${index}` } : undefined;
  }

  judge(what: string, rules: readonly Rule[]): void {
    for (const [promise, says, broken] of rules) if (broken) this.sim.fail(promise, `${what}: ${says}`);
  }

  find(value: string | null | undefined): SimKey | null {
    return this.keys.find((key) => key.value === value) ?? null;
  }

  lives(key: SimKey): boolean {
    return key.endedAt === null && this.sim.clock.time < key.expiresAt;
  }

  live(): SimKey[] {
    return this.keys.filter((key) => this.lives(key));
  }

  /** The key that a request to revoke names, where the issuer is told which. */
  named(of: { readonly issuerKeyId?: string; readonly secret?: Secret }): SimKey | null {
    if (this.plan.traits.revokesBy !== 'id') return this.find(of.secret?.open());
    return this.keys.find(({ id }) => id === of.issuerKeyId) ?? null;
  }

  /** What of a text is this credential's. */
  valueIn(text: string | null | undefined): string | null {
    return text === null || text === undefined ? null : (keyIn(text, this.fields)?.open() ?? null);
  }

  /** What is current in truth, and the key that consumers read there. */
  text(): string | null {
    return this.sim.shelf.places.get(this.location)?.current?.text.open() ?? null;
  }

  current(): SimKey | null {
    return this.find(this.valueIn(this.text()));
  }

  /** Everything that can be read where this credential is stored. */
  held(): readonly StoredValue[] {
    const { current, staged, kept } = this.sim.shelf.places.get(this.location) ?? {};
    return [...(current ? [current] : []), ...(staged?.values() ?? []), ...(kept?.values() ?? [])];
  }

  /** The key that a row is about: by the mark that asked for it, by the bytes that are stored for it, or by name. */
  keyOf(row: Key | undefined): SimKey | null {
    if (row === undefined) return null;
    const known = this.known.get(row.id) ?? this.keys.find((key) => key.mark === row.id);
    if (known !== undefined) return known;
    const held = this.held();
    const stored = [row.storeVersion, row.currentAs].map((at) => held.find(({ version }) => version === at));
    const print = row.fingerprints?.value;
    const key =
      this.find(this.valueIn((stored[0] ?? stored[1])?.text.open())) ??
      this.keys.find(({ id }) => id === row.issuerKeyId) ??
      this.keys.find(({ value }) => print !== undefined && fingerprint(value) === print);
    if (key !== undefined) this.known.set(row.id, key);
    return key ?? null;
  }

  rowOf(key: SimKey): Key | null {
    const rows = this.ledger?.keys ?? [];
    return rows.find((row) => row.id === key.mark) ?? rows.find((row) => this.keyOf(row) === key) ?? null;
  }
}
