import type { SwitchSpec } from './switch-spec.ts';
import { switchTable } from './switch-table.ts';

type ValueOf<S> = S extends SwitchSpec<infer T> ? T : never;

/** How the simulated Meta behaves. May be changed at any time; the next request sees it. */
export type Switches = { -readonly [Name in keyof typeof switchTable]: ValueOf<(typeof switchTable)[Name]> };

/** Every switch at its default: the friendliest answer that is documented. */
export function defaultSwitches(): Switches {
  const entries = Object.entries(switchTable).map(([name, spec]) => [name, spec.initial]);
  return Object.fromEntries(entries) as Switches;
}

/** Sets one switch from outside (a flag, the control API). Returns what is wrong with it, or null. */
export function setSwitch(switches: Switches, name: string, value: unknown): string | null {
  const spec = Object.hasOwn(switchTable, name) ? switchTable[name as keyof Switches] : null;
  if (spec === null) return `there is no switch ${JSON.stringify(name)}`;
  const read = spec.read(value);
  if (read === null) return `${name} takes ${spec.values}`;
  Object.assign(switches, { [name]: read });
  return null;
}

/** The table for documentation and help. */
export function describeSwitches(): readonly {
  name: string;
  values: string;
  initial: string;
  about: string;
}[] {
  return Object.entries(switchTable).map(([name, spec]) => ({
    name,
    values: spec.values,
    initial: spec.initial === '' ? 'empty' : String(spec.initial),
    about: spec.about,
  }));
}
