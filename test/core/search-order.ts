import type { Ledger } from '../../src/core/ledger.ts';

/** States that are to be gone on from; those whose ledger is new come first. */
export interface Waiting<State> {
  readonly news: State[];
  readonly rest: State[];
}

export function enqueue<State extends { readonly ledger: Ledger }>(
  waiting: Map<string, Waiting<State>>,
  state: State,
  isNew: boolean,
): void {
  const { rotation, keys } = state.ledger;
  const phase = rotation === undefined ? `none ${keys.length}` : `${rotation.phase} ${rotation.kind}`;
  const queue = waiting.get(phase) ?? { news: [], rest: [] };
  waiting.set(phase, queue);
  (isNew ? queue.news : queue.rest).push(state);
}

const STEPS = 400;

/** Walks that choose at every fork by a fixed sequence: they get to the ends that a wide search is late to see. */
export function walk<State>(
  starts: readonly State[],
  goOn: (state: State) => readonly State[],
  mayGoOn: (state: State) => boolean,
): void {
  let dice = 1;
  const choose = <T>(among: readonly T[]): T | undefined => {
    dice = (Math.imul(dice, 1_664_525) + 1_013_904_223) >>> 0;
    return among[Math.floor((dice / 2 ** 32) * among.length)];
  };
  for (let walks = 0; walks < STEPS; walks += 1) {
    let state = choose(starts);
    for (let steps = 0; steps < STEPS && state !== undefined && mayGoOn(state); steps += 1)
      state = choose(goOn(state));
  }
}

/** Takes one from every phase by turns, until there is none left. */
export function* inTurns<State>(waiting: ReadonlyMap<string, Waiting<State>>): Generator<State> {
  const places = new Map<unknown[], number>();
  const take = (queue: State[]): State | undefined => {
    const place = places.get(queue) ?? 0;
    if (place < queue.length) places.set(queue, place + 1);
    return queue[place];
  };
  for (let took = true; took; ) {
    took = false;
    for (const { news, rest } of [...waiting.values()]) {
      const state = take(news) ?? take(rest);
      if (state === undefined) continue;
      took = true;
      yield state;
    }
  }
}
