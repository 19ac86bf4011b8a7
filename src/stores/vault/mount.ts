import { KeyturnError } from '../../core/errors.ts';
import { field, type Kv } from './kv.ts';
import type { VaultSettings } from './settings.ts';

/** Throws CONFIG where the mount cannot hold what a rotation needs. */
export function mountCheck({ mount, namespace }: Pick<VaultSettings, 'mount' | 'namespace'>) {
  return async (call: Kv['call'], signal: AbortSignal): Promise<void> => {
    if (namespace !== undefined) await requireNamespaces(namespace, call, signal);
    const doing = `look at the mount ${mount}`;
    const path = ['sys', 'internal', 'ui', 'mounts', ...mount.split('/')];
    const reply = await call({ method: 'GET', path, doing, signal }).catch((caught: unknown) => {
      // Vault says the same of what is not there and of what the token may not use.
      if (caught instanceof KeyturnError && caught.code === 'DENIED') throw noMount(mount, namespace);
      throw caught;
    });
    const data = field(reply.json, 'data');
    if (reply.missing || field(data, 'path') !== `${mount}/`) throw noMount(mount, namespace);
    const version = field(field(data, 'options'), 'version');
    if (field(data, 'type') !== 'kv' || version !== '2') {
      throw new KeyturnError('CONFIG', `what is mounted at ${mount} is no KV engine of version 2`, {
        hint: `version 1 takes no notice of compare-and-set, so a change by someone else would be lost: run vault kv enable-versioning ${mount}, or let \`mount\` name another`,
        unsent: true,
      });
    }
  };
}

function noMount(mount: string, namespace: string | undefined): KeyturnError {
  const where = namespace === undefined ? '' : ` in the namespace ${namespace}`;
  return new KeyturnError('CONFIG', `nothing that this token may use is mounted at ${mount}${where}`, {
    hint: 'correct `mount` and `namespace` (vault secrets list shows what there is), or give the role its policy',
    unsent: true,
  });
}

/** The free edition takes no notice of a namespace: what is meant for one would be written outside of it. */
async function requireNamespaces(namespace: string, call: Kv['call'], signal: AbortSignal): Promise<void> {
  const path = ['sys', 'health'];
  const query = { standbyok: 'true', perfstandbyok: 'true' };
  const { json } = await call({ method: 'GET', path, query, doing: 'ask which Vault this is', signal });
  if (field(json, 'enterprise') !== false) return;
  throw new KeyturnError('CONFIG', `this Vault has no namespaces, so ${namespace} is not in it`, {
    hint: 'take `namespace` out, or let `address` name the Vault that has it',
    unsent: true,
  });
}
