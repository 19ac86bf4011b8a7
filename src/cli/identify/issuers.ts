import type { ConfiguredCredential } from '../../config/config.ts';
import { KeyturnError, toKeyturnError } from '../../core/errors.ts';
import { Secret } from '../../core/secret.ts';
import { guarded } from '../../engine/guard.ts';
import type { Run } from '../../engine/run.ts';
import { inParallel } from '../parallel.ts';
import type { Match } from './matches.ts';

/** What was seen of one credential; without a run it could not be read. */
export interface Looked {
  readonly run: Run | null;
  readonly matches: readonly Match[];
}

/** Each issuer once, by one of its credentials. A text of several words is no key, and is sent to nobody. */
export async function askIssuers(
  looked: readonly Looked[],
  text: string,
  errors: KeyturnError[],
): Promise<readonly Match[]> {
  if (/\s/.test(text)) return [];
  const runs = new Map<string, Run>();
  for (const { run } of looked) if (run !== null) runs.set(run.credential.issuer, run);
  const answers = await inParallel([...runs.values()], async (run) => {
    try {
      return await askIssuer(run, Secret.of(text));
    } catch (caught) {
      errors.push(lookFailure(caught, { name: run.credential.issuer }));
      return null;
    }
  });
  return answers.filter((one) => one !== null);
}

/** What the issuer of these credentials says of the text itself; null where it does not know it or cannot say. */
async function askIssuer(run: Run, secret: Secret): Promise<Match | null> {
  const { issuer, credential, signal } = run;
  if (issuer.describe === undefined || !hasShape(run, secret)) return null;
  const described = await guarded(run.world, `ask ${credential.issuer}`, signal, async (inner) =>
    issuer.describe === undefined ? null : issuer.describe(secret, inner),
  );
  if (described === null) return null;
  const { alive, identity, issuedAt, expiresAt } = described;
  return {
    credential: null,
    key: null,
    alive: alive === null ? 'unknown' : alive ? 'yes' : 'no',
    issuer: credential.issuer,
    identity: identity ?? null,
    issuedAt: issuedAt ?? null,
    expiresAt: expiresAt ?? null,
  };
}

/** What cannot be a key of this issuer is not sent to it. */
function hasShape({ issuer }: Run, secret: Secret): boolean {
  try {
    issuer.checkShape?.(secret);
    return true;
  } catch (caught) {
    if (caught instanceof KeyturnError && caught.code === 'BAD_VALUE') return false;
    throw caught;
  }
}

/** What a failure to look means: nothing can be said of that credential. A defect and an interruption are thrown on. */
export function lookFailure(caught: unknown, { name }: Pick<ConfiguredCredential, 'name'>): KeyturnError {
  const error = toKeyturnError(caught, `look for it in ${name}`);
  if (error.code === 'BUG' || error.code === 'INTERRUPTED') throw caught;
  return error;
}
