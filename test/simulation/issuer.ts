import { type KeyFacts, toInstant } from '../../src/core/credential.ts';
import { KeyturnError } from '../../src/core/errors.ts';
import type { CreatedKey, Issuer, ListedKey, Slots, Verification } from '../../src/core/issuer.ts';
import { Secret } from '../../src/core/secret.ts';
import type { Network } from './network.ts';
import type { Dice } from './random.ts';
import type { IssuerShape } from './traits.ts';
import type { Actor, Scheduler } from './world.ts';

/** Every secret has this in it, so that one that got out is found by a plain search. */
export const CANARY = 'plainly-fake';

/** One key in truth. */
export interface SimKey {
  readonly id: string;
  readonly value: string;
  /** The row that asked for it; null: a person made it. */
  readonly mark: string | null;
  readonly issuedAt: number;
  readonly expiresAt: number | null;
  /** When it was ended; it may be accepted for a while yet. */
  endedAt: number | null;
  /** The issuer has answered that it works. From then on it does, everywhere, while it lives. */
  accepted: boolean;
  /** The issuer has answered that it is dead, or that it has ended it. */
  calledDead: boolean;
  /** It was the answer to a create. */
  given: boolean;
}

/** What the checker is told. `actor` is null where the issuer or a person did it. */
export interface IssuerTold {
  /** A request for an effect is about to be sent; for a revocation `what` is the value of the key. */
  asked(effect: string, what: string, actor: Actor): void;
  born(key: SimKey, actor: Actor): void;
  ended(key: SimKey, actor: Actor | null): void;
}

/** A system that makes and ends keys as its traits say, and does nothing kinder. */
export class SimIssuer {
  readonly shape: IssuerShape;
  readonly keys: SimKey[] = [];
  /** Keys that it gave once more, by the row that asked. */
  readonly given = new Map<string, SimKey>();
  readonly #name: string;
  readonly #time: Scheduler;
  readonly #dice: Dice;
  readonly #told: IssuerTold;

  constructor(name: string, shape: IssuerShape, time: Scheduler, dice: Dice, told: IssuerTold) {
    this.#name = name;
    this.shape = shape;
    this.#time = time;
    this.#dice = dice;
    this.#told = told;
  }

  find(value: string | null | undefined): SimKey | null {
    return this.keys.find((key) => key.value === value) ?? null;
  }

  /** How many of the keys that it gave were no new keys, or never worked. */
  get useless(): number {
    return this.given.size + this.keys.filter((key) => key.endedAt === key.issuedAt).length;
  }

