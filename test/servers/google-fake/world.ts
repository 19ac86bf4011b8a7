import { randomBytes } from 'node:crypto';
import { notFound } from './status.ts';

export type VersionState = 'ENABLED' | 'DISABLED' | 'DESTROYED';

export interface FakeVersion {
  readonly number: number;
  readonly createdAt: number;
  readonly checked: boolean;
  state: VersionState;
  etag: string;
  data: Buffer | null;
  destroyedAt?: number;
  destroyAt?: number;
}

export interface FakeSecret {
  /** `projects/P/secrets/S` or `projects/P/locations/L/secrets/S`, as it was asked for. */
  readonly path: string;
  readonly createdAt: number;
  readonly regional: boolean;
  readonly secretType: string;
  etag: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  aliases: Readonly<Record<string, string>>;
  destroyTtlSeconds: number;
  versions: FakeVersion[];
}

/** A copy of a secret as it stood at some time; null: it was not there. */
interface Past {
  readonly at: number;
  readonly secret: FakeSecret | null;
}

/** All secrets, and what each was like before: reads that Google calls eventually consistent may see that. */
export class World {
  readonly #secrets = new Map<string, FakeSecret>();
  readonly #past = new Map<string, Past[]>();
  #ticks = 0;
  /** Reads other than by number see the world as it was at this tick; null: as it is. */
  #frozenAt: number | null = null;

  freeze(): void {
    this.#frozenAt = this.#ticks;
  }

  thaw(): void {
    this.#frozenAt = null;
  }

  /** The secret as it is. */
  now(path: string): FakeSecret {
    const secret = this.#secrets.get(path);
    if (secret === undefined) throw notFound(path);
    return secret;
  }

  has(path: string): boolean {
    return this.#secrets.has(path);
  }

  /** The secret as a read sees it that is not strongly consistent. */
  seen(path: string): FakeSecret {
    const found = this.#asSeen(path);
    if (found === null) throw notFound(path);
    return found;
  }

  allSeen(parent: string): readonly FakeSecret[] {
    return [...this.#past.keys()]
      .filter((path) => path.startsWith(`${parent}/secrets/`))
      .map((path) => this.#asSeen(path))
      .filter((secret) => secret !== null)
      .sort((a, b) => b.createdAt - a.createdAt);
  }

  put(secret: FakeSecret): void {
    this.#secrets.set(secret.path, secret);
    this.changed(secret.path);
  }

  remove(path: string): void {
    this.#secrets.delete(path);
    this.changed(path);
  }

  /** Remembers how the secret stands now. Call it after every change. */
  changed(path: string): void {
    this.#ticks += 1;
    const secret = this.#secrets.get(path);
    const past = this.#past.get(path) ?? [];
    past.push({ at: this.#ticks, secret: secret === undefined ? null : copyOf(secret) });
    this.#past.set(path, past);
  }

  #asSeen(path: string): FakeSecret | null {
    const frozen = this.#frozenAt;
    if (frozen === null) return this.#secrets.get(path) ?? null;
    return this.#past.get(path)?.findLast(({ at }) => at <= frozen)?.secret ?? null;
  }
}

/** As Google's: quotes are part of the text. */
export function freshEtag(): string {
  return `"${randomBytes(7).toString('hex')}"`;
}

function copyOf(secret: FakeSecret): FakeSecret {
  return { ...secret, versions: secret.versions.map((version) => ({ ...version })) };
}
