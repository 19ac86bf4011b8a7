import { toInstant } from '../../src/core/credential.ts';
import { textWith } from '../../src/core/document.ts';
import { emptyLedger, formatLedger } from '../../src/core/ledger.ts';
import { apply } from '../../src/core/protocol/apply.ts';
import { Secret } from '../../src/core/secret.ts';
import type { TrailEntry } from '../../src/core/trail.ts';
import type { Gate, OwedEffect, Run } from '../../src/engine/run.ts';
import { obey, type Result } from './commands.ts';
import { Network } from './faults.ts';
import { fail, Violation, Watch } from './invariants.ts';
import { CANARY, SimIssuer } from './issuer.ts';
import { settle } from './person.ts';
import { type Dice, dice, hash } from './random.ts';
import type { CredentialPlan, Operation, Schedule } from './schedule.ts';
import { SimStore } from './store.ts';
import { type Actor, type Host, MINUTE, Scheduler, SECOND } from './world.ts';

/** One credential in the simulated world. */
export interface Simulated {
  readonly name: string;
  readonly plan: CredentialPlan;
  readonly location: string;
  readonly fields: Readonly<Record<string, string>> | undefined;
  readonly issuer: SimIssuer;
  readonly watch: Watch;
  /** What the mirror holds. */
  mirror: string | null;
  /** What the sink has taken, by number. */
  readonly taken: TrailEntry[];
}

/** One schedule under way: the real core and engine in a world that is not real. */
export class Simulation {
  readonly schedule: Schedule;
  readonly time = new Scheduler();
  readonly network: Network;
  readonly store: SimStore;
  readonly credentials: readonly Simulated[];
  readonly lines: string[] | null;
  readonly reached: string[] = [];
  violation: Violation | null = null;
  finished = false;
  readonly chance: Dice;
  readonly #hosts: readonly Host[];
  readonly #faults: { until: number };
  readonly #director: Actor;
  #quiet = false;
  #busy = 0;
  #actors = 0;

