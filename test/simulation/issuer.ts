import { type KeyFacts, toInstant } from '../../src/core/credential.ts';
import { KeyturnError } from '../../src/core/errors.ts';
import type { Issuer, ListedKey, Verification } from '../../src/core/issuer.ts';
import { Secret } from '../../src/core/secret.ts';
import { look } from './look.ts';
import { reach } from './network.ts';
import type { Actor } from './process.ts';
import { CANARY, type Credential, newKey, type SimKey } from './truth.ts';

/** The issuer as one process reaches it. */
export function issuerFor(actor: Actor): Issuer {
  const { verify, ...far } = reach(actor, issuerOf(actor.one));
  const unknown = ({ message }: KeyturnError): Verification => ({ verdict: 'unknown', message });
  return {
    ...far,
    verify: async (secret, signal) => {
      const answer = await verify(secret, signal).catch(unknown);
      if (!signal.aborted) actor.heard.set(secret.open(), answer.verdict); // else nobody waits for it any more
      return answer;
    },
  };
}

/** It makes and ends keys as its traits say, and does nothing kinder. */
function issuerOf(one: Credential): Issuer {
  const { traits, slots } = one.plan;
  const { secretFrom, revokesBy } = traits;
  return {
    kind: 'simulated',
    traits,
    verify: async (secret) => verdict(one, secret.open()),
    ...(secretFrom === 'issuer' && {
      create: async ({ mark, current }) => {
        const caller = one.find(current?.open());
        const welcome = traits.asksWith === 'own' || (caller !== null && one.lives(caller));
        if (!welcome) throw refusal('DENIED', 'the key that asks is not accepted');
        const key = create(one, mark, valueFor(one));
        return { secret: Secret.of(key.value), facts: factsOf(one, key) };
      },
    }),
    ...(secretFrom === 'client' && { invent: () => Secret.of(valueFor(one)) }),
    ...(secretFrom === 'client' &&
      revokesBy !== 'nothing' && {
        register: async ({ mark, secret }) =>
          factsOf(one, one.find(secret.open()) ?? create(one, mark, secret.open() ?? '')),
      }),
    ...(traits.proves && {
      describe: async (secret) => {
        const key = one.find(secret.open());
        return key && { ...factsOf(one, key), alive: one.lives(key) };
      },
    }),
    ...(revokesBy === 'operator' && { instructions: () => ({ steps: ['do it'] }) }),
    ...(!['operator', 'replacement', 'nothing'].includes(revokesBy) && {
      revoke: async (request) => revoke(one, one.named(request), request.role),
    }),
    ...(traits.marks && { find: async (mark) => listed(one).find((key) => key.mark === mark) ?? null }),
    ...(traits.lists && { list: async () => listed(one) }),
    ...(slots && {
      slots: async () => {
        const keys = one.live().map((key) => entryOf(one, key));
        return { used: keys.length, max: Number(traits.maxLive), keys };
      },
    }),
  };
}

/** A person makes a key by hand; where there is no room for another one, the newest is taken instead. */
export function makeByHand(one: Credential, age = 0): SimKey {
  const live = one.live();
  const newest = live.findLast(({ mark }) => mark === null) ?? live.at(-1);
  if (isFull(one) && newest !== undefined) return newest;
  const key = make(one, null, valueFor(one), age);
  look(one.sim, null);
  return key;
}

/** The issuer ends keys, or a person at its dashboard. */
export function endByHand(one: Credential, ...keys: readonly SimKey[]): void {
  end(one, ...keys);
  look(one.sim, null);
}

/** While something settles, the answer depends on which of the issuer's machines is asked. */
function verdict(one: Credential, value: string | null): Verification {
  const { family, traits } = one.plan;
  const works: Verification = { verdict: 'works', facts: {}, findings: [] };
  if (!traits.proves) return family === 'random' ? works : { verdict: 'unknown', message: '?' };
  const key = one.find(value);
  const accepts = key !== null && shows(one, key) && key.endedAt !== key.issuedAt;
  if (key !== null && accepts) key.accepted ||= one.lives(key);
  else if (key !== null) key.calledDead = true;
  if (accepts && !key.fits) return { verdict: 'refused', why: 'wrong-kind', message: 'not of this kind' };
  return accepts ? works : { verdict: 'refused', why: 'dead', message: 'not accepted' };
}

