import { toInstant } from '../../src/core/credential.ts';
import { textWith } from '../../src/core/document.ts';
import { emptyLedger, formatLedger, type Ledger } from '../../src/core/ledger.ts';
import { apply } from '../../src/core/protocol/apply.ts';
import { Secret } from '../../src/core/secret.ts';
import { createMemoryShelf, createMemoryStore } from '../../src/stores/memory.ts';
import { intrusionFor, obey, type Result } from './commands.ts';
import { factsOf, makeByHand } from './issuer.ts';
import { saved, verifyTrail } from './ledgers.ts';
import { LATEST } from './network.ts';
import { settle } from './person.ts';
import { type Actor, newActor } from './process.ts';
import { Dice } from './random.ts';
import type { Reached } from './reach.ts';
import { type Operation, operation, type Schedule } from './schedule.ts';
import { CANARY, Credential, type Promised } from './truth.ts';
import { Clock, type Host, MINUTE, newHost, SECOND, START } from './world.ts';

const never = new AbortController().signal;
/** Whoever waits outside of every process. */
const SOMEBODY = { dead: false, host: newHost(0) };

/**
 * One schedule under way: the real core and engine in a world that is not real. To read the proof, begin with what is
 * checked: truth.ts (what is so), look.ts (what is sent, and what has changed after every effect), ledgers.ts (what is
 * saved), person.ts (what is left at the end). Then what is unkind: schedule.ts (what is drawn from the seed), network.ts
 * (what becomes of a call), issuer.ts, store.ts. Last how it goes: this file, commands.ts, process.ts, world.ts (time);
 * run.ts (many schedules, and the shortest that fails), reach.ts and long.ts (what was reached, and the long run).
 */
export class Simulation {
  readonly schedule: Schedule;
  readonly dice: Dice;
  readonly clock = new Clock();
  readonly shelf = createMemoryShelf();
  readonly memory = createMemoryStore(this.shelf);
  readonly credentials: readonly Credential[];
  readonly reached: Reached[] = [];
  readonly gone = new Set<string>(); // processes that died
  calm = false; // from now on everything works
  finished = false;
  violation: { readonly invariant: Promised; readonly message: string } | null = null;
  readonly lines: string[] | null;
  readonly hosts: readonly Host[];
  readonly #lurking: { readonly one: Credential; readonly intrude: () => void }[] = [];
  #actors = 1;

