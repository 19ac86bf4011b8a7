import type { FaultType, RequestFacts } from './faults.ts';
import type { RequestKind } from './routes.ts';

/** One request as it was seen. Holds no secret: no query, no body, no header. */
export interface RequestRecord {
  /** Counted from 1 since the start. */
  readonly n: number;
  readonly kind: RequestKind;
  readonly method: string;
  readonly path: string;
  /** When it came in, in milliseconds. */
  readonly at: number;
  /** Of the reply. Null: none was sent, or not yet. */
  readonly status: number | null;
  /** The id of the key it was called with, and of the key that it made or answered. */
  readonly caller: string | null;
  readonly made: string | null;
  readonly fault: FaultType | null;
}

export type Entry = { -readonly [Field in keyof RequestRecord]: RequestRecord[Field] };

export interface Journal {
  open(facts: RequestFacts, at: number, fault: FaultType | null): Entry;
  records(): readonly RequestRecord[];
}

/** Longer than any id: it could be a token that somebody put into a path. */
const LONGEST_SEGMENT = 32;
const MOST_RECORDS = 20_000;

/** Keeps the newest requests. */
export function createJournal(): Journal {
  const entries: Entry[] = [];
  let opened = 0;
  return {
    open(facts, at, fault) {
      opened += 1;
      const { kind, method, path } = facts;
      const entry: Entry = {
        n: opened,
        kind,
        method,
        path,
        at,
        status: null,
        caller: null,
        made: null,
        fault,
      };
      entries.push(entry);
      if (entries.length > MOST_RECORDS) entries.shift();
      return entry;
    },
    records: () => entries.map((entry) => ({ ...entry })),
  };
}

/** The path of a request without what might be a secret. */
export function safePath(segments: readonly string[]): string {
  return `/${segments.map((part) => (part.length > LONGEST_SEGMENT ? '(long)' : part)).join('/')}`;
}
