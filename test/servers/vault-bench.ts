import { randomBytes } from 'node:crypto';
import type { PluginContext } from '../../src/core/plugin.ts';
import { createVaultStore, type VaultStore } from '../../src/stores/vault/index.ts';
import { type VaultSettings, vaultSettings } from '../../src/stores/vault/settings.ts';
import { contextIn } from '../stores/plugin-context.ts';
import { started } from './server.ts';
import { type RunningVault, vaultServer } from './vault.ts';

/** A Vault with a KV engine at `secret`, and the means to do there what a person would. */
export interface VaultBench extends RunningVault {
  /** A call of Vault's API by the root token. Gives the parsed answer; throws for any failure but 404. */
  api(method: string, path: string, body?: unknown): Promise<VaultAnswer>;
  /** A store, by the root token unless `settings` say otherwise. */
  open(
    settings?: Readonly<Record<string, unknown>>,
    more?: {
      readonly environment?: Readonly<Record<string, string>>;
      readonly context?: Partial<PluginContext>;
    },
  ): VaultStore;
  /** A role of AppRole with one policy and nothing else, as settings and their environment. */
  role(
    policy: string,
    options?: Readonly<Record<string, unknown>>,
  ): Promise<{
    readonly auth: VaultSettings['auth'];
    readonly environment: Readonly<Record<string, string>>;
  }>;
}

export interface VaultAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers of Vault, looked into by tests alone
  readonly json: any;
}

export async function startBench(): Promise<VaultBench> {
  const vault = await started(vaultServer);
  const api: VaultBench['api'] = async (method, path, body) => {
    const reply = await fetch(`${vault.url}/v1/${path}`, {
      method,
      headers: { 'X-Vault-Token': vault.rootToken },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    if (!reply.ok && reply.status !== 404) throw new Error(`${method} ${path}: ${reply.status} ${text}`);
    return { status: reply.status, json: text === '' ? null : JSON.parse(text) };
  };
  await api('POST', 'sys/mounts/secret', { type: 'kv', options: { version: '2' } });
  await api('POST', 'sys/auth/approle', { type: 'approle' });
  let roles = 0;
  return {
    ...vault,
    api,
    open: (settings = {}, { environment = {}, context = {} } = {}) => {
      const all = vaultSettings.parse({
        kind: 'vault',
        address: vault.url,
        auth: { method: 'token', token: 'env:VAULT_TOKEN' },
        ...settings,
      });
      const outside = contextIn('/nowhere', { VAULT_TOKEN: vault.rootToken, ...environment });
      return createVaultStore(all, { ...outside, now: () => Date.now(), ...context });
    },
    role: async (policy, options = {}) => {
      roles += 1;
      const name = `role-${roles}`;
      await api('POST', `sys/policies/acl/${name}`, { policy });
      await api('POST', `auth/approle/role/${name}`, { token_policies: [name], ...options });
      const roleId = await api('GET', `auth/approle/role/${name}/role-id`);
      const secretId = await api('POST', `auth/approle/role/${name}/secret-id`, {});
      return {
        auth: { method: 'approle', mount: 'approle', roleId: 'env:ROLE_ID', secretId: 'env:SECRET_ID' },
        environment: { ROLE_ID: roleId.json.data.role_id, SECRET_ID: secretId.json.data.secret_id },
      };
    },
  };
}

/** Somewhere that no test has used. */
export function anotherLocation(): string {
  return `prod/${randomBytes(6).toString('hex')}/token`;
}
