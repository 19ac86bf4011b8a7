export const INVARIANTS = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9', 'I10'] as const;
export type Invariant = (typeof INVARIANTS)[number];

/** A fault that the tool must not have: one place of the shipped code, written another way. */
export interface Bug {
  /** What the faulty code does, in a few words. */
  readonly name: string;
  /** The rule of docs/protocol.md that it offends. */
  readonly rule: number;
  /** The invariant whose check has to find it. */
  readonly breaks: Invariant;
  /** Path from the root of the project. */
  readonly file: string;
  /** Text that occurs in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /**
   * What a schedule must have for the bug to matter, in the words of trial.ts; of several in one text, one. Schedules that
   * lack it count, but are not run.
   */
  readonly among?: readonly string[];
  /** How somebody comes to write it. */
  readonly why: string;
}
