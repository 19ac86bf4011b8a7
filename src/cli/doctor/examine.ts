import type { Context } from '../context.ts';
import { checkIssuers, checkLedgers, checkRights, checkStores, storeUsers } from './access.ts';
import { type Check, skipped } from './check.ts';
import { checkConfig, checkFields, checkMachine, checkNode, checkReferences, checkSinks } from './setting.ts';
import { tryStore } from './trial.ts';

/** Everything that can be told; `write` also tries every store for real. */
export async function examine(context: Context, write: boolean): Promise<readonly Check[]> {
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
    checkRights(config, context),
    checkLedgers(config, context),
    checkIssuers(config, context),
  ]);
  const trials: Check[] = [];
  for (const user of write ? storeUsers(config) : []) trials.push(...(await tryStore(user, context)));
  return [...before, ...setting.flat(), ...access.flat(), ...trials];
}
