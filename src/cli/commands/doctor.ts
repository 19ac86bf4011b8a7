import { wrap } from '../../report/wrap.ts';
import { type Cell, flag, line, type Perform, type Tone, table, toned } from '../command.ts';
import type { Context } from '../context.ts';
import { checkIssuers, checkLedgers, checkStores, storeUsers } from '../doctor/access.ts';
import { type Check, skipped } from '../doctor/check.ts';
import {
  checkConfig,
  checkFields,
  checkMachine,
  checkNode,
  checkReferences,
  checkSinks,
} from '../doctor/setting.ts';
import { tryStore } from '../doctor/trial.ts';

export const perform: Perform = async ({ options }, context) => {
  const checks = await examine(context, flag(options, 'write'));
  const failed = checks.filter((one) => one.outcome === 'fail').length;
  const warned = checks.filter((one) => one.outcome === 'warn').length;
  const rows = rowsOf(checks, context.terminal.out ? context.terminal.width : null);
  const summary = `${checks.length} checks, ${failed} failed, ${warned} to look at`;
  return {
    data: { checks },
    blocks: [table(['outcome', 'check', 'message'], rows), line(toned(summary, failed > 0 ? 'bad' : 'good'))],
    exitCode: failed > 0 ? 4 : 0,
  };
};

async function examine(context: Context, write: boolean): Promise<readonly Check[]> {
  const { config, checks } = await checkConfig(context);
  const before = [checkNode(process.version), ...checks];
  if (config === null) return [...before, skipped('everything else', 'it needs the configuration')];
  const setting = await Promise.all([
    checkMachine(config, context),
    checkReferences(config, context),
    checkFields(config, context),
    checkSinks(config, context),
  ]);
  const access = await Promise.all([
    checkStores(config, context),
    checkLedgers(config, context),
    checkIssuers(config, context),
  ]);
  const trials: Check[] = [];
  for (const user of write ? storeUsers(config) : []) trials.push(...(await tryStore(user, context)));
  return [...before, ...setting.flat(), ...access.flat(), ...trials];
}

const TONES: Readonly<Record<Check['outcome'], Tone>> = {
  ok: 'good',
  warn: 'warn',
  fail: 'bad',
  skipped: 'faint',
};

const GAPS = 4;
const NARROWEST = 20;

/** On a terminal, messages and hints are broken into lines; else there is one line for each check. */
function rowsOf(checks: readonly Check[], width: number | null): readonly (readonly Cell[])[] {
  const taken = 'outcome'.length + GAPS + Math.max('check'.length, ...checks.map(({ name }) => name.length));
  const left = Math.max(NARROWEST, (width ?? 0) - taken);
  return checks.flatMap(({ outcome, name, message, hint }) => {
    const head = [toned(outcome, TONES[outcome]), name];
    if (width === null) return [[...head, hint === '' ? message : `${message}; ${hint}`]];
    return [
      ...wrap(message, left).map((text, at) => [...(at === 0 ? head : ['', '']), text]),
      ...(hint === '' ? [] : wrap(hint, left)).map((text) => ['', '', toned(text, 'faint')]),
    ];
  });
}
