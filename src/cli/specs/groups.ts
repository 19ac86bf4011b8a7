import type { CommandSpec } from '../command.ts';
import { CHANGE } from './change.ts';
import { LOOK } from './look.ts';
import { USE } from './use.ts';

/** Every command, in the groups of the help. */
export const GROUPS: readonly { readonly heading: string; readonly commands: readonly CommandSpec[] }[] = [
  { heading: 'Change:', commands: CHANGE },
  { heading: 'Look:', commands: LOOK },
  { heading: 'Use:', commands: USE },
];

export function allCommands(): readonly CommandSpec[] {
  return GROUPS.flatMap(({ commands }) => commands);
}
