import { createHash, randomBytes } from 'node:crypto';

/** One token that the server made, with the truth about it. Times in milliseconds. */
export interface Token {
  readonly value: string;
  readonly user: 'client' | 'admin';
  readonly madeBy: 'setup' | 'mint' | 'exchange';
  readonly scopes: readonly string[];
  readonly issuedAt: number;
  /** 0: never. */
  expiresAt: number;
  diedAt?: number;
  /** `client`: somebody asked for its death. `server`: the server's own doing. */
  diedOf?: 'client' | 'server';
  /** Whether somebody got to know it: the reply that carried it was sent whole, or it was there from the start. */
  handedOut: boolean;
}

export interface TokenBook {
  readonly all: readonly Token[];
  readonly make: (of: Pick<Token, 'user' | 'madeBy' | 'scopes' | 'issuedAt' | 'expiresAt'>) => Token;
  readonly find: (value: string) => Token | undefined;
  readonly living: (user: Token['user'], now: number) => Token[];
  /** Every token in this text has been handed out. */
  readonly handOut: (text: string) => void;
  readonly kill: (token: Token, of: 'client' | 'server', now: number) => void;
}

export function openTokenBook(prefix: string): TokenBook {
  const all: Token[] = [];
  return {
    all,
    make: (of) => {
      const value = `${prefix}${randomBytes(150).toString('base64url').replaceAll(/[-_]/g, 'Z')}`;
      const token: Token = { value, ...of, handedOut: of.madeBy === 'setup' };
      all.push(token);
      return token;
    },
    find: (value) => all.find((token) => token.value === value),
    living: (user, now) => all.filter((token) => token.user === user && lives(token, now)),
    handOut: (text) => {
      for (const token of all) token.handedOut ||= text.includes(token.value);
    },
    kill: (token, of, now) => {
      if (token.diedAt !== undefined) return;
      token.diedAt = now;
      token.diedOf = of;
    },
  };
}

export function lives(token: Token, now: number): boolean {
  return token.diedAt === undefined && (token.expiresAt === 0 || now < token.expiresAt);
}

/** As the documentation of keyturn defines it. */
export function fingerprint(value: string): string {
  return createHash('sha256').update(value).digest('hex').slice(0, 16);
}
