import { afterAll, beforeEach, expect } from 'vitest';

/**
 * What a server is known to do wrong: the name of a test that must fail because of it, and why. A cell whose test
 * passes, or is not there any more, fails the run, so the table stays true.
 */
export type KnownBad = Readonly<Record<string, string>>;

/** Call it in the file or describe whose tests the cells name. */
export function expectKnownBad(cells: KnownBad): void {
  const met = new Set<string>();
  beforeEach(({ task }) => {
    const cell = Object.keys(cells).find((name) => fullName(task).endsWith(name));
    if (cell === undefined) return;
    met.add(cell);
    Object.assign(task, { fails: true });
  });
  afterAll(() => {
    expect([...met].sort(), 'a known-bad cell names no test').toEqual(Object.keys(cells).sort());
  });
}

interface Named {
  readonly name: string;
  readonly suite?: Named | undefined;
}

function fullName({ name, suite }: Named): string {
  return suite === undefined || suite.name === '' ? name : `${fullName(suite)} > ${name}`;
}
