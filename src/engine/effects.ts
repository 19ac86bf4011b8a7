import { KeyturnError, toKeyturnError } from '../core/errors.ts';
import type { Ledger } from '../core/ledger.ts';
import { fullEmergencyHint } from '../core/protocol/asking.ts';
import type { Change, Failure } from '../core/protocol/changes.ts';
import { isStrangers } from '../core/protocol/creation.ts';
import { withOwnId } from '../core/protocol/own-id.ts';
import type { Effect, Seen } from '../core/protocol/seen.ts';
import { rowOf } from '../core/rows.ts';
import type { Secret } from '../core/secret.ts';
import type { Version } from '../core/store.ts';
import { guarded } from './guard.ts';
import type { Run } from './run.ts';
import type { Values } from './values.ts';

type Perform<Kind extends Effect['kind']> = (
  run: Run,
  values: Values,
  ledger: Ledger,
  seen: Seen,
  effect: Extract<Effect, { kind: Kind }>,
) => Promise<readonly Change[]>;

/** One function per effect: performs it once and says what is known to have come of it. */
const EFFECTS: { readonly [Kind in Effect['kind']]: Perform<Kind> } = {
  create: async (run, values, ledger, seen, { row }) => {
    const current = values.current?.key ?? null;
    try {
      const made = await guarded(
        run.world,
        `make a key at ${run.credential.issuer}`,
        run.signal,
        async (signal) => {
          if (run.issuer.create === undefined) throw missing('create');
          return run.issuer.create({ mark: row, ...(current === null ? {} : { current }), signal });
        },
        { graceful: true },
      );
      const facts = { ...made.facts, fingerprints: made.secret.fingerprints() };
      if (isStrangers(ledger, run.policy, seen, row, facts)) return notNew(run, row);
      values.hold(row, made.secret);
      return [{ type: 'created', row, facts }];
    } catch (caught) {
      return notMade(run, ledger, row, toKeyturnError(caught, `make a key at ${run.credential.issuer}`));
    }
  },

  register: async (run, values, ledger, seen, { row }) => {
    const key = rowOf(ledger, row);
    const secret = values.atHand(key, seen.current);
    const current = values.current?.key ?? null;
    if (secret === null) return [{ type: 'value-lost', row }];
    try {
      const facts = await guarded(
        run.world,
        `register a key at ${run.credential.issuer}`,
        run.signal,
        async (signal) => {
          if (run.issuer.register === undefined) throw missing('register');
          return run.issuer.register({ mark: row, secret, ...(current === null ? {} : { current }), signal });
        },
        { graceful: true },
      );
      const own = withOwnId(run.policy, key, facts);
      return [{ type: 'registered', row, facts: { ...own, fingerprints: secret.fingerprints() } }];
    } catch (caught) {
      return notMade(run, ledger, row, toKeyturnError(caught, `register a key at ${run.credential.issuer}`));
    }
  },

  stage: async (run, values, ledger, seen, { row, mark }) => {
    const key = rowOf(ledger, row);
    const secret = values.atHand(key, seen.current);
    if (secret === null) return [{ type: 'value-lost', row }];
    const { location } = run.credential;
    try {
      const staged = await guarded(
        run.world,
        `stage ${row}`,
        run.signal,
        (signal) => run.store.stage({ location, mark, text: values.textFor(secret) }, signal),
        { graceful: true },
      );
      return [{ type: 'staged', row, version: staged.version, fingerprints: secret.fingerprints() }];
    } catch (caught) {
      const error = toKeyturnError(caught, `stage ${row}`);
      if (error.code === 'CONFLICT') return [{ type: 'stage-conflict', row }];
      return [{ type: 'postponed', failure: failureOf(error) }, ...fatal(error)];
    }
  },

  promote: async (run, _values, _ledger, _seen, { row, version, base }) => {
    const { location } = run.credential;
    const { hooks, mirrors } = run.policy;
    try {
      const now = await guarded(
        run.world,
        `promote ${row}`,
        run.signal,
        (signal) => run.store.promote({ location, version, base }, signal),
        { graceful: true },
      );
      return [{ type: 'promoted', row, version: now.version, hooks, mirrors }];
    } catch (caught) {
      const error = toKeyturnError(caught, `promote ${row}`);
      if (error.ambiguous) return [{ type: 'promote-unsure', row, failure: failureOf(error) }];
      return [{ type: 'not-promoted', row, failure: failureOf(error) }, ...fatal(error)];
    }
  },

  rewrite: async (run, values, _ledger, _seen, { row, mark, base }) => {
    const { location } = run.credential;
    const value = values.current;
    if (value === null || value.version !== base) return [];
    let copy: Version | null = null;
    try {
      const staged = await guarded(run.world, 'stage what is current again', run.signal, (signal) =>
        run.store.stage({ location, mark, text: value.text }, signal),
      );
      copy = staged.version;
      const now = await guarded(
        run.world,
        `write current again`,
        run.signal,
        (signal) => run.store.promote({ location, version: staged.version, base }, signal),
        { graceful: true },
      );
      return [{ type: 'rewritten', row, version: now.version, kept: staged.version }];
    } catch (caught) {
      const error = toKeyturnError(caught, 'write current again');
      // Where `current` has changed meanwhile, the copy is of no use to anybody.
      const other = error.code === 'CONFLICT' ? (copy ?? (await otherUnder(run, mark, value.text))) : null;
      if (other !== null) return [{ type: 'rewrite-conflict', row, version: other }];
      return [{ type: 'revoke-failed', row, failure: failureOf(error) }];
    }
  },

  revoke: async (run, values, ledger, seen, { row, role }) => {
    const key = rowOf(ledger, row);
    const secret = values.atHand(key, seen.current);
    const caller = values.current?.key ?? null;
    try {
      await guarded(
        run.world,
        `revoke ${row} at ${run.credential.issuer}`,
        run.signal,
        async (signal) => {
          if (run.issuer.revoke === undefined) throw missing('revoke');
          await run.issuer.revoke({
            role,
            ...(key?.issuerKeyId === undefined ? {} : { issuerKeyId: key.issuerKeyId }),
            ...(secret === null ? {} : { secret }),
            ...(caller === null ? {} : { caller }),
            signal,
          });
        },
        { graceful: true },
      );
      return [{ type: 'revoke-sent', row }];
    } catch (caught) {
      const error = toKeyturnError(caught, `revoke ${row}`);
      return [{ type: 'revoke-failed', row, failure: failureOf(error) }];
    }
  },

  discard: async (run, _values, _ledger, _seen, { row, version }) => {
    const { location } = run.credential;
    await guarded(run.world, `discard what was kept for ${row}`, run.signal, (signal) =>
      run.store.discard(location, version, signal),
    );
    return [{ type: 'discarded', row, version }];
  },

  owed: async (run, values, ledger, _seen, { row }) => {
    const debt = ledger.owed.find((one) => one.id === row);
    const effect = run.effects.find((one) => one.name === debt?.target);
    const key = values.current?.key ?? null;
    const text = values.current?.text ?? null;
    if (debt === undefined) return [];
    if (effect === undefined || key === null || text === null) {
      const message =
        effect === undefined ? 'it is not in the configuration' : 'there is no current key to hand over';
      return [{ type: 'owed-failed', owed: row, failure: { code: 'CONFIG', message } }];
    }
    try {
      await guarded(run.world, `perform the ${debt.kind} ${debt.target}`, run.signal, (signal) =>
        effect.perform({ credential: run.credential.name, key, text, signal }),
      );
      return [{ type: 'owed-paid', owed: row }];
    } catch (caught) {
      const error = toKeyturnError(caught, `perform the ${debt.kind} ${debt.target}`);
      return [{ type: 'owed-failed', owed: row, failure: failureOf(error) }];
    }
  },
};