function create(one: Credential, mark: string, value: string): SimKey {
  const { dice } = one.sim;
  const { repeats, duds, enforces } = one.plan;
  const again = one.live().at(-1);
  if (again !== undefined && dice.chance(repeats)) {
    one.again.set(mark, again);
    return again;
  }
  if (enforces && isFull(one)) throw refusal('FULL', 'all slots are taken');
  const key = make(one, mark, value);
  if (dice.chance(duds)) Object.assign(key, dice.chance(0.5) ? { fits: false } : { endedAt: key.issuedAt });
  return key;
}

/** Of two slots none is named: `old` promotes what is in the second and ends the first, `new` ends the second. */
function revoke(one: Credential, named: SimKey | null, role: 'old' | 'new'): void {
  const { revokesBy } = one.plan.traits;
  const byPromotion = revokesBy === 'promotion';
  const [first, second] = one.live();
  if (byPromotion && second === undefined && role === 'new')
    throw refusal('REFUSED', 'there is no second key');
  const key = byPromotion ? (role === 'old' ? first : second) : named;
  // Success is not proof of death.
  const believed = revokesBy === 'secret' && one.sim.dice.chance(0.1);
  if (key && !believed) end(one, key);
}

function make(one: Credential, mark: string | null, value: string, age = 0): SimKey {
  const { traits } = one.plan;
  if (traits.revokesBy === 'replacement') end(one, ...one.live());
  const issuedAt = one.sim.clock.time - age;
  const key = newKey(`${one.name}-key-${one.keys.length + 1}`, value, mark, issuedAt);
  key.expiresAt = issuedAt + (traits.longestLife ?? Infinity);
  one.keys.push(key);
  return key;
}

function end(one: Credential, ...keys: readonly SimKey[]): void {
  for (const key of keys) key.endedAt ??= one.sim.clock.time;
}

/** No room for another key; where a new one ends the old one, there always is. */
const isFull = (one: Credential): boolean =>
  one.plan.traits.revokesBy !== 'replacement' && one.live().length >= Number(one.plan.traits.maxLive);

const refusal = (code: 'DENIED' | 'FULL' | 'REFUSED', message: string): KeyturnError =>
  new KeyturnError(code, message, { hint: 'look at the keys', unsent: true });

/** A key that is new may be unknown for a while, and one that has ended be there. */
function shows(one: Credential, key: SimKey): boolean {
  const { clock, dice } = one.sim;
  const lives = one.lives(key);
  const since = lives ? key.issuedAt : (key.endedAt ?? key.expiresAt);
  const settling = clock.time < since + one.plan.traits.settles && !(lives && key.accepted);
  return settling && dice.chance(0.5) ? !lives : lives;
}

function listed(one: Credential): ListedKey[] {
  const shown = one.keys.filter((key) => shows(one, key));
  for (const key of one.keys) key.calledDead ||= !shown.includes(key);
  return shown.map((key) => entryOf(one, key));
}

function entryOf(one: Credential, { id, mark }: SimKey): ListedKey {
  return { issuerKeyId: id, ...(one.plan.traits.marks && mark !== null && { mark }), facts: {} };
}

/** What it says of a key. */
export function factsOf(one: Credential, { id, issuedAt, expiresAt }: SimKey): KeyFacts {
  const dated = expiresAt < Infinity && { expiresAt: toInstant(expiresAt), issuedAt: toInstant(issuedAt) };
  return { ...(one.plan.traits.revokesBy === 'id' && { issuerKeyId: id }), ...dated };
}

function valueFor({ name, plan, sim }: Credential): string {
  const number = sim.dice.int(36 ** 6);
  return plan.short ? `${CANARY}${number.toString(36)}` : `${CANARY}-value-${name}-${number}`;
}
