import { KeyturnError } from '../../core/errors.ts';
import type { LedgerAddress, LedgerStore } from '../../core/store.ts';
import { conflict, storeCall } from '../../core/store-call.ts';
import type { Entry, Kv } from './kv.ts';
import { ledgerPlace, type Steps, segmentPlace } from './paths.ts';
import { expires } from './values.ts';
import { parsedVersion, valueVersion } from './versions.ts';

const DOCUMENT = 'document';

export function ledgersOn(kv: Kv, ownPath: string): LedgerStore {
  const nameOf = ({ credential }: LedgerAddress) => `the ledger of ${credential}`;

  const readDocument = async (path: Steps, name: string, signal: AbortSignal) => {
    const entry = await kv.read(path, signal);
    return entry === null ? null : { entry, document: documentIn(entry, name) };
  };

  return {
    load: (at, signal) =>
      storeCall(`load ${nameOf(at)}`, signal, async () => {
        const path = ledgerPlace(at, ownPath);
        const found = await readDocument(path, nameOf(at), signal);
        if (found === null) return null;
        const { number, deletionTime } = found.entry;
        if (deletionTime !== '') throw expires(kv.mount.join('/'), { path, number });
        return { document: found.document, revision: valueVersion(found.entry) };
      }),

    save: (at, document, revision, signal) =>
      storeCall(`save ${nameOf(at)}`, signal, async () => {
        const path = ledgerPlace(at, ownPath);
        const parsed = revision === null ? null : parsedVersion(revision);
        if (revision !== null && parsed?.kind !== 'value') {
          throw conflict(
            `${nameOf(at)} never had the revision ${revision}`,
            'load it again, and decide anew',
          );
        }
        const cas = parsed?.kind === 'value' ? parsed.number : 0;
        const done = await kv.write(path, JSON.stringify({ [DOCUMENT]: document }), cas, signal);
        if (done.deletionTime === '') return { revision: valueVersion(done) };
        if (cas > 0) throw expires(kv.mount.join('/'), { path, number: done.number });
        await kv.drop(path, signal);
        throw expires(kv.mount.join('/'));
      }),

    writeSegment: (at, name, document, signal) =>
      storeCall(`write segment ${name} of ${nameOf(at)}`, signal, async () => {
        const path = segmentPlace(at, name, ownPath);
        try {
          await kv.write(path, JSON.stringify({ [DOCUMENT]: document }), 0, signal);
        } catch (caught) {
          if (!(caught instanceof KeyturnError) || caught.code !== 'CONFLICT') throw caught;
          const present = await readDocument(path, `segment ${name}`, signal);
          if (present?.document === document) return;
          const what = `segment ${name} of ${nameOf(at)} was written before, with other content`;
          throw conflict(what, 'use a name of its own');
        }
      }),

    readSegment: (at, name, signal) =>
      storeCall(`read segment ${name} of ${nameOf(at)}`, signal, async () => {
        const found = await readDocument(segmentPlace(at, name, ownPath), `segment ${name}`, signal);
        return found?.document ?? null;
      }),

    dropSegment: (at, name, signal) =>
      storeCall(`drop segment ${name} of ${nameOf(at)}`, signal, () =>
        kv.drop(segmentPlace(at, name, ownPath), signal),
      ),
  };
}

function documentIn({ data, number }: Entry, name: string): string {
  const fields = data === null ? {} : (JSON.parse(data) as Readonly<Record<string, unknown>>);
  const document = fields[DOCUMENT];
  if (typeof document === 'string') return document;
  const what = data === null ? 'was deleted by someone' : 'was changed by someone else';
  throw new KeyturnError('LEDGER', `${name} ${what}`, {
    hint:
      data === null
        ? `undo it: vault kv undelete -versions=${number}`
        : 'undo the change: vault kv rollback to the version before',
  });
}
