import { remedyOfHold } from '../core/audit-ledger.ts';
import { toMs } from '../core/credential.ts';
import { ERROR_CODES, type ErrorCode, type KeyturnError } from '../core/errors.ts';
import type { Key, Rotation } from '../core/ledger.ts';
import type { Change, Failure, Step } from '../core/protocol/changes.ts';
import { currentRow, rowOf } from '../core/rows.ts';
import type { Session } from './session.ts';

/** How a run on one credential ended. */
export interface Outcome {
  readonly name: string;
  readonly outcome:
    | 'done'
    | 'overlap'
    | 'waiting'
    | 'none'
    | 'refused'
    | 'failed'
    | 'unsafe'
    | 'held'
    | 'leased';
  readonly exitCode: number;
  /** What `exitCode` stands for; null where it is 0. */
  readonly code: ErrorCode | null;
  readonly reason: string;
  /** What to do next; empty when there is nothing to do. */
  readonly hint: string;
  /** When something will be due by itself: milliseconds since the epoch. */
  readonly until: number | null;
  readonly rotation: Rotation | null;
  readonly old: Key | null;
  readonly new: Key | null;
  readonly times: OutcomeTimes;
  /**
   * Where making the new key ended the old one: for how long consumers may have read a dead key, in milliseconds, from
   * the first request for a new one that may have arrived to the promote. Null: there was no such gap in this run.
   */
  readonly gapMs: number | null;
  /** Whether the run changed anything. */
  readonly changed: boolean;
  /** Everything that a person must know although the run went on. */
  readonly problems: readonly Failure[];
  readonly error: KeyturnError | null;
}

/** ISO 8601; null: it did not happen in this run. */
export interface OutcomeTimes {
  readonly created: string | null;
  readonly promoted: string | null;
  readonly revoked: string | null;
  readonly provenDead: string | null;
}

/** From the most serious to the least. */
const SEVERITY = [6, 1, 130, 3, 4, 5, 2, 7, 0];

/** The exit code that stands for several. */
export function worst(codes: readonly number[]): number {
  return SEVERITY.find((code) => codes.includes(code)) ?? codes[0] ?? 0;
}

export function outcomeOf(session: Session, step: Step, error: KeyturnError | null): Outcome {
  const { book, history } = session;
  const ledger = book.ledger;
  const placed = history.findLastIndex(({ type }) => type === 'promoted');
  const problems = history.flatMap((change, at) => problemOf(change, ledger.credential, at < placed));
  const own = exitOf(step);
  const exitCode = worst([own, ...problems.map((problem) => ERROR_CODES[problem.code])]);
  const promoted = history.some((change) => change.type === 'promoted');
  const created = history.findLast((change) => change.type === 'created' || change.type === 'registered');
  const made = created !== undefined && 'row' in created ? created.row : undefined;
  const dead = history.findLast((change) => change.type === 'dead');
  const oldId = ledger.rotation?.old ?? (dead?.type === 'dead' ? dead.row : undefined);
  const stopped = step.do === 'stop' ? step : null;
  const problem = problems.find((one) => ERROR_CODES[one.code] === exitCode);
  return {
    name: session.run.credential.name,
    outcome: nameOf(step, problems, history),
    exitCode,
    code: own === exitCode || problem === undefined ? codeOf(step) : problem.code,
    reason: own === exitCode || problem === undefined ? reasonOf(step) : problem.message,
    hint: stopped?.hint ?? problem?.hint ?? '',
    until: step.do === 'wait' ? step.until : null,
    rotation: ledger.rotation ?? null,
    old: rowOf(ledger, oldId),
    new: rowOf(ledger, ledger.rotation?.new ?? made) ?? (promoted ? currentRow(ledger) : null),
    times: timesOf(session),
    gapMs: promoted ? gapOf(session) : null,
    changed: history.length > 0,
    problems,
    error,
  };
}

