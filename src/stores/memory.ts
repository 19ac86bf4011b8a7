import { KeyturnError } from '../core/errors.ts';
import { Secret } from '../core/secret.ts';
import type { LedgerAddress, LedgerStore, SecretStore, StoredValue, Version } from '../core/store.ts';
import { conflict, refuseAborted } from '../core/store-call.ts';

const VALUE_BYTES = 64 * 1024;

interface Place {
  current: StoredValue | null;
  readonly staged: Map<string, StoredValue>;
  readonly kept: Map<Version, StoredValue>;
}

interface LedgerCell {
  saved: { readonly document: string; readonly revision: string } | null;
  readonly segments: Map<string, string>;
}

/** What memory stores hold. Several stores on one of these see the same, as several processes would. */
export interface MemoryShelf {
  readonly places: Map<string, Place>;
  readonly ledgers: Map<string, LedgerCell>;
  /** Of all that was ever written here. */
  count: number;
}

export interface MemoryStore extends SecretStore {
  readonly ledgers: LedgerStore;
  readonly locations: NonNullable<SecretStore['locations']>;
  /** Makes a text current as somebody would who knows nothing of keyturn. */
  overwrite(location: string, text: string): Version;
}

export function createMemoryShelf(): MemoryShelf {
  return { places: new Map(), ledgers: new Map(), count: 0 };
}

/**
 * A store that lives as long as its process: for tests, simulations and demonstrations. Each call takes effect at
 * once and as a whole; there are no delays and no failures of its own.
 */
export function createMemoryStore(shelf: MemoryShelf = createMemoryShelf()): MemoryStore {
  const placeOf = (location: string): Place => {
    let place = shelf.places.get(location);
    if (place === undefined) {
      place = { current: null, staged: new Map(), kept: new Map() };
      shelf.places.set(location, place);
    }
    return place;
  };

  const fresh = (text: Secret): StoredValue => {
    shelf.count += 1;
    return { version: `m${shelf.count}`, text };
  };

  return {
    kind: 'memory',
    traits: { casPromote: true, hiddenStaging: true, converges: 0, limits: { valueBytes: VALUE_BYTES } },

    async read(location, which, signal) {
      refuseAborted('memory store', signal);
      const place = shelf.places.get(location);
      if (place === undefined) return null;
      if (which === 'current') return place.current;
      if ('mark' in which) return place.staged.get(which.mark) ?? null;
      return place.current?.version === which.version ? place.current : heldIn(place, which.version);
    },

    async stage({ location, mark, text }, signal) {
      refuseAborted('memory store', signal);
      refuseUnfit(text, location);
      const { staged } = placeOf(location);
      const present = staged.get(mark);
      if (present === undefined) {
        const value = fresh(text);
        staged.set(mark, value);
        return { version: value.version };
      }
      if (present.text.equals(text)) return { version: present.version };
      throw conflict(`${location} has another value staged as ${mark}`);
    },

    async promote({ location, version, base }, signal) {
      refuseAborted('memory store', signal);
      const place = placeOf(location);
      const standing = place.current?.version ?? null;
      if (standing === version) return { version };
      if (standing !== base) throw conflict(`${location} is at ${standing}, expected ${base}`);
      const value = heldIn(place, version);
      if (value === null) throw conflict(`${location} has no version ${version} any more`);
      place.current = value;
      return { version };
    },

    async keep(location, version, signal) {
      refuseAborted('memory store', signal);
      const place = placeOf(location);
      if (heldIn(place, version) !== null) return { version };
      if (place.current?.version !== version)
        throw conflict(`${location} has no version ${version} any more`);
      place.kept.set(version, place.current);
      return { version };
    },

    async discard(location, version, signal) {
      refuseAborted('memory store', signal);
      const place = placeOf(location);
      if (place.current?.version === version) throw conflict(`${version} of ${location} is what is read now`);
      place.kept.delete(version);
      for (const [mark, value] of place.staged) if (value.version === version) place.staged.delete(mark);
    },

    ledgers: ledgersOn(shelf),

    async locations(signal) {
      refuseAborted('memory store', signal);
      return [...shelf.places]
        .flatMap(([location, { current }]) => (current === null ? [] : [location]))
        .sort();
    },

    overwrite(location, text) {
      const value = fresh(Secret.of(text));
      placeOf(location).current = value;
      return value.version;
    },
  };
}

function ledgersOn(shelf: MemoryShelf): LedgerStore {
  const cellOf = ({ location, credential }: LedgerAddress): LedgerCell => {
    const key = `${credential}\n${location}`;
    let cell = shelf.ledgers.get(key);
    if (cell === undefined) {
      cell = { saved: null, segments: new Map() };
      shelf.ledgers.set(key, cell);
    }
    return cell;
  };

  return {
    async load(at, signal) {
      refuseAborted('memory store', signal);
      return cellOf(at).saved;
    },

    async save(at, document, revision, signal) {
      refuseAborted('memory store', signal);
      const cell = cellOf(at);
      const standing = cell.saved?.revision ?? null;
      if (standing !== revision) throw conflict(`the ledger of ${at.credential} is at ${standing}`);
      shelf.count += 1;
      cell.saved = { document, revision: `m${shelf.count}` };
      return { revision: cell.saved.revision };
    },

    async writeSegment(at, name, document, signal) {
      refuseAborted('memory store', signal);
      const { segments } = cellOf(at);
      const present = segments.get(name);
      if (present === undefined) segments.set(name, document);
      else if (present !== document) throw conflict(`segment ${name} of ${at.credential} has other content`);
    },

    async readSegment(at, name, signal) {
      refuseAborted('memory store', signal);
      return cellOf(at).segments.get(name) ?? null;
    },

    async dropSegment(at, name, signal) {
      refuseAborted('memory store', signal);
      cellOf(at).segments.delete(name);
    },
  };
}

function heldIn(place: Place, version: Version): StoredValue | null {
  const kept = place.kept.get(version);
  if (kept !== undefined) return kept;
  for (const value of place.staged.values()) if (value.version === version) return value;
  return null;
}

function refuseUnfit(text: Secret, location: string): void {
  const clear = text.open();
  if (clear === null || clear === '') {
    throw new KeyturnError('BAD_VALUE', `the value for ${location} is empty`, { hint: 'give a value' });
  }
  // A character has three bytes at most, so the cheap test settles nearly all.
  if (clear.length * 3 > VALUE_BYTES && Buffer.byteLength(clear) > VALUE_BYTES) {
    throw new KeyturnError('FULL', `the value for ${location} is over ${VALUE_BYTES} bytes`, {
      hint: 'store less at this location',
    });
  }
}
