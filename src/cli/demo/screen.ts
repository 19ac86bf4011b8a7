import type { Show } from './story.ts';

const PHASE_WIDTH = 8;

/** One finished phase. */
export interface Phase {
  readonly phase: string;
  /** Since the story began, in milliseconds. */
  readonly atMs: number;
  readonly said: string;
}

export interface Screen {
  readonly show: Show;
  readonly phases: readonly Phase[];
}

/**
 * Shows the story, one line for each phase: on a terminal a line says what is being done and is then replaced by what
 * was checked; elsewhere only what was checked is written.
 */
export function createScreen(write: (text: string) => void, terminal: boolean, now: () => number): Screen {
  const begun = now();
  const phases: Phase[] = [];
  const show: Show = async (phase, doing, work) => {
    if (terminal) write(`  ${''.padStart(5)}  ${phase.padEnd(PHASE_WIDTH)} ${doing} …`);
    let done = false;
    try {
      const { said, value } = await work();
      const atMs = now() - begun;
      phases.push({ phase, atMs, said });
      write(`${terminal ? '\r\u001b[2K' : ''}  ${lineOf(phase, atMs, said)}\n`);
      done = true;
      return value;
    } finally {
      if (!done && terminal) write('\n');
    }
  };
  return { show, phases };
}

export function lineOf(phase: string, atMs: number, said: string): string {
  return `${(atMs / 1000).toFixed(1).padStart(4)}s  ${phase.padEnd(PHASE_WIDTH)} ${said}`;
}