function exitOf(step: Step): number {
  if (step.do === 'stop') return ERROR_CODES[step.code];
  if (step.do !== 'wait') return 0;
  if (step.for === 'retry' || step.for === 'proof') return 3;
  if (step.for === 'gate') return 4;
  return step.late === true ? 4 : 0;
}

function codeOf(step: Step): ErrorCode | null {
  if (step.do === 'stop') return step.code;
  if (step.do !== 'wait' || exitOf(step) === 0) return null;
  if (step.for === 'retry') return 'UNAVAILABLE';
  if (step.for === 'proof') return 'UNVERIFIED';
  return step.for === 'gate' ? 'GUARDED' : 'PERSON';
}

function reasonOf(step: Step): string {
  return step.do === 'stop' || step.do === 'wait' || step.do === 'nothing' ? step.reason : '';
}

function nameOf(step: Step, problems: readonly Failure[], history: readonly Change[]): Outcome['outcome'] {
  if (step.do === 'stop') {
    if (step.code === 'UNSAFE') return 'unsafe';
    if (step.code === 'LEASED') return 'leased';
    return ERROR_CODES[step.code] === 3 || ERROR_CODES[step.code] === 130 ? 'failed' : 'refused';
  }
  if (step.do === 'wait') {
    if (step.for === 'operator') return 'waiting';
    if (step.for === 'overlap' || step.for === 'gate') return 'overlap';
    if (step.for === 'back-off') return problems.length > 0 ? 'failed' : 'held';
    return 'failed';
  }
  if (history.some((change) => change.type === 'failed' || change.type === 'same-key')) return 'failed';
  return history.length > 0 ? 'done' : 'none';
}

/** Records that a person must hear of, whatever came after them. */
function problemOf(change: Change, name: string, isReplaced: boolean): readonly Failure[] {
  switch (change.type) {
    case 'possible':
      return [
        {
          code: 'PERSON',
          message: `a key may exist at the issuer that nobody holds: possible orphan ${change.row}`,
          hint: 'keyturn audit reports it until it expires or keyturn forget settles it',
        },
      ];
    case 'same-key':
      return [
        {
          code: 'GUARDED',
          message: `the issuer gave a key that is known already (${change.as}), so no new key was put in place`,
          hint: 'check at the issuer why it gives the same key again, then run keyturn rotate',
        },
      ];
    case 'failed':
      return [
        {
          hint: 'mend the cause and run keyturn rotate; run tries again by itself after a pause',
          ...change.failure,
        },
      ];
    case 'held':
      if (change.kind === 'rollback') return [];
      return [
        {
          code: 'PERSON',
          message: change.reason,
          hint: isReplaced
            ? `a new key is in place since; look at keyturn status ${name}`
            : remedyOfHold(change, name),
        },
      ];
    default:
      return [];
  }
}

function gapOf({ book, run, noted }: Session): number | null {
  const row = currentRow(book.ledger);
  const promotedAt = noted.findLast((note) => note.event === 'promoted')?.at;
  const { acceptGap, issuer } = run.policy;
  const { keys } = book.ledger;
  // Each request since the key before was in place may have ended it, the first of them too.
  const before = keys.findLastIndex((key) => key.id !== row?.id && key.ceasedCurrentAt !== undefined);
  const from = keys
    .slice(before + 1)
    .flatMap(({ window }) => (window === undefined ? [] : toMs(window.from)));
  const replaces = acceptGap && issuer.maxLive === 1 && before >= 0;
  if (!replaces || from.length === 0 || promotedAt === undefined) return null;
  return Math.max(0, toMs(promotedAt) - Math.min(...from));
}

function timesOf(session: Session): OutcomeTimes {
  const at = (event: string): string | null =>
    session.noted.findLast((note) => note.event === event)?.at ?? null;
  return {
    created: at('key-created') ?? at('key-registered') ?? at('key-provided'),
    promoted: at('promoted'),
    revoked: at('revoke-sent'),
    provenDead: at('proven-dead'),
  };
}
