import type { Verification } from '../../core/issuer.ts';
import type { Key } from '../../core/ledger.ts';
import { isDead, rowOf } from '../../core/rows.ts';
import { fingerprint, Secret } from '../../core/secret.ts';
import { lookAt, verified } from '../../engine/looks.ts';
import type { Run } from '../../engine/run.ts';
import { openSession, type Session } from '../../engine/session.ts';
import { type KeyOutput, keyOutput } from '../facts.ts';

/** A part that is shorter has no fingerprint. */
const FINGERPRINT_MIN = 20;
const PIECES_AT_MOST = 200;

export type Alive = 'yes' | 'no' | 'unknown';

export interface Match {
  /** Null: no credential of this configuration; the issuer alone knows it. */
  readonly credential: string | null;
  /** Its row in the ledger; null: there is none. */
  readonly key: KeyOutput | null;
  readonly alive: Alive;
  /** The issuer in the configuration. */
  readonly issuer: string;
  readonly identity: string | null;
  readonly issuedAt: string | null;
  /** Null: it does not end by itself, or nobody knows when. */
  readonly expiresAt: string | null;
}

/**
 * What may be the leaked key in a text: the text itself, and the words in it, since a line of a log or of a
 * configuration is often what is found.
 */
export function candidatesOf(text: string): readonly string[] {
  const whole = text.trim();
  const words = whole.split(/[\s"'`,;<>(){}[\]]+/);
  const pieces = words.flatMap((word) => [word, ...word.split(/[=:|&?]+/)]);
  const found = [whole, ...pieces.filter((one) => one.length >= FINGERPRINT_MIN)];
  return [...new Set(found)].filter((one) => one !== '').slice(0, PIECES_AT_MOST);
}

/** The keys of one credential that the text holds, by fingerprint and by what the store holds now. */
export async function matchesOf(run: Run, candidates: readonly string[]): Promise<readonly Match[]> {
  const session = await openSession(run);
  const { values, book } = session;
  session.seen = await lookAt(run, values, book.ledger, session.seen, { what: 'current' });
  const found: Match[] = [];
  for (const row of book.ledger.keys) {
    const prints = Object.values(row.fingerprints ?? {});
    const text = candidates.find((one) => one.length >= FINGERPRINT_MIN && prints.includes(fingerprint(one)));
    if (text !== undefined) found.push(await matchOf(session, row, text));
  }
  const key = values.current?.key ?? null;
  const part = key?.partNames.find((one) => candidates.includes(key.open(one) ?? ''));
  const row = session.seen.current?.row ?? null;
  if (key === null || part === undefined || found.some((one) => (one.key?.id ?? null) === row)) return found;
  const known = row === null ? null : rowOf(book.ledger, row);
  const text = key.open(part) ?? '';
  return [...found, known === null ? await strange(session, key) : await matchOf(session, known, text)];
}

/** `text` is the part of the key that was found. */
async function matchOf({ run, values, seen }: Session, row: Key, text: string): Promise<Match> {
  const { name, issuer } = run.credential;
  const common = {
    credential: name,
    key: keyOutput(row),
    issuer,
    identity: row.identity ?? null,
    issuedAt: row.issuedAt ?? null,
    expiresAt: row.expiresAt ?? null,
  };
  if (row.state === 'revoked') return { ...common, alive: 'no' };
  const whole = (run.issuer.parts ?? ['value']).length === 1;
  const stored = whole || isDead(row) ? null : await values.secretOf(row, seen.current, run.signal);
  const secret = whole ? Secret.of(text) : stored;
  return { ...common, alive: secret === null ? 'unknown' : await lives(run, secret, row.id) };
}

/** What the store holds and no ledger knows. */
async function strange({ run }: Session, secret: Secret): Promise<Match> {
  const { name, issuer } = run.credential;
  const alive = await lives(run, secret, `the key of ${name}`);
  return { credential: name, key: null, alive, issuer, identity: null, issuedAt: null, expiresAt: null };
}

async function lives(run: Run, secret: Secret, name: string): Promise<Alive> {
  if (!run.issuer.traits.proves) return 'unknown';
  return aliveBy(await verified(run, secret, name));
}

/** A key that lives but may not do all that is declared is alive to whoever found it. */
function aliveBy(said: Verification): Alive {
  if (said.verdict === 'works') return 'yes';
  if (said.verdict === 'unknown') return 'unknown';
  return said.why === 'dead' ? 'no' : said.why === 'scope-missing' ? 'yes' : 'unknown';
}

/** What a ledger says of a key, and what its issuer says. That it lives counts, whoever says so. */
export function together(matches: readonly Match[], described: readonly Match[]): readonly Match[] {
  const merged = matches.map((match) => {
    const said = described.find((one) => one.issuer === match.issuer);
    if (said === undefined || said.alive === 'unknown' || match.alive === 'yes') return match;
    return said.alive === 'yes' || match.alive === 'unknown' ? { ...match, alive: said.alive } : match;
  });
  return [...merged, ...described.filter((one) => !matches.some((match) => match.issuer === one.issuer))];
}
