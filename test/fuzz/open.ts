/**
 * Faults that were found here and are not mended yet. What would meet them again and again leaves them out; whoever mends
 * one takes it out of this list, and the inputs are tried from then on.
 */
export const OPEN: ReadonlySet<
  'ledger-quotes' | 'ledger-instants' | 'document-square' | 'document-quotes' | 'trail-depth'
> = new Set([
  'ledger-quotes',
  'ledger-instants',
  'document-square',
  'document-quotes',
  'trail-depth',
] as const);
