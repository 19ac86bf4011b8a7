import { BUGS } from './bugs.ts';
import { RECORDED } from './recorded.ts';

/** The table of docs/planted-bugs.md. Names, rules and promises are those of the code; the numbers are as recorded. */
export function plantedTable(): string {
  const rows = [...BUGS]
    .sort((a, b) => a.rule - b.rule)
    .map(({ name, rule, breaks }) => {
      const { schedules, ran, tests } = RECORDED[name] ?? { schedules: 0, ran: 0, tests: 0 };
      return `| ${name} | ${rule} | ${breaks} | ${schedules} | ${ran} | ${tests} |`;
    });
  return [
    `${BUGS.length} bugs.`,
    '',
    '| bug | rule | breaks | schedules | run | unit tests |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
