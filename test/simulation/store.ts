import { Secret } from '../../src/core/secret.ts';
import type { LedgerAddress, LedgerStore, SecretStore, StoredValue } from '../../src/core/store.ts';
import { createMemoryShelf, createMemoryStore } from '../../src/stores/memory.ts';
import type { Network } from './network.ts';
import type { Dice } from './random.ts';
import type { StoreShape } from './traits.ts';
import type { Actor, Scheduler } from './world.ts';

/** What the checker is told of. `actor` is null where a stranger did it. */
export interface StoreTold {
  asked(effect: string, location: string, what: string, actor: Actor): void;
  changed(location: string, before: string | null, after: string | null, actor: Actor | null): void;
  discarded(location: string, text: string, actor: Actor): void;
  saving(credential: string, document: string): void;
  saved(credential: string, document: string, actor: Actor): void;
}

/** What a location held before its value of now: readers may see it for a while. */
interface Past {
  readonly value: StoredValue | null;
  readonly at: number;
  /** The staged version that the value of now was made from. */
  readonly from: string;
}

const never = new AbortController().signal;

/** The memory store behind a network that fails, with the unkindness that the contract allows on top. */
export class SimStore {
  readonly shape: StoreShape;
  readonly #shelf = createMemoryShelf();
  readonly #memory = createMemoryStore(this.#shelf);
  readonly #past = new Map<string, Past>();
  readonly #time: Scheduler;
  readonly #dice: Dice;
  readonly #told: StoreTold;

  constructor(shape: StoreShape, time: Scheduler, dice: Dice, told: StoreTold) {
    this.shape = shape;
    this.#time = time;
    this.#dice = dice;
    this.#told = told;
  }

  /** What is current in truth. */
  current(location: string): string | null {
    return this.#shelf.places.get(location)?.current?.text.open() ?? null;
  }

  /** Everything that can be read at a location, by version. */
  held(location: string): ReadonlyMap<string, string> {
    const { current, staged, kept } = this.#shelf.places.get(location) ?? {};
    const values = [...(kept?.values() ?? []), ...(staged?.values() ?? []), ...(current ? [current] : [])];
    return new Map(values.map(({ version, text }) => [version, text.open() ?? '']));
  }

  /** Writes current (null: removes it) as somebody does who knows nothing of keyturn. */
  overwrite(location: string, text: string | null): void {
    void this.#changing(location, null, '', () => {
      const place = this.#shelf.places.get(location);
      if (text !== null) this.#memory.overwrite(location, text);
      else if (place !== undefined) place.current = null;
    });
  }

  /** What has been there all along: a value that is kept under its own version. */
  seed(location: string, text: string): string {
    const version = this.#memory.overwrite(location, text);
    void this.#memory.keep(location, version, never);
    return version;
  }

  /** A ledger from before. */
  seedLedger(credential: string, location: string, document: string): void {
    void this.#memory.ledgers.save({ credential, location }, document, null, never);
  }

  /** The store as one process sees it. */
  as(actor: Actor, network: Network): SecretStore & { readonly ledgers: LedgerStore } {
    const { ledgers } = this.#memory;
    const store: SecretStore = {
      ...this.#memory,
      traits: { ...this.#memory.traits, converges: this.shape.converges },
      read: (location, which, signal) => {
        if (which !== 'current') return this.#memory.read(location, which, signal);
        actor.readAt = actor.began;
        return this.#stale(location) ?? this.#memory.read(location, which, signal);
      },
      promote: (request, signal) => {
        const { location, version } = request;
        const standing = this.#shelf.places.get(location)?.current;
        if (standing && this.#past.get(location)?.from === version) return Promise.resolve(standing);
        return this.#changing(location, actor, version, () => this.#memory.promote(request, signal));
      },
    };
    const discard: SecretStore['discard'] = (location, version, signal) => {
      const text = this.held(location).get(version);
      const done = this.#memory.discard(location, version, signal);
      if (text !== undefined) this.#told.discarded(location, text, actor);
      return done;
    };
    const save: LedgerStore['save'] = (at, document, revision, signal) => {
      const before = this.#shelf.count;
      const saved = ledgers.save(at, document, revision, signal);
      if (this.#shelf.count > before) this.#told.saved(at.credential, document, actor);
      return saved;
    };
    const reached = network.reach({ ...store, discard }, actor, (name, [request]) => {
      const { location, mark, version } = request as { location: string; mark?: string; version?: string };
      if (name === 'stage' || name === 'promote')
        this.#told.asked(name, location, mark ?? version ?? '', actor);
    });
    const saving = (name: string, [at, document]: readonly unknown[]): void => {
      if (name === 'save') this.#told.saving((at as LedgerAddress).credential, document as string);
    };
    return { ...reached, ledgers: network.reach({ ...ledgers, save }, actor, saving) };
  }

  /** Does what may change current, and tells of it. The memory store acts at once, before it answers. */
  #changing<T>(location: string, actor: Actor | null, from: string, act: () => T): T | Promise<StoredValue> {
    const before = this.#shelf.places.get(location)?.current ?? null;
    const result = act();
    const place = this.#shelf.places.get(location);
    const after = place?.current ?? null;
    if (place === undefined || after === before) return result;
    this.#past.set(location, { value: before, at: this.#time.time, from });
    this.#told.changed(location, before?.text.open() ?? null, after?.text.open() ?? null, actor);
    if (!this.shape.renames || after === null) return result;
    this.#shelf.count += 1;
    place.current = { version: `c${this.#shelf.count}`, text: Secret.of(after.text.open() ?? '') };
    return Promise.resolve(place.current);
  }

  /** Null: what is current in truth is shown. */
  #stale(location: string): Promise<StoredValue | null> | null {
    const past = this.#past.get(location);
    const young = past !== undefined && this.#time.time < past.at + this.shape.converges;
    return young && this.#dice.chance(0.3) ? Promise.resolve(past.value) : null;
  }
}
