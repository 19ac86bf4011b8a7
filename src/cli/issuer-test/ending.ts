import { toKeyturnError } from '../../core/errors.ts';
import { guarded } from '../../engine/guard.ts';
import { askUntil, tried } from './looks.ts';
import { failed, leftOut, type Made, passed, type Trial, type TrialStep } from './step.ts';

/** Ends the throw-away key and asks whether it is dead; also after an interruption, by a signal of its own. */
export async function* ending(trial: Trial, seen: Made): AsyncGenerator<TrialStep> {
  const own: Trial = { ...trial, signal: new AbortController().signal };
  const made = await asFound(own, seen);
  const revoked = await tried('revoke', () => revokes(own, made));
  yield revoked.outcome === 'failed' ? withRemedy(revoked, trial, made) : revoked;
  if (revoked.outcome === 'failed') return;
  yield await tried('verify', () => refuses(own, made));
  yield await tried('list', () => isGone(own, made));
}

/** The key with the id that its name leads to: what create's reply gave may be none, or the id of another key. */
async function asFound({ issuer, world, mark, caller, signal }: Trial, made: Made): Promise<Made> {
  const { find } = issuer;
  if (find === undefined) return made;
  try {
    const found = await guarded(world, 'look for the key', signal, (inner) => find(mark, inner, caller));
    return found === null ? made : { ...made, facts: { ...made.facts, issuerKeyId: found.issuerKeyId } };
  } catch (caught) {
    if (toKeyturnError(caught, 'look for the key').code === 'BUG') throw caught;
    return made;
  }
}

async function revokes(
  { issuer, world, caller, signal }: Trial,
  { secret, facts }: Made,
): Promise<TrialStep> {
  const { issuerKeyId } = facts;
  await guarded(world, 'revoke the key', signal, async (inner) =>
    issuer.revoke?.({
      secret,
      role: 'new',
      ...(issuerKeyId === undefined ? {} : { issuerKeyId }),
      ...(caller === undefined ? {} : { caller }),
      signal: inner,
    }),
  );
  return passed('revoke', 'the new key was ended');
}

/** The throw-away key, where what was read as its id may be another thing. */
function nameOf({ mark }: Trial): string {
  return `the one named after ${mark}, or made just now`;
}

function withRemedy(step: TrialStep, trial: Trial, { facts }: Made): TrialStep {
  const which = facts.issuerKeyId ?? nameOf(trial);
  return failed(
    'revoke',
    `the throw-away key is still there: ${step.message}`,
    `remove it by hand: ${which}`,
  );
}

async function refuses(trial: Trial, { secret }: Made): Promise<TrialStep> {
  const said = await askUntil(trial, secret, (one) => one.verdict === 'refused' && one.why === 'dead');
  if (said.verdict === 'refused' && said.why === 'dead')
    return passed('verify', 'the ended key is refused as dead');
  const hint = 'correct revoke, create.reply.id, or what verify takes for dead; or let settles be longer';
  if (said.verdict !== 'works') return failed('verify', `the ended key: ${said.message}`, hint);
  return failed('verify', 'the ended key still works', `${hint}; remove it by hand: ${nameOf(trial)}`);
}

async function isGone({ issuer, world, caller, signal }: Trial, { facts }: Made): Promise<TrialStep> {
  const { list } = issuer;
  if (list === undefined) return leftOut('list', 'there is no list');
  const keys = await guarded(world, 'list the keys', signal, (inner) => list(inner, caller));
  if (!keys.some((key) => key.issuerKeyId === facts.issuerKeyId))
    return passed('list', 'the ended key is not listed any more');
  return failed('list', 'the ended key is still listed', 'say in list.where what a living key has');
}
