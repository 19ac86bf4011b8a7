import type { Version } from '../../core/store.ts';

/**
 * Vault numbers the versions of a secret from 1, and begins anew when a secret was deleted with all its metadata. So a
 * version is named by its number and by when it was created, to the nanosecond.
 */
export function valueVersion(of: { readonly number: number; readonly createdAt: string }): Version {
  return `${of.number}.${stamp(of.createdAt)}`;
}

/** What is staged has a path of its own, so its mark and when it was created name it. */
export function stagedVersion(mark: string, of: { readonly createdAt: string }): Version {
  return `${mark}@${stamp(of.createdAt)}`;
}

/** The parts of a version; null where no version of this store looks so. */
export function parsedVersion(
  version: Version,
):
  | { readonly kind: 'value'; readonly number: number }
  | { readonly kind: 'staged'; readonly mark: string }
  | null {
  const value = /^([1-9][0-9]{0,14})\.[0-9]{8}T[0-9.]+Z$/.exec(version);
  if (value !== null) return { kind: 'value', number: Number(value[1]) };
  const staged = /^([a-z0-9][a-z0-9.-]{0,63})@[0-9]{8}T[0-9.]+Z$/.exec(version);
  return staged === null ? null : { kind: 'staged', mark: staged[1] ?? '' };
}

/** `2026-11-25T19:46:51.697641083Z` without what a path is better without. */
function stamp(createdAt: string): string {
  return createdAt.replace(/[-:]/g, '');
}
