import { type KeyFacts, toMs } from '../core/credential.ts';
import { KeyturnError } from '../core/errors.ts';
import { emptyLedger, formatLedger, type Ledger, parseLedger } from '../core/ledger.ts';
import { apply } from '../core/protocol/apply.ts';
import type { Change } from '../core/protocol/changes.ts';
import type { TrailNote } from '../core/trail.ts';
import { guarded, pause } from './guard.ts';
import { leaseOf, leaseRefusal } from './lease.ts';
import type { Run } from './run.ts';
import { deliver, dropSegments, makeRoom } from './trail-flow.ts';

/** An effect is sent only this soon after a successful save that names it. */
export const FENCE = 5_000;
const LOADS_AFTER_DOUBT = 4;

/** The ledger as this run holds it: loaded, changed in memory, and saved by compare-and-set. */
export class Book {
  readonly #run: Run;
  #ledger: Ledger;
  #revision: string | null;
  #dirty = false;
  #savedAt: { wall: number; monotonic: number } | null = null;
  #holdsLease = false;
  /** Whether the lease of another is taken without waiting, as an emergency does. */
  takesLease = false;
  /** The number of the newest entry that is saved. */
  #savedCount: number;
  /** Segments of the trail that the next saved ledger does not name any more. */
  #unneeded: readonly string[] = [];

  private constructor(run: Run, ledger: Ledger, revision: string | null) {
    this.#run = run;
    this.#ledger = ledger;
    this.#revision = revision;
    this.#savedCount = ledger.trail.count;
  }

  static async open(run: Run): Promise<Book> {
    const { ledger, revision } = await load(run, run.signal);
    return new Book(run, ledger, revision);
  }

  get ledger(): Ledger {
    return this.#ledger;
  }

  get dirty(): boolean {
    return this.#dirty;
  }

  get holdsLease(): boolean {
    return this.#holdsLease;
  }

  /** Writes a change down in memory; the next save makes it last. */
  record(change: Change): TrailNote | null {
    const { world, runner, policy } = this.#run;
    const before = this.#ledger.trail.count;
    const pen = { now: world.now(), by: runner.by, clock: runner.host, config: policy.config };
    this.#ledger = apply(this.#ledger, change, pen);
    this.#dirty = true;
    if (this.#ledger.trail.count === before) return null;
    const note = this.#ledger.trail.entries.at(-1) ?? null;
    if (note !== null) this.#run.report({ kind: 'note', credential: this.#ledger.credential, note });
    return note;
  }

  /** Writes what is known of a key into its own row, whatever else the ledger says by now. */
  merge(id: string, facts: KeyFacts, revokeEntered: string | null): void {
    this.record({ type: 'merged', row: id, facts, ...(revokeEntered === null ? {} : { revokeEntered }) });
  }

