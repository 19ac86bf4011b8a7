import { flag, line, type Perform, table, toned } from '../command.ts';
import { examine } from '../doctor/examine.ts';
import { rowsOf } from '../doctor/view.ts';

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
