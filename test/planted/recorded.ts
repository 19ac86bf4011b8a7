import recorded from './recorded.json' with { type: 'json' };

/** What came of a bug when it was last recorded. */
export interface Recorded {
  /** Schedules until its promise was broken, and how many of them were run for it. */
  readonly schedules: number;
  readonly ran: number;
  /** Unit tests that reach the faulty file, and pass. */
  readonly tests: number;
}

export const RECORDED: Readonly<Record<string, Recorded>> = recorded;