  constructor(schedule: Schedule, traced = false) {
    this.schedule = schedule;
    this.lines = traced ? [] : null;
    this.chance = dice(hash(schedule.seed, 2));
    this.#hosts = schedule.clocks.map((offset, index) => hostOf(`host-${index}`, offset));
    const plan = { ...schedule.faults, seed: schedule.seed, without: schedule.without, until: Infinity };
    this.#faults = plan;
    const trace = (line: string): void => this.trace(line);
    this.network = new Network(this.time, plan, trace, (actor) => this.#restart(actor));
    this.store = new SimStore(schedule.store, this.time, this.network, this.chance, {
      changed: (location, before, after, actor) =>
        this.guard(() => {
          for (const one of this.credentials.filter((each) => each.location === location)) {
            const fresh = one.watch.valueIn(after);
            this.trace(`current is ${one.issuer.find(fresh)?.id}${actor === null ? ', by a stranger' : ''}`);
            one.watch.changed(one.watch.valueIn(before), fresh, actor);
          }
        }),
      saved: (name, document, actor) =>
        this.guard(() => this.credentials.find((one) => one.name === name)?.watch.saved(document, actor)),
    });
    this.credentials = schedule.credentials.map((one, index) => this.#credential(one, index));
    this.#director = this.actorOn(hostOf('nowhere', 0), -1);
    this.#direct().then(
      () => {
        this.finished = true;
      },
      (caught: unknown) => {
        if (!(caught instanceof Violation)) throw caught;
        this.violation ??= caught;
      },
    );
  }

  /** Lets one thing happen. False: it is over, one way or the other. */
  step(): boolean {
    if (this.finished || this.violation !== null) return false;
    if (!this.time.step()) fail('BUG', 'nothing is left to happen, and the schedule is not over');
    return true;
  }

  trace(line: string): void {
    this.lines?.push(
      `${((this.time.time - Date.parse('2026-11-22')) / 1000).toFixed(1).padStart(9)} ${line}`,
    );
  }

  /** Checks something where an exception would be taken for one of the world's own. */
  guard(check: () => void): void {
    try {
      check();
    } catch (caught) {
      if (!(caught instanceof Violation)) throw caught;
      this.violation ??= caught;
    }
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.time.later(Math.max(ms, 0), this.#director, resolve));
  }

  actorOn(host: Host, op: number, one: Simulated | null = null): Actor {
    this.#actors += 1;
    const owner = `p${this.#actors}`;
    const controller = new AbortController();
    const phase = (): string => one?.watch.ledger?.rotation?.phase ?? 'none';
    return { owner, op, host, controller, phase, dead: false, calls: 0, readAt: 0, askedAt: 0 };
  }

  /** One command by a fresh process, to its end. */
  async command(operation: Operation): Promise<Result | null> {
    const one = this.credentials[operation.credential];
    const host = this.#hosts[operation.host];
    if (one === undefined || host === undefined) return null;
    const actor = this.actorOn(host, operation.id, one);
    this.trace(`${actor.owner} on ${host.name}: ${operation.command} ${one.name}`);
    this.reached.push(`${one.plan.issuer.family} / ${operation.command}`);
    const result = await obey(this, one, actor, operation);
    this.trace(`${actor.owner} ends: ${result.text}`);
    if (result.text.includes(CANARY)) fail('I6', `${actor.owner} says a secret`);
    if (result.defect) fail('BUG', result.text);
    return result;
  }

  runOf(one: Simulated, actor: Actor, operation: Operation): Run {
    const { policy } = one.plan;
    const world = this.time.worldOf(actor, dice(hash(this.schedule.seed, 3, operation.id, this.#actors)));
    const store = this.store.as(actor);
    return {
      credential: {
        name: one.name,
        issuer: 'simulated',
        location: one.location,
        tags: {},
        ...(one.fields === undefined ? {} : { fields: one.fields }),
      },
      issuer: one.issuer.as(actor),
      store,
      ledgers: store.ledgers,
      policy,
      world,
      runner: {
        owner: actor.owner,
        host: actor.host.name,
        process: actor.owner,
        isGone: (host, process) => host === actor.host.name && this.#dead.has(process),
        by: 'simulation',
      },
      signal: actor.controller.signal,
      siblings: async () => this.#siblingsOf(one),
      effects: [...policy.hooks, ...policy.mirrors].map((name) => this.#effect(one, actor, name)),
      gates: policy.gates.map((name) => this.#gate(actor, name)),
      sinks: this.schedule.sink === 'none' ? [] : [this.#sink(one, actor)],
      takeLease: operation.takeLease,
      deadline: world.now() + 15 * MINUTE,
      waitForOverlap: operation.waits,
      report: () => undefined,
    };
  }

  readonly #dead = new Set<string>();

  /** The whole course: what is planned, then quiet, then people and jobs until nothing is left to do. */
  async #direct(): Promise<void> {
    const running = this.schedule.operations.map((operation) => this.#planned(operation));
    await Promise.all(running);
    while (this.#busy > 0) await this.pause(SECOND);
    this.#quiet = true;
    this.#faults.until = 0;
    if (this.schedule.kind === 'race') return this.#raced(await Promise.all(running));
    await this.pause(25 * MINUTE);
    for (const one of this.credentials) await settle(this, one);
    for (const one of this.credentials) this.#finalChecks(one);
  }

  async #planned(operation: Operation): Promise<Result | null> {
    await this.pause(operation.at);
    return this.#lived(operation);
  }

  /** Null where the process died on the way. */
  async #lived(operation: Operation): Promise<Result | null> {
    this.#busy += 1;
    let done: (result: Result | null) => void = () => undefined;
    const over = new Promise<Result | null>((resolve) => {
      done = resolve;
    });
    this.#waiting.set(operation.id, () => done(null));
    this.command(operation).then(done, (caught: unknown) => {
      if (!(caught instanceof Violation)) throw caught;
      this.violation ??= caught;
    });
    const result = await over;
    this.#busy -= 1;
    return result;
  }

  readonly #waiting = new Map<number, () => void>();

  /** A process died: some other machine starts a new one before long. */
  #restart(actor: Actor): void {
    this.#dead.add(actor.owner);
    this.reached.push('process dies');
    const planned = this.schedule.operations.find(({ id }) => id === actor.op % 1_000);
    const id = actor.op + 1_000;
    this.#waiting.get(actor.op)?.();
    if (planned === undefined || id > 4_000 || this.#quiet) return;
    const host = (planned.host + this.chance.int(2)) % this.#hosts.length;
    const again = { ...planned, id, host, command: 'run' as const, waits: false };
    this.#busy += 1;
    this.pause(this.chance.pick([SECOND, 20 * SECOND, 2 * MINUTE]))
      .then(() => this.#lived(again))
      .then(() => {
        this.#busy -= 1;
      })
      .catch(() => undefined);
  }

  /** Many runs at once on one due credential: one create, one promote, and nobody in the way (I8). */
  #raced(results: readonly (Result | null)[]): void {
    const { issuer, watch } = this.credentials[0] as Simulated;
    const made = issuer.keys.filter((key) => key.mark !== null).length;
    if (made !== 1 || watch.promotes !== 1) fail('I8', `${made} creates and ${watch.promotes} promotes`);
    const winners = results.filter((one) => one?.outcome?.outcome === 'overlap' && one.outcome.changed);
    const others = results.filter((one) => one !== null && !winners.includes(one));
    if (winners.length !== 1) fail('I8', `${winners.length} runs say that they rotated`);
    const odd = others.find((one) => one?.code !== 0 && one?.code !== 5);
    if (odd !== undefined) fail('I8', `another run ends with ${odd?.code}: ${odd?.text}`);
  }

  #finalChecks(one: Simulated): void {
    if (this.schedule.seed % 8 === 0) one.watch.verifyTrail();
    one.taken.forEach((entry, index) => {
      const before = one.taken[index - 1];
      if (entry.n !== index + 1 || (before !== undefined && entry.prev !== before.hash)) {
        fail('I9', `the sink has a gap or a fork at entry ${index + 1}`);
      }
    });
  }

  #credential(plan: CredentialPlan, index: number): Simulated {
    const name = `cred-${index}`;
    const { shared } = this.schedule.store;
    const location = shared ? 'document' : name;
    const fields = shared ? { value: `KEY_${index}` } : undefined;
    const find = (): Watch => (this.credentials[index] as Simulated).watch;
    const issuer = new SimIssuer(name, plan.issuer, this.time, this.network, this.chance, {
      asked: (kind, what, actor) =>
        this.guard(() => {
          if (kind !== 'revoke') find().asked(kind, what ?? '', actor);
          else if (what !== null) find().askedToEnd(what, actor);
        }),
      born: (key, actor) =>
        this.guard(() => {
          this.trace(`${key.id} is made for ${actor.owner}`);
          find().born(key);
        }),
      ended: (key, actor) =>
        this.guard(() => {
          this.trace(`${key.id} is ended by ${actor?.owner ?? 'others'}`);
          find().ended(key, actor);
        }),
    });
    const watch = new Watch(name, location, fields, plan.policy, issuer, this.store, this.time);
    const one: Simulated = { name, plan, location, fields, issuer, watch, mirror: null, taken: [] };
    if (plan.begins !== 'empty') this.#begin(one, plan.begins === 'managed');
    return one;
  }

  /** A key is there from before; where it is managed, it has been adopted. */
  #begin(one: Simulated, managed: boolean): void {
    const key = one.issuer.makeByHand(one.plan.age);
    const before = this.store.current(one.location);
    const version = this.store.seed(one.location, textWith(Secret.of(key.value), before, one.fields));
    one.watch.begin(key);
    if (!managed) return;
    const facts = {
      ...(one.plan.issuer.traits.revokesBy === 'id' ? { issuerKeyId: key.id } : {}),
      ...(key.expiresAt === null ? {} : { expiresAt: toInstant(key.expiresAt) }),
      issuedAt: toInstant(key.issuedAt),
      fingerprints: SimIssuer.prints(key),
    };
    const pen = { now: this.time.time, by: 'before', clock: 'host-0', config: one.plan.policy.config };
    const change = {
      type: 'adopted',
      hooks: [],
      mirrors: [],
      row: 'r0.0',
      rotation: 'r0',
      facts,
      issuedAtFrom: 'issuer',
    } as const;
    const ledger = apply(emptyLedger(one.name), { ...change, version, kept: version }, pen);
    const document = formatLedger(ledger);
    this.store.seedLedger({ credential: one.name, location: one.location }, document);
    one.watch.saved(document, this.actorOn(hostOf('before', 0), -1));
  }

  #siblingsOf(one: Simulated) {
    return this.credentials
      .filter((other) => other !== one)
      .flatMap((other) =>
        (other.watch.ledger?.keys ?? [])
          .filter((row) => row.state !== 'revoked' && row.state !== 'settled')
          .map((row) => ({
            credential: other.name,
            ...(row.issuerKeyId === undefined ? {} : { issuerKeyId: row.issuerKeyId }),
            ...(row.fingerprints === undefined ? {} : { fingerprints: row.fingerprints }),
          })),
      );
  }

  #effect(one: Simulated, actor: Actor, name: string): OwedEffect {
    const kind = name === 'copy' ? 'mirror' : 'hook';
    const effect: OwedEffect = {
      name,
      kind,
      perform: ({ text }) => {
        const fresh = one.watch.valueIn(text.open());
        return this.network.call({
          actor,
          name: kind,
          effect: false,
          land: () => {
            if (kind === 'hook') return;
            this.guard(() => one.watch.mirrored(one.mirror, fresh));
            one.mirror = fresh;
          },
        });
      },
    };
    if (kind === 'hook') return effect;
    const holds: NonNullable<OwedEffect['holds']> = (text) =>
      this.network.call({
        actor,
        name: 'read mirror',
        effect: false,
        land: () => one.mirror === one.watch.valueIn(text.open()),
      });
    return { ...effect, holds };
  }

  #gate(actor: Actor, name: string): Gate {
    const check = (): Promise<string | null> =>
      this.network.call({
        actor,
        name: 'gate',
        effect: false,
        land: () => (this.#quiet || this.chance.chance(0.5) ? null : 'it is in use'),
      });
    return { name, check };
  }

  #sink(one: Simulated, actor: Actor): Run['sinks'][number] {
    const take = (entries: readonly TrailEntry[]): Promise<void> =>
      this.network.call({
        actor,
        name: 'sink',
        effect: false,
        land: () => {
          for (const entry of entries) {
            if (JSON.stringify(entry).includes(CANARY)) this.guard(() => fail('I6', 'a secret in the trail'));
            const known = one.taken[entry.n - 1];
            one.watch.taken(entry);
            if (known === undefined) one.taken[entry.n - 1] = entry;
            else if (known.hash !== entry.hash)
              this.guard(() => fail('I9', `entry ${entry.n} has two forms`));
          }
        },
      });
    return { id: 'sink', required: this.schedule.sink === 'required', take };
  }
}

function hostOf(name: string, offset: number): Host {
  return { name, offset, asleepUntil: 0, fellAsleep: 0, slept: 0 };
}
