import type { Config, ConfiguredCredential } from '../../config/config.ts';
import { resolvePath } from '../../config/references.ts';
import type { Ledger } from '../../core/ledger.ts';
import { expand, type TrailEntry } from '../../core/trail.ts';
import { guarded } from '../../engine/guard.ts';
import type { Context } from '../context.ts';

/** A sink of the configuration whose entries can be read back. */
export interface ReadableSink {
  readonly id: string;
  readonly path: string;
}

export function fileSinks(
  { trail, folder }: Config,
  { home }: Pick<Context, 'home'>,
): readonly ReadableSink[] {
  return trail.sinks.flatMap((sink) =>
    sink.kind === 'file' ? [{ id: sink.id, path: resolvePath(sink.path, { folder, home }) }] : [],
  );
}

/** What is kept beside a ledger, as it was written: the text of each document with its name; null: it is missing. */
export async function readSegments(
  credential: ConfiguredCredential,
  ledger: Ledger,
  context: Context,
): Promise<readonly { readonly name: string; readonly text: string | null }[]> {
  const { name, location } = credential;
  const found: { name: string; text: string | null }[] = [];
  for (const segment of ledger.trail.segments ?? []) {
    const ledgers = await context.ledgers(credential);
    const text = await guarded(
      context.world,
      `read a segment of the trail of ${name}`,
      context.signal,
      (signal) => ledgers.readSegment({ credential: name, location }, segment.name, signal),
    );
    found.push({ name: segment.name, text });
  }
  return found;
}

/** The entries that wait in a ledger. */
export function waitingEntries(ledger: Ledger): readonly TrailEntry[] {
  return expand(ledger.trail, ledger.credential);
}

/** The entries of a stored text; null where it holds none that can be read. */
export function parseEntries(text: string): readonly unknown[] | null {
  try {
    const read: unknown = JSON.parse(text);
    return Array.isArray(read) ? read : null;
  } catch (caught) {
    if (caught instanceof SyntaxError) return null;
    throw caught;
  }
}
