import * as z from 'zod/mini';
import { toInstant } from './credential.ts';
import { KeyturnError } from './errors.ts';
import { EMPTY_TRAIL, trailSchema } from './trail.ts';

export const LEDGER_VERSION = 1;
/** A ledger never grows over this, so that it fits every store. */
export const LEDGER_MAX_BYTES = 12 * 1024;

const instant = z.string().check(
  z.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  z.refine((text) => Number.isFinite(Date.parse(text)) && toInstant(Date.parse(text)) === text),
);
const count = z.int().check(z.nonnegative());
const id = z.string().check(z.regex(/^[a-z0-9][a-z0-9.-]{0,63}$/));
const prints = z.record(z.string(), z.string().check(z.regex(/^[0-9a-f]{16}$/)));

const proofSchema = z.strictObject({
  /** `issuer`: it refused the key when asked. `expiry`: its time ran out. `operator`: a person's word. */
  by: z.enum(['issuer', 'operator', 'expiry']),
  at: instant,
  who: z.optional(z.string()),
});

/** One key that may exist because of us. A row stays until its key is proven dead or settled by a person. */
export const keySchema = z.strictObject({
  id,
  /**
   * intended: about to be asked for. possible: it may exist, nobody knows. pending: it exists and was never current.
   * current: consumers read it. retiring: it was current. revoked: proven dead. settled: a person's word.
   */
  state: z.enum(['intended', 'possible', 'pending', 'current', 'retiring', 'revoked', 'settled']),
  rotation: id,
  attempt: count,
  issuerKeyId: z.optional(z.string()),
  identity: z.optional(z.string()),
  fingerprints: z.optional(prints),
  issuedAt: z.optional(instant),
  issuedAtFrom: z.enum(['issuer', 'store', 'operator', 'unknown']),
  /** Null: the issuer says that it never expires. */
  expiresAt: z.optional(z.nullable(instant)),
  scopes: z.optional(z.array(z.string())),
  /** Where the store keeps the value. Absent while nothing is staged or kept. */
  storeVersion: z.optional(z.string()),
  /** Older copies of the same value that are still to be discarded. */
  spares: z.optional(z.array(z.string())),
  /** The version that `current` had when this key was there last. */
  currentAs: z.optional(z.string()),
  /** When it became current, and the version that it replaced there (null: none). */
  currentSince: z.optional(instant),
  replaced: z.optional(z.nullable(z.string())),
  /** The issuer was first seen to accept it then. */
  verifiedAt: z.optional(instant),
  /** The mark under which it is staged. */
  stagedAs: z.optional(id),
  /** The value was in the memory of a run that is gone. */
  valueLost: z.optional(z.literal(true)),
  /** When the request that may have made it was under way. */
  window: z.optional(
    z.strictObject({ from: instant, to: z.optional(instant), clock: z.optional(z.string()) }),
  ),
  /** Ids that the issuer listed before the request: others may be ours, which is no proof that they are. */
  listedBefore: z.optional(z.array(z.string())),
  /** Ids that appeared since. */
  suspects: z.optional(z.array(z.string())),
  ceasedCurrentAt: z.optional(instant),
  /** When the issuer last said that it was used, as a gate saw it; null: never. */
  usedAt: z.optional(z.nullable(instant)),
  /** When the overlap began to count: after the last hook and mirror. */
  overlapFrom: z.optional(instant),
  /** Whose clock said so. */
  overlapClock: z.optional(z.string()),
  /** Milliseconds; where a command asked for another overlap than the policy's. */
  overlap: z.optional(count),
  /** A person, or an emergency, ended its overlap: no time and no gate counts for it. */
  endNow: z.optional(z.string()),
  /** Its promote may have landed, or may still, against `promoteBase` (null: nothing was current). */
  promoteEntered: z.optional(instant),
  promoteBase: z.optional(z.nullable(z.string())),
  /** What it was sent against before, where a store that shows old values has led to another base since. */
  promoteOlder: z.optional(z.array(z.nullable(z.string()))),
  /** An earlier send of it has no outcome, so that a later refusal says nothing of that one. */
  promoteDoubt: z.optional(z.literal(true)),
  /** Milliseconds that a key of its issuer lives at most, as known when it was asked for; null or absent: for ever. */
  longestLife: z.optional(z.nullable(count)),
  /** `current` is about to be written again, with the value that it holds, under this mark: no promote of this key fits any more. */
  rewriting: z.optional(id),
  revokeEntered: z.optional(instant),
  /** When it was last entered again, or its request went out, where that was later. */
  revokeRepeated: z.optional(instant),
  /** When the issuer last answered that it has revoked the key. */
  revokeAnswered: z.optional(instant),
  tries: z.optional(count),
  nextTry: z.optional(instant),
  /** The pause is one that the other side asked for. */
  told: z.optional(z.literal(true)),
  lastError: z.optional(z.string()),
  proof: z.optional(proofSchema),
});

