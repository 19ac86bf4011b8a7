import { type KeyFacts, toInstant } from '../../src/core/credential.ts';
import { KeyturnError } from '../../src/core/errors.ts';
import type { Issuer, ListedKey, Verification } from '../../src/core/issuer.ts';
import { Secret } from '../../src/core/secret.ts';
import { look } from './look.ts';
import { reach } from './network.ts';
import { CANARY, type Credential, newKey, type SimKey } from './truth.ts';
import type { Actor } from './world.ts';

/** The issuer as one process reaches it. It makes and ends keys as its traits say, and does nothing kinder. */
export function issuerFor(actor: Actor): Issuer {
  const { one } = actor;
  const { traits, slots } = one.plan;
  const { secretFrom, revokesBy, marks, lists, proves } = traits;
  const own: Issuer = {
    kind: 'simulated',
    traits,
    verify: async (secret) => verdict(actor, secret.open()),
    ...(secretFrom === 'issuer' && {
      create: async ({ mark, current }) => {
        const caller = one.find(current?.open());
        if (traits.asksWith === 'current' && (caller === null || !one.lives(caller)))
          throw new KeyturnError('DENIED', 'the key that asks is not accepted', {
            hint: 'use another',
            unsent: true,
          });
        const key = create(one, mark, valueFor(one));
        key.given = true;
        return { secret: Secret.of(key.value), facts: factsOf(one, key) };
      },
    }),
    ...(secretFrom === 'client' && { invent: () => Secret.of(valueFor(one)) }),
    ...(secretFrom === 'client' && {
      register: async ({ mark, secret }) =>
        factsOf(one, one.find(secret.open()) ?? create(one, mark, secret.open() ?? '')),
    }),
    ...(proves && {
      describe: async (secret) => {
        const key = one.find(secret.open());
        return key && { ...factsOf(one, key), alive: one.lives(key) };
      },
    }),
    instructions: () => ({ steps: ['do it'] }),
    revoke: async (request) => revoke(one, one.named(request), request.role),
    ...(marks && { find: async (mark) => listed(one).find((key) => key.mark === mark) ?? null }),
    ...(lists && { list: async () => listed(one) }),
    slots: async () => {
      const keys = one.live().map((key) => entryOf(one, key));
      return { used: keys.length, max: Number(traits.maxLive), keys };
    },
  };
  if (!slots) delete own.slots;
  if (revokesBy !== 'operator') delete own.instructions;
  if (revokesBy === 'nothing') delete own.register;
  if (['operator', 'replacement', 'nothing'].includes(revokesBy)) delete own.revoke;
  const { verify, ...reached } = reach(actor, own);
  const unknown = ({ message }: KeyturnError): Verification => ({ verdict: 'unknown', message });
  return { ...reached, verify: (secret, signal) => verify(secret, signal).catch(unknown) };
}

/** A person makes a key by hand; where there is no room for another one, the newest is taken instead. */
export function makeByHand(one: Credential, age = 0): SimKey {
  const { maxLive, revokesBy } = one.plan.traits;
  const live = one.live();
  const newest = live.findLast(({ mark }) => mark === null) ?? live.at(-1);
  const full = typeof maxLive === 'number' && live.length >= maxLive && revokesBy !== 'replacement';
  if (full && newest !== undefined) return newest;
  const key = make(one, null, valueFor(one), one.sim.clock.time - age);
  if (revokesBy === 'replacement') end(one, ...live);
  look(one.sim, null);
  return key;
}

/** The issuer ends a key, or a person at its dashboard. */
export function endByHand(one: Credential, key: SimKey): void {
  end(one, key);
  look(one.sim, null);
}

/** While something settles, the answer depends on which of the issuer's machines is asked. */
function verdict(actor: Actor, value: string | null): Verification {
  const { one } = actor;
  const { family, traits } = one.plan;
  actor.askedAt = actor.began;
  const works: Verification = { verdict: 'works', facts: {}, findings: [] };
  if (!traits.proves) return family === 'random' ? works : { verdict: 'unknown', message: '?' };
  const key = one.find(value);
  const accepts = key !== null && shows(one, key) && key.endedAt !== key.issuedAt;
  if (key !== null && accepts) key.accepted ||= one.lives(key);
  else if (key !== null) key.calledDead = true;
  return accepts ? works : { verdict: 'refused', why: 'dead', message: 'not accepted' };
}

function create(one: Credential, mark: string, value: string): SimKey {
  const { dice, clock } = one.sim;
  const { traits, repeats, duds, enforces } = one.plan;
  const { maxLive, revokesBy } = traits;
  const live = one.live();
  const again = live.at(-1);
  if (again !== undefined && dice.chance(repeats)) {
    one.again.set(mark, again);
    return again;
  }
  if (typeof maxLive === 'number' && maxLive > 1 && live.length >= maxLive && enforces)
    throw new KeyturnError('FULL', 'all slots are taken', { hint: 'end a key', unsent: true });
  const key = make(one, mark, value, clock.time);
  if (dice.chance(duds)) key.endedAt = key.issuedAt;
  if (revokesBy === 'replacement') end(one, ...live);
  return key;
}

/** With two slots there is no word of which key is meant: `old` promotes the second, `new` deletes it. */
function revoke(one: Credential, named: SimKey | null, role: 'old' | 'new'): void {
  const { revokesBy } = one.plan.traits;
  const byPromotion = revokesBy === 'promotion';
  const [first, second] = one.live();
  if (byPromotion && second === undefined)
    throw new KeyturnError('REFUSED', 'there is no second key', { hint: 'make one', unsent: true });
  const key = byPromotion ? (role === 'old' ? first : second) : named;
  // Success is not proof of death.
  const believed = revokesBy === 'secret' && one.sim.dice.chance(0.1);
  if (!key || believed) return;
  end(one, key);
  key.calledDead = true;
}

function make(one: Credential, mark: string | null, value: string, issuedAt: number): SimKey {
  const key = newKey(`${one.name}-key-${one.keys.length + 1}`, value, mark, issuedAt);
  key.expiresAt = issuedAt + (one.plan.traits.longestLife ?? Infinity);
  key.overlap = one.plan.policy.overlap;
  one.keys.push(key);
  return key;
}

function end(one: Credential, ...keys: readonly SimKey[]): void {
  for (const key of keys) key.endedAt ??= one.sim.clock.time;
}

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
