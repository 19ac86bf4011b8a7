import { toKeyturnError } from '../core/errors.ts';
import type { ListedKey, Verification } from '../core/issuer.ts';
import type { Key, Ledger } from '../core/ledger.ts';
import { secretListed } from '../core/listed-secrets.ts';
import type { Look, Seen } from '../core/protocol/seen.ts';
import { isDead, rowOf } from '../core/rows.ts';
import { type Secret, sameFingerprints } from '../core/secret.ts';
import { guarded } from './guard.ts';
import type { Run } from './run.ts';
import type { Values } from './values.ts';

type LookAt<What extends Look['what']> = (
  run: Run,
  values: Values,
  ledger: Ledger,
  seen: Seen,
  at: Extract<Look, { what: What }>,
) => Promise<Seen>;

/** One function per look. None has an effect; each gives what was seen together with what it saw. */
const LOOKS: { readonly [What in Look['what']]: LookAt<What> } = {
  current: async (run, values, ledger, before) => {
    const seen = { ...before, currentAskedAt: run.world.now() };
    const value = await values.readCurrent(run.signal);
    if (value === null) return { ...seen, current: null, base: null };
    if (value.key === null) return { ...seen, current: null, base: value.version };
    const row = await values.match(ledger.keys, value, run.credential.fields, run.signal);
    const current = {
      version: value.version,
      row,
      fingerprints: value.key.fingerprints(),
      complete: isComplete(value.key),
      ...(value.writtenAt === undefined ? {} : { writtenAt: value.writtenAt }),
    };
    return { ...seen, current, base: value.version };
  },

  works: async (run, values, ledger, seen, { row }) => {
    const key = rowOf(ledger, row);
    const secret = key === null ? null : await values.secretOf(key, seen.current, run.signal);
    const askedAt = run.world.now();
    const verdict: Verification =
      secret === null
        ? { verdict: 'unknown', message: `the value of ${row} is not there to be tested` }
        : await verified(run, secret, row);
    return { ...seen, works: { ...seen.works, [row]: { ...verdict, askedAt } } };
  },

  'foreign-works': async (run, values, _ledger, seen) => {
    const secret = values.current?.key ?? null;
    const foreignWorks: Verification =
      secret === null
        ? { verdict: 'unknown', message: 'there is no key in current to be tested' }
        : await verified(run, secret, 'the key in current');
    return { ...seen, foreignWorks };
  },

  staged: async (run, values, ledger, seen, { row }) => {
    const key = rowOf(ledger, row);
    // While its outcome is open, only what lies under the mark of this attempt is what was staged by it.
    const { rotation } = ledger;
    const open = rotation?.new === row && rotation.phase === 'stage' && rotation.entered !== undefined;
    const kept = key === null ? null : await values.readKept(key, run.signal, open ? 'mark' : 'version');
    if (key === null || kept === null) return { ...seen, staged: { ...seen.staged, [row]: null } };
    const same = isSame(key, kept.key, values.held(row));
    // From here on the bytes that were read back are the ones that are tested.
    if (same) values.hold(row, kept.key);
    return { ...seen, staged: { ...seen.staged, [row]: { version: kept.version, same } } };
  },

  invent: async (run, values, _ledger, seen, { row }) => {
    const secret = run.issuer.invent?.(run.world.random);
    if (secret === undefined) throw toKeyturnError(null, 'invent a secret');
    values.hold(row, secret);
    return { ...seen, hand: { row, fingerprints: secret.fingerprints() } };
  },

  found: async (run, values, ledger, seen, { row }) => {
    const askedAt = run.world.now();
    const found = await guarded(run.world, `look for ${row} at the issuer`, run.signal, async (signal) =>
      run.issuer.find === undefined ? null : run.issuer.find(row, signal, callerIn(values)),
    );
    requireNames(found === null ? [] : [found], ledger);
    return { ...seen, found: { ...seen.found, [row]: found }, foundAt: { ...seen.foundAt, [row]: askedAt } };
  },

  listed: async (run, values, ledger, seen) => {
    const listedAt = run.world.now();
    const listed = await guarded(run.world, 'list the keys at the issuer', run.signal, async (signal) =>
      run.issuer.list === undefined ? [] : run.issuer.list(signal, callerIn(values)),
    );
    requireNames(listed, ledger);
    return { ...seen, listed, listedAt };
  },

  slots: async (run, values, ledger, seen) => {
    const slots = await guarded(run.world, 'count the slots at the issuer', run.signal, async (signal) =>
      run.issuer.slots === undefined
        ? { used: 0, max: Number.MAX_SAFE_INTEGER, keys: [] }
        : run.issuer.slots(signal, callerIn(values)),
    );
    requireNames(slots.keys, ledger);
    return { ...seen, slots };
  },

  siblings: async (run, _values, _ledger, seen) => ({ ...seen, siblings: await run.siblings() }),

  twin: async (run, values, ledger, seen, { row }) => ({
    ...seen,
    twin: await twinOf(run, values, ledger, row),
  }),

  'same-bytes': async (run, values, ledger, seen, { row }) => {
    const key = rowOf(ledger, row);
    const kept = key === null ? null : await values.readKept(key, run.signal);
    const secret = kept?.key ?? values.held(row);
    const current = values.current?.key ?? null;
    const same = secret !== null && current !== null && secret.equals(current);
    return { ...seen, sameBytes: { ...seen.sameBytes, [row]: same } };
  },

  mirrored: async (run, values, ledger, seen, { row }) => {
    const key = rowOf(ledger, row);
    const secret = key === null ? null : await values.secretOf(key, seen.current, run.signal);
    const holders: string[] = [];
    for (const effect of secret === null ? [] : run.effects) {
      const text = secret === null ? null : values.textFor(secret);
      if (effect.kind !== 'mirror' || effect.holds === undefined || text === null) continue;
      const holds = await guarded(run.world, `read the mirror ${effect.name}`, run.signal, async (signal) =>
        effect.holds === undefined ? null : effect.holds(text, signal),
      );
      if (holds === true) holders.push(effect.name);
    }
    return { ...seen, mirrored: { ...seen.mirrored, [row]: holders } };
  },

  gates: async (run, _values, ledger, seen, { row }) => {
    const key = rowOf(ledger, row);
    const reasons: string[] = [];
    let used = seen.used;
    for (const gate of run.gates) {
      const answer = await guarded(run.world, `ask the gate ${gate.name}`, run.signal, (signal) =>
        gate.check({
          since: key?.ceasedCurrentAt ?? ledger.rotation?.startedAt ?? '',
          ...(key?.issuerKeyId === undefined ? {} : { issuerKeyId: key.issuerKeyId }),
          signal,
        }),
      );
      const reason = typeof answer === 'string' || answer === null ? answer : answer.reason;
      if (reason !== null) reasons.push(`${gate.name}: ${reason}`);
      if (typeof answer === 'object' && answer !== null) used = { ...used, [row]: answer.usedAt };
    }
    const gates = { ...seen.gates, [row]: reasons };
    return { ...seen, gates, ...(used === undefined ? {} : { used }) };
  },
};

