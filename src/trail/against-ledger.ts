import type { Ledger } from '../core/ledger.ts';
import { expand } from '../core/trail.ts';
import type { BadEntry, Verifier } from './verify.ts';

/** A ledger as it was before a sink's file was read, and as it was after. Null: there is none. */
export interface LedgerAround {
  readonly credential: string;
  readonly before: Ledger | null;
  readonly after: Ledger | null;
}

/**
 * Where a sink's file and a ledger contradict each other; null where they agree. A file that lost its end is found by
 * what the ledger says that the sink has taken. A run may have worked in between: only what no run explains is bad.
 */
export function contradiction(verifier: Verifier, sink: string, around: LedgerAround): BadEntry | null {
  const { credential, before, after } = around;
  const taken = before?.trail.taken[sink] ?? 0;
  const chain = verifier.chains().find((one) => one.credential === credential);
  const to = chain?.to ?? 0;
  if (to < taken) {
    const why = `its end is missing: the ledger says that ${taken} were taken, the last here is ${to}`;
    return { credential, n: to + 1, where: null, why };
  }
  const count = after?.trail.count ?? 0;
  if (to > count) {
    const why = `the ledger has no entry of this number: its last is ${count}`;
    return { credential, n: count + 1, where: null, why };
  }
  for (const { n, hash } of after === null ? [] : known(after)) {
    const held = verifier.hashOf(credential, n);
    if (held !== null && held !== hash) {
      return { credential, n, where: null, why: 'the ledger has another entry of this number' };
    }
  }
  return null;
}

/** Every hash that a ledger knows, with its number. */
export function known(ledger: Ledger): readonly { readonly n: number; readonly hash: string }[] {
  const { trail } = ledger;
  return [
    ...(trail.segments ?? []).map(({ to, hash }) => ({ n: to, hash })),
    { n: trail.count - trail.entries.length, hash: trail.base },
    ...expand(trail, ledger.credential).map(({ n, hash }) => ({ n, hash })),
    { n: trail.count, hash: trail.head },
  ].filter(({ n }) => n > 0);
}
