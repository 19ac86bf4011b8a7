/** The Graph versions that are served, newest first, with the day each ends (null: not announced). */
const VERSIONS: readonly { readonly name: string; readonly until: string | null }[] = [
  { name: 'v26.0', until: null },
  { name: 'v25.0', until: '2028-07-29' },
  { name: 'v24.0', until: '2028-02-18' },
  { name: 'v23.0', until: '2027-10-08' },
  { name: 'v22.0', until: '2027-05-20' },
  { name: 'v21.0', until: '2027-01-21' },
  { name: 'v20.0', until: '2026-09-24' },
];

const NEWEST = 'v26.0';

/**
 * The version that serves a call. An ended version is served by the oldest one that still lives; a
 * version that does not exist yet is none. `now` in milliseconds.
 */
export function servedVersion(asked: string, now: number): string | null {
  const number = (name: string) => Number(name.slice(1));
  if (number(asked) > number(NEWEST)) return null;
  const living = VERSIONS.filter(({ until }) => until === null || now < Date.parse(until));
  if (living.some(({ name }) => name === asked)) return asked;
  return living.at(-1)?.name ?? NEWEST;
}
