import { exactText } from '../../core/exact-text.ts';
import type { SecretStore, StoredValue, StoreTraits, Version } from '../../core/store.ts';
import { conflict } from '../../core/store-call.ts';
import { CURRENT, isOwnLabel, keptLabel, type Names, stageLabel } from './names.ts';
import { promoteTo } from './promote.ts';
import type { Found, Secrets } from './secrets.ts';
import { otherValue, placeStaged } from './stage.ts';
import { ownLabelsOf, refuseObstacle } from './standing.ts';

export const TRAITS: StoreTraits = {
  casPromote: true,
  hiddenStaging: true,
  converges: 0,
  limits: { valueBytes: 64 * 1024 },
};

/** What AWS takes as the id of a version. */
const VERSION = /^[A-Za-z0-9-]{32,64}$/;

type Values = Pick<SecretStore, 'read' | 'stage' | 'promote' | 'keep' | 'discard'>;

export function valuesIn(secrets: Secrets, names: Names): Values {
  /** A version that is current or has a label of ours. What has neither was let go, though AWS still gives it. */
  const held = async (location: string, version: Version, signal: AbortSignal): Promise<Found | null> => {
    if (!VERSION.test(version)) return null;
    const value = await secrets.get(names.value(location), { version }, signal);
    if (value?.labels.some((label) => label === CURRENT || isOwnLabel(label))) return value;
    const first = await secrets.get(names.first(location), { version }, signal);
    return first?.labels.some(isOwnLabel) ? first : null;
  };

  return {
    async read(location, which, signal) {
      const name = names.value(location);
      if (which === 'current') return asStored(await secrets.get(name, { label: CURRENT }, signal));
      if ('version' in which) return asStored(await held(location, which.version, signal));
      const label = stageLabel(which.mark);
      const staged = await secrets.get(name, { label }, signal);
      return asStored(staged ?? (await secrets.get(names.first(location), { label }, signal)));
    },

    async stage({ location, mark, text }, signal) {
      const name = names.value(location);
      const clear = exactText(text, location, TRAITS.limits.valueBytes);
      const label = stageLabel(mark);
      const [standing, beside] = await Promise.all([
        secrets.describe(name, signal),
        secrets.get(names.first(location), { label }, signal),
      ]);
      refuseObstacle(standing);
      if (beside?.text.equals(text)) return { version: beside.version };
      if (beside !== null) throw otherValue(location, label);
      const hidden = standing !== null && standing.current !== null;
      const place = hidden ? { name, standing } : { name: names.first(location) };
      return await placeStaged(secrets, { ...place, location, label, text: clear }, signal);
    },

    promote: async (request, signal) => await promoteTo(secrets, names, request, signal),

    async keep(location, version, signal) {
      const name = names.value(location);
      const standing = await secrets.describe(name, signal);
      if (standing !== null && ownLabelsOf(standing, version).length > 0) return { version };
      if (standing?.current === version) {
        refuseObstacle(standing);
        if (await secrets.move(name, keptLabel(version), { to: version }, signal)) return { version };
      }
      if ((await held(location, version, signal))?.labels.some(isOwnLabel)) return { version };
      throw conflict(
        `${location} has no version ${version} any more`,
        'read it again, and keep what is there now',
      );
    },

    async discard(location, version, signal) {
      const name = names.value(location);
      const standing = await secrets.describe(name, signal);
      if (standing?.current === version) {
        throw conflict(
          `version ${version} of ${location} is what is read now`,
          'promote another version first',
        );
      }
      const own = standing === null ? [] : ownLabelsOf(standing, version);
      // False: the label is gone already.
      for (const label of own) await secrets.move(name, label, { from: version }, signal);
      if (own.length > 0 || !VERSION.test(version)) return;
      const first = names.first(location);
      const firsts = await secrets.describe(first, signal);
      for (const label of firsts === null ? [] : ownLabelsOf(firsts, version)) {
        await secrets.move(first, label, { from: version }, signal);
        // Its promote may have left the same label on the copy that consumers read.
        for (const [copy, labels] of standing?.labels ?? []) {
          if (labels.includes(label)) await secrets.move(name, label, { from: copy }, signal);
        }
      }
    },
  };
}

function asStored(found: Found | null): StoredValue | null {
  if (found === null) return null;
  const { version, text, writtenAt } = found;
  return { version, text, ...(writtenAt === undefined ? {} : { writtenAt }) };
}
