import { isatty } from 'node:tty';
import { KeyturnError } from '../../core/errors.ts';
import { worst } from '../../engine/outcome.ts';
import { type Block, flag, line, type Options, type Perform, type Tone, table, toned } from '../command.ts';
import type { Context } from '../context.ts';
import { askIssuers, lookFailure } from '../identify/issuers.ts';
import { type Alive, candidatesOf, type Match, matchesOf, together } from '../identify/matches.ts';
import { inParallel } from '../parallel.ts';
import { runMaker } from '../runs.ts';

export const perform: Perform = async ({ options }, context) => {
  const { credentials } = await context.config();
  const text = await readText(options, context);
  const candidates = candidatesOf(text);
  const makeRun = await runMaker(context, { dry: true });
  const errors: KeyturnError[] = [];
  const looked = await inParallel(credentials, async (credential) => {
    try {
      const run = await makeRun(credential);
      return { run, matches: await matchesOf(run, candidates) };
    } catch (caught) {
      errors.push(lookFailure(caught, credential));
      return { run: null, matches: [] };
    }
  });
  const described = await askIssuers(looked, text.trim(), errors);
  const matches = together(
    looked.flatMap((one) => one.matches),
    described,
  );
  return {
    data: { matches },
    blocks: blocksOf(matches, credentials.length),
    exitCode: exitOf(matches, errors),
    errors,
    next: nextOf(matches),
  };
};

/** An answer that leaves something out must not look like the all-clear. */
function exitOf(matches: readonly Match[], errors: readonly KeyturnError[]): number {
  if (matches.some((one) => one.alive === 'yes')) return 7;
  const unsure = matches.some((one) => one.alive === 'unknown') ? [3] : [];
  return worst([0, ...unsure, ...errors.map((error) => error.exitCode)]);
}

async function readText(options: Options, { terminal, flags }: Context): Promise<string> {
  if (!flag(options, 'stdin') && terminal.asks) return terminal.askHidden('The leaked string (not shown): ');
  if (isatty(0)) {
    throw new KeyturnError('USAGE', 'the leaked string is needed, and there is no terminal to ask at', {
      hint: `hand it over on standard input${flags.input ? '' : ', or leave out --no-input'}`,
    });
  }
  const text = await terminal.readStdin();
  if (text.trim() !== '') return text;
  throw new KeyturnError('BAD_VALUE', 'standard input is empty', { hint: 'hand over the leaked string' });
}

const TONES: Readonly<Record<Alive, Tone>> = { yes: 'bad', no: 'good', unknown: 'warn' };

function blocksOf(matches: readonly Match[], count: number): readonly Block[] {
  if (matches.length === 0)
    return [line(`no match among the keys of ${count} ${count === 1 ? 'credential' : 'credentials'}`)];
  const rows = matches.map(({ alive, credential, key, issuer, identity }) => [
    toned(alive, TONES[alive]),
    credential ?? '-',
    key?.id ?? '-',
    issuer,
    identity ?? '-',
  ]);
  return [table(['alive', 'credential', 'key', 'issuer', 'identity'], rows)];
}

function nextOf(matches: readonly Match[]): readonly string[] {
  const names = matches.flatMap(({ alive, credential }) =>
    alive === 'no' || credential === null ? [] : [credential],
  );
  return [...new Set(names)].map((name) => `keyturn emergency ${name} --reason TEXT`);
}
