import { KeyturnError } from '../core/errors.ts';
import { nearest } from './nearest.ts';
import { dotted, type Path } from './wording.ts';

/** One mistake in the configuration. Neither text ever repeats a value from the file. */
export interface ConfigProblem {
  readonly file: string;
  /** Line and column count from 1. */
  readonly line: number;
  readonly column: number;
  /** Where it stands, such as `issuers.meta.appId`. */
  readonly setting: string;
  readonly reason: string;
  /** What to do about it, in the imperative. */
  readonly remedy: string;
}

export interface Place {
  readonly line: number;
  readonly column: number;
}

const SHOWN = 50;
/** A file full of unknown names must not take minutes to read; nobody reads that many remedies. */
const COMPARED = 200;
const problemsOf = new WeakMap<KeyturnError, readonly ConfigProblem[]>();

/** One CONFIG error for all the mistakes of a file. Its message lists each as `file:line:column: reason; remedy`. */
export function configError(problems: readonly ConfigProblem[]): KeyturnError {
  const error = new KeyturnError('CONFIG', message(problems), { hint: hint(problems) });
  problemsOf.set(error, problems);
  return error;
}

/** The mistakes behind a CONFIG error, in the order of the file; empty for any other error. */
export function configProblems(error: unknown): readonly ConfigProblem[] {
  return error instanceof KeyturnError ? (problemsOf.get(error) ?? []) : [];
}

function message(problems: readonly ConfigProblem[]): string {
  const [first] = problems;
  if (first !== undefined && problems.length === 1) return `${where(first)}: ${first.reason}`;
  const lines = problems.slice(0, SHOWN).map((one) => `  ${where(one)}: ${one.reason}; ${one.remedy}`);
  const more = problems.length > SHOWN ? [`  and ${problems.length - SHOWN} more`] : [];
  return [`the configuration has ${problems.length} mistakes`, ...lines, ...more].join('\n');
}

function hint(problems: readonly ConfigProblem[]): string {
  const [first] = problems;
  if (first !== undefined && problems.length === 1) return first.remedy;
  return 'correct each line as it says; nothing was done';
}

function where(problem: ConfigProblem): string {
  return `${problem.file}:${problem.line}:${problem.column}`;
}

/** Collects the mistakes of one file. */
export interface Mistakes {
  readonly add: (path: Path, reason: string, remedy: string, at?: 'key' | 'value') => void;
  readonly addAt: (place: Place, reason: string, remedy: string) => void;
  /** Whether something at this path was already found wrong. */
  readonly has: (path: Path) => boolean;
  readonly list: () => readonly ConfigProblem[];
  /** The candidate that a mistyped word most likely meant; null too where many words were compared already. */
  readonly nearest: (word: string, candidates: readonly string[]) => string | null;
}

export function collectMistakes(file: string, locate: (path: Path, at: 'key' | 'value') => Place): Mistakes {
  const found: ConfigProblem[] = [];
  const paths = new Set<string>();
  const seen = new Set<string>();
  let compared = 0;
  const put = (place: Place, setting: string, reason: string, remedy: string): void => {
    const key = `${place.line}:${place.column}:${reason}`;
    if (seen.has(key)) return;
    seen.add(key);
    found.push({ file, line: place.line, column: place.column, setting, reason, remedy });
  };
  return {
    add: (path, reason, remedy, at = 'value') => {
      paths.add(JSON.stringify(path));
      put(locate(path, at), dotted(path), reason, remedy);
    },
    addAt: (place, reason, remedy) => put(place, '', reason, remedy),
    has: (path) => paths.size > 0 && paths.has(JSON.stringify(path)),
    nearest: (word, candidates) => {
      compared += 1;
      return compared > COMPARED ? null : nearest(word, candidates);
    },
    list: () => found.toSorted((a, b) => a.line - b.line || a.column - b.column),
  };
}
