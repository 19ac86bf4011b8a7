/**
 * What node-vault finds in place of axios when it is bundled. The store hands it a way out of its own
 * (src/stores/vault/wire.ts), so axios would only be loaded, and shipped with all that it brings along.
 * @returns {never}
 */
export function create() {
  throw new Error('node-vault has no client of its own here');
}
