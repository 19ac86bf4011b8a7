import { setTimeout as pause } from 'node:timers/promises';
import { lives, type Token } from './graph-tokens.ts';
import { accepted, inPlace } from './graph-world.ts';
import type { Rig } from './rig.ts';

/** What a client that reads the store at every use would have met. */
export interface Watch {
  readonly stop: () => Promise<Watched>;
}

export interface Watched {
  /** How often the value was compared with the server. */
  readonly looks: number;
  /** Milliseconds in which the value in the store did not work, and the server itself had ended it. */
  readonly gapMs: number;
  /** What should never be. */
  readonly faults: readonly string[];
}

const EVERY_MS = 20;

function works(rig: Rig, token: Token): boolean {
  return accepted(rig.server.world, token, 'read') && inPlace(rig.server.world, token);
}

export function watchAsConsumer(rig: Rig): Watch {
  const { world } = rig.server;
  let going = true;
  let looks = 0;
  let gapMs = 0;
  const faults = new Set<string>();
  const look = async (last: number): Promise<number> => {
    const value = await rig.current();
    const now = Date.now();
    if (value === null) return now;
    looks += 1;
    const token = world.tokens.find(value);
    if (token === undefined) {
      faults.add('the store holds what the server never made');
    } else if (!lives(token, now) && !accepted(world, token, 'read')) {
      if (token.diedOf === 'server' || token.diedAt === undefined) gapMs += now - last;
      else faults.add('the store holds a token that keyturn has revoked');
    } else if (!works(rig, token)) {
      // Where the server has ended every other, or nobody holds it, a token that will work is the best there is.
      const held = world.tokens.living('client', now).filter((other) => other.handedOut);
      const better = held.some((other) => works(rig, other));
      if (better) faults.add('the store holds a token that does not work yet');
      else gapMs += now - last;
    } else if (rig.server.world.switches.missingScope && token.madeBy === 'mint') {
      faults.add('the store holds a token without its scopes');
    }
    return now;
  };
  const loop = (async () => {
    let last = Date.now();
    while (going) {
      last = await look(last);
      await pause(EVERY_MS);
    }
    await look(last);
  })();
  return {
    stop: async () => {
      going = false;
      await loop;
      return { looks, gapMs, faults: [...faults] };
    },
  };
}
