import { KeyturnError } from '../../core/errors.ts';
import type { LedgerAddress, LedgerStore } from '../../core/store.ts';
import { conflict } from '../../core/store-call.ts';
import { asUuid, CURRENT, type Names, NEXT, segmentLabel } from './names.ts';
import type { Secrets } from './secrets.ts';
import { holderOf } from './standing.ts';

const TOKEN_BYTES = 16;

interface Parts {
  readonly secrets: Secrets;
  readonly names: Names;
  readonly random: (bytes: number) => Uint8Array;
  /** Is told of every secret that is about to be written. */
  readonly writes: (at: LedgerAddress, name: string) => void;
}

/**
 * A ledger is a secret of its own, and AWSCURRENT its cell of compare-and-set: the new document is added under the label
 * NEXT, then AWSCURRENT moves to it from the version that was loaded. NEXT moves with every addition, so a save that
 * was lost leaves no label behind.
 *
 * Segments of the trail are versions of another secret, each under a label that names it. A label that no version has is
 * given to one version only, whoever asks.
 */
export function ledgersIn({ secrets, names, random, writes }: Parts): LedgerStore {
  const token = () => asUuid(Buffer.from(random(TOKEN_BYTES)).toString('hex'));
  const changed = ({ credential }: LedgerAddress) =>
    conflict(`the ledger of ${credential} was changed by someone else`);

  const readSegment = async (
    at: LedgerAddress,
    name: string,
    signal: AbortSignal,
  ): Promise<string | null> => {
    const found = await secrets.get(names.trail(at), { label: segmentLabel(name) }, signal);
    return found === null ? null : (found.text.open() ?? '');
  };

  return {
    async load(at, signal) {
      const found = await secrets.get(names.ledger(at), { label: CURRENT }, signal);
      return found === null ? null : { document: found.text.open() ?? '', revision: found.version };
    },

    async save(at, document, revision, signal) {
      const name = names.ledger(at);
      writes(at, name);
      const value = { token: token(), text: document };
      if (revision === null) {
        const made = await secrets.create(name, value, signal);
        if (made === null) throw changed(at);
        return { revision: made.version };
      }
      const written = await secrets.put(name, { ...value, label: NEXT }, signal);
      if (typeof written !== 'object') throw changed(at);
      const { version } = written;
      if (await secrets.move(name, CURRENT, { from: revision, to: version }, signal))
        return { revision: version };
      const standing = await secrets.describe(name, signal);
      if (standing?.current === version) return { revision: version };
      if (standing?.current !== revision) throw changed(at);
      throw new KeyturnError('BAD_REPLY', `the ledger of ${at.credential}: AWS refuses to move AWSCURRENT`, {
        hint: 'run again; if it happens again, look at the labels of the secret in the AWS console',
      });
    },

    async writeSegment(at, name, document, signal) {
      const secret = names.trail(at);
      writes(at, secret);
      const other = () => conflict(`segment ${name} of the trail of ${at.credential} has other content`);
      const present = await readSegment(at, name, signal);
      if (present === document) return;
      if (present !== null) throw other();
      const value = { token: token(), text: document };
      const put = await secrets.put(secret, value, signal);
      const made = put === 'absent' ? await secrets.create(secret, value, signal) : put;
      // Null: somebody else made the secret just now.
      const written = made ?? (await secrets.put(secret, value, signal));
      if (typeof written !== 'object') throw other();
      if (await secrets.move(secret, segmentLabel(name), { to: written.version }, signal)) return;
      if ((await readSegment(at, name, signal)) !== document) throw other();
    },

    readSegment,

    async dropSegment(at, name, signal) {
      const secret = names.trail(at);
      const standing = await secrets.describe(secret, signal);
      const holder = standing === null ? null : holderOf(standing, segmentLabel(name));
      if (holder !== null) await secrets.move(secret, segmentLabel(name), { from: holder }, signal);
    },
  };
}
