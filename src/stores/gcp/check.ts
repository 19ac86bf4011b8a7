import { toKeyturnError } from '../../core/errors.ts';
import type { SecretStore } from '../../core/store.ts';
import type { Api } from './api.ts';
import { ROTATOR } from './rights.ts';
import type { GcpSettings } from './settings.ts';

type Finding = Awaited<ReturnType<NonNullable<SecretStore['check']>>>[number];

/** A secret that need not be there: asking for rights on it tells whether login, project and region are right. */
const PROBE = 'keyturn-check';

export async function checkStore(
  api: Api,
  settings: GcpSettings,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const mode = settings.mode === 'latest' ? [weaker()] : [];
  try {
    await api.testPermissions(PROBE, ROTATOR, signal);
    return mode;
  } catch (caught) {
    const { code, message, hint } = toKeyturnError(caught, 'check the store');
    if (code === 'INTERRUPTED' || code === 'BUG') throw caught;
    return [...mode, { name: 'access', ok: false, message, hint }];
  }
}

function weaker(): Finding {
  return {
    name: 'mode latest',
    ok: true,
    message:
      'adding a version has no precondition: a change that somebody makes in the same instant can be written over for a moment, and a promote that arrives late is not refused',
    hint: 'let consumers read versions/current, and use mode alias',
  };
}
