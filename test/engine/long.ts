/** Whether every case is gone through (`KEYTURN_LONG=1`); else a fixed part of them, spread evenly. */
export const LONG = process.env.KEYTURN_LONG === '1';

/** Chooses one of `every` cases, by its place; all of them in a long run. */
export function sampled(place: number, every: number): boolean {
  return LONG || place % every === 0;
}

/** Milliseconds that a test of many cases may take. */
export const PATIENCE = LONG ? 600_000 : 60_000;