  isLive(key: SimKey): boolean {
    return key.endedAt === null && (key.expiresAt === null || this.#time.time < key.expiresAt);
  }

  live(): SimKey[] {
    return this.keys.filter((key) => this.isLive(key));
  }

  /** A person makes a key by hand; where there is no room for another one, the newest is taken instead. */
  makeByHand(age: number): SimKey {
    const { maxLive, revokesBy } = this.shape.traits;
    const live = this.live();
    const newest = live.findLast(({ mark }) => mark === null) ?? live.at(-1);
    const full = typeof maxLive === 'number' && live.length >= maxLive && revokesBy !== 'replacement';
    if (full && newest !== undefined) return newest;
    const key = this.#make(null, this.#value(), this.#time.time - age);
    if (revokesBy === 'replacement') for (const old of live) this.endByHand(old);
    return key;
  }

  /** What a person hands over: nearly always a new key. */
  handed(): SimKey {
    const known = this.#dice.chance(0.1) ? this.live().at(-1) : undefined;
    return known ?? this.makeByHand(0);
  }

  /** The issuer, or a person at its dashboard, ends a key. */
  endByHand(key: SimKey): void {
    this.#end(key, null);
  }

  /** The issuer as one process sees it. */
  as(actor: Actor, network: Network): Issuer {
    const { traits, family, slots } = this.shape;
    const { secretFrom, revokesBy, marks, lists, proves } = traits;
    const named = (id?: string, secret?: Secret): SimKey | undefined =>
      this.keys.find((key) => (revokesBy === 'id' ? key.id === id : key.value === secret?.open()));
    const own: Issuer = {
      kind: 'simulated',
      traits,
      verify: async (secret) => this.#verdict(secret.open(), actor),
      ...(secretFrom === 'issuer' && {
        create: async ({ mark }) => this.#handedOver(this.#create(mark, this.#value(), actor)),
      }),
      ...(secretFrom === 'client' && { invent: () => Secret.of(this.#value()) }),
      ...(family === 'client' && {
        register: async ({ mark, secret }) => this.#register(mark, secret.open() ?? '', actor),
      }),
      ...(proves && { describe: async (secret) => this.#described(secret.open()) }),
      ...(revokesBy === 'operator' && { instructions: () => ({ steps: ['do it'] }) }),
      ...(['id', 'secret', 'promotion'].includes(revokesBy) && {
        revoke: async ({ issuerKeyId, secret, role }) =>
          this.#revoke(named(issuerKeyId, secret), role, actor),
      }),
      ...(marks && { find: async (mark) => this.#listed().find((key) => key.mark === mark) ?? null }),
      ...(lists && { list: async () => this.#listed() }),
      ...(slots && { slots: async () => this.#slots() }),
    };
    const before = (name: string, [request]: readonly unknown[]): void => {
      const { mark, issuerKeyId, secret } = request as {
        mark?: string;
        issuerKeyId?: string;
        secret?: Secret;
      };
      if (name === 'create' || name === 'register') this.#told.asked(name, mark ?? '', actor);
      if (name === 'revoke') this.#told.asked(name, named(issuerKeyId, secret)?.value ?? '', actor);
    };
    // Of two requests to promote, the first landing last, one would end the wrong key: the protocol says that nothing
    // can exclude an issuer that accepts a request minutes after it was sent.
    const prompt = revokesBy === 'promotion' ? ['revoke'] : [];
    const { verify, ...reached } = network.reach(own, actor, before, prompt);
    const unknown = ({ message }: KeyturnError): Verification => ({ verdict: 'unknown', message });
    return { ...reached, verify: (secret, signal) => verify(secret, signal).catch(unknown) };
  }

  /** While something settles, the answer depends on which of the issuer's machines is asked. */
  #verdict(value: string | null, actor: Actor): Verification {
    actor.askedAt = actor.began;
    const works: Verification = { verdict: 'works', facts: {}, findings: [] };
    if (!this.shape.traits.proves)
      return this.shape.family === 'random' ? works : { verdict: 'unknown', message: '?' };
    const key = this.find(value);
    const accepts = key !== null && this.#shows(key) && !(key.endedAt === key.issuedAt);
    if (key !== null && accepts) key.accepted ||= this.isLive(key);
    else if (key !== null) key.calledDead = true;
    return accepts ? works : { verdict: 'refused', why: 'dead', message: 'not accepted' };
  }

  #create(mark: string, value: string, actor: Actor): SimKey {
    const { traits, repeats, duds, enforces } = this.shape;
    const { maxLive, revokesBy } = traits;
    const live = this.live();
    const again = live.at(-1);
    if (again !== undefined && this.#dice.chance(repeats)) {
      this.given.set(mark, again);
      return again;
    }
    if (typeof maxLive === 'number' && maxLive > 1 && live.length >= maxLive && enforces) {
      throw new KeyturnError('FULL', 'all slots are taken', { hint: 'end a key', unsent: true });
    }
    const key = this.#make(mark, value, this.#time.time);
    if (this.#dice.chance(duds)) key.endedAt = key.issuedAt;
    this.#told.born(key, actor);
    if (revokesBy === 'replacement') for (const old of live) this.#end(old, actor);
    return key;
  }

  /** With two slots there is no word of which key is meant: `old` promotes the second, `new` deletes it. */
  #revoke(named: SimKey | undefined, role: 'old' | 'new', actor: Actor): void {
    const [first, second] = this.live();
    const byPromotion = this.shape.traits.revokesBy === 'promotion';
    if (byPromotion && second === undefined) {
      throw new KeyturnError('REFUSED', 'there is no second key', { hint: 'make one', unsent: true });
    }
    const key = byPromotion ? (role === 'old' ? first : second) : named;
    // Success is not proof of death.
    const believed = this.shape.traits.revokesBy === 'secret' && this.#dice.chance(0.1);
    if (key === undefined || believed) return;
    this.#end(key, actor);
    key.calledDead = true;
  }

  #register(mark: string, value: string, actor: Actor): KeyFacts {
    return this.factsOf(this.find(value) ?? this.#create(mark, value, actor));
  }

  #handedOver(key: SimKey): CreatedKey {
    key.given = true;
    return { secret: Secret.of(key.value), facts: this.factsOf(key) };
  }

  #described(value: string | null): (KeyFacts & { alive: boolean }) | null {
    const key = this.find(value);
    return key === null ? null : { ...this.factsOf(key), alive: this.isLive(key) };
  }

  #slots(): Slots {
    const keys = this.live().map((key) => this.#entryOf(key));
    return { used: keys.length, max: Number(this.shape.traits.maxLive), keys };
  }

  #make(mark: string | null, value: string, issuedAt: number): SimKey {
    const { longestLife } = this.shape.traits;
    const expiresAt = longestLife === null ? null : issuedAt + longestLife;
    const id = `${this.#name}-key-${this.keys.length + 1}`;
    const key = {
      id,
      value,
      mark,
      issuedAt,
      expiresAt,
      endedAt: null,
      accepted: mark === null,
      calledDead: false,
      given: false,
    };
    this.keys.push(key);
    return key;
  }

  #end(key: SimKey, actor: Actor | null): void {
    if (key.endedAt !== null) return;
    key.endedAt = this.#time.time;
    this.#told.ended(key, actor);
  }

  /** A key that is new may be unknown for a while, and one that has ended be there. */
  #shows(key: SimKey): boolean {
    const live = this.isLive(key);
    const since = live ? key.issuedAt : (key.endedAt ?? key.expiresAt ?? 0);
    const settling = this.#time.time < since + this.shape.traits.settles && !(live && key.accepted);
    return settling && this.#dice.chance(0.5) ? !live : live;
  }

  #listed(): ListedKey[] {
    const shown = this.keys.filter((key) => this.#shows(key));
    for (const key of this.keys) key.calledDead ||= !shown.includes(key);
    return shown.map((key) => this.#entryOf(key));
  }

  #entryOf(key: SimKey): ListedKey {
    const mark = this.shape.traits.marks && key.mark !== null ? { mark: key.mark } : {};
    return { issuerKeyId: key.id, ...mark, facts: {} };
  }

  /** What it says of a key. */
  factsOf(key: SimKey): KeyFacts {
    return {
      ...(this.shape.traits.revokesBy === 'id' ? { issuerKeyId: key.id } : {}),
      ...(key.expiresAt === null
        ? {}
        : { expiresAt: toInstant(key.expiresAt), issuedAt: toInstant(key.issuedAt) }),
    };
  }

  #value(): string {
    const number = this.#dice.int(36 ** 6);
    return this.shape.short ? `${CANARY}${number.toString(36)}` : `${CANARY}-value-${this.#name}-${number}`;
  }
}
