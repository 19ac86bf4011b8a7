import type { RevokeRequest } from '../core/issuer.ts';
import { type Described, idIn } from './provider.ts';

/** Ends one key. Succeeds for one that the provider does not know any more. */
export async function endKey(
  { description, sender, idPart }: Described,
  { issuerKeyId, secret, role, caller, signal }: RevokeRequest,
): Promise<void> {
  const { revoke, promote, abort } = description;
  const values = { key: secret, id: issuerKeyId ?? idIn(secret, idPart).issuerKeyId, current: caller };
  const common = { values, effect: true, signal } as const;
  if (revoke !== undefined) {
    const order = { operation: revoke, what: 'revoke a key', method: 'DELETE', absentIsDone: true } as const;
    await sender.send({ ...common, ...order, repeatable: true });
  } else if (role === 'old' && promote !== undefined) {
    const order = { operation: promote, what: 'promote the new key', method: 'POST' } as const;
    await sender.send({ ...common, ...order, repeatable: false });
  } else if (abort !== undefined) {
    const order = {
      operation: abort,
      what: 'drop the new key',
      method: 'DELETE',
      absentIsDone: true,
    } as const;
    await sender.send({ ...common, ...order, repeatable: false });
  }
}