  /**
   * Makes what was recorded last, and takes or lets go of the lease in the same save.
   * Throws LEASED when another run holds it: a run without the lease changes nothing. Throws CONFLICT when somebody
   * saved in between.
   */
  async save(lease: 'take' | 'release', signal: AbortSignal): Promise<void> {
    const run = this.#run;
    const refusal = this.leasedElsewhere;
    if (refusal !== null) throw refusal;
    const fitting = await makeRoom(run, this.#ledger, signal);
    const now = run.world.now();
    const next: Ledger = {
      ...fitting,
      seq: this.#ledger.seq + 1,
      savedBy: run.runner.owner,
      lease:
        lease === 'take'
          ? leaseOf(run.runner, this.#holdsLease ? this.#ledger.lease : undefined, now)
          : undefined,
    };
    // The moment counts from before the request: the fence must not be younger than what others can see.
    const started = { wall: now, monotonic: run.world.monotonic() };
    this.#revision = await put(run, next, this.#revision, signal);
    this.#ledger = next;
    this.#savedCount = next.trail.count;
    this.#savedAt = started;
    this.#dirty = false;
    this.#holdsLease = lease === 'take';
    const unneeded = this.#unneeded;
    this.#unneeded = [];
    await dropSegments(run, unneeded, signal);
  }

  /** Why this run may not save; null: it may. */
  get leasedElsewhere(): KeyturnError | null {
    const { runner, world, takeLease } = this.#run;
    if (this.#holdsLease) return null;
    return leaseRefusal(this.#ledger.lease, runner, world.now(), takeLease || this.takesLease);
  }

  /** The ledger as the next save would write it, its trail moved out where there is no room for it. */
  fitting(signal: AbortSignal): Promise<Ledger> {
    return makeRoom(this.#run, this.#ledger, signal);
  }

  /** Makes what was recorded last without touching the lease of the run that works here now. */
  async saveBeside(signal: AbortSignal): Promise<void> {
    const run = this.#run;
    const fitting = await makeRoom(run, this.#ledger, signal);
    const started = { wall: run.world.now(), monotonic: run.world.monotonic() };
    const next: Ledger = { ...fitting, seq: this.#ledger.seq + 1, savedBy: run.runner.owner };
    this.#revision = await put(run, next, this.#revision, signal);
    this.#ledger = next;
    this.#savedCount = next.trail.count;
    this.#savedAt = started;
    this.#dirty = false;
  }

  /** Forgets what is in memory and loads again. */
  async reload(signal: AbortSignal): Promise<void> {
    const { ledger, revision } = await load(this.#run, signal);
    this.#ledger = ledger;
    this.#revision = revision;
    this.#savedCount = ledger.trail.count;
    this.#unneeded = [];
    this.#dirty = false;
    this.#savedAt = null;
    this.#holdsLease = ledger.lease?.owner === this.#run.runner.owner;
  }

  /** Whether the last save is young enough for an effect to be sent, by whichever clock says more. */
  get fresh(): boolean {
    if (this.#savedAt === null || this.#dirty) return false;
    const { world } = this.#run;
    const byWall = Math.abs(world.now() - this.#savedAt.wall);
    const byMonotonic = world.monotonic() - this.#savedAt.monotonic;
    return Math.max(byWall, byMonotonic) <= FENCE;
  }

  /** Milliseconds that are left of the lease; zero where it is not held. */
  get leaseLeft(): number {
    const lease = this.#ledger.lease;
    if (!this.#holdsLease || lease === undefined) return 0;
    return toMs(lease.until) - this.#run.world.now();
  }

  /** Gives the sinks what they have not taken; says so in memory. */
  async deliver(signal: AbortSignal): Promise<void> {
    const delivered = await deliver(this.#run, this.#ledger, this.#savedCount, signal);
    if (delivered === null) return;
    this.#ledger = delivered.ledger;
    this.#unneeded = [...this.#unneeded, ...delivered.unneeded];
    this.#dirty = true;
  }
}

/** The ledger in the store, or an empty one. */
export async function load(
  run: Pick<Run, 'ledgers' | 'credential' | 'world'>,
  signal: AbortSignal,
): Promise<{ ledger: Ledger; revision: string | null }> {
  const { name, location } = run.credential;
  const at = { credential: name, location };
  const found = await guarded(run.world, `load the ledger of ${name}`, signal, (inner) =>
    run.ledgers.load(at, inner),
  );
  if (found === null) return { ledger: emptyLedger(name), revision: null };
  return { ledger: parseLedger(found.document, name), revision: found.revision };
}

/** Saves once; after an answer that leaves it open, the store itself is asked whether it was saved. */
async function put(run: Run, ledger: Ledger, revision: string | null, signal: AbortSignal): Promise<string> {
  const { name, location } = run.credential;
  const at = { credential: name, location };
  const document = formatLedger(ledger);
  const save = (): Promise<{ readonly revision: string }> =>
    guarded(
      run.world,
      `save the ledger of ${name}`,
      signal,
      (inner) => run.ledgers.save(at, document, revision, inner),
      {
        graceful: true,
      },
    );
  let doubt: KeyturnError | null = null;
  for (let round = 0; round < LOADS_AFTER_DOUBT; round += 1) {
    try {
      return (await save()).revision;
    } catch (caught) {
      if (!(caught instanceof KeyturnError)) throw caught;
      // A save that was not made is made again: what it says may be all that is known of a key.
      const again = caught.code === 'CONFLICT' ? doubt !== null : caught.ambiguous || caught.retryable;
      if (!again) throw caught;
      doubt = caught;
      const landed = await load(run, signal);
      if (
        landed.ledger.savedBy === ledger.savedBy &&
        landed.ledger.trail.head === ledger.trail.head &&
        landed.ledger.seq === ledger.seq &&
        landed.revision !== null
      ) {
        return landed.revision;
      }
      if (landed.revision !== revision) throw conflict(name);
      const ms = Math.min(caught.detail.retryAfterMs ?? 500 * 2 ** round, 10_000);
      await pause(run.world, `save the ledger of ${name}`, ms, signal);
    }
  }
  throw doubt ?? conflict(name);
}

function conflict(name: string): KeyturnError {
  return new KeyturnError('CONFLICT', `the ledger of ${name} was changed by another run`, {
    hint: `run keyturn status ${name}, then run again`,
    unsent: true,
  });
}
