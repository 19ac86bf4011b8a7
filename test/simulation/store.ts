import { KeyturnError } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';
import type { LedgerStore, SecretStore, StoredValue } from '../../src/core/store.ts';
import type { Network } from './faults.ts';
import type { Dice } from './random.ts';
import type { StoreShape } from './traits.ts';
import type { Actor, Scheduler } from './world.ts';

interface Held {
  readonly version: string;
  readonly text: string;
}

/** What the checker is told of everything that changes in the store. */
export interface StoreWatch {
  /** Current is another text now. `actor` is null where a stranger did it. */
  changed(location: string, before: Held | null, after: Held, actor: Actor | null): void;
  /** A ledger was saved. */
  saved(credential: string, document: string, actor: Actor): void;
}

interface Place {
  current: Held | null;
  before: Held | null;
  changedAt: number;
  readonly staged: Map<string, Held>;
  readonly kept: Map<string, Held>;
  /** The staged version that current was made from. */
  from: string | null;
}

interface Cell {
  saved: { readonly document: string; readonly revision: string } | null;
  readonly segments: Map<string, string>;
}

/** A secret manager that does what its contract says and nothing kinder. */
export class SimStore {
  readonly shape: StoreShape;
  readonly cells = new Map<string, Cell>();
  readonly #places = new Map<string, Place>();
  readonly #time: Scheduler;
  readonly #network: Network;
  readonly #chance: Dice;
  readonly #watch: StoreWatch;
  #count = 0;

  constructor(shape: StoreShape, time: Scheduler, network: Network, chance: Dice, watch: StoreWatch) {
    this.shape = shape;
    this.#time = time;
    this.#network = network;
    this.#chance = chance;
    this.#watch = watch;
  }

  /** What is current in truth. */
  current(location: string): Held | null {
    return this.place(location).current;
  }

