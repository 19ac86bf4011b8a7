import { type FieldMap, keyIn, textWith } from '../core/document.ts';
import type { Key } from '../core/ledger.ts';
import type { CurrentSeen } from '../core/protocol/seen.ts';
import { isDead } from '../core/rows.ts';
import { Secret, sameFingerprints } from '../core/secret.ts';
import type { StoredValue, Version } from '../core/store.ts';
import { guarded } from './guard.ts';
import type { Run } from './run.ts';

/** What `current` holds: the text that consumers read, and the key in it. */
export interface CurrentValue {
  readonly version: Version;
  readonly text: Secret;
  readonly key: Secret | null;
  readonly writtenAt?: string;
}

/** The secrets that this run holds in memory, and how they are read from the store. */
export class Values {
  readonly #run: Run;
  readonly #hands = new Map<string, Secret>();
  #current: CurrentValue | null = null;

  constructor(run: Run) {
    this.#run = run;
  }

  /** What the last look at `current` read; null: nothing was there. */
  get current(): CurrentValue | null {
    return this.#current;
  }

  hold(row: string, secret: Secret): void {
    this.#hands.set(row, secret);
  }

  /** Lets go of what is in memory. */
  forget(): void {
    this.#hands.clear();
  }

  held(row: string): Secret | null {
    return this.#hands.get(row) ?? null;
  }

  async readCurrent(signal: AbortSignal): Promise<CurrentValue | null> {
    const { store, world, credential } = this.#run;
    const found = await guarded(world, `read ${credential.location}`, signal, (inner) =>
      store.read(credential.location, 'current', inner),
    );
    if (found === null) {
      this.#current = null;
      return null;
    }
    const key = keyIn(found.text.open() ?? '', credential.fields);
    this.#current = {
      version: found.version,
      text: found.text,
      key,
      ...(found.writtenAt === undefined ? {} : { writtenAt: found.writtenAt }),
    };
    return this.#current;
  }

  /** The key that is staged or kept for a row, by its version or else by its mark. */
  async readKept(
    row: Key,
    signal: AbortSignal,
    by: 'version' | 'mark' = 'version',
  ): Promise<{ version: Version; key: Secret } | null> {
    const { store, world, credential } = this.#run;
    const which =
      row.storeVersion !== undefined && by === 'version'
        ? { version: row.storeVersion }
        : row.stagedAs !== undefined
          ? { mark: row.stagedAs }
          : null;
    if (which === null) return null;
    const found: StoredValue | null = await guarded(
      world,
      `read what is kept for ${row.id}`,
      signal,
      (inner) => store.read(credential.location, which, inner),
    );
    if (found === null) return null;
    const key = keyIn(found.text.open() ?? '', credential.fields);
    return key === null ? null : { version: found.version, key };
  }

  /** The secret of a row without asking the store: from memory, or from `current`. */
  atHand(row: Key | null, current: CurrentSeen | null | undefined): Secret | null {
    if (row === null) return null;
    return this.#hands.get(row.id) ?? (current?.row === row.id ? (this.#current?.key ?? null) : null);
  }

  /** The secret of a row: from memory, from `current`, or from what the store keeps. Null: it is lost. */
  async secretOf(
    row: Key,
    current: CurrentSeen | null | undefined,
    signal: AbortSignal,
  ): Promise<Secret | null> {
    const held = this.atHand(row, current);
    if (held !== null) return held;
    const kept = await this.readKept(row, signal);
    if (kept !== null) this.#hands.set(row.id, kept.key);
    return kept?.key ?? null;
  }

  /** The row whose key `current` holds: by version, by fingerprints, and for short parts by the kept bytes. */
  async match(
    rows: readonly Key[],
    value: CurrentValue,
    fields: FieldMap | undefined,
    signal: AbortSignal,
  ): Promise<string | null> {
    const { key } = value;
    if (key === null) return null;
    const inOrder = [...rows].sort((a, b) => rank(a) - rank(b));
    if (fields === undefined) {
      const byVersion = inOrder.find(
        (row) => row.currentAs === value.version || row.storeVersion === value.version,
      );
      if (byVersion !== undefined) return byVersion.id;
    }
    const prints = key.fingerprints();
    const complete = Object.keys(prints).length === key.partNames.length;
    for (const row of inOrder) {
      const same = sameFingerprints(row.fingerprints, prints);
      if (same === false) continue;
      if (same === true && complete) return row.id;
      const kept = await this.readKept(row, signal);
      if (kept?.key.equals(key)) return row.id;
    }
    return null;
  }

  /** The text that consumers would read with this key in place, on top of what they read now. */
  textFor(key: Secret): Secret {
    const { fields } = this.#run.credential;
    return Secret.of(textWith(key, this.#current?.text.open() ?? null, fields));
  }
}

/** Where an issuer gave one key twice, the row that stands there or was sent there is meant. */
function rank(row: Key): number {
  if (row.state === 'current') return 0;
  if (isDead(row)) return 3;
  return row.promoteEntered === undefined ? 2 : 1;
}
