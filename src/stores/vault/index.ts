import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { KeyturnError } from '../../core/errors.ts';
import type { PluginContext } from '../../core/plugin.ts';
import { durationMs } from '../../core/setting.ts';
import type { LedgerStore, SecretStore } from '../../core/store.ts';
import { storeCall } from '../../core/store-call.ts';
import { checkOn } from './check.ts';
import { connect, type SendToVault } from './client.ts';
import { type Kv, kvOn } from './kv.ts';
import { layoutOf } from './layout.ts';
import { ledgersOn } from './ledgers.ts';
import { mountCheck } from './mount.ts';
import { rightsOn } from './rights.ts';
import { openSession } from './session.ts';
import type { VaultSettings } from './settings.ts';
import { listLocations, removeLocation } from './tree.ts';
import { VALUE_BYTES, valuesOn } from './values.ts';
import { openWire } from './wire.ts';

export interface VaultStore extends SecretStore {
  readonly ledgers: LedgerStore;
  readonly remove: NonNullable<SecretStore['remove']>;
  readonly close: NonNullable<SecretStore['close']>;
}

/**
 * A KV engine of version 2. A location is the path of a secret; all else lies below `ownPath`, which consumers have no
 * right to. Nothing is sent before the first call.
 */
export function createVaultStore(settings: VaultSettings, context: PluginContext): VaultStore {
  const { ownPath, mount, listBelow } = settings;
  const send = sender(settings, context);
  const session = openSession(settings.auth, send, context);
  const kv = kvOn({ mount, send, session, sleep: context.sleep }, mountCheck(settings));
  return {
    kind: settings.kind,
    traits: {
      casPromote: true,
      hiddenStaging: true,
      converges: durationMs(settings.converges ?? '0s') ?? 0,
      limits: { valueBytes: VALUE_BYTES },
      objectsOnly: settings.data === 'document',
    },
    ...valuesOn(kv, layoutOf(settings), ownPath),
    ledgers: ledgersOn(kv, ownPath),
    check: checkOn(kv),
    rights: rightsOn(kv, ownPath),
    ...(listBelow === undefined ? {} : { locations: listing(kv, listBelow, ownPath) }),
    remove: (location, signal) =>
      storeCall(`remove ${location}`, signal, () => removeLocation(kv, { location, ownPath }, signal)),
    close: session.close,
  };
}

function listing(kv: Kv, below: string, ownPath: string): NonNullable<SecretStore['locations']> {
  return (signal) => storeCall('list locations', signal, () => listLocations(kv, { below, ownPath }, signal));
}

/** Connects on the first call, because certificates are read from a file. */
function sender(settings: VaultSettings, context: PluginContext): SendToVault {
  let opened: Promise<SendToVault> | undefined;
  const open = async (): Promise<SendToVault> => {
    const { address, namespace, ca } = settings;
    const trusted = ca === undefined ? null : await certificates(ca, context);
    return connect({ address, namespace }, openWire(trusted, context));
  };
  return async (call) => {
    opened ??= open();
    return await (await opened)(call);
  };
}

async function certificates(path: string, context: PluginContext): Promise<string> {
  const full = path.startsWith('~/') ? join(context.home, path.slice(2)) : path;
  try {
    const text = await readFile(isAbsolute(full) ? full : join(context.folder, full), 'utf8');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  } catch (caught) {
    if (!(caught instanceof Error) || !('code' in caught)) throw caught;
  }
  throw new KeyturnError('CONFIG', `${path} is not a file of certificates (PEM) that can be read`, {
    hint: 'let `ca` name the file with the certificate of the authority that signed that of Vault',
    unsent: true,
  });
}
