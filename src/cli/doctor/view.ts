import { wrap } from '../../report/wrap.ts';
import { type Cell, type Tone, toned } from '../command.ts';
import type { Check } from './check.ts';

const TONES: Readonly<Record<Check['outcome'], Tone>> = {
  ok: 'good',
  warn: 'warn',
  fail: 'bad',
  skipped: 'faint',
};

const GAPS = 4;
const NARROWEST = 20;

/** On a terminal, messages and hints are broken into lines; else there is one line for each check. */
export function rowsOf(checks: readonly Check[], width: number | null): readonly (readonly Cell[])[] {
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
