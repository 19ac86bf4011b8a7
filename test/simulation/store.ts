import { Secret } from '../../src/core/secret.ts';
import type { LedgerAddress, LedgerStore, SecretStore, StoredValue } from '../../src/core/store.ts';
import { createMemoryShelf, createMemoryStore } from '../../src/stores/memory.ts';
import type { Network } from './faults.ts';
import type { Dice } from './random.ts';
import type { StoreShape } from './traits.ts';
import type { Actor, Scheduler } from './world.ts';

/** What the checker is told of everything that changes in the store. `actor` is null where a stranger did it. */
export interface StoreWatch {
  changed(location: string, before: string | null, after: string, actor: Actor | null): void;
  saved(credential: string, document: string, actor: Actor): void;
}

const never = new AbortController().signal;

/** The memory store behind a network that fails, with the unkindness that the contract allows on top. */
export class SimStore {
  readonly shape: StoreShape;
  readonly #shelf = createMemoryShelf();
  readonly #memory = createMemoryStore(this.#shelf);
  readonly #time: Scheduler;
  readonly #network: Network;
  readonly #chance: Dice;
  readonly #watch: StoreWatch;
  /** By location: what was current before, until when, and the staged version that current was made from. */
  readonly #past = new Map<
    string,
    { readonly value: StoredValue | null; readonly at: number; readonly from: string }
  >();

  constructor(shape: StoreShape, time: Scheduler, network: Network, chance: Dice, watch: StoreWatch) {
    this.shape = shape;
    this.#time = time;
    this.#network = network;
    this.#chance = chance;
    this.#watch = watch;
  }

  /** What is current in truth. */
  current(location: string): string | null {
    return this.#shelf.places.get(location)?.current?.text.open() ?? null;
  }

  /** A text by any version under which it can be read. */
  text(location: string, version: string | undefined): string | null {
    const place = this.#shelf.places.get(location);
    const held = [...(place?.kept.values() ?? []), ...(place?.staged.values() ?? []), place?.current];
    return held.find((value) => value?.version === version)?.text.open() ?? null;
  }

  /** Writes current as somebody does who knows nothing of keyturn. */
  overwrite(location: string, text: string): void {
    void this.#changing(location, null, '', () => this.#memory.overwrite(location, text));
  }

  /** Puts there what has been there all along: a value, kept under its own version. */
  seed(location: string, text: string): string {
    const version = this.#memory.overwrite(location, text);
    void this.#memory.keep(location, version, never);
    return version;
  }

  /** A ledger from before. */
  seedLedger(at: LedgerAddress, document: string): void {
    void this.#memory.ledgers.save(at, document, null, never);
  }

  /** The store as one process sees it. */
  as(actor: Actor): SecretStore & { readonly ledgers: LedgerStore } {
    const memory = this.#memory;
    const { ledgers } = memory;
    const read = <T>(name: string, land: () => T | Promise<T>): Promise<T> =>
      this.#network.call({ actor, name, effect: false, land });
    const write = <T>(name: string, land: () => T | Promise<T>): Promise<T> =>
      this.#network.call({ actor, name, effect: true, land });
    return {
      kind: 'simulated',
      traits: { ...memory.traits, converges: this.shape.converges },
      read: (location, which) => {
        if (which !== 'current') return read('read kept', () => memory.read(location, which, never));
        const began = this.#time.time;
        return read('read current', () => {
          actor.readAt = began;
          const stale = this.#stale(location);
          return stale === undefined ? memory.read(location, 'current', never) : stale;
        });
      },
      stage: (request) => write('stage', () => memory.stage(request, never)),
      promote: (request) =>
        write('promote', () => {
          const { location, version } = request;
          const standing = this.#shelf.places.get(location)?.current;
          if (standing && this.#past.get(location)?.from === version) return { version: standing.version };
          return this.#changing(location, actor, version, () => memory.promote(request, never));
        }),
      keep: (location, version) => write('keep', () => memory.keep(location, version, never)),
      discard: (location, version) => write('discard', () => memory.discard(location, version, never)),
      ledgers: {
        load: (at) => read('load', () => ledgers.load(at, never)),
        save: (at, document, revision) =>
          write('save', () => {
            const before = this.#shelf.count;
            const saved = ledgers.save(at, document, revision, never);
            if (this.#shelf.count > before) this.#watch.saved(at.credential, document, actor);
            return saved;
          }),
        writeSegment: (at, name, text) =>
          write('write segment', () => ledgers.writeSegment(at, name, text, never)),
        readSegment: (at, name) => read('read segment', () => ledgers.readSegment(at, name, never)),
        dropSegment: (at, name) => write('drop segment', () => ledgers.dropSegment(at, name, never)),
      },
    };
  }

  /** Does what may change current, and tells of it. The memory store acts at once, before it answers. */
  #changing<T>(
    location: string,
    actor: Actor | null,
    from: string,
    act: () => T,
  ): T | Promise<{ version: string }> {
    const before = this.#shelf.places.get(location)?.current ?? null;
    const result = act();
    const place = this.#shelf.places.get(location);
    const after = place?.current ?? null;
    if (place === undefined || after === null || after === before) return result;
    this.#past.set(location, { value: before, at: this.#time.time, from });
    this.#watch.changed(location, before?.text.open() ?? null, after.text.open() ?? '', actor);
    if (!this.shape.renames) return result;
    this.#shelf.count += 1;
    place.current = { version: `c${this.#shelf.count}`, text: Secret.of(after.text.open() ?? '') };
    return Promise.resolve({ version: place.current.version });
  }

  /** For a while readers may get what was current before. */
  #stale(location: string): StoredValue | null | undefined {
    const past = this.#past.get(location);
    const young = past !== undefined && this.#time.time < past.at + this.shape.converges;
    return young && this.#chance.chance(0.3) ? past.value : undefined;
  }
}
