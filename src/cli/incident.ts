import type { KeyturnError } from '../core/errors.ts';
import type { FleetResult } from '../engine/fleet.ts';
import { errorsOf, resultOutput } from './rotation-report.ts';

/** How long an emergency took, in milliseconds from its start; null: it has not happened. */
export interface Measured {
  /** Nothing is left to do: what has not happened was not needed. */
  readonly settled: boolean;
  readonly inPlaceMs: number | null;
  readonly revokedMs: number | null;
  readonly provenDeadMs: number | null;
}

/** What a report of an emergency says. */
export interface Incident {
  readonly reason: string;
  readonly by: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly measured: Measured;
  readonly credentials: readonly (ReturnType<typeof resultOutput> & {
    readonly measured: Measured;
    readonly errors: readonly string[];
  })[];
}

export function measure({ outcome }: FleetResult, startedAt: number): Measured {
  if (outcome === null) return { settled: false, inPlaceMs: null, revokedMs: null, provenDeadMs: null };
  const { rotation, times, old } = outcome;
  const from =
    rotation?.kind === 'emergency' ? Math.min(Date.parse(rotation.startedAt), startedAt) : startedAt;
  const since = (at: string | null | undefined): number | null =>
    at === null || at === undefined ? null : Math.max(0, Date.parse(at) - from);
  return {
    settled: outcome.outcome === 'done' || outcome.outcome === 'none',
    inPlaceMs: since(times.promoted ?? rotation?.promotedAt),
    revokedMs: since(times.revoked ?? old?.revokeAnswered),
    provenDeadMs: since(times.provenDead ?? old?.proof?.at),
  };
}

/** The whole is done when its last credential is; null while one is not. What was not needed does not count. */
export function measureAll(all: readonly Measured[]): Measured {
  const last = (name: Exclude<keyof Measured, 'settled'>): number | null => {
    const times = all.filter((one) => !one.settled || one[name] !== null).map((one) => one[name]);
    return times.length === 0 || times.includes(null) ? null : Math.max(...times.map((ms) => ms ?? 0));
  };
  return {
    settled: all.every((one) => one.settled),
    inPlaceMs: last('inPlaceMs'),
    revokedMs: last('revokedMs'),
    provenDeadMs: last('provenDeadMs'),
  };
}

export function incidentOf(
  results: readonly FleetResult[],
  about: {
    readonly reason: string;
    readonly by: string;
    readonly startedAt: number;
    readonly endedAt: number;
  },
): Incident {
  const credentials = results.map((result) => ({
    ...resultOutput(result),
    measured: measure(result, about.startedAt),
    errors: errorsOf(result).map(errorLine),
  }));
  return {
    reason: about.reason,
    by: about.by,
    startedAt: new Date(about.startedAt).toISOString(),
    endedAt: new Date(about.endedAt).toISOString(),
    measured: measureAll(credentials.map((one) => one.measured)),
    credentials,
  };
}

function errorLine(error: KeyturnError): string {
  return `${error.code}: ${error.message} (${error.hint})`;
}

/** The times in words, to the tenth of a second: in place, revoked, proven dead. */
export function timesOf(measured: Measured): readonly [string, string, string] {
  const missing = measured.settled ? '-' : 'not yet';
  const words = (ms: number | null): string => (ms === null ? missing : `${(ms / 1000).toFixed(1)} s`);
  return [words(measured.inPlaceMs), words(measured.revokedMs), words(measured.provenDeadMs)];
}

/** The report as a page of Markdown. */
export function incidentPage(incident: Incident): string {
  const { measured, credentials } = incident;
  const [inPlace, revoked, provenDead] = timesOf(measured);
  const rows = credentials.map((one) =>
    [one.name, one.outcome, one.old?.id ?? '-', one.new?.id ?? '-', ...timesOf(one.measured)].join(' | '),
  );
  const failures = credentials.flatMap((one) => one.errors.map((text) => `- ${one.name}: ${plain(text)}`));
  return [
    '# Emergency rotation',
    '',
    `- reason: ${plain(incident.reason)}`,
    `- by: ${plain(incident.by)}`,
    `- from ${incident.startedAt} to ${incident.endedAt}`,
    `- a new key in place everywhere: ${inPlace}`,
    `- every old key revoked: ${revoked}`,
    `- every old key proven dead: ${provenDead}`,
    '',
    '| credential | outcome | old key | new key | in place | revoked | proven dead |',
    '|---|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
    ...(failures.length === 0 ? [] : ['', '## What went wrong', '', ...failures]),
    '',
  ].join('\n');
}

function plain(text: string): string {
  return text.replaceAll('\n', ' ').replace(/[\\`*_[\]<>|#]/g, (sign) => `\\${sign}`);
}
