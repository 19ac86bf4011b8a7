import type { PluginContext } from '../../core/plugin.ts';
import type { LedgerStore, SecretStore } from '../../core/store.ts';
import { checkStore } from './check.ts';
import { type Disk, disk as realDisk } from './disk.ts';
import { envelopeFor } from './envelope.ts';
import { guarded } from './faults.ts';
import { resolvePath } from './identity.ts';
import { ledgersOn } from './ledgers.ts';
import { listLocations } from './locations.ts';
import { removeLocation } from './remove.ts';
import type { FileSettings } from './settings.ts';
import type { Shelf } from './shelf.ts';
import { treeAt } from './tree.ts';
import { TRAITS, valuesOn } from './values.ts';

const NONCE_BYTES = 16;

export interface FileStore extends SecretStore {
  readonly ledgers: LedgerStore;
  readonly locations: NonNullable<SecretStore['locations']>;
  readonly check: NonNullable<SecretStore['check']>;
  readonly remove: NonNullable<SecretStore['remove']>;
}

/**
 * A folder of age-encrypted files. `<path>/<location>.age` is always current; all else is under `<path>/.keyturn/`.
 * Nothing is read or written before the first call.
 */
export function createFileStore(
  settings: FileSettings,
  context: PluginContext,
  disk: Disk = realDisk,
): FileStore {
  const shelf: Shelf = {
    disk,
    tree: treeAt(disk, resolvePath(settings.path, context)),
    envelope: envelopeFor(settings, context, disk),
    nonce: () => Buffer.from(context.random(NONCE_BYTES)).toString('hex'),
  };
  return {
    kind: settings.kind,
    traits: TRAITS,
    ...valuesOn(shelf),
    ledgers: ledgersOn(shelf),
    locations: (signal) => guarded('list locations', signal, () => listLocations(shelf)),
    remove: (location, signal) =>
      guarded(`remove ${location}`, signal, () => removeLocation(shelf, location)),
    check: (signal) => guarded('check the store', signal, () => checkStore(shelf, settings.identity, signal)),
  };
}
