/**
 * Faults that were found here and are not mended yet. What would meet them again and again leaves them out; whoever mends
 * one takes it out of this list, and its inputs are tried from then on.
 */
export const OPEN: ReadonlySet<'trail-depth'> = new Set(['trail-depth'] as const);
