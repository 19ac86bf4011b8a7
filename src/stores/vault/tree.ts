import type { Kv } from './kv.ts';
import { locationFault, ownPlace, placesOf, type Steps } from './paths.ts';

/** Every location below a path. Each folder costs a call. */
export async function listLocations(
  kv: Kv,
  of: { readonly below: string; readonly ownPath: string },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found = await leaves(kv, of.below.split('/'), signal);
  return found
    .map((steps) => steps.join('/'))
    .filter((location) => locationFault(location, of.ownPath) === null)
    .sort();
}

/** Ends a location with all that belongs to it. Of the absent: nothing. */
export async function removeLocation(
  kv: Kv,
  of: { readonly location: string; readonly ownPath: string },
  signal: AbortSignal,
): Promise<void> {
  await kv.drop(placesOf(of.location, of.ownPath).value, signal);
  for (const steps of await leaves(kv, ownPlace(of.location, of.ownPath), signal))
    await kv.drop(steps, signal);
}

async function leaves(kv: Kv, folder: Steps, signal: AbortSignal): Promise<readonly Steps[]> {
  const found: Steps[] = [];
  for (const name of await kv.list(folder, signal)) {
    if (name.endsWith('/')) found.push(...(await leaves(kv, [...folder, name.slice(0, -1)], signal)));
    else found.push([...folder, name]);
  }
  return found;
}
