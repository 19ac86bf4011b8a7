import type { KeyFacts } from '../../src/core/credential.ts';
import { toInstant } from '../../src/core/credential.ts';
import { KeyturnError } from '../../src/core/errors.ts';
import type { Issuer, ListedKey, Verification } from '../../src/core/issuer.ts';
import { fingerprint, Secret } from '../../src/core/secret.ts';
import type { Network } from './faults.ts';
import type { Dice } from './random.ts';
import type { IssuerShape } from './traits.ts';
import { type Actor, DAY, type Scheduler } from './world.ts';

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
}

export interface IssuerWatch {
  /** A request for an effect is about to be sent. */
  asked(kind: 'create' | 'register' | 'revoke', what: string | null, actor: Actor): void;
  born(key: SimKey, actor: Actor): void;
  /** `actor` is null where the issuer or a person ended it. */
  ended(key: SimKey, actor: Actor | null): void;
}

/** A system that makes and ends keys as its traits say, and does nothing kinder. */
export class SimIssuer {
  readonly shape: IssuerShape;
  readonly keys: SimKey[] = [];
  readonly #name: string;
  readonly #time: Scheduler;
  readonly #network: Network;
  readonly #chance: Dice;
  readonly #watch: IssuerWatch;

  constructor(
    name: string,
    shape: IssuerShape,
    time: Scheduler,
    network: Network,
    chance: Dice,
    watch: IssuerWatch,
  ) {
    this.#name = name;
    this.shape = shape;
    this.#time = time;
    this.#network = network;
    this.#chance = chance;
    this.#watch = watch;
  }

  find(value: string | null | undefined): SimKey | null {
    return this.keys.find((key) => key.value === value) ?? null;
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
    const newest = live.at(-1);
    const full = typeof maxLive === 'number' && live.length >= maxLive && revokesBy !== 'replacement';
    if (full && newest !== undefined) return newest;
    const key = this.#make(null, this.#value(), this.#time.time - age);
    if (revokesBy === 'replacement') for (const old of live) this.#end(old, null);
    return key;
  }

  /** The issuer, or a person at its dashboard, ends a key. */
  endByHand(key: SimKey): void {
    this.#end(key, null);
  }