export const rotationSchema = z.strictObject({
  id,
  kind: z.enum(['scheduled', 'manual', 'emergency', 'rollback', 'adopt']),
  reason: z.string(),
  by: z.string(),
  startedAt: instant,
  phase: z.enum(['create', 'stage', 'verify', 'promote', 'overlap', 'done']),
  /** The intention to perform the phase's effect was saved then; no outcome is known. */
  entered: z.optional(instant),
  attempt: count,
  old: z.optional(id),
  new: z.optional(id),
  /** The version of `current` that promote replaces; null: none. Absent before stage. */
  base: z.optional(z.nullable(z.string())),
  /** Milliseconds, where a command asked for another overlap than the policy's. */
  overlap: z.optional(count),
  revokeFirst: z.optional(z.literal(true)),
  /** Promoted before it was verified, because the key in `current` was known to be dead. */
  unverified: z.optional(z.literal(true)),
  promotedAt: z.optional(instant),
  waiting: z.optional(z.strictObject({ for: z.literal('operator'), since: instant })),
  tries: z.optional(count),
  nextTry: z.optional(instant),
  /** The pause is one that the other side asked for. */
  told: z.optional(z.literal(true)),
  lastError: z.optional(z.string()),
});

export const owedSchema = z.strictObject({
  id,
  kind: z.enum(['hook', 'mirror']),
  target: z.string(),
  since: instant,
  entered: z.optional(instant),
  tries: count,
  nextTry: z.optional(instant),
  lastError: z.optional(z.string()),
});

export const leaseSchema = z.strictObject({
  /** Unique per process. */
  owner: z.string(),
  host: z.string(),
  /** `<boot id>/<pid>/<start>`: lets a run on the same machine tell that the owner is gone. */
  process: z.optional(z.string()),
  since: instant,
  until: instant,
});

const ledgerSchema = z.strictObject({
  version: z.literal(LEDGER_VERSION),
  credential: z.string(),
  seq: count,
  /** The process that saved last. */
  savedBy: z.optional(z.string()),
  keys: z.array(keySchema),
  rotation: z.optional(rotationSchema),
  owed: z.array(owedSchema),
  /** Nothing scheduled opens while it stands. */
  hold: z.optional(
    z.strictObject({
      kind: z.enum(['foreign', 'gone', 'moved', 'rollback', 'dead']),
      reason: z.string(),
      since: instant,
      until: z.optional(instant),
      by: z.string(),
    }),
  ),
  /** Of rotations that ended without promote. */
  failures: z.optional(z.strictObject({ count, lastAt: instant, code: z.string(), config: z.string() })),
  /** When keys were asked for, the newest ones. */
  made: z.optional(z.array(instant)),
  /** The configuration under which a missing scope was last a reason to rotate. */
  scopesTriedFor: z.optional(z.string()),
  lease: z.optional(leaseSchema),
  trail: trailSchema,
});

export type Key = z.infer<typeof keySchema>;
export type Rotation = z.infer<typeof rotationSchema>;
export type Owed = z.infer<typeof owedSchema>;
export type Lease = z.infer<typeof leaseSchema>;
export type Ledger = z.infer<typeof ledgerSchema>;
export type Hold = NonNullable<Ledger['hold']>;

export function emptyLedger(credential: string): Ledger {
  return { version: LEDGER_VERSION, credential, seq: 0, keys: [], owed: [], trail: EMPTY_TRAIL };
}

/** What stays free for an emergency: nothing else is begun in a ledger that is this full. */
export const LEDGER_RESERVED_BYTES = 3 * 1024;

