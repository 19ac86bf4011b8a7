import { type ParseArgsConfig, parseArgs } from 'node:util';

/** Something was asked for that there is not. The message says what there is. */
export class UsageError extends Error {}

/** The exit code of a developer command: 2, and one line that says why, where what was typed made no sense. */
export async function exitCodeOf(
  command: () => number | Promise<number>,
  print: (line: string) => void,
): Promise<number> {
  try {
    return await command();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    print(error.message);
    return 2;
  }
}

/** What was typed, where it holds nothing but these options. */
export function optionsIn<const T extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: T,
) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    const [what] = (error as Error).message.split(/\.\s/);
    throw new UsageError(`${what}; there are --${Object.keys(options).join(', --')}`);
  }
}

export function wholeNumber(name: string, text: string, least = 1, most = Number.MAX_SAFE_INTEGER): number {
  const number = Number(text);
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(number) && number >= least && number <= most)
    return number;
  const end = most === Number.MAX_SAFE_INTEGER ? 'on' : `to ${most}`;
  throw new UsageError(`${name} is a whole number from ${least} ${end}, not '${text}'`);
}

interface Named {
  readonly name: string;
}

/** Those whose name holds what was typed, of which there has to be one. */
export function named<T extends Named>(what: string, all: readonly T[], text: string): readonly T[] {
  const found = all.filter(({ name }) => name.includes(text));
  if (found.length === 0) throw noSuch(what, all, text);
  return found;
}

export function noSuch(what: string, all: readonly Named[], text: string): UsageError {
  return new UsageError(`there is no ${what} '${text}'; there are ${all.map(({ name }) => name).join('; ')}`);
}