  /** The issuer as one process sees it. */
  as(actor: Actor): Issuer {
    const { traits, family, slots } = this.shape;
    const call = <T>(name: string, effect: boolean, land: () => T): Promise<T> =>
      this.#network.call({ actor, name, effect, land });
    const issuer: Issuer = {
      kind: 'simulated',
      traits,
      verify: async (secret) => {
        const began = this.#time.time;
        try {
          return await call('verify', false, () => {
            actor.askedAt = began;
            return this.#verdict(secret.open());
          });
        } catch (caught) {
          if (!(caught instanceof KeyturnError)) throw caught;
          return { verdict: 'unknown', message: caught.message };
        }
      },
    };
    if (traits.secretFrom === 'issuer') {
      issuer.create = ({ mark }) => {
        this.#watch.asked('create', mark, actor);
        return call('create', true, () => {
          const key = this.#create(mark, this.#value(), actor);
          return { secret: Secret.of(key.value), facts: this.#factsOf(key) };
        });
      };
    }
    if (traits.secretFrom === 'client') issuer.invent = () => Secret.of(this.#value());
    if (family === 'client') {
      issuer.register = ({ mark, secret }) => {
        const value = secret.open() ?? '';
        this.#watch.asked('register', mark, actor);
        return call('register', true, () => {
          const known = this.find(value);
          return this.#factsOf(known ?? this.#create(mark, value, actor));
        });
      };
    }
    if (traits.proves) {
      issuer.describe = (secret) =>
        call('describe', false, () => {
          const key = this.find(secret.open());
          return key === null ? null : { ...this.#factsOf(key), alive: this.isLive(key) };
        });
    }
    if (traits.revokesBy === 'operator') issuer.instructions = () => ({ steps: ['do it'] });
    if (['id', 'secret', 'promotion'].includes(traits.revokesBy)) {
      issuer.revoke = ({ issuerKeyId, secret, role }) => {
        const named = traits.revokesBy === 'id' ? issuerKeyId : secret?.open();
        const key =
          this.keys.find((one) => (traits.revokesBy === 'id' ? one.id : one.value) === named) ?? null;
        this.#watch.asked('revoke', key === null ? null : key.value, actor);
        // Two requests to promote, the first of them landing last, would end the wrong key: the protocol says that
        // nothing can exclude an issuer that accepts a request minutes after it was sent.
        return call('revoke', traits.revokesBy !== 'promotion', () => this.#revoke(key, role, actor));
      };
    }
    if (traits.marks) {
      issuer.find = (mark) =>
        call('find', false, () => this.#listed().find((key) => key.mark === mark) ?? null);
    }
    if (traits.lists) issuer.list = () => call('list', false, () => this.#listed());
    if (slots) {
      issuer.slots = () =>
        call('slots', false, () => {
          const keys = this.live().map((key) => this.#entryOf(key));
          return { used: keys.length, max: Number(traits.maxLive), keys };
        });
    }
    return issuer;
  }

  #create(mark: string, value: string, actor: Actor): SimKey {
    const { traits, repeats, enforces } = this.shape;
    const live = this.live();
    const again = live.at(-1);
    if (repeats && again !== undefined && this.#chance.chance(0.4)) return again;
    if (
      typeof traits.maxLive === 'number' &&
      live.length >= traits.maxLive &&
      enforces &&
      traits.maxLive > 1
    ) {
      throw new KeyturnError('FULL', 'all slots are taken', { hint: 'end a key', unsent: true });
    }
    const key = this.#make(mark, value, this.#time.time);
    this.#watch.born(key, actor);
    if (traits.revokesBy === 'replacement') for (const old of live) this.#end(old, actor);
    return key;
  }

  #revoke(key: SimKey | null, role: 'old' | 'new', actor: Actor): void {
    if (this.shape.traits.revokesBy !== 'promotion') {
      if (key !== null) this.#end(key, actor);
      return;
    }
    // Two slots, and no word of which key is meant: `old` promotes the second, `new` deletes it.
    const [first, second] = this.live();
    if (second === undefined || first === undefined) {
      throw new KeyturnError('REFUSED', 'there is no second key', { hint: 'make one', unsent: true });
    }
    this.#end(role === 'old' ? first : second, actor);
  }

  #make(mark: string | null, value: string, issuedAt: number): SimKey {
    const expiresAt = this.shape.expiring ? issuedAt + 60 * DAY : null;
    const id = `${this.#name}-key-${this.keys.length + 1}`;
    const key: SimKey = { id, value, mark, issuedAt, expiresAt, endedAt: null };
    this.keys.push(key);
    return key;
  }

  #end(key: SimKey, actor: Actor | null): void {
    if (key.endedAt !== null) return;
    key.endedAt = this.#time.time;
    this.#watch.ended(key, actor);
  }

  /** While something settles, the answer depends on which of the issuer's machines is asked. */
  #verdict(value: string | null): Verification {
    const { settles, proves } = this.shape.traits;
    const works: Verification = { verdict: 'works', facts: {}, findings: [] };
    if (!proves && this.shape.family === 'random') return works;
    if (!proves) return { verdict: 'unknown', message: 'nobody to ask' };
    const key = this.find(value);
    if (key === null) return { verdict: 'refused', why: 'dead', message: 'unknown key' };
    const now = this.#time.time;
    const accepted = this.isLive(key);
    const since = accepted ? key.issuedAt : (key.endedAt ?? key.expiresAt ?? 0);
    const says = now < since + settles && this.#chance.chance(0.5) ? !accepted : accepted;
    return says ? works : { verdict: 'refused', why: 'dead', message: 'not accepted' };
  }

  /** A key that is new may be missing for a while, and one that has ended be there. */
  #listed(): ListedKey[] {
    const { settles } = this.shape.traits;
    const now = this.#time.time;
    const shown = this.keys.filter((key) => {
      const live = this.isLive(key);
      const since = live ? key.issuedAt : (key.endedAt ?? key.expiresAt ?? 0);
      return now < since + settles && this.#chance.chance(0.5) ? !live : live;
    });
    return shown.map((key) => this.#entryOf(key));
  }

  #entryOf(key: SimKey): ListedKey {
    const mark = this.shape.traits.marks && key.mark !== null ? { mark: key.mark } : {};
    return { issuerKeyId: key.id, ...mark, facts: {} };
  }

  #factsOf(key: SimKey): KeyFacts {
    return {
      ...(this.shape.traits.revokesBy === 'id' ? { issuerKeyId: key.id } : {}),
      ...(key.expiresAt === null ? {} : { expiresAt: toInstant(key.expiresAt) }),
      ...(this.shape.expiring ? { issuedAt: toInstant(key.issuedAt) } : {}),
    };
  }

  #value(): string {
    const number = this.#chance.int(36 ** 6);
    return this.shape.short ? `${CANARY}${number.toString(36)}` : `${CANARY}-value-${this.#name}-${number}`;
  }

  /** What the ledger may know of a key. */
  static prints(key: SimKey): Record<string, string> {
    return key.value.length < 20 ? {} : { value: fingerprint(key.value) };
  }
}
