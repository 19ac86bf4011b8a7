import { toInstant } from '../core/credential.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** An instant for people: UTC to the minute, as `2026-11-22 14:03Z`. */
export function minutes(at: number | string): string {
  return `${toInstant(new Date(at).getTime()).slice(0, 16).replace('T', ' ')}Z`;
}

/** A length of time for people, in its two largest units: `3 d 4 h`, `12 min`, `45 s`. */
export function span(ms: number): string {
  const left = Math.max(0, ms);
  if (left >= DAY) return pair(left, DAY, 'd', HOUR, 'h');
  if (left >= HOUR) return pair(left, HOUR, 'h', MINUTE, 'min');
  if (left >= MINUTE) return `${Math.ceil(left / MINUTE)} min`;
  return `${Math.ceil(left / 1000)} s`;
}

function pair(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const whole = Math.floor(ms / large);
  const rest = Math.floor((ms - whole * large) / small);
  return rest === 0 ? `${whole} ${largeName}` : `${whole} ${largeName} ${rest} ${smallName}`;
}
