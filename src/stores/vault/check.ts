import { KeyturnError, toKeyturnError } from '../../core/errors.ts';
import type { SecretStore } from '../../core/store.ts';
import { storeCall } from '../../core/store-call.ts';
import { field, type Kv } from './kv.ts';

type Finding = Awaited<ReturnType<NonNullable<SecretStore['check']>>>[number];

/** Everything that can be told without writing. What merely deserves to be known is `ok`, with a hint. */
export function checkOn(kv: Kv): NonNullable<SecretStore['check']> {
  return (signal) =>
    storeCall('check the store', signal, async () => {
      try {
        await kv.ready(signal);
      } catch (caught) {
        const { code, message, hint } = toKeyturnError(caught, 'look at the mount');
        if (code === 'INTERRUPTED' || code === 'BUG') throw caught;
        return [{ name: 'mount', ok: false, message, hint }];
      }
      return [...(await mountFindings(kv, signal)), ...(await tokenFindings(kv, signal))];
    });
}

/** How the mount is set up, where the token may read it. A rotation does not need that right. */
async function mountFindings(kv: Kv, signal: AbortSignal): Promise<readonly Finding[]> {
  const mount = kv.mount.join('/');
  const data = await told(kv, [...kv.mount, 'config'], signal);
  if (data === null) return [];
  const findings: Finding[] = [];
  const after = field(data, 'delete_version_after');
  if (typeof after === 'string' && after !== '' && !/^-?0s$|^-/.test(after)) {
    findings.push({
      name: 'mount',
      ok: false,
      message: `${mount} deletes every version ${after} after it was written (delete_version_after)`,
      hint: `a key that is in use would be deleted too: run vault write ${mount}/config delete_version_after=0s`,
    });
  }
  if (field(data, 'max_versions') === 1) {
    findings.push({
      name: 'mount',
      ok: true,
      message: `${mount} keeps one version of each secret (max_versions), so a change by hand cannot be undone`,
      hint: `keyturn keeps copies of its own; for your sake, run vault write ${mount}/config max_versions=10`,
    });
  }
  return findings;
}

async function tokenFindings(kv: Kv, signal: AbortSignal): Promise<readonly Finding[]> {
  const data = await told(kv, ['auth', 'token', 'lookup-self'], signal);
  const policies = field(data, 'policies');
  if (!Array.isArray(policies) || !policies.includes('root')) return [];
  return [
    {
      name: 'token',
      ok: true,
      message: 'the token is a root token, which may do everything in Vault',
      hint: 'give keyturn a role with the policy of docs/stores/vault.md',
    },
  ];
}

/** Null where the token may not read it. */
async function told(kv: Kv, path: readonly string[], signal: AbortSignal): Promise<unknown> {
  try {
    const reply = await kv.call({ method: 'GET', path, doing: `read ${path.join('/')}`, signal });
    return reply.missing ? null : field(reply.json, 'data');
  } catch (caught) {
    if (caught instanceof KeyturnError && caught.code === 'DENIED') return null;
    throw caught;
  }
}
