import fc from 'fast-check';
import { readRequest } from '../../src/cli/request.ts';
import { allCommands } from '../../src/cli/specs/groups.ts';
import { EVERYWHERE, JSON_OUTPUT } from '../../src/cli/specs/options.ts';
import { target } from './engine.ts';
import { anyText } from './mutate.ts';
import { holds, outcomeOf, secrets, silent } from './outcome.ts';

const commands = allCommands();
const flags = [...commands.flatMap(({ options }) => options), ...EVERYWHERE, JSON_OUTPUT].map(
  (option) => option.flags.split(' ')[0] ?? '',
);
const value = fc.oneof(
  fc.constantFrom(
    'SECRET',
    'wa-prod',
    'wa-*',
    '',
    '-',
    '--',
    '-x',
    '=',
    '5m',
    'help',
    '../x',
    '\u001b[2J',
    'SECRET=SECRET',
  ),
  anyText,
);
const flag = fc.oneof(
  fc.constantFrom(...flags),
  fc.constantFrom('--nonsense', '-V', '-h', '--SECRET', '-SECRET'),
);
const word = fc.oneof(
  value,
  flag,
  fc.tuple(flag, value).map(([name, text]) => `${name}=${text}`),
  fc.constantFrom(...commands).map(({ name }) => name),
);

/** What is typed, also where a key is typed in the wrong place. */
export const commandLines = target({
  name: 'command-line',
  few: 300,
  share: 3,
  input: fc.record({
    name: fc.constantFrom(...commands.map((spec) => spec.name), 'help', 'rotat', 'SECRET', ''),
    words: fc.array(word, { maxLength: 5 }),
    secret: secrets,
  }),
  check: async ({ name, words, secret }) => {
    const argv = [...name.split(' '), ...words].map((text) => text.replaceAll('SECRET', secret));
    const { value: request } = await outcomeOf(() => readRequest(argv, '0.0.0'), [], [secret]);
    if (request === null) return;
    if ('print' in request) return silent(request.print, [secret]);
    silent(request.command, [secret]);
    const { asked } = request;
    const { error } = await outcomeOf(
      () => {
        if (asked instanceof Error) throw asked;
      },
      ['USAGE'],
      [secret],
    );
    holds(error !== null || commands.some((spec) => spec.name === request.command), 'no such command');
  },
});
