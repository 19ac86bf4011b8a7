import { KeyturnError, toKeyturnError } from '../../core/errors.ts';
import type { Issuer, ListedKey } from '../../core/issuer.ts';
import { guarded } from '../../engine/guard.ts';
import { ending } from './ending.ts';
import { looks } from './looks.ts';
import { failed, failedBy, type Made, passed, type Trial, type TrialStep } from './step.ts';

/** An interruption waits for the answer: a key without one could not be ended. */
const WHOLE = { graceful: true } as const;

/** Makes a throw-away key, has every operation tried on it, and ends it whatever happens. */
export async function tryIssuer(
  trial: Trial,
  report: (step: TrialStep) => void,
): Promise<readonly TrialStep[]> {
  const steps: TrialStep[] = [];
  const add = (step: TrialStep): void => {
    steps.push(step);
    report(step);
  };
  const before = await roomFor(trial, add);
  if (before === null) return steps;
  let made: Made;
  try {
    made = await withListedId(trial, await make(trial, new Set(before.map((key) => key.issuerKeyId))));
  } catch (caught) {
    add(failedBy('create', caught));
    if (toKeyturnError(caught, 'create').ambiguous) await lookForStray(trial, before, add);
    return steps;
  }
  try {
    add(describeMade(trial.issuer, made));
    for await (const step of looks(trial, made)) add(step);
  } finally {
    for await (const step of ending(trial, made)) add(step);
  }
  return steps;
}

/** The keys that are there before; null where none may be made. */
async function roomFor(
  { issuer, world, caller, signal }: Trial,
  add: (step: TrialStep) => void,
): Promise<readonly ListedKey[] | null> {
  const { list, traits } = issuer;
  if (list === undefined) return [];
  try {
    const keys = await guarded(world, 'list the keys', signal, (inner) => list(inner, caller));
    add(passed('list', `${keys.length} keys are listed${namesOf(keys)}`));
    if (traits.maxLive === 'unknown' || keys.length < traits.maxLive) return keys;
    add(
      failed(
        'create',
        `all ${traits.maxLive} slots are taken`,
        'remove a key that nobody needs, and try again',
      ),
    );
  } catch (caught) {
    add(failedBy('list', caught));
  }
  return null;
}

function namesOf(keys: readonly ListedKey[]): string {
  const named = keys.filter(({ name }) => name !== undefined).length;
  const dated = keys.filter(({ facts }) => facts.issuedAt !== undefined).length;
  return keys.length === 0 ? '' : `; ${named} with a name, ${dated} with a time`;
}

async function make(
  { issuer, world, mark, caller: current, signal }: Trial,
  before: Made['before'],
): Promise<Made> {
  const request = { mark, ...(current === undefined ? {} : { current }) };
  const { create, register } = issuer;
  if (create !== undefined) {
    const ask = (inner: AbortSignal) => create({ ...request, signal: inner });
    return { ...(await guarded(world, 'create a key', signal, ask, WHOLE)), before };
  }
  const secret = issuer.invent?.(world.random);
  if (secret === undefined || register === undefined) {
    throw new KeyturnError('UNSUPPORTED', 'nothing is asked for a key here', {
      hint: 'there is nothing to test',
    });
  }
  const facts = await guarded(
    world,
    'register a key',
    signal,
    (inner) => register({ ...request, secret, signal: inner }),
    WHOLE,
  );
  return { secret, facts, before };
}

/** As in a rotation: where the reply to a secret of ours has no id, it is the one that the list has in addition. */
async function withListedId({ issuer, world, caller, signal }: Trial, made: Made): Promise<Made> {
  const { list, register } = issuer;
  if (register === undefined || list === undefined || made.facts.issuerKeyId !== undefined) return made;
  try {
    const keys = await guarded(world, 'list the keys', signal, (inner) => list(inner, caller));
    const [id, ...others] = keys.map((key) => key.issuerKeyId).filter((one) => !made.before.has(one));
    if (id === undefined || others.length > 0) return made;
    return { ...made, facts: { ...made.facts, issuerKeyId: id } };
  } catch (caught) {
    if (toKeyturnError(caught, 'list the keys').code === 'BUG') throw caught;
    return made;
  }
}

function describeMade({ traits }: Issuer, { secret, facts, before }: Made): TrialStep {
  const lengths = secret.partNames.map((part) => `${part} (${secret.open(part)?.length ?? 0} characters)`);
  const found = [
    `parts ${lengths.join(', ')}`,
    facts.issuerKeyId === undefined ? 'no id' : `id ${facts.issuerKeyId}`,
    facts.issuedAt === undefined ? 'no time of issue' : `issued ${facts.issuedAt}`,
    ...(facts.expiresAt === undefined ? [] : [`expires ${facts.expiresAt ?? 'never'}`]),
    ...(facts.scopes === undefined ? [] : [`scopes ${facts.scopes.join(' ')}`]),
  ].join('; ');
  if (traits.revokesBy === 'id' && facts.issuerKeyId !== undefined && before.has(facts.issuerKeyId)) {
    return failed(
      'create',
      `${found}; a key with this id was listed before`,
      'correct create.reply.id; where it is right, the provider gives a key that was there already',
    );
  }
  if (traits.revokesBy !== 'id' || facts.issuerKeyId !== undefined) return passed('create', found);
  return failed(
    'create',
    found,
    'correct create.reply.id: keys are ended by their id, and none was found in the reply',
  );
}

/** A create without an answer: its key may be there. */
async function lookForStray(
  trial: Trial,
  before: readonly ListedKey[],
  add: (step: TrialStep) => void,
): Promise<void> {
  const { issuer, world, mark, caller } = trial;
  const { find, list, revoke } = issuer;
  const { signal } = new AbortController();
  const byHand = `look for a key named after ${mark}, or made just now, at the provider, and remove it by hand`;
  try {
    if (find !== undefined) {
      const found = await guarded(world, 'look for the key', signal, (inner) => find(mark, inner, caller));
      if (found === null) return add(passed('find', 'the key that got no answer is not there'));
      const { issuerKeyId } = found;
      if (before.some((key) => key.issuerKeyId === issuerKeyId)) {
        const what = `a key may be there: its name leads to ${issuerKeyId}, which was listed before`;
        return add(failed('find', what, `correct list.reply.id; ${byHand}`));
      }
      await guarded(world, 'revoke the key', signal, async (inner) =>
        revoke?.({ issuerKeyId, role: 'new', ...(caller === undefined ? {} : { caller }), signal: inner }),
      );
      return add(
        passed('revoke', `the key that got no answer, ${issuerKeyId}, was found by its name and ended`),
      );
    }
    const after =
      list === undefined ? [] : await guarded(world, 'list the keys', signal, (inner) => list(inner, caller));
    const ids = after
      .map((key) => key.issuerKeyId)
      .filter((id) => !before.some((key) => key.issuerKeyId === id));
    const about = ids.length === 0 ? '' : `; it may be ${ids.join(' or ')}`;
    add(failed('create', `a key may be there that nobody holds${about}`, byHand));
  } catch (caught) {
    add(failed('create', `a key may be there: ${toKeyturnError(caught, 'look for it').message}`, byHand));
  }
}