export function perform(
  run: Run,
  values: Values,
  ledger: Ledger,
  seen: Seen,
  effect: Effect,
): Promise<readonly Change[]> {
  const act = EFFECTS[effect.kind] as Perform<Effect['kind']>;
  return act(run, values, ledger, seen, effect);
}

/** The version of another text that lies under a mark. Null: there is none, or it could not be read. */
async function otherUnder(run: Run, mark: string, text: Secret): Promise<Version | null> {
  const { location } = run.credential;
  const read = (signal: AbortSignal) => run.store.read(location, { mark }, signal);
  const staged = await guarded(run.world, 'read what was staged', run.signal, read).catch(() => null);
  return staged === null || staged.text.equals(text) ? null : staged.version;
}

/** The id is not that of a new key. Whether there is one, and which, is found out as after a lost reply. */
function notNew(run: Run, row: string): readonly Change[] {
  const { name, issuer } = run.credential;
  const failure: Failure = {
    code: 'GUARDED',
    message: `${issuer} gave the id of a key that was listed before this one was asked for`,
    hint: `correct create.reply.id; where it is right, the provider gives a key that was there already; see keyturn status ${name} for what may have been made`,
  };
  return [
    { type: 'create-unsure', row, failure },
    { type: 'failed', failure },
  ];
}

/** A definite no ends the attempt; any other failure leaves open whether the key exists. */
function notMade(run: Run, ledger: Ledger, row: string, error: KeyturnError): readonly Change[] {
  const said = withHint(error, hintAbout(error, run, ledger));
  const failure = failureOf(said);
  if (error.ambiguous) {
    return [{ type: 'create-unsure', row, failure }];
  }
  return [{ type: 'not-created', row, failure }, ...fatal(said)];
}

/** What the issuer cannot know when it says no: what an emergency can still do, and what may stand in the way. */
function hintAbout({ code, hint }: KeyturnError, run: Run, ledger: Ledger): string {
  if (code === 'FULL' && ledger.rotation?.kind === 'emergency') return fullEmergencyHint(ledger, run.policy);
  const mayBeInTheWay = code === 'REFUSED' && ledger.keys.some((key) => key.state === 'possible');
  return mayBeInTheWay
    ? `${hint}; a possible key may stand in its way: see keyturn status ${ledger.credential}`
    : hint;
}

function withHint(error: KeyturnError, hint: string): KeyturnError {
  return new KeyturnError(error.code, error.message, { ...error.detail, hint });
}

/** A failure that the same request would meet again closes the rotation. */
function fatal(error: KeyturnError): readonly Change[] {
  if (error.retryable || error.ambiguous || error.code === 'INTERRUPTED') return [];
  return [{ type: 'failed', failure: failureOf(error) }];
}

export function failureOf(error: KeyturnError): Failure {
  return {
    code: error.code,
    message: error.message,
    hint: error.hint,
    ...(error.detail.retryAfterMs === undefined ? {} : { retryAfterMs: error.detail.retryAfterMs }),
  };
}

function missing(method: string): KeyturnError {
  return new KeyturnError('BUG', `the issuer has no ${method}`, {
    hint: 'report this; nothing was sent',
    unsent: true,
  });
}