/** Whether what stays free for an emergency is being used. */
export function isCrowded(ledger: Ledger): boolean {
  return Buffer.byteLength(JSON.stringify(ledger), 'utf8') > LEDGER_MAX_BYTES - LEDGER_RESERVED_BYTES;
}

/** Whether there is room to begin something; for an emergency there always is. */
export function hasRoom(ledger: Ledger): boolean {
  return ledger.rotation?.kind === 'emergency' || !isCrowded(ledger);
}

/** The ledger in a stored document. Throws LEDGER for one that is newer, cut, damaged, or another credential's. */
export function parseLedger(document: string, credential: string): Ledger {
  const raw = parseJson(document, credential);
  const version =
    typeof raw === 'object' && raw !== null ? (raw as { version?: unknown }).version : undefined;
  if (typeof version === 'number' && version > LEDGER_VERSION) {
    throw refusal(
      `the ledger of ${credential} has version ${version}, this keyturn knows up to ${LEDGER_VERSION}`,
      'install the newer keyturn that wrote it; nothing was changed',
    );
  }
  const parsed = z.safeParse(ledgerSchema, raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = placeOf(issue?.path ?? []);
    throw refusal(
      `the ledger of ${credential} is damaged at ${where}`,
      'restore it from the store or its backup; nothing was changed',
    );
  }
  if (parsed.data.credential !== credential) {
    throw refusal(
      `the ledger at the place of ${credential} belongs to ${shown(parsed.data.credential)}`,
      'give each credential its own name and location; nothing was changed',
    );
  }
  remember(parsed.data);
  return parsed.data;
}

/** The document to store. Throws LEDGER for a ledger that the parser would not read back, or that is too large. */
export function formatLedger(ledger: Ledger): string {
  const parsed = z.safeParse(ledgerSchema, withoutChecked(ledger));
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join('.') ?? 'its top level';
    throw new KeyturnError(
      'BUG',
      `a ledger of ${ledger.credential} that is wrong at ${where} was not written`,
      {
        hint: 'report this; the ledger in the store is unchanged',
        unsent: true,
      },
    );
  }
  remember(ledger);
  const document = JSON.stringify(ledger);
  if (Buffer.byteLength(document, 'utf8') > LEDGER_MAX_BYTES) {
    throw new KeyturnError(
      'FULL',
      `the ledger of ${ledger.credential} would be over ${LEDGER_MAX_BYTES} bytes`,
      {
        hint: 'run keyturn status to see which keys are owed, and settle them; check that the trail sinks take entries',
        unsent: true,
      },
    );
  }
  return document;
}

/** Rows and entries that passed the schema. They are never changed in place, so once is enough. */
const checked = new WeakSet<object>();

function remember({ keys, trail }: Ledger): void {
  for (const part of keys) checked.add(part);
  for (const part of trail.entries) checked.add(part);
}

function withoutChecked(ledger: Ledger): Ledger {
  const { keys, trail } = ledger;
  const isNew = (part: object): boolean => !checked.has(part);
  return { ...ledger, keys: keys.filter(isNew), trail: { ...trail, entries: trail.entries.filter(isNew) } };
}

/** The steps of our own schema; what the document itself calls its parts may be anything. */
function placeOf(path: readonly PropertyKey[]): string {
  const steps = path.map(String);
  const foreign = steps.findIndex((step) => !/^([A-Za-z]{1,24}|\d{1,6})$/.test(step));
  return steps.slice(0, foreign === -1 ? steps.length : foreign).join('.') || 'its top level';
}

/** A name as the configuration allows it; anything else is not repeated. */
function shown(name: string): string {
  return /^[a-z0-9][a-z0-9._-]{0,62}$/.test(name) ? name : 'another credential';
}

function parseJson(document: string, credential: string): unknown {
  try {
    return JSON.parse(document);
  } catch (caught) {
    if (!(caught instanceof SyntaxError)) throw caught;
    throw refusal(
      `the ledger of ${credential} is cut or is not JSON`,
      'restore it from the store or its backup; nothing was changed',
    );
  }
}

function refusal(message: string, hint: string): KeyturnError {
  return new KeyturnError('LEDGER', message, { hint });
}
