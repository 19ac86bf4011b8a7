import type { ConfiguredCredential } from '../../config/config.ts';
import { selectCredentials } from '../../config/select.ts';
import type { Ledger } from '../../core/ledger.ts';
import type { TrailEntry } from '../../core/trail.ts';
import { readTrailFile } from '../../trail/read-file.ts';
import { createVerifier } from '../../trail/verify.ts';
import { selectionOf } from '../change.ts';
import { line, type Perform, table } from '../command.ts';
import type { Context } from '../context.ts';
import { inParallel } from '../parallel.ts';
import { fileSinks, parseEntries, readSegments, waitingEntries } from '../trail/source.ts';

export const perform: Perform = async ({ words, options }, context) => {
  const config = await context.config();
  const chosen = selectCredentials(config, selectionOf({ words, options }), 'optional');
  await context.requireReferences(chosen, 'read');
  const ledgers = await inParallel(chosen, (one) => context.ledger(one));
  // Everything is shown, whether or not its chain holds: that is what `trail verify` says.
  const shown = new Map<string, TrailEntry>();
  const show = (raw: unknown): void => {
    const entry = raw as Partial<TrailEntry> | null;
    if (typeof entry?.n !== 'number' || typeof entry.credential !== 'string') return;
    if (chosen.some((one) => one.name === entry.credential)) {
      shown.set(`${entry.credential} ${entry.n} ${entry.hash}`, entry as TrailEntry);
    }
  };
  for (const { path } of fileSinks(config, context)) await readTrailFile(path, createVerifier(), show);
  for (const [at, ledger] of ledgers.entries()) {
    for (const entry of await kept(chosen[at], ledger, context)) show(entry);
  }
  const entries = [...shown.values()].sort(inTime);
  const count = ledgers.reduce((sum, ledger) => sum + ledger.trail.count, 0);
  return {
    data: { entries, head: ledgers.length === 1 ? (ledgers[0]?.trail.head ?? null) : null, count },
    blocks:
      entries.length === 0
        ? [line('the trail has no entries')]
        : [table(['at', 'credential', 'n', 'event', 'key', 'by', 'data'], entries.map(rowOf))],
  };
};

async function kept(
  credential: ConfiguredCredential | undefined,
  ledger: Ledger,
  context: Context,
): Promise<readonly unknown[]> {
  const segments = credential === undefined ? [] : await readSegments(credential, ledger, context);
  return [...segments.flatMap(({ text }) => parseEntries(text ?? '[]') ?? []), ...waitingEntries(ledger)];
}

function inTime(a: TrailEntry, b: TrailEntry): number {
  if (a.credential === b.credential) return a.n - b.n;
  return a.at < b.at ? -1 : a.at > b.at ? 1 : 0;
}

function rowOf({ at, credential, n, event, key, by, data }: TrailEntry): readonly string[] {
  const about = Object.entries(data ?? {})
    .filter(([, value]) => String(value) !== '')
    .map(([name, value]) => `${name}=${value}`);
  return [at.replace(/\.\d+Z$/, 'Z'), credential, String(n), event, key ?? '-', by ?? '-', about.join(' ')];
}