  /** A text by any version under which it can be read. */
  text(location: string, version: string | undefined): string | null {
    return version === undefined ? null : (this.#find(this.place(location), version)?.text ?? null);
  }

  /** Writes current as somebody does who knows nothing of keyturn. */
  overwrite(location: string, text: string): string {
    const held = { version: this.#name('c'), text };
    this.#setCurrent(location, held, null, null);
    return held.version;
  }

  /** Puts a value there that has been there all along. */
  seed(location: string, text: string): string {
    const held = { version: this.#name('c'), text };
    this.place(location).current = held;
    return held.version;
  }

  /** Keeps a value without anybody's asking: for what was there before the schedule begins. */
  keepNow(location: string, version: string): string {
    return this.#keep(location, version).version;
  }

  place(location: string): Place {
    let place = this.#places.get(location);
    if (place === undefined) {
      place = { current: null, before: null, changedAt: 0, staged: new Map(), kept: new Map(), from: null };
      this.#places.set(location, place);
    }
    return place;
  }

  /** The store as one process sees it. */
  as(actor: Actor): SecretStore & { readonly ledgers: LedgerStore } {
    const call = <T>(name: string, effect: boolean, land: () => T): Promise<T> =>
      this.#network.call({ actor, name, effect, land });
    return {
      kind: 'simulated',
      traits: {
        casPromote: true,
        hiddenStaging: true,
        converges: this.shape.converges,
        limits: { valueBytes: 65_536 },
      },
      read: (location, which) => {
        if (which === 'current') {
          const began = this.#time.time;
          return call('read current', false, () => {
            actor.readAt = began;
            return boxed(this.#seenBy(this.place(location)));
          });
        }
        const version = 'version' in which ? which.version : null;
        return call('read kept', false, () => {
          const place = this.place(location);
          if ('mark' in which) return boxed(place.staged.get(which.mark) ?? null);
          return boxed(this.#find(place, version ?? ''));
        });
      },
      stage: ({ location, mark, text }) => {
        const clear = text.open() ?? '';
        return call('stage', true, () => this.#stage(location, mark, clear));
      },
      promote: ({ location, version, base }) => {
        return call('promote', true, () => this.#promote(location, version, base, actor));
      },
      keep: (location, version) => call('keep', true, () => this.#keep(location, version)),
      discard: (location, version) => call('discard', true, () => this.#discard(location, version)),
      ledgers: this.#ledgersAs(actor),
    };
  }

  #ledgersAs(actor: Actor): LedgerStore {
    const call = <T>(name: string, effect: boolean, land: () => T): Promise<T> =>
      this.#network.call({ actor, name, effect, land });
    return {
      load: ({ credential }) => call('load', false, () => this.cell(credential).saved),
      save: ({ credential }, document, revision) =>
        call('save', true, () => {
          const cell = this.cell(credential);
          if ((cell.saved?.revision ?? null) !== revision)
            throw conflict(`the ledger of ${credential} moved on`);
          cell.saved = { document, revision: this.#name('r') };
          this.#watch.saved(credential, document, actor);
          return { revision: cell.saved.revision };
        }),
      writeSegment: ({ credential }, name, document) =>
        call('write segment', true, () => {
          const { segments } = this.cell(credential);
          const present = segments.get(name);
          if (present !== undefined && present !== document)
            throw conflict(`segment ${name} has other content`);
          segments.set(name, document);
        }),
      readSegment: ({ credential }, name) =>
        call('read segment', false, () => this.cell(credential).segments.get(name) ?? null),
      dropSegment: ({ credential }, name) =>
        call('drop segment', true, () => {
          this.cell(credential).segments.delete(name);
        }),
    };
  }

  cell(credential: string): Cell {
    let cell = this.cells.get(credential);
    if (cell === undefined) {
      cell = { saved: null, segments: new Map() };
      this.cells.set(credential, cell);
    }
    return cell;
  }

  #stage(location: string, mark: string, text: string): { version: string } {
    const { staged } = this.place(location);
    const present = staged.get(mark);
    if (present !== undefined && present.text !== text) throw conflict(`another value is staged as ${mark}`);
    const held = present ?? { version: this.#name('s'), text };
    staged.set(mark, held);
    return { version: held.version };
  }

  #promote(location: string, version: string, base: string | null, actor: Actor): { version: string } {
    const place = this.place(location);
    const standing = place.current?.version ?? null;
    if (standing !== null && (standing === version || place.from === version)) return { version: standing };
    if (standing !== base) throw conflict(`current is ${standing}, expected ${base}`);
    const value = this.#find(place, version);
    if (value === null) throw conflict(`there is no version ${version}`);
    const held = this.shape.renames ? { version: this.#name('c'), text: value.text } : value;
    this.#setCurrent(location, held, version, actor);
    return { version: held.version };
  }

  #keep(location: string, version: string): { version: string } {
    const place = this.place(location);
    const value = this.#find(place, version);
    if (value === null) throw conflict(`there is no version ${version}`);
    const already = [...place.kept.values()].find((one) => one.text === value.text);
    if (already !== undefined) return { version: already.version };
    const held = this.shape.renames ? { version: this.#name('k'), text: value.text } : value;
    place.kept.set(held.version, held);
    return { version: held.version };
  }

  #discard(location: string, version: string): void {
    const place = this.place(location);
    if (place.current?.version === version) throw conflict(`${version} is current`);
    place.kept.delete(version);
    for (const [mark, held] of place.staged) if (held.version === version) place.staged.delete(mark);
  }

  #setCurrent(location: string, held: Held, from: string | null, actor: Actor | null): void {
    const place = this.place(location);
    const before = place.current;
    place.before = before;
    place.current = held;
    place.from = from;
    place.changedAt = this.#time.time;
    this.#watch.changed(location, before, held, actor);
  }

  /** What a reader gets: for a while perhaps what was there before. */
  #seenBy(place: Place): Held | null {
    const young = this.#time.time < place.changedAt + this.shape.converges;
    return young && place.before !== null && this.#chance.chance(0.3) ? place.before : place.current;
  }

  #find(place: Place, version: string): Held | null {
    if (place.current?.version === version) return place.current;
    const kept = place.kept.get(version);
    if (kept !== undefined) return kept;
    for (const held of place.staged.values()) if (held.version === version) return held;
    return null;
  }

  #name(letter: string): string {
    this.#count += 1;
    return `${letter}${this.#count}`;
  }
}

function boxed(held: Held | null): StoredValue | null {
  return held === null ? null : { version: held.version, text: Secret.of(held.text) };
}

function conflict(message: string): KeyturnError {
  return new KeyturnError('CONFLICT', message, { hint: 'read it again' });
}
