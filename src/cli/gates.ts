import type { ConfiguredCredential, QuietGate } from '../config/config.ts';
import { KeyturnError, toKeyturnError } from '../core/errors.ts';
import type { Issuer } from '../core/issuer.ts';
import type { Gate, GateAnswer } from '../engine/run.ts';
import type { Context } from './context.ts';
import { callerOf } from './keys/listing.ts';
import { span } from './times.ts';

/** Throws CONFIG where a gate asks what the issuer cannot tell. Known before a key is made. */
export function requireLastUse({ name, issuer: of, policy }: ConfiguredCredential, issuer: Issuer): void {
  if (policy.quiet === null || issuer.lastUsed !== undefined) return;
  throw new KeyturnError(
    'CONFIG',
    `${of} cannot tell when a key was last used, and a gate of ${name} asks for it`,
    {
      hint: `take ${policy.quiet.name} out of gates, or describe lastUsed where the provider has it`,
      credential: name,
    },
  );
}

/** The gates of one credential. */
export function gatesFor(
  credential: ConfiguredCredential,
  issuer: Issuer,
  context: Context,
): readonly Gate[] {
  const { quiet } = credential.policy;
  const { lastUsed } = issuer;
  if (quiet === null || lastUsed === undefined) return [];
  return [
    {
      name: quiet.name,
      check: async ({ issuerKeyId, since, signal }) => {
        const { now } = context.world;
        if (issuerKeyId === undefined)
          return heldUp('the id of the old key is not known', quiet, since, now());
        try {
          const caller = await callerOf([credential], context);
          return judgeUse(await lastUsed(issuerKeyId, signal, caller), quiet, since, now());
        } catch (caught) {
          const error = toKeyturnError(caught, 'ask for the last use');
          if (error.code === 'INTERRUPTED' || error.code === 'BUG' || error.exitCode === 2) throw error;
          return heldUp(error.message, quiet, since, now());
        }
      },
    },
  ];
}

/** Whether a key has been quiet for long enough. `since`: when it was replaced; times in milliseconds otherwise. */
export function judgeUse(usedAt: string | null, gate: QuietGate, since: string, now: number): GateAnswer {
  // A key that was never used is quiet since it was replaced.
  const from = usedAt ?? since;
  const quietFor = now - Date.parse(from);
  if (quietFor >= gate.quiet) return { reason: null, usedAt };
  const what =
    usedAt === null
      ? `the old key was replaced ${span(quietFor)} ago and never used`
      : `the old key was last used ${span(quietFor)} ago, at ${usedAt}`;
  const reason = heldUp(`${what}; it must be quiet for ${span(gate.quiet)}`, gate, since, now);
  return { reason, usedAt };
}

/** The reason while the gate may hold the revocation up; null after that. */
function heldUp(reason: string, { longest }: QuietGate, since: string, now: number): string | null {
  const left = Date.parse(since) + longest - now;
  return left > 0 ? `${reason} (the gate opens in ${span(left)} whatever happens)` : null;
}
