import { toInstant } from '../../src/core/credential.ts';
import { textWith } from '../../src/core/document.ts';
import { emptyLedger, formatLedger, type Ledger } from '../../src/core/ledger.ts';
import { apply } from '../../src/core/protocol/apply.ts';
import type { SiblingKey } from '../../src/core/protocol/seen.ts';
import { isDead } from '../../src/core/rows.ts';
import { Secret } from '../../src/core/secret.ts';
import type { TrailEntry } from '../../src/core/trail.ts';
import type { OwedEffect, Run } from '../../src/engine/run.ts';
import { intrude, obey, type Result } from './commands.ts';
import { CANARY, SimIssuer } from './issuer.ts';
import { type Fault, LATEST, Network } from './network.ts';
import { settle } from './person.ts';
import { Dice } from './random.ts';
import type { CredentialPlan, Operation, Schedule } from './schedule.ts';
import { SimStore } from './store.ts';
import { type Violation, Watch } from './watch.ts';
import { type Actor, type Host, MINUTE, Scheduler, SECOND, START } from './world.ts';

/** One credential in the simulated world. */
export interface Simulated {
  readonly name: string;
  readonly plan: CredentialPlan;
  readonly location: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly issuer: SimIssuer;
  readonly watch: Watch;
  /** What the mirror holds, and what the hook was told of last. */
  mirror: string | null;
  told: string | null;
  /** What the sink has taken, by number. */
  readonly taken: TrailEntry[];
}

/** Something that happened, for the table of what was reached. */
export interface Reached {
  /** The call, as `op.call`; null: a command that began. */
  readonly id: string | null;
  readonly call: string;
  readonly fault: Fault | 'none';
  readonly phase: string;
  readonly family: string;
  readonly command: string;
}

/** One schedule under way: the real core and engine in a world that is not real. */
export class Simulation {
  readonly schedule: Schedule;
  readonly time = new Scheduler();
  readonly network: Network;
  readonly store: SimStore;
  readonly credentials: readonly Simulated[];
  readonly lines: string[] | null;
  readonly reached: Reached[] = [];
  violation: Violation | null = null;
  finished = false;
  readonly #dice: Dice;
  readonly #hosts: readonly Host[];
  readonly #director: Actor;
  /** Commands under way, by operation: what ends the wait for them when their process dies. */
  readonly #waiting = new Map<number, () => void>();
  readonly #dead = new Set<string>();
  #busy = 0;
  #actors = 0;

  constructor(schedule: Schedule, traced = false) {
    this.schedule = schedule;
    this.lines = traced ? [] : null;
    this.#dice = new Dice(schedule.seed, 2);
    this.#hosts = schedule.clocks.map((offset, index) => hostOf(`host-${index}`, offset));
    this.#director = this.#actorOn(hostOf('nowhere', 0), -1, 0);
    this.network = new Network(
      this.time,
      { ...schedule.faults, ...schedule },
      {
        sent: (actor, id, call, fault) => this.#reach(actor, id, call, fault),
        died: (actor) => this.#died(actor),
      },
    );
    this.store = new SimStore(schedule.store, this.time, this.#dice, {
      asked: (effect, location, what, actor) => {
        if (this.#of(actor).location === location) this.#of(actor).watch.asked(effect, what, actor);
      },
      changed: (location, before, after, actor) => {
        for (const one of this.credentials) {
          if (one.location !== location) continue;
          this.trace(
            `current of ${one.name} is ${one.issuer.find(one.watch.valueIn(after))?.id}, by ${actor?.owner ?? 'a stranger'}`,
          );
          if (actor === null || one === this.#of(actor)) one.watch.changed(before, after, actor);
        }
      },
      discarded: (location, text, actor) => {
        for (const one of this.credentials) if (one.location === location) one.watch.discarded(text, actor);
      },
      saving: (name, document) => this.#lurked(name, document),
      saved: (name, document, actor) =>
        this.credentials.find((one) => one.name === name)?.watch.saved(document, actor),
    });
    this.credentials = schedule.credentials.map((plan, index) => this.#credential(plan, index));
    void this.#direct().then(() => {
      this.finished = true;
    });
  }