  constructor(schedule: Schedule, traced = false) {
    this.schedule = schedule;
    this.lines = traced ? [] : null;
    this.dice = new Dice(schedule.seed, 2);
    this.hosts = schedule.clocks.map(newHost);
    this.credentials = schedule.credentials.map((plan, index) => new Credential(this, plan, index));
    for (const one of this.credentials) if (one.plan.begins !== 'empty') this.#begin(one);
    void this.#direct().then(() => {
      this.finished = true;
    });
  }

  /** Lets one thing happen. False: it is over, one way or the other. */
  step(): boolean {
    if (!this.finished && !this.clock.step())
      this.fail('BUG', 'nothing is left to happen, and the schedule is not over');
    return !this.finished;
  }

  fail(invariant: Promised, message: string): void {
    this.trace(`${invariant}: ${message}`);
    this.violation ??= { invariant, message };
    this.finished = true;
  }

  trace(line: string): void {
    this.lines?.push(`${((this.clock.time - START) / 1000).toFixed(1).padStart(9)} ${line}`);
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.later(Math.max(ms, 0), SOMEBODY, resolve));
  }

  /** One command by a fresh process. Null: it died on the way. */
  async command(planned: Operation): Promise<Result | null> {
    const { command, host, lurks } = planned;
    this.#actors += 1;
    const actor = newActor(this, planned, this.#actors);
    const { one, owner } = actor;
    this.trace(`${owner} on host ${host}: ${command} ${one.name}`);
    this.reached.push({ id: null, call: command, fault: 'none', ...this.moment(actor) });
    const intrude = intrusionFor(actor);
    if (intrude !== null) {
      if (lurks) this.#lurking.push({ one, intrude });
      else intrude();
      return { code: 0, text: 'done', outcome: null };
    }
    const died = new Promise<null>((resolve) => {
      actor.die = () => {
        actor.dead = true;
        this.trace(`${owner} dies`);
        this.gone.add(owner);
        resolve(null);
      };
    });
    const result = await Promise.race([obey(actor), died]);
    if (result === null) return null;
    this.trace(`${owner} ends: ${result.text}`);
    one.judge(`${owner} says`, [['I6', 'a secret', result.text.includes(CANARY)]]);
    return result;
  }

  /** Where and when something happens, for the table of what was reached. */
  moment({ one, operation: { command } }: Actor) {
    const phase = one.ledger?.rotation?.phase ?? 'none';
    return { phase, family: one.plan.family, trait: one.traits, command };
  }

  /** A ledger is sent: a stranger who waits for this acts while the intention to revoke is on its way. */
  saving(one: Credential, document: string): void {
    const at = this.#lurking.findIndex((stranger) => stranger.one === one);
    if (at < 0) return;
    const entered = (ledger: Ledger | null) => ledger?.keys.filter((row) => row.revokeEntered).length ?? 0;
    if (entered(JSON.parse(document)) <= entered(one.ledger)) return;
    for (const { intrude } of this.#lurking.splice(at, 1)) intrude();
  }

  /** The whole course: what was there before, what is planned, then quiet, then people and jobs until nothing is left to do. */
  async #direct(): Promise<void> {
    const { operations, race, seed } = this.schedule;
    const results = await Promise.all(
      operations.map((one) => this.pause(one.at).then(() => this.#carryOut(one))),
    );
    this.calm = true;
    if (race) return this.#raced(results);
    await this.pause(LATEST + 5 * MINUTE);
    for (const one of this.credentials) await settle(one);
    if (seed % 8 === 0) this.credentials.forEach(verifyTrail);
  }

  /** A command; where its process dies, another machine starts a job before long. */
  async #carryOut(planned: Operation): Promise<Result | null> {
    const result = await this.command(planned);
    const { id, host } = planned;
    if (result !== null || id > 3_000) return result;
    await this.pause(this.dice.pick([SECOND, 20 * SECOND, 2 * MINUTE]));
    const next = { host: (host + this.dice.int(2)) % this.hosts.length, waits: false };
    return this.#carryOut({ ...planned, ...next, id: id + 1_000, command: 'run' });
  }

  /** Many runs at once on one due credential: one create, one promote, and nobody in the way. */
  #raced(results: readonly (Result | null)[]): void {
    const one = this.credentials[0] as Credential;
    const made = one.keys.filter(({ mark }) => mark !== null).length;
    const won = (of: Result | null) => of?.outcome?.outcome === 'overlap' && of.outcome.changed;
    const winners = results.filter(won).length;
    const odd = results.find((of) => of !== null && !won(of) && of.code !== 0 && of.code !== 5);
    one.judge('several runs at once', [
      ['I8', `${made} creates and ${one.promotes} promotes`, made !== 1 || one.promotes !== 1],
      ['I8', `${winners} say that they rotated`, winners !== 1],
      ['I8', `another one ends with ${odd?.text}`, odd !== undefined],
    ]);
  }

  /** A key is there from before; where it is managed, it has been adopted. */
  #begin(one: Credential): void {
    const { name, plan, location, fields } = one;
    const key = makeByHand(one, plan.age);
    const secret = Secret.of(key.value);
    const version = this.memory.overwrite(location, textWith(secret, one.text(), fields));
    void this.memory.keep(location, version, never);
    key.readUntil = Infinity;
    for (const each of this.credentials) each.seen = each.view();
    one.told = key.value; // who is told by the hook was started with it
    if (plan.begins === 'foreign') return;
    const pen = { now: this.clock.time, by: 'before', clock: 'host-0', config: 'config-1' };
    const facts = {
      ...factsOf(one, key),
      issuedAt: toInstant(key.issuedAt),
      fingerprints: secret.fingerprints(),
    };
    const row = {
      row: 'r0.0',
      rotation: 'r0',
      facts,
      issuedAtFrom: 'issuer',
      version,
      kept: version,
    } as const;
    const adopted = { type: 'adopted', ...row, hooks: [], mirrors: [] } as const;
    const document = formatLedger(apply(emptyLedger(name), adopted, pen));
    void this.memory.ledgers.save({ credential: name, location }, document, null, never);
    one.seen = one.view();
    const index = this.credentials.indexOf(one);
    saved(newActor(this, operation(-1, 'adopt', 0, 0, index), 0), document);
  }
}