export function lookAt(run: Run, values: Values, ledger: Ledger, seen: Seen, at: Look): Promise<Seen> {
  const perform = LOOKS[at.what] as LookAt<Look['what']>;
  return perform(run, values, ledger, seen, at);
}

/** The issuer's answer; a call that fails is an answer that could not tell. */
export async function verified(run: Run, secret: Secret, name: string): Promise<Verification> {
  try {
    return await guarded(run.world, `verify ${name}`, run.signal, (signal) =>
      run.issuer.verify(secret, signal),
    );
  } catch (caught) {
    const error = toKeyturnError(caught, `verify ${name}`);
    if (error.code === 'INTERRUPTED' || error.code === 'BUG' || error.exitCode === 2) throw error;
    return {
      verdict: 'unknown',
      message: error.message,
      ...(error.detail.retryAfterMs === undefined ? {} : { retryAfterMs: error.detail.retryAfterMs }),
    };
  }
}

/** What is listed is remembered and shown. Throws BAD_REPLY where a secret is in it. */
function requireNames(listed: readonly ListedKey[], ledger: Ledger): void {
  const leak = secretListed(listed, ledger.keys);
  if (leak !== null) throw leak;
}

/** The key in `current`, for issuers that are asked by one of their keys. */
function callerIn(values: Values): Secret | undefined {
  return values.current?.key ?? undefined;
}

function isComplete(secret: Secret): boolean {
  return Object.keys(secret.fingerprints()).length === secret.partNames.length;
}

/** The living row whose kept bytes are those in hand, where fingerprints cannot tell. */
export async function twinOf(run: Run, values: Values, ledger: Ledger, hand: string): Promise<string | null> {
  const secret = values.held(hand);
  if (secret === null || isComplete(secret)) return null;
  for (const row of ledger.keys) {
    if (row.id === hand || isDead(row)) continue;
    const kept = await values.readKept(row, run.signal);
    if (kept?.key.equals(secret)) return row.id;
  }
  return null;
}

/** Whether what is stored is the key that the row describes: by fingerprints, or by the bytes in memory. */
function isSame(row: Key, stored: Secret, held: Secret | null): boolean {
  if (held !== null) return stored.equals(held);
  const same = sameFingerprints(row.fingerprints, stored.fingerprints());
  return same !== false;
}
