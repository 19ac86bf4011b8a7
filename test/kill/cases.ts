import { setTimeout as pause } from 'node:timers/promises';
import { type Bench, type Command, type Origin, openBench, type Setting } from './bench.ts';
import type { Promised } from './client.ts';
import { openConsole, openMeta } from './provider.ts';

/** A command that is struck, and the state in which it begins. */
export interface Case {
  readonly name: string;
  readonly setting: Setting;
  /** What was done before, by processes that nothing disturbed. */
  readonly before: readonly (readonly string[])[];
  readonly command: readonly string[];
  /** A person has made a key at the console, and hands it over; again, where the rotation still waits for it. */
  readonly handsOver?: true;
  /** A person types the command again: no run does this by itself. */
  readonly retyped?: true;
  readonly promised: Promised;
}

export const OVERLAP_S = 2;

const meta: Setting = { provider: openMeta, overlapS: OVERLAP_S, maxAge: '365d' };
const manual: Setting = { ...meta, provider: openConsole };
const adopt = ['adopt', 'wa-prod'];
const rotate = ['rotate', 'wa-prod', '--quiet'];

export const CASES: readonly Case[] = [
  { name: 'adopt', setting: meta, before: [], command: adopt, promised: 'overlap', retyped: true },
  { name: 'rotate', setting: meta, before: [adopt], command: rotate, promised: 'overlap' },
  {
    name: 'run, a key is due',
    setting: { ...meta, maxAge: '90d' },
    before: [adopt],
    command: ['run'],
    promised: 'overlap',
  },
  {
    name: 'run, an overlap is over',
    setting: meta,
    before: [adopt, rotate],
    command: ['run'],
    promised: 'overlap',
  },
  {
    name: 'rollback',
    setting: meta,
    before: [adopt, rotate],
    command: ['rollback', 'wa-prod', '--yes'],
    promised: 'overlap',
  },
  {
    name: 'rollback --now',
    setting: meta,
    before: [adopt, rotate],
    command: ['rollback', 'wa-prod', '--now', '--yes'],
    promised: 'next-try',
  },
  {
    name: 'emergency',
    setting: meta,
    before: [adopt, rotate],
    command: ['emergency', 'wa-prod', '--reason', 'leaked', '--yes'],
    promised: 'next-try',
  },
  {
    name: 'provide',
    setting: manual,
    before: [adopt, rotate],
    command: ['provide', 'wa-prod', '--stdin'],
    handsOver: true,
    promised: 'overlap',
  },
];

/** The state in which the command of a case begins. */
export async function prepare({ setting, before }: Case): Promise<Origin> {
  const bench = await openBench(setting);
  try {
    for (const args of before) {
      const { code, stderr } = await bench.keyturn({ args });
      if (code !== 0) throw new Error(`keyturn ${args.join(' ')} ended with ${code}\n${stderr}`);
    }
    // So that an overlap is over in every copy, whenever it begins.
    await pause(OVERLAP_S * 1000 + 50);
    return await bench.keep();
  } finally {
    await bench.close();
  }
}

/** What is started, with the key that a person has made for it. */
export function commandOf({ command, handsOver }: Case, bench: Bench): Command {
  const args = [...command, '--json'];
  return handsOver === undefined ? { args } : { args, input: bench.provider.make() };
}
