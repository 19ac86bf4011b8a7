import { ERROR_CODES, KeyturnError } from '../core/errors.ts';
import type { FleetResult } from '../engine/fleet.ts';
import { type Outcome, worst } from '../engine/outcome.ts';
import { type Block, type Cell, type Report, type Status, table, toned } from './command.ts';
import { keyOutput, rotationOutput } from './facts.ts';
import { minutes, span } from './times.ts';

/** The report of a command that drove rotations: one line and one JSON object per credential. */
export function rotationReport(results: readonly FleetResult[], extra: Partial<Report> = {}): Report {
  const exitCode = exitCodeOfAll(results);
  return {
    data: {
      credentials: results.map(resultOutput),
      summary: { changed: results.filter((one) => one.outcome?.changed === true).length },
    },
    blocks: [summaryTable(results)],
    exitCode,
    status: statusOf(results, exitCode),
    errors: results.flatMap(errorsOf),
    next: [...new Set(results.flatMap(nextOf))],
    ...extra,
  };
}

/** How the output calls an outcome: that another run is at work is a refusal. */
type Name = Exclude<Outcome['outcome'], 'leased'>;

function nameOf({ outcome, error }: FleetResult): Name {
  if (outcome === null) return error?.retryable === true && error.code !== 'LEASED' ? 'failed' : 'refused';
  return outcome.outcome === 'leased' ? 'refused' : outcome.outcome;
}

/** 2 says that nothing was done, so it stands for all of them or for none. */
function exitCodeOfAll(results: readonly FleetResult[]): number {
  const codes = results.map(exitCodeOf);
  const code = worst(codes);
  return code === NOTHING_DONE && codes.includes(0) ? PERSON_NEEDED : code;
}

const NOTHING_DONE = 2;
const PERSON_NEEDED = 4;

function exitCodeOf({ outcome, error }: FleetResult): number {
  return outcome?.exitCode ?? error?.exitCode ?? 0;
}

export function resultOutput(result: FleetResult) {
  const { name, outcome } = result;
  return {
    name,
    outcome: nameOf(result),
    rotation: outcome?.rotation == null ? null : rotationOutput(outcome.rotation),
    old: outcome?.old == null ? null : keyOutput(outcome.old),
    new: outcome?.new == null ? null : keyOutput(outcome.new),
    times: outcome?.times ?? { created: null, promoted: null, revoked: null, provenDead: null },
    gapMs: outcome?.gapMs ?? null,
    reason:
      outcome?.outcome === 'done'
        ? plainSentenceOf(result)
        : (outcome?.reason ?? result.error?.message ?? ''),
    until: outcome?.until == null ? null : new Date(outcome.until).toISOString(),
  };
}

function statusOf(results: readonly FleetResult[], exitCode: number): Status {
  if (exitCode === 6) return 'unsafe';
  if (exitCode === 0) return results.some((one) => nameOf(one) === 'waiting') ? 'waiting' : 'ok';
  return results.some((one) => exitCodeOf(one) === 0) ? 'partial' : 'failed';
}

/** Every failure of one credential: what ended the run, and what it went on past. */
export function errorsOf({ name, outcome, error }: FleetResult): readonly KeyturnError[] {
  if (error !== null) return [about(error, name)];
  if (outcome === null) return [];
  const problems = outcome.problems.map(
    (one) =>
      new KeyturnError(one.code, one.message, { hint: one.hint ?? 'run keyturn status', credential: name }),
  );
  const ended = endingOf(outcome);
  const told = ended === null || problems.some((one) => one.message === ended.message);
  return told ? problems : [ended, ...problems];
}

function endingOf(outcome: Outcome): KeyturnError | null {
  if (outcome.error !== null) return about(outcome.error, outcome.name);
  if (outcome.exitCode === 0 || outcome.code === null) return null;
  return new KeyturnError(outcome.code, outcome.reason, {
    hint: outcome.hint === '' ? (HINTS[outcome.exitCode] ?? 'run keyturn status') : outcome.hint,
    credential: outcome.name,
  });
}

const HINTS: Readonly<Record<number, string>> = {
  3: 'run again to resume; the old key still works',
  4: 'look at keyturn status',
};

function about(error: KeyturnError, credential: string): KeyturnError {
  if (error.detail.credential !== undefined) return error;
  return new KeyturnError(error.code, error.message, { ...error.detail, credential });
}

function nextOf(result: FleetResult): readonly string[] {
  const { name, outcome } = result;
  const code = exitCodeOf(result);
  if (code === 6)
    return [outcome?.hint.includes('rollback') ? `keyturn rollback ${name}` : `keyturn emergency ${name}`];
  if (code === 3 || code === 5 || code === ERROR_CODES.INTERRUPTED) return [`keyturn run ${name}`];
  if (code === 4) return [`keyturn status ${name}`];
  switch (nameOf(result)) {
    case 'waiting':
      return [outcome?.rotation?.phase === 'create' ? `keyturn provide ${name}` : `keyturn run ${name}`];
    case 'overlap':
      return [`keyturn run ${name}`];
    default:
      return [];
  }
}

function summaryTable(results: readonly FleetResult[]): Block {
  return table(
    ['credential', 'outcome', 'key', 'what'],
    results.map((result) => [
      result.name,
      outcomeCell(result),
      result.outcome?.new?.id ?? '-',
      sentenceOf(result),
    ]),
  );
}

function outcomeCell(result: FleetResult): Cell {
  const name = nameOf(result);
  const code = exitCodeOf(result);
  if (code !== 0) return toned(name, code === 3 || code === 5 ? 'warn' : 'bad');
  return name === 'none' ? toned(name, 'faint') : toned(name, 'good');
}

function sentenceOf(result: FleetResult): string {
  const gap = result.outcome?.gapMs ?? null;
  const sentence = plainSentenceOf(result);
  return gap === null ? sentence : `${sentence}; consumers may have read a dead key for ${span(gap)}`;
}

function plainSentenceOf({ outcome, error }: FleetResult): string {
  if (outcome === null) return error?.message ?? '';
  switch (outcome.outcome) {
    case 'done':
      if (outcome.times.provenDead !== null) return 'the old key is proven dead';
      return outcome.times.promoted === null ? 'what was open is finished' : 'a key is in place';
    case 'none':
      return outcome.reason === '' ? 'nothing is due' : outcome.reason;
    case 'overlap':
      return outcome.until === null ? outcome.reason : `the old key works until ${minutes(outcome.until)}`;
    default:
      return outcome.reason;
  }
}
