/**
 * What node-vault finds in place of axios when it is bundled. The store hands it a client of its own
 * (src/stores/vault/client.ts), so axios would only be loaded, and shipped with all that it brings along.
 * @returns {never}
 */
export function create() {
  throw new Error('node-vault has no client of its own here');
}