  /** Lets one thing happen. False: it is over, one way or the other. */
  step(): boolean {
    if (this.finished || this.violation !== null) return false;
    if (!this.time.step()) this.fail('BUG', 'nothing is left to happen, and the schedule is not over');
    return this.violation === null;
  }

  fail(invariant: Violation['invariant'], message: string): void {
    this.trace(`${invariant}: ${message}`);
    this.violation ??= { invariant, message };
  }

  trace(line: string): void {
    this.lines?.push(`${((this.time.time - START) / 1000).toFixed(1).padStart(9)} ${line}`);
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.time.later(Math.max(ms, 0), this.#director, resolve));
  }

  /** One command by a fresh process, to its end. */
  async command(operation: Operation): Promise<Result> {
    const { id, command, host, credential, takeLease, waits } = operation;
    const one = this.credentials[credential] as Simulated;
    const actor = this.#actorOn(this.#hosts[host] as Host, id, credential);
    this.trace(`${actor.owner} on host ${host}: ${command} ${one.name}`);
    this.#commands.set(id, command);
    this.#reach(actor, null, command, null);
    if (command.includes(': ')) {
      if (operation.lurks === true) this.#lurking.push(operation);
      else intrude(this, one, command);
      return { code: 0, text: 'done', outcome: null };
    }
    const result = await obey(this, one, this.#runOf(one, actor, takeLease, waits), command);
    this.trace(`${actor.owner} ends: ${result.text}`);
    if (result.text.includes(CANARY)) this.fail('I6', `${actor.owner} says a secret`);
    return result;
  }

  /** A stranger who waits for this acts while the intention to revoke is on its way. */
  #lurked(name: string, document: string): void {
    const at = this.#lurking.findIndex(({ credential }) => this.credentials[credential]?.name === name);
    const one = this.credentials[this.#lurking[at]?.credential ?? -1];
    if (one === undefined) return;
    const known = one.watch.ledger?.keys.filter((row) => row.revokeEntered !== undefined) ?? [];
    const now = (JSON.parse(document) as Ledger).keys.filter((row) => row.revokeEntered !== undefined);
    if (now.length <= known.length) return;
    const [operation] = this.#lurking.splice(at, 1);
    if (operation !== undefined) intrude(this, one, operation.command);
  }

  readonly #lurking: Operation[] = [];
  readonly #commands = new Map<number, string>();

  #reach(actor: Actor, id: string | null, call: string, fault: Fault | null): void {
    if (id !== null) this.trace(`${actor.owner} ${id} ${call}${fault === null ? '' : `: ${fault}`}`);
    if (id !== null && fault === null) return;
    const { watch, plan } = this.#of(actor);
    const phase = watch.ledger?.rotation?.phase ?? 'none';
    const command = this.#commands.get(actor.op) ?? 'run';
    this.reached.push({ id, call, fault: fault ?? 'none', phase, family: plan.issuer.family, command });
  }

  #of(actor: Actor): Simulated {
    return this.credentials[actor.credential] as Simulated;
  }

