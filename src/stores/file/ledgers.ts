import type { LedgerAddress, LedgerStore } from '../../core/store.ts';
import { conflict, refuseAborted } from '../../core/store-call.ts';
import { guarded } from './faults.ts';
import { ledgerFolder, nameFor, SUFFIX } from './places.ts';
import { placeNext, placeOnce, readFileAt, removeFileAt, type Shelf } from './shelf.ts';
import { versionOf } from './swap.ts';

const DOCUMENT = `ledger${SUFFIX}`;

export function ledgersOn(shelf: Shelf): LedgerStore {
  const { envelope } = shelf;
  const own = ({ location, credential }: LedgerAddress) => ledgerFolder(location, credential);
  const segments = (at: LedgerAddress) => [...own(at), 'segments'];
  const nameOf = ({ credential }: LedgerAddress) => `the ledger of ${credential}`;
  const segmentFile = (name: string) => `${nameFor(name)}${SUFFIX}`;
  const segmentName = (at: LedgerAddress, name: string) => `segment ${name} of ${nameOf(at)}`;

  const readSegment = async (at: LedgerAddress, name: string): Promise<string | null> => {
    const found = await readFileAt(shelf, segments(at), segmentFile(name));
    return found === null ? null : await envelope.open(found.bytes, segmentName(at, name));
  };

  return {
    load: (at, signal) =>
      guarded(`load ${nameOf(at)}`, signal, async () => {
        const found = await readFileAt(shelf, own(at), DOCUMENT);
        if (found === null) return null;
        return { document: await envelope.open(found.bytes, nameOf(at)), revision: versionOf(found.bytes) };
      }),

    save: (at, document, revision, signal) =>
      guarded(`save ${nameOf(at)}`, signal, async () => {
        const bytes = await envelope.seal(document, nameOf(at));
        refuseAborted(`save ${nameOf(at)}`, signal);
        const folder = own(at);
        await placeNext(shelf, {
          own: folder,
          folder,
          file: DOCUMENT,
          bytes,
          base: revision,
          name: nameOf(at),
        });
        return { revision: versionOf(bytes) };
      }),

    writeSegment: (at, name, document, signal) =>
      guarded(`write ${segmentName(at, name)}`, signal, async () => {
        const bytes = await envelope.seal(document, segmentName(at, name));
        refuseAborted(`write ${segmentName(at, name)}`, signal);
        const of = { own: own(at), folder: segments(at), file: segmentFile(name), bytes };
        if (await placeOnce(shelf, of)) return;
        if ((await readSegment(at, name)) !== document) {
          throw conflict(
            `${segmentName(at, name)} was written before, with other content`,
            'use a name of its own',
          );
        }
      }),

    readSegment: (at, name, signal) =>
      guarded(`read ${segmentName(at, name)}`, signal, () => readSegment(at, name)),

    dropSegment: (at, name, signal) =>
      guarded(`drop ${segmentName(at, name)}`, signal, () =>
        removeFileAt(shelf, segments(at), segmentFile(name)),
      ),
  };
}
