import { guarded } from '../../engine/guard.ts';
import { askUntil, tried } from './looks.ts';
import { failed, leftOut, type Made, passed, type Trial, type TrialStep } from './step.ts';
import { type Target, targetOf } from './target.ts';

/** Ends the throw-away key and asks whether it is dead; also after an interruption, by a signal of its own. */
export async function* ending(trial: Trial, seen: Made): AsyncGenerator<TrialStep> {
  const own: Trial = { ...trial, signal: new AbortController().signal };
  const byId = trial.issuer.traits.revokesBy === 'id';
  const target = byId ? await targetOf(own, seen) : null;
  if (target !== null && target.id === undefined) {
    yield notEnded(trial, target);
    return;
  }
  const id = target?.id === undefined ? {} : { issuerKeyId: target.id };
  const made = { ...seen, facts: { ...seen.facts, ...id } };
  const certain = target?.certain !== false;
  const revoked = await tried('revoke', () => revokes(own, made, certain));
  yield revoked.outcome === 'failed'
    ? withRemedy(revoked, trial, certain ? made.facts.issuerKeyId : undefined)
    : revoked;
  if (revoked.outcome === 'failed') return;
  yield await tried('verify', () => refuses(own, made));
  yield await tried('list', () => isGone(own, made));
}

function notEnded(trial: Trial, { read }: Target): TrialStep {
  const why =
    read.length === 0
      ? 'no id of it is known'
      : `what was read as its id (${read.join(', ')}) is, or may be, that of another key`;
  const hint = `correct create.reply.id and list.reply.id; remove it by hand: ${nameOf(trial)}`;
  return failed('revoke', `the throw-away key is still there: ${why}`, hint);
}

async function revokes(
  { issuer, world, caller, signal }: Trial,
  { secret, facts }: Made,
  certain: boolean,
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
  if (certain) return passed('revoke', 'the new key was ended');
  return passed(
    'revoke',
    `the provider says that it ended ${issuerKeyId}; no list tells that this is the new key`,
  );
}

/** The throw-away key, where what was read as its id may be another thing. */
function nameOf({ mark }: Trial): string {
  return `the one named after ${mark}, or made just now`;
}

function withRemedy(step: TrialStep, trial: Trial, id: string | undefined): TrialStep {
  const which = id ?? nameOf(trial);
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
