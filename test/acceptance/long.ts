import { appendFileSync, writeFileSync } from 'node:fs';
import { exitCodeOf, named, optionsIn, wholeNumber } from '../arguments.ts';
import { combination, LOSSES, UNKNOWNS } from './matrix.ts';
import { type Scenario, tryOut, type Verdict } from './trial.ts';

const SLOW_MS = 60_000;

type Print = (line: string) => void;

const OPTIONS = {
  /** Only scenarios whose name holds this. */
  filter: { type: 'string', default: '' },
  seeds: { type: 'string', default: '100' },
  first: { type: 'string', default: '1' },
  /** How many at the same time: most of a scenario is waiting. */
  workers: { type: 'string', default: '6' },
  /** Gets the transcript of every scenario that failed. */
  transcripts: { type: 'string', default: '' },
} as const;

/** The whole matrix, or the part that was asked for; one line each. */
export function main(args: readonly string[], print: Print): Promise<number> {
  return exitCodeOf(() => runMatrix(args, print), print);
}

async function runMatrix(args: readonly string[], print: Print): Promise<number> {
  const { filter, transcripts, ...numbers } = optionsIn(args, OPTIONS);
  const first = wholeNumber('--first', numbers.first, 0);
  const seeds = Array.from({ length: wholeNumber('--seeds', numbers.seeds, 0) }, (_, index) =>
    combination(first + index),
  );
  const workers = wholeNumber('--workers', numbers.workers);
  const todo = [...named('scenario', [...UNKNOWNS, ...LOSSES, ...seeds], filter)];
  if (transcripts !== '') writeFileSync(transcripts, '');
  const total = todo.length;
  const tally = { done: 0, safe: 0, wrong: 0, gap: 0, slow: 0 };
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (let scenario = todo.shift(); scenario !== undefined; scenario = todo.shift()) {
        const verdict = await tryOut(scenario);
        print(line(verdict));
        if (verdict.faults.length > 0 && transcripts !== '') keep(transcripts, scenario, verdict);
        tally[verdict.faults.length > 0 ? 'wrong' : verdict.finished ? 'done' : 'safe'] += 1;
        if (verdict.slowestMs > SLOW_MS) tally.slow += 1;
        tally.gap = Math.max(tally.gap, verdict.gapMs);
      }
    }),
  );
  print(
    `${total} scenarios: ${tally.done} done, ${tally.safe} stopped safely, ${tally.wrong} wrong; longest gap ${tally.gap} ms; ${tally.slow} with a command that stayed over a minute`,
  );
  return tally.wrong === 0 ? 0 : 1;
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

function keep(transcripts: string, scenario: Scenario, { faults, transcript }: Verdict): void {
  appendFileSync(transcripts, `\n==== ${scenario.name}\n${faults.join('\n')}\n${transcript}\n`);
}
