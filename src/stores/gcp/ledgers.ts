import { KeyturnError } from '../../core/errors.ts';
import type { LedgerAddress, LedgerStore } from '../../core/store.ts';
import { storeCall } from '../../core/store-call.ts';
import type { Api } from './api.ts';
import { moved } from './by-alias.ts';
import { namedTexts } from './named-texts.ts';
import { ledgerSecret } from './names.ts';
import type { SecretMeta } from './replies.ts';

const DOCUMENT = 'keyturn-ledger';
const COUNT = 'keyturn-ledger-count';
/** Google counts keys and values of all annotations, and wants fewer than 16 KiB. */
const MOST_BYTES = 16 * 1024 - 128;

interface Saved {
  readonly document: string;
  readonly count: number;
  readonly etag: string;
}

/**
 * A ledger is an annotation of a secret of its own, whose etag is the compare-and-set. Older parts of the trail are
 * versions of the same secret, which leave its etag alone.
 *
 * Google may show a secret as it was a while ago. What this process has saved itself it does not forget; an older state
 * of another process's saves cannot be told, and a save on top of it fails.
 */
export function ledgersOn(api: Api): LedgerStore {
  const newest = new Map<string, Saved>();

  const remember = (secret: string, saved: Saved): Saved => {
    const known = newest.get(secret);
    if (known !== undefined && known.count > saved.count) return known;
    newest.set(secret, saved);
    return saved;
  };
  const texts = (at: LedgerAddress) => namedTexts(api, ledgerSecret(at));
  const nameOf = ({ credential }: LedgerAddress) => `the ledger of ${credential}`;

  return {
    load: (at, signal) =>
      storeCall(`load ${nameOf(at)}`, signal, async () => {
        const id = ledgerSecret(at);
        const secret = await api.getSecret(id, signal);
        const found = secret === null ? null : savedIn(secret);
        const saved = found === null ? (newest.get(id) ?? null) : remember(id, found);
        return saved === null ? null : { document: saved.document, revision: revisionOf(saved) };
      }),

    save: (at, document, revision, signal) =>
      storeCall(`save ${nameOf(at)}`, signal, async () => {
        const id = ledgerSecret(at);
        if (Buffer.byteLength(document) > MOST_BYTES) throw tooLarge(nameOf(at));
        const base = revision === null ? null : parseRevision(revision);
        if (revision !== null && base === null) throw moved(nameOf(at));
        const count = (base?.count ?? 0) + 1;
        const annotations = { [DOCUMENT]: document, [COUNT]: String(count) };
        const after =
          base === null
            ? await saveFirst(api, id, annotations, signal)
            : await api.updateSecret(bare(id, base.etag), { annotations }, signal);
        if (after === null) throw moved(nameOf(at));
        return { revision: revisionOf(remember(id, { document, count, etag: after.etag })) };
      }),

    writeSegment: (at, name, document, signal) =>
      storeCall(`write segment ${name} of ${nameOf(at)}`, signal, async () => {
        await texts(at).add(segment(name), document, signal);
      }),

    readSegment: (at, name, signal) =>
      storeCall(
        `read segment ${name} of ${nameOf(at)}`,
        signal,
        async () => (await texts(at).find(segment(name), signal))?.text ?? null,
      ),

    dropSegment: (at, name, signal) =>
      storeCall(`drop segment ${name} of ${nameOf(at)}`, signal, async () => {
        const found = await texts(at).find(segment(name), signal);
        if (found !== null) await texts(at).drop(found.number, signal);
      }),
  };
}

/** Null where there is a ledger already. */
async function saveFirst(
  api: Api,
  id: string,
  annotations: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<SecretMeta | null> {
  const secret = await api.getSecret(id, signal);
  if (secret === null) return await api.createSecret(id, { annotations }, signal);
  return savedIn(secret) === null ? await api.updateSecret(secret, { annotations }, signal) : null;
}

function savedIn({ annotations, etag }: SecretMeta): Saved | null {
  const document = annotations[DOCUMENT];
  return document === undefined ? null : { document, count: Number(annotations[COUNT] ?? 0), etag };
}

/** All that an update needs to know of the secret. */
function bare(id: string, etag: string): SecretMeta {
  return { id, etag, aliases: new Map(), annotations: {}, managed: false };
}

function revisionOf({ count, etag }: Saved): string {
  return `${count} ${etag}`;
}

function parseRevision(revision: string): { readonly count: number; readonly etag: string } | null {
  const found = /^([0-9]+) (.+)$/.exec(revision);
  return found === null ? null : { count: Number(found[1]), etag: found[2] ?? '' };
}

function segment(name: string): string {
  return `segment/${name}`;
}

function tooLarge(name: string): KeyturnError {
  return new KeyturnError('FULL', `${name} is over the ${MOST_BYTES} bytes that Google's annotations hold`, {
    hint: 'settle what keyturn audit names, so that the ledger grows shorter',
    unsent: true,
  });
}
