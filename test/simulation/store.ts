import { textWith } from '../../src/core/document.ts';
import { Secret } from '../../src/core/secret.ts';
import type { LedgerStore, SecretStore, Version } from '../../src/core/store.ts';
import { look } from './look.ts';
import { reach } from './network.ts';
import type { Actor } from './process.ts';
import type { Credential } from './truth.ts';

/** The memory store as one process reaches it, with the unkindness that the contract allows on top. */
export function storeFor(actor: Actor): SecretStore & { readonly ledgers: LedgerStore } {
  const { one } = actor;
  const { memory, shelf, clock, dice, schedule } = one.sim;
  const { converges, renames, casPromote } = schedule.store;
  const store: SecretStore = {
    ...memory,
    traits: { ...memory.traits, converges, casPromote },
    read: (location, which, signal) => {
      if (which !== 'current') return memory.read(location, which, signal);
      const stale = one.stale();
      const shows = stale.length > 0 && dice.chance(0.3);
      return shows ? Promise.resolve(dice.pick(stale)) : memory.read(location, which, signal);
    },
    promote: (request, signal) => {
      const place = shelf.places.get(request.location);
      const before = place?.current;
      const from = `${request.version}c`;
      if (before?.version.startsWith(from)) return Promise.resolve(before);
      const change = (base: Version | null) => {
        // The memory store acts at once, before it answers.
        const done = memory.promote({ ...request, base }, signal);
        if (!renames || !place?.current || place.current === before) return done;
        shelf.count += 1;
        place.current = { ...place.current, version: `${from}${shelf.count}` };
        return Promise.resolve(place.current);
      };
      if (casPromote || (before?.version ?? null) !== request.base) return change(request.base);
      return new Promise((resolve) =>
        clock.later(dice.between(5, 150), null, () => {
          // Nothing is promised where somebody changes it in this moment.
          one.sim.finished ||= place?.current !== before;
          if (one.sim.finished) return;
          resolve(change(request.base));
          look(one.sim, actor);
        }),
      );
    },
  };
  return { ...reach(actor, store), ledgers: reach(actor, memory.ledgers) };
}

/** Makes a value current by hand, as somebody does who knows nothing of keyturn; null: takes what is there away. */
export function put(one: Credential, value: string | null, fields = one.fields): void {
  const { memory, shelf } = one.sim;
  const place = shelf.places.get(one.location);
  if (value !== null) memory.overwrite(one.location, textWith(Secret.of(value), one.text(), fields));
  else if (place !== undefined) place.current = null;
  look(one.sim, null);
}
