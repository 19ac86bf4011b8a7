import { type KeyturnError, toKeyturnError } from '../../core/errors.ts';

/** One thing that the doctor looked at. */
export interface Check {
  readonly name: string;
  readonly outcome: 'ok' | 'warn' | 'fail' | 'skipped';
  readonly message: string;
  /** What to do; empty where there is nothing to do. */
  readonly hint: string;
}

export function ok(name: string, message: string): Check {
  return { name, outcome: 'ok', message, hint: '' };
}

export function warn(name: string, message: string, hint: string): Check {
  return { name, outcome: 'warn', message, hint };
}

export function fail(name: string, message: string, hint: string): Check {
  return { name, outcome: 'fail', message, hint };
}

export function skipped(name: string, message: string): Check {
  return { name, outcome: 'skipped', message, hint: '' };
}

/** What a plugin found: where all is well but there is something to do, a person should know. */
export function fromPlugin(
  subject: string,
  found: { readonly name: string; readonly ok: boolean; readonly message: string; readonly hint: string },
): Check {
  const name = `${subject}: ${found.name}`;
  const outcome = !found.ok ? 'fail' : found.hint === '' ? 'ok' : 'warn';
  return { name, outcome, message: found.message, hint: found.hint };
}

/** The checks of `work`, or its failure as one. A defect and an interruption are thrown on. */
export async function attempt(
  name: string,
  work: () => Promise<readonly Check[]>,
): Promise<readonly Check[]> {
  try {
    return await work();
  } catch (caught) {
    const error: KeyturnError = toKeyturnError(caught, name);
    if (error.code === 'BUG' || error.code === 'INTERRUPTED') throw caught;
    return [fail(name, error.message, error.hint)];
  }
}