  #actorOn(host: Host, op: number, credential: number): Actor {
    this.#actors += 1;
    const owner = `p${this.#actors}`;
    const controller = new AbortController();
    return {
      owner,
      host,
      op,
      credential,
      controller,
      dead: false,
      calls: 0,
      began: 0,
      readAt: 0,
      askedAt: 0,
      saved: null,
    };
  }

  #runOf(one: Simulated, actor: Actor, takeLease: boolean, waitForOverlap: boolean): Run {
    const { name, location, fields, plan } = one;
    const { policy } = plan;
    const { seed, sink } = this.schedule;
    const world = this.time.worldOf(actor, new Dice(seed, 3, actor.op, this.#actors));
    const store = this.store.as(actor, this.network);
    const { owner, host } = actor;
    const call = <T>(what: string, land: () => T): Promise<T> => this.network.call(actor, what, land);
    return {
      credential: { name, issuer: 'simulated', location, tags: {}, ...(fields && { fields }) },
      issuer: one.issuer.as(actor, this.network),
      store,
      ledgers: store.ledgers,
      policy,
      world,
      runner: {
        owner,
        host: host.name,
        process: owner,
        isGone: (where, process) => where === host.name && this.#dead.has(process),
        by: 'simulation',
      },
      signal: actor.controller.signal,
      siblings: async () => this.#siblingsOf(one),
      effects: [
        ...policy.hooks.map((hook) => hookOf(one, hook, call)),
        ...policy.mirrors.map((mirror) => mirrorOf(one, mirror, call)),
      ],
      gates: policy.gates.map((gate) => ({
        name: gate,
        check: () => call('gate', () => this.#gate(one)),
      })),
      sinks:
        sink === 'none'
          ? []
          : [
              {
                id: 'sink',
                required: sink === 'required',
                take: (all) => call('sink', () => this.#taken(one, all)),
              },
            ],
      takeLease,
      deadline: world.now() + 15 * MINUTE,
      waitForOverlap,
      report: (progress) => {
        if (JSON.stringify(progress).includes(CANARY)) this.fail('I6', `${owner} reports a secret`);
      },
    };
  }

  /** The whole course: what is planned, then quiet, then people and jobs until nothing is left to do. */
  async #direct(): Promise<void> {
    const results = await Promise.all(
      this.schedule.operations.map((one) => this.pause(one.at).then(() => this.#lived(one))),
    );
    while (this.#busy > 0) await this.pause(SECOND);
    this.network.calm = true;
    if (this.schedule.race) return this.#raced(results);
    await this.pause(LATEST + 5 * MINUTE);
    for (const one of this.credentials) await settle(this, one);
    for (const { watch } of this.credentials) if (this.schedule.seed % 8 === 0) watch.verifyTrail();
  }

  /** Null where the process died on the way. */
  async #lived(operation: Operation): Promise<Result | null> {
    this.#busy += 1;
    const died = new Promise<null>((resolve) => this.#waiting.set(operation.id, () => resolve(null)));
    const result = await Promise.race([this.command(operation), died]);
    this.#busy -= 1;
    return result;
  }

  /** Before long another machine starts a new process. */
  #died({ owner, op }: Actor): void {
    this.trace(`${owner} dies`);
    this.#dead.add(owner);
    this.#waiting.get(op)?.();
    const planned = this.schedule.operations.find(({ id }) => id === op % 1_000);
    if (planned === undefined || op > 3_000 || this.network.calm) return;
    const host = (planned.host + this.#dice.int(2)) % this.#hosts.length;
    this.#busy += 1;
    void this.pause(this.#dice.pick([SECOND, 20 * SECOND, 2 * MINUTE]))
      .then(() => this.#lived({ ...planned, id: op + 1_000, host, command: 'run', waits: false }))
      .then(() => {
        this.#busy -= 1;
      });
  }

  /** Many runs at once on one due credential: one create, one promote, and nobody in the way (I8). */
  #raced(results: readonly (Result | null)[]): void {
    const { issuer, watch } = this.credentials[0] as Simulated;
    const made = issuer.keys.filter((key) => key.mark !== null).length;
    if (made !== 1 || watch.promotes !== 1) this.fail('I8', `${made} creates and ${watch.promotes} promotes`);
    const winners = results.filter((one) => one?.outcome?.outcome === 'overlap' && one.outcome.changed);
    if (winners.length !== 1) this.fail('I8', `${winners.length} runs say that they rotated`);
    const odd = results.find(
      (one) => one !== null && !winners.includes(one) && one.code !== 0 && one.code !== 5,
    );
    if (odd !== undefined) this.fail('I8', `another run ends with ${odd?.text}`);
  }

  #credential(plan: CredentialPlan, index: number): Simulated {
    const name = `cred-${index}`;
    const { shared } = this.schedule.store;
    const place = {
      location: shared ? 'document' : name,
      ...(shared && { fields: { value: `KEY_${index}` } }),
    };
    const { time, store } = this;
    const fail = this.fail.bind(this);
    const issuer: SimIssuer = new SimIssuer(name, plan.issuer, time, this.#dice, {
      asked: (effect, what, actor) => watch.asked(effect, what, actor),
      born: (key, actor) => {
        this.trace(
          `${key.id} is made for ${actor.owner}${key.endedAt === null ? '' : ', and does not work'}`,
        );
        watch.born(key, actor);
      },
      ended: (key, actor) => {
        this.trace(`${key.id} is ended by ${actor?.owner ?? 'others'}`);
        watch.ended(key, actor);
      },
    });
    const watch: Watch = new Watch(plan, place, { issuer, store, time, fail });
    const one: Simulated = { name, plan, ...place, issuer, watch, mirror: null, told: null, taken: [] };
    if (plan.begins !== 'empty') this.#begin(one);
    return one;
  }

  /** A key is there from before; where it is managed, it has been adopted. */
  #begin({ name, plan, location, fields, issuer, watch }: Simulated): void {
    const key = issuer.makeByHand(plan.age);
    const version = this.store.seed(
      location,
      textWith(Secret.of(key.value), this.store.current(location), fields),
    );
    watch.begin(key);
    if (plan.begins === 'foreign') return;
    const { config } = plan.policy;
    const pen = { now: this.time.time, by: 'before', clock: 'host-0', config };
    const facts = {
      ...issuer.factsOf(key),
      issuedAt: toInstant(key.issuedAt),
      fingerprints: Secret.of(key.value).fingerprints(),
    };
    const row = {
      row: 'r0.0',
      rotation: 'r0',
      facts,
      issuedAtFrom: 'issuer',
      version,
      kept: version,
    } as const;
    const document = formatLedger(
      apply(emptyLedger(name), { type: 'adopted', ...row, hooks: [], mirrors: [] }, pen),
    );
    this.store.seedLedger(name, location, document);
    watch.saved(document, this.#director);
  }

  #siblingsOf(one: Simulated): SiblingKey[] {
    return this.credentials
      .filter((other) => other !== one)
      .flatMap(
        (other) =>
          (other.watch.ledger?.keys ?? [])
            .filter((row) => !isDead(row))
            .map((row) => ({ ...row, credential: other.name })) as SiblingKey[],
      );
  }

  #gate({ watch }: Simulated): string | null {
    if (!this.network.calm && this.#dice.chance(0.5)) return 'it is in use';
    watch.gatePassedAt = this.time.time;
    return null;
  }

  #taken({ taken }: Simulated, entries: readonly TrailEntry[]): void {
    for (const entry of entries) {
      const { n, prev, hash } = entry;
      if (JSON.stringify(entry).includes(CANARY)) this.fail('I6', 'a secret in the trail');
      if ((taken[n - 1] ?? entry).hash !== hash) this.fail('I9', `entry ${n} has two forms`);
      if (n > 1 && taken[n - 2]?.hash !== prev) this.fail('I9', `the sink has a gap or a fork at entry ${n}`);
      taken[n - 1] = entry;
    }
  }
}

type Called = <T>(what: string, land: () => T) => Promise<T>;

function hookOf(one: Simulated, name: string, call: Called): OwedEffect {
  const told = (text: Secret): void => {
    one.told = one.watch.valueIn(text.open());
  };
  return { name, kind: 'hook', perform: ({ text }) => call('hook', () => told(text)) };
}

function mirrorOf(one: Simulated, name: string, call: Called): OwedEffect {
  return {
    name,
    kind: 'mirror',
    perform: ({ text }) =>
      call('mirror', () => {
        const fresh = one.watch.valueIn(text.open());
        one.watch.mirrored(one.mirror, fresh);
        one.mirror = fresh;
      }),
    holds: (text) => call('read mirror', () => one.mirror === one.watch.valueIn(text.open())),
  };
}

function hostOf(name: string, offset: number): Host {
  return { name, offset, asleepUntil: 0, fellAsleep: 0, slept: 0 };
}
