import { appendFileSync, writeFileSync } from 'node:fs';
import { combination, LOSSES, UNKNOWNS } from './matrix.ts';
import { type Scenario, tryOut, type Verdict } from './trial.ts';

const SLOW_MS = 60_000;

export interface LongOptions {
  /** Only scenarios whose name holds this. */
  readonly filter: string;
  readonly seeds: number;
  readonly firstSeed: number;
  /** How many at the same time: most of a scenario is waiting. */
  readonly workers: number;
  /** Gets the transcript of every scenario that failed. */
  readonly transcripts: string | null;
  readonly print: (line: string) => void;
}

/** The whole matrix, one line each. Gives the number of scenarios that went wrong. */
export async function runMatrix(options: LongOptions): Promise<number> {
  const seeds = Array.from({ length: options.seeds }, (_, index) => combination(options.firstSeed + index));
  const todo = [...UNKNOWNS, ...LOSSES, ...seeds].filter(({ name }) => name.includes(options.filter));
  if (options.transcripts !== null) writeFileSync(options.transcripts, '');
  const total = todo.length;
  const tally = { done: 0, safe: 0, wrong: 0, gap: 0, slow: 0 };
  await Promise.all(
    Array.from({ length: options.workers }, async () => {
      for (let scenario = todo.shift(); scenario !== undefined; scenario = todo.shift()) {
        const verdict = await tryOut(scenario);
        options.print(line(verdict));
        if (verdict.faults.length > 0) keep(options, scenario, verdict);
        tally[verdict.faults.length > 0 ? 'wrong' : verdict.finished ? 'done' : 'safe'] += 1;
        if (verdict.slowestMs > SLOW_MS) tally.slow += 1;
        tally.gap = Math.max(tally.gap, verdict.gapMs);
      }
    }),
  );
  options.print(
    `${total} scenarios: ${tally.done} done, ${tally.safe} stopped safely, ${tally.wrong} wrong; longest gap ${tally.gap} ms; ${tally.slow} with a command that stayed over a minute`,
  );
  return tally.wrong;
}

function line({
  scenario,
  codes,
  finished,
  ms,
  slowestMs,
  gapMs,
  made,
  alive,
  faults,
  said,
}: Verdict): string {
  const result = faults.length > 0 ? 'WRONG' : finished ? 'done' : 'safe';
  const facts = `${codes.join(',')} | made ${made} alive ${alive} gap ${gapMs} | ${ms} ms, slowest command ${slowestMs} ms`;
  const why = faults.length > 0 ? faults.join('; ') : finished ? '' : said;
  return `${result.padEnd(5)} | ${scenario.name} | ${facts} | ${why}`;
}

function keep({ transcripts }: LongOptions, scenario: Scenario, { faults, transcript }: Verdict): void {
  if (transcripts === null) return;
  appendFileSync(transcripts, `\n==== ${scenario.name}\n${faults.join('\n')}\n${transcript}\n`);
}
