import { KeyturnError } from '../../core/errors.ts';
import type { PromoteRequest, Version } from '../../core/store.ts';
import { CURRENT, isOwnLabel, type Names, tokenFor } from './names.ts';
import type { Found, Secrets } from './secrets.ts';
import { placeStaged } from './stage.ts';
import { ownLabelsOf, refuseObstacle, type Standing } from './standing.ts';

type Promoted = { readonly version: Version };

/**
 * Makes a version current by one move of AWSCURRENT, which AWS does only while `base` has it. Whatever it refuses is
 * decided by what the secret looks like then, since its refusal does not say why.
 */
export async function promoteTo(
  secrets: Secrets,
  names: Names,
  request: PromoteRequest,
  signal: AbortSignal,
): Promise<Promoted> {
  const { location, version, base } = request;
  const name = names.value(location);
  if (base !== null && (await secrets.move(name, CURRENT, { from: base, to: version }, signal))) {
    return { version };
  }
  const standing = await secrets.describe(name, signal);
  refuseObstacle(standing);
  if (standing?.current === version) return { version };
  if (standing !== null && ownLabelsOf(standing, version).length > 0) {
    if (standing.current !== base) throw notBase(location, standing.current, base);
    if (base !== null) throw undecided(location);
    if (await secrets.move(name, CURRENT, { to: version }, signal)) return { version };
    throw notBase(location, (await secrets.describe(name, signal))?.current ?? null, base);
  }
  return await promoteFirst(secrets, names, request, standing, signal);
}

/** The value lies beside, because the secret had none when it was staged: consumers get a copy. */
async function promoteFirst(
  secrets: Secrets,
  names: Names,
  { location, version, base }: PromoteRequest,
  standing: Standing | null,
  signal: AbortSignal,
): Promise<Promoted> {
  const name = names.value(location);
  const current = standing?.current ?? null;
  const first = /^[A-Za-z0-9-]{32,64}$/.test(version)
    ? await secrets.get(names.first(location), { version }, signal)
    : null;
  const label = first?.labels.find(isOwnLabel);
  if (first !== null && label !== undefined && current !== null) {
    const now = await secrets.get(name, { label: CURRENT }, signal);
    if (now?.text.equals(first.text)) return { version: now.version };
  }
  if (current !== base) throw notBase(location, current, base);
  if (first === null || label === undefined) throw gone(location, version);
  const text = first.text.open() ?? '';
  if (standing === null) {
    const made = await secrets.create(name, { token: tokenFor('first', version), text }, signal);
    if (made !== null) return { version: made.version };
    throw notBase(location, (await secrets.describe(name, signal))?.current ?? null, base);
  }
  if (base === null) return await fill(secrets, name, { location, label, first, text }, signal);
  const copy = await placeStaged(secrets, { name, standing, location, label, text }, signal);
  if (await secrets.move(name, CURRENT, { from: base, to: copy.version }, signal)) return copy;
  throw notBase(location, (await secrets.describe(name, signal))?.current ?? null, base);
}

/** The first version of a secret becomes current whatever its label, and a second one does not: so one of many wins. */
async function fill(
  secrets: Secrets,
  name: string,
  value: { readonly location: string; readonly label: string; readonly first: Found; readonly text: string },
  signal: AbortSignal,
): Promise<Promoted> {
  const { location, label, first, text } = value;
  const written = await secrets.put(name, { token: tokenFor('first', first.version), text, label }, signal);
  if (typeof written === 'object') {
    if (written.labels.includes(CURRENT)) return { version: written.version };
    if (await secrets.move(name, CURRENT, { to: written.version }, signal))
      return { version: written.version };
  }
  throw notBase(location, (await secrets.describe(name, signal))?.current ?? null, null);
}

function notBase(location: string, standing: Version | null, base: Version | null): KeyturnError {
  const is = standing === null ? 'has no value' : `is at version ${standing}`;
  const expected = base === null ? 'none' : `version ${base}`;
  return new KeyturnError('CONFLICT', `${location} ${is}, expected ${expected}`, {
    hint: 'read it again, and decide anew',
  });
}

function gone(location: string, version: Version): KeyturnError {
  return new KeyturnError('CONFLICT', `${location} has no version ${version} any more`, {
    hint: 'stage the value again, then promote that',
  });
}

/** AWS refused to move the label from where it is: an answer that may be older than the question. */
function undecided(location: string): KeyturnError {
  return new KeyturnError(
    'BAD_REPLY',
    `${location}: AWS refuses to move AWSCURRENT, and says that it could`,
    {
      hint: 'run again; if it happens again, look at the labels of the secret in the AWS console',
    },
  );
}
