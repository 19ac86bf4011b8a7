import type { ConfiguredCredential, PluginSettings } from '../config/config.ts';
import { KeyturnError } from '../core/errors.ts';
import type { Issuer } from '../core/issuer.ts';
import type { Policy } from '../core/policy.ts';
import type { SecretStore } from '../core/store.ts';

/** What the engine goes by for one credential: its configuration, and what its issuer and its store are like. */
export function policyOf(
  credential: ConfiguredCredential,
  settings: PluginSettings | undefined,
  issuer: Issuer,
  store: SecretStore,
): Policy {
  const { quiet: _, ...policy } = credential.policy;
  return {
    ...policy,
    // Where making a key ends the other, none of an overlap is true.
    overlap: issuer.traits.maxLive === 1 ? 0 : policy.overlap,
    scopes: scopesOf(settings?.settings),
    hooks: [],
    mirrors: [],
    shared: credential.fields !== undefined,
    config: credential.digest,
    converges: store.traits.converges,
    issuer: {
      ...issuer.traits,
      can: {
        register: issuer.register !== undefined,
        revoke: issuer.revoke !== undefined,
        find: issuer.find !== undefined,
        list: issuer.list !== undefined,
        slots: issuer.slots !== undefined,
      },
    },
  };
}

/** The scopes that an issuer's settings declare, where its keys have any. */
function scopesOf(settings: unknown): readonly string[] {
  const scopes: unknown =
    typeof settings === 'object' && settings !== null && 'scopes' in settings ? settings.scopes : [];
  return Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === 'string') : [];
}

/** Throws CONFIG where the parts of the issuer's keys have no place in the store. Known before a key is made. */
export function requireFields(credential: ConfiguredCredential, issuer: Issuer): void {
  const parts = issuer.parts ?? ['value'];
  const { fields, name } = credential;
  if (fields === undefined) {
    if (parts.length === 1) return;
    throw wrong(name, `keys of ${credential.issuer} have the parts ${parts.join(', ')}`, parts);
  }
  const missing = parts.filter((part) => fields[part] === undefined);
  const unknown = Object.keys(fields).filter((part) => !parts.includes(part));
  if (missing.length > 0) throw wrong(name, `${name} has no field for the part ${missing.join(', ')}`, parts);
  if (unknown.length > 0)
    throw wrong(name, `keys of ${credential.issuer} have no part ${unknown.join(', ')}`, parts);
}

function wrong(name: string, message: string, parts: readonly string[]): KeyturnError {
  return new KeyturnError('CONFIG', message, {
    hint: `give ${name} fields, one for each of ${parts.join(', ')}`,
    credential: name,
  });
}
