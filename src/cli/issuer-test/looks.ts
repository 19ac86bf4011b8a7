import type { ListedKey, Verification } from '../../core/issuer.ts';
import { guarded } from '../../engine/guard.ts';
import { failed, failedBy, leftOut, type Made, passed, type Trial, type TrialStep } from './step.ts';

const OTHER_ID = 'correct create.reply.id or list.reply.id: both have to lead to the same text';
const PAUSE_MS = 2_000;
/** A trial waits no longer for a key to be known everywhere, whatever the description says. */
export const LONGEST_WAIT_MS = 90_000;

/** Everything that can be asked about the throw-away key, each by itself. */
export async function* looks(trial: Trial, made: Made): AsyncGenerator<TrialStep> {
  yield await tried('verify', () => verifies(trial, made));
  yield await tried('list', () => isListed(trial, made));
  yield await tried('find', () => isFound(trial, made));
  yield await tried('lastUsed', () => isUsed(trial, made));
  yield await tried('describe', () => isDescribed(trial, made));
}

export async function tried(operation: string, work: () => Promise<TrialStep>): Promise<TrialStep> {
  try {
    return await work();
  } catch (caught) {
    return failedBy(operation, caught);
  }
}

async function verifies(trial: Trial, { secret }: Made): Promise<TrialStep> {
  const said = await askUntil(trial, secret, (one) => one.verdict === 'works');
  if (said.verdict === 'works') return passed('verify', 'the new key works');
  return failed(
    'verify',
    `the new key: ${said.message}`,
    'correct verify: a key that was just made must work',
  );
}

/** Asks until the answer is the wanted one, or the time is over in which the provider may still be settling. */
export async function askUntil(
  { issuer, world, signal }: Trial,
  secret: Made['secret'],
  wanted: (said: Verification) => boolean,
): Promise<Verification> {
  const ends = world.now() + Math.min(issuer.traits.settles, LONGEST_WAIT_MS);
  for (;;) {
    const said = await guarded(world, 'verify the key', signal, (inner) => issuer.verify(secret, inner));
    if (wanted(said) || world.now() + PAUSE_MS > ends) return said;
    await world.sleep(PAUSE_MS, signal);
  }
}

async function isListed(
  { issuer, world, mark, caller, signal }: Trial,
  { secret, facts }: Made,
): Promise<TrialStep> {
  const { list, traits } = issuer;
  if (list === undefined) return leftOut('list', 'there is no list');
  const keys = await guarded(world, 'list the keys', signal, (inner) => list(inner, caller));
  const own = keys.find((key) => key.issuerKeyId === facts.issuerKeyId);
  const named = (key: ListedKey | undefined): boolean => key?.name?.includes(mark) === true;
  if (own === undefined && keys.some((key) => isPart(secret, key))) {
    return failed('list', 'what is read as an id is the secret of a key', 'correct list.reply.id at once');
  }
  if (own === undefined) {
    return keys.some(named)
      ? failed('list', 'the new key is listed with another id than create gave', OTHER_ID)
      : failed(
          'list',
          'the new key is not among those listed',
          'correct list.items, list.reply.id or list.next',
        );
  }
  if (secret.partNames.some((part) => isWithin(own.name, secret.open(part), facts.issuerKeyId))) {
    return failed(
      'list',
      'what is read as a name holds the secret of a key',
      'correct list.reply.name at once',
    );
  }
  if (traits.marks && !named(own)) {
    return failed(
      'list',
      'the new key is listed without the name that it was given',
      'correct list.reply.name',
    );
  }
  const time = own.facts.issuedAt === undefined ? 'without a time' : `issued ${own.facts.issuedAt}`;
  return passed('list', `the new key is listed, ${named(own) ? 'with its name' : 'without a name'}, ${time}`);
}

function isPart(secret: Made['secret'], { issuerKeyId }: ListedKey): boolean {
  return secret.partNames.some((part) => secret.open(part) === issuerKeyId);
}

/** Whether a name holds a part of a key that is not its id. */
function isWithin(name: string | undefined, part: string | null, id: string | undefined): boolean {
  return part !== null && part !== id && name?.includes(part) === true;
}

async function isFound({ issuer, world, mark, caller, signal }: Trial, { facts }: Made): Promise<TrialStep> {
  const { find } = issuer;
  if (find === undefined) {
    return leftOut(
      'find',
      'a key whose create gets no answer cannot be found by its name: nothing carries {rotation.id}',
    );
  }
  const found = await guarded(world, 'look for the key', signal, (inner) => find(mark, inner, caller));
  if (found !== null && found.issuerKeyId === facts.issuerKeyId)
    return passed('find', 'the new key is found by its name');
  if (found !== null)
    return failed('find', 'the new key is found by its name with another id than create gave', OTHER_ID);
  return failed(
    'find',
    'the new key is not found by its name',
    'put {rotation.id} into the name in create, and correct list.reply.name',
  );
}

async function isUsed({ issuer, world, caller, signal }: Trial, { facts }: Made): Promise<TrialStep> {
  const { lastUsed } = issuer;
  const { issuerKeyId } = facts;
  if (lastUsed === undefined || issuerKeyId === undefined)
    return leftOut('lastUsed', 'nothing tells the last use');
  const at = await guarded(world, 'ask for the last use', signal, (inner) =>
    lastUsed(issuerKeyId, inner, caller),
  );
  return passed('lastUsed', at === null ? 'the new key was never used' : `the new key was last used ${at}`);
}

async function isDescribed({ issuer, world, signal }: Trial, { secret }: Made): Promise<TrialStep> {
  const { describe } = issuer;
  if (describe === undefined) return leftOut('describe', 'nothing describes a key');
  const said = await guarded(world, 'ask about the key', signal, (inner) => describe(secret, inner));
  if (said?.alive === true) return passed('describe', 'the new key is called alive');
  const what = said === null ? 'the new key is not known' : 'the new key is not called alive';
  return failed('describe', what, 'correct describe.reply.alive, or the request');
}
