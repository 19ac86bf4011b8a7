import { createHash } from 'node:crypto';
import type { Stream } from './stream.ts';
import type { Switches } from './switches.ts';

/** Why a token died, other than by its expiry. */
export type Death = 'revoked' | 'invalidated' | 'replaced' | 'secret-reset' | 'killed';

/** What a caller of the simulator may know about a key. Times in milliseconds. The value stays inside. */
export interface KeyRecord {
  readonly id: string;
  /** The first 16 hex digits of SHA-256 over the value. */
  readonly fingerprint: string;
  readonly appId: string;
  readonly userId: string;
  readonly scopes: readonly string[];
  readonly origin: 'seeded' | 'mint' | 'exchange';
  /** False while no reply that carries the value was sent whole: nobody knows it. */
  readonly delivered: boolean;
  readonly issuedAt: number;
  /** Null: never. */
  readonly expiresAt: number | null;
  /** When it was killed, or when it expired, whichever came first. Null while it lives. */
  readonly diedAt: number | null;
  readonly state: 'live' | 'expired' | Death;
  /** Calls that were made with it and accepted: all of them, and messages alone. */
  readonly uses: number;
  readonly sends: number;
  readonly lastUsedAt: number | null;
  /** Calls refused because it was dead, or too new. */
  readonly failedUses: number;
}

/** The row behind a KeyRecord, as the simulator's own edges see and change it. */
export interface Token {
  readonly id: string;
  readonly value: string;
  readonly appId: string;
  readonly userId: string;
  /** What was asked for; `scopes` may hold one more. */
  readonly asked: readonly string[];
  readonly scopes: readonly string[];
  readonly origin: KeyRecord['origin'];
  readonly issuedAt: number;
  expiresAt: number | null;
  death: { readonly at: number; readonly how: Death } | null;
  delivered: boolean;
  uses: number;
  sends: number;
  lastUsedAt: number | null;
  failedUses: number;
}

export type NewToken = Pick<
  Token,
  'appId' | 'userId' | 'asked' | 'scopes' | 'origin' | 'issuedAt' | 'expiresAt'
>;

export interface TokenTable {
  add(token: NewToken, value?: string): Token;
  byValue(value: string): Token | null;
  all(): readonly Token[];
  /** The tokens of one user, newest last, that neither died nor expired. */
  live(userId: string, now: number): readonly Token[];
}

/** An unused token value: long, opaque, of varying length, and saying what it is. */
export function inventToken(stream: Stream): string {
  return `EAASIMULATED${stream.text(180 + Math.floor(stream.fraction() * 40))}`;
}

export function createTokenTable(stream: Stream): TokenTable {
  const rows = new Map<string, Token>();
  return {
    add(token, value = inventToken(stream)) {
      const row: Token = {
        ...token,
        id: `key-${rows.size + 1}`,
        value,
        death: null,
        delivered: token.origin === 'seeded',
        uses: 0,
        sends: 0,
        lastUsedAt: null,
        failedUses: 0,
      };
      rows.set(value, row);
      return row;
    },
    byValue: (value) => rows.get(value) ?? null,
    all: () => [...rows.values()],
    live: (userId, now) => [...rows.values()].filter((row) => row.userId === userId && isLive(row, now)),
  };
}

export function kill(token: Token, at: number, how: Death): void {
  token.death ??= { at, how };
}

export function isLive(token: Token, now: number): boolean {
  return token.death === null && (token.expiresAt === null || now < token.expiresAt);
}

export type Sight = 'alive' | 'expired' | 'dead' | 'unripe';

/** How a token looks at `now`, with the delays of that side: to live calls, or to debug_token. */
export function sight(token: Token, side: 'live' | 'debug', switches: Switches, now: number): Sight {
  const live = side === 'live';
  const deathDelay = (live ? switches.deadTokenDelayS : switches.deadTokenDebugDelayS) * 1000;
  const birthDelay = (live ? switches.newTokenDelayS : switches.newTokenDebugDelayS) * 1000;
  if (token.death !== null && now >= token.death.at + deathDelay) return 'dead';
  if (token.expiresAt !== null && now >= token.expiresAt) return 'expired';
  if (now < token.issuedAt + birthDelay) return 'unripe';
  return 'alive';
}

export function recordOf(token: Token, now: number): KeyRecord {
  const { value, asked: _asked, death, ...rest } = token;
  const expired = token.expiresAt !== null && now >= token.expiresAt ? token.expiresAt : null;
  const killedFirst = death !== null && (expired === null || death.at <= expired);
  return {
    ...rest,
    scopes: [...token.scopes],
    fingerprint: createHash('sha256').update(value).digest('hex').slice(0, 16),
    diedAt: killedFirst ? death.at : expired,
    state: killedFirst ? death.how : expired !== null ? 'expired' : 'live',
  };
}
