/** Does a piece of work when its turn comes. */
export type Turn = <T>(work: () => Promise<T>) => Promise<T>;

/** Lets so many at once do their work, and the others wait. */
export function turns(most: number): Turn {
  let free = most;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free -= 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
