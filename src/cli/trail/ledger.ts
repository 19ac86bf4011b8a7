import type { ConfiguredCredential } from '../../config/config.ts';
import type { Ledger } from '../../core/ledger.ts';
import type { TrailSegment } from '../../core/trail.ts';
import { type BadEntry, createVerifier } from '../../trail/verify.ts';
import type { Context } from '../context.ts';
import { parseEntries, readSegments, waitingEntries } from './source.ts';

/** What a part of the trail is like. */
export interface CheckedPart {
  readonly checked: number;
  readonly firstBad: BadEntry | null;
}

/** Checks the entries in one ledger, and those beside it, against the hashes that the ledger holds. */
export async function verifyLedger(credential: ConfiguredCredential, context: Context): Promise<CheckedPart> {
  const ledger = await context.ledger(credential);
  const parts = [checkWaiting(ledger)];
  for (const [at, { text }] of (await readSegments(credential, ledger, context)).entries()) {
    const segment = ledger.trail.segments?.[at];
    if (segment === undefined) continue;
    const part = checkSegment(segment, text, ledger.credential);
    // A run may have dropped it meanwhile, because every sink has it.
    const gone = part.firstBad !== null && !(await isStillThere(segment, credential, context));
    if (!gone) parts.unshift(part);
  }
  return {
    checked: parts.reduce((sum, part) => sum + part.checked, 0),
    firstBad: parts.find((part) => part.firstBad !== null)?.firstBad ?? null,
  };
}

function checkWaiting(ledger: Ledger): CheckedPart {
  const { trail, credential } = ledger;
  const where = `the ledger of ${credential}`;
  const verifier = createVerifier();
  const waiting = waitingEntries(ledger);
  for (const entry of waiting) verifier.take(entry, where);
  const { checked, firstBad } = verifier.result();
  if (firstBad !== null || (waiting.at(-1)?.hash ?? trail.base) === trail.head) return { checked, firstBad };
  return {
    checked,
    firstBad: { credential, n: trail.count, where, why: 'its hash is not the head of the trail' },
  };
}

function checkSegment(
  { name, from, to, hash }: TrailSegment,
  text: string | null,
  credential: string,
): CheckedPart {
  const where = `the segment ${name} of ${credential}`;
  const bad = (why: string): BadEntry => ({ credential, n: from, where, why });
  const entries = text === null ? null : parseEntries(text);
  if (entries === null)
    return { checked: 0, firstBad: bad(text === null ? 'it is missing' : 'it is damaged') };
  const verifier = createVerifier();
  for (const entry of entries) verifier.take(entry, where);
  const { checked, firstBad } = verifier.result();
  const [chain] = verifier.chains();
  const isWhole =
    chain?.credential === credential && chain.from === from && chain.to === to && chain.head === hash;
  return {
    checked,
    firstBad: firstBad ?? (isWhole ? null : bad('it is not what the ledger says that it holds')),
  };
}

async function isStillThere(
  { name }: TrailSegment,
  credential: ConfiguredCredential,
  context: Context,
): Promise<boolean> {
  const { trail } = await context.ledger(credential);
  return (trail.segments ?? []).some((segment) => segment.name === name);
}
