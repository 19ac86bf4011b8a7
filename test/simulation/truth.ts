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
  endedHere: false, // keyturn did that
  fits: true, // false: it lives, and is of the wrong kind
  accepted: mark === null, // the issuer has said that it works: from then on it does, everywhere, while it lives
  calledDead: false, // the issuer has said so, or that it has ended it
  readUntil: 0, // when a consumer may have read it last; 0: never; Infinity: it is in `current`, and the ledger knows
  ends: 'in time' as 'in time' | 'at once' | 'first', // by what people typed; first: before its successor is there
});
export type SimKey = ReturnType<typeof newKey>;

/** What of a credential can be seen from outside. */
type View = ReturnType<Credential['view']>;

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
  readonly before: { readonly value: StoredValue | null; readonly until: number }[] = []; // what was current
  mirror: string | null = null; // what the mirror holds
  mirroredAt = 0; // when a stranger wrote into it last
  mirrorKnown = true; // keyturn wrote that, or has said since what it found there
  told: string | null = null; // what the hook was told of last
  /** What operators have typed: nothing of this kind may happen without them. `overlap`: the shortest asked for. */
  readonly allowed = {
    emergency: false,
    revokeFirst: false,
    revoke: false,
    settle: false,
    overlap: Infinity,
  };
  intrusions = 0; // how often somebody who knows nothing of keyturn has done something
  strangerPlacedAt = 0; // when one of these changed what is current last
  strangerEndedAt = 0; // or ended a key
  gatePassedAt = 0; // when the gate said last that no client uses the old key
  promotes = 0; // how often keyturn has changed what is current
  ledger: Ledger | null = null; // as it was saved last
  readonly notes: TrailNote[] = []; // what the trail has said so far
  readonly said = new Map<string, number>(); // when it said each of these: event and row
  readonly sunk: TrailEntry[] = []; // what the sink has taken
  readonly known = new Map<string, SimKey>(); // the key of each row whose value was ever in the store
  seen: View; // at the last look

  constructor(sim: Simulation, plan: Plan, index: number) {
    this.sim = sim;
    this.plan = plan;
    this.traits = traitsOf(plan, sim.schedule);
    this.name = `cred-${index}`;
    this.location = plan.policy.shared ? 'document' : this.name;
    this.fields = plan.policy.shared ? { value: `KEY_${index}` } : undefined;
    this.seen = this.view();
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

  /** What the store may still show: anything that was current a moment ago. */
  stale(): readonly (StoredValue | null)[] {
    const since = this.sim.clock.time - this.plan.policy.converges;
    return this.before.filter(({ until }) => until > since).map(({ value }) => value);
  }

  /** What is current in truth, and the key that consumers read there. */
  text(): string | null {
    return this.sim.shelf.places.get(this.location)?.current?.text.open() ?? null;
  }

  current(): SimKey | null {
    return this.find(this.valueIn(this.text()));
  }

  view() {
    return {
      keys: this.keys.length,
      over: this.keys.filter(({ endedAt }) => endedAt !== null),
      current: this.sim.shelf.places.get(this.location)?.current ?? null,
      values: new Set(this.held().map(({ text }) => this.valueIn(text.open()))),
      ledger: this.sim.shelf.ledgers.get(`${this.name}\n${this.location}`)?.saved,
    };
  }

  /** Everything that can be read where this credential is stored. */
  held(): readonly StoredValue[] {
    const { current, staged, kept } = this.sim.shelf.places.get(this.location) ?? {};
    return [...(current ? [current] : []), ...(staged?.values() ?? []), ...(kept?.values() ?? [])];
  }

  /** The key that a row is about: by the mark that asked for it, by name, or by the bytes that are stored for it. */
  keyOf(row: Key | undefined): SimKey | null {
    if (row === undefined) return null;
    const { id, fingerprints, issuerKeyId, storeVersion, currentAs } = row;
    const known = this.known.get(id) ?? this.keys.find(({ mark }) => mark === id);
    if (known !== undefined) return known;
    const print = fingerprints?.value;
    const stored = this.held().find(({ version }) => version === storeVersion || version === currentAs);
    const key =
      this.find(this.valueIn(stored?.text.open())) ??
      this.keys.find((one) => one.id === issuerKeyId || (print && fingerprint(one.value) === print));
    if (key) this.known.set(id, key);
    return key ?? null;
  }

  rowsOf(key: SimKey): readonly Key[] {
    return this.ledger?.keys.filter((row) => this.keyOf(row) === key) ?? [];
  }

  /** Whether keyturn asked for the key or took it on; all others are none of its business. */
  owns(key: SimKey): boolean {
    const taken = ['adopted', 'promoted', 'current-moved-by-someone'];
    const took = (id: string): boolean => taken.some((event) => this.said.has(`${event} ${id}`));
    return key.mark !== null || [...this.known].some(([id, known]) => known === key && took(id));
  }

  /** What the trail has said since a person began anew, or a key was put in place: from there failures and keys count. */
  lately(): readonly TrailNote[] {
    const anew = ({ event, data }: TrailNote): boolean =>
      event === 'promoted' ||
      (event === 'rotation-opened' && data?.kind !== 'scheduled' && data?.kind !== 'emergency');
    return this.notes.slice(Math.max(this.notes.findLastIndex(anew), 0));
  }
}
