import { KeyturnError } from '../../core/errors.ts';
import { Secret } from '../../core/secret.ts';
import type { Version } from '../../core/store.ts';
import { tokenFor } from './names.ts';
import type { Secrets, Written } from './secrets.ts';
import { holderOf, refuseFullOfLabels, refuseObstacle, type Standing } from './standing.ts';

export interface Staging {
  /** The secret that takes the value. */
  readonly name: string;
  /** As it was just described. Absent: not yet. */
  readonly standing?: Standing;
  readonly location: string;
  readonly label: string;
  readonly text: string;
}

/** How often a mark may have been used for other values, all discarded by now. */
const ROUNDS = 8;

/**
 * Writes a version under a label of our own. The token comes from the label alone, so whoever does this again, in this
 * process or the next, finds what is there instead of adding to it. Not every server refuses a token that belongs to
 * another value: what lies under the label is read back and compared.
 */
export async function placeStaged(
  secrets: Secrets,
  staging: Staging,
  signal: AbortSignal,
): Promise<{ readonly version: Version }> {
  const { name, location, label, text } = staging;
  const wanted = Secret.of(text);
  let standing = staging.standing ?? (await secrets.describe(name, signal));
  for (let round = 0; round < ROUNDS; round += 1) {
    refuseObstacle(standing);
    const present = standing === null ? null : holderOf(standing, label);
    if (present !== null) {
      const found = await secrets.get(name, { version: present }, signal);
      if (found?.text.equals(wanted)) return { version: present };
      throw otherValue(location, label);
    }
    if (standing !== null) refuseFullOfLabels(name, standing);
    const written = await write(secrets, staging, tokenFor('stage', name, label, round), signal);
    if (written !== null) {
      if (!written.labels.includes(label)) await secrets.move(name, label, { to: written.version }, signal);
      const found = await secrets.get(name, { label }, signal);
      if (found?.version === written.version && found.text.equals(wanted)) return { version: found.version };
      throw otherValue(location, label);
    }
    standing = await secrets.describe(name, signal);
  }
  throw otherValue(location, label);
}

/** Null: the token belongs to another value, or somebody made the secret just now. */
async function write(
  secrets: Secrets,
  { name, label, text }: Staging,
  token: string,
  signal: AbortSignal,
): Promise<Written | null> {
  const written = await secrets.put(name, { token, text, label }, signal);
  if (written === 'taken') return null;
  return written === 'absent' ? await secrets.create(name, { token, text }, signal) : written;
}

export function otherValue(location: string, label: string): KeyturnError {
  return new KeyturnError('CONFLICT', `${location} has another value staged under ${label}`, {
    hint: 'stage under a new mark',
  });
}
