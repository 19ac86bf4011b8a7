import { expect } from 'vitest';
import { type Ledger, parseLedger } from '../../../src/core/ledger.ts';
import { configurationText, metaIssuer } from '../../cli/configuration.ts';
import { type Answer, type Bench, openBench, type Running } from '../../cli/harness.ts';
import type { ScenarioBench, ScenarioStore } from './bench.ts';

/** Runs after which all must be at rest. */
const MOST_RUNS = 6;

/** A configuration whose store is behind a front, a simulator that makes the keys, and the real command line. */
export interface House {
  readonly cli: Bench;
  readonly start: Bench['start'];
  readonly keyturn: Bench['keyturn'];
  /** Puts a token of 100 days into the store and takes it on, so that a rotation is due. Gives the token. */
  adoptOld(member: Member): Promise<string>;
  /** Runs until there is nothing left to do. */
  settle(name: string): Promise<void>;
  /** Of `status --json`. */
  status(name: string): Promise<Status>;
  /** What is wrong with how a credential is at rest; empty: nothing. */
  faults(member: Member): Promise<readonly string[]>;
  /** Keys that the simulator was asked to make, by keyturn. */
  minted(): number;
  close(): Promise<void>;
}

/** One credential. */
export interface Member {
  readonly name: string;
  readonly location: string;
  /** The field that holds its key, where the value is a document. */
  readonly field?: string;
}

export interface Status {
  readonly keys: readonly { readonly id: string; readonly state: string }[];
  readonly hold: unknown;
  readonly rotation: unknown;
}

export async function openHouse(
  bench: ScenarioBench,
  members: readonly Member[],
  policy: string,
): Promise<House> {
  const cli = await openBench();
  Object.assign(cli.env, bench.env);
  const { simulator } = cli;
  await cli.configure(configuration(bench.store, cli, members, policy));

  const house: House = {
    cli,
    start: cli.start,
    keyturn: cli.keyturn,
    adoptOld: async ({ name, location, field }) => {
      const token = simulator.issue({ ageDays: 100 });
      const read = field === undefined ? null : await bench.consume(location);
      const text =
        field === undefined ? token : JSON.stringify({ ...JSON.parse(read ?? '{}'), [field]: token });
      await bench.overwrite(location, text);
      const { code, stderr } = await cli.keyturn(['adopt', name]);
      expect(code, stderr).toBe(0);
      return token;
    },
    settle: async (name) => {
      const said: string[] = [];
      for (let round = 0; round < MOST_RUNS; round += 1) {
        const { code, document } = await cli.keyturn(['run', name, '--json']);
        const [result] = document.data.credentials;
        said.push(`${code} ${result?.outcome}: ${result?.reason}`);
        if (code === 0 && result?.outcome === 'none') return;
      }
      throw new Error(`not at rest after ${MOST_RUNS} runs: ${said.join('; ')}`);
    },
    status: async (name) => {
      const { document } = await cli.keyturn(['status', name, '--json']);
      return document.data.credentials[0];
    },
    faults: async (member) => {
      const { keys, rotation } = await ledgerOf(bench, member);
      const text = (await bench.consume(member.location)) ?? '';
      const token = member.field === undefined ? text : JSON.parse(text)[member.field];
      const state = simulator.lookup(token)?.state ?? 'unknown';
      return [
        ...(state === 'live' ? [] : [`consumers read a key that is ${state}`]),
        ...(rotation === undefined ? [] : ['a rotation is open']),
        ...keys.flatMap((key) =>
          ['pending', 'retiring'].includes(key.state) ? [`${key.id} is still ${key.state}`] : [],
        ),
      ];
    },
    minted: () => simulator.keys().filter(({ origin }) => origin === 'mint').length,
    close: cli.close,
  };
  return house;
}

async function ledgerOf(bench: ScenarioBench, { name, location }: Member): Promise<Ledger> {
  const store = bench.openStore();
  try {
    const { signal } = new AbortController();
    const found = await store.ledgers?.load({ credential: name, location }, signal);
    return parseLedger(found?.document ?? '', name);
  } finally {
    await store.close?.();
  }
}

function configuration(
  store: string,
  { simulator }: Bench,
  members: readonly Member[],
  policy: string,
): string {
  return configurationText({
    store,
    policy,
    issuers: { meta: [...metaIssuer({ ...simulator.world, url: simulator.url }), 'settles: 0s'] },
    credentials: members.map(({ name, location, field }) => {
      const fields = field === undefined ? '' : `, fields: { value: ${field} }`;
      return `${name}: { issuer: meta, location: "${location}"${fields} }`;
    }),
  });
}

/** One credential with a token of 100 days and no overlap, at a place of its own. */
export async function withHouse<T>(
  open: ScenarioStore['open'],
  work: (bench: ScenarioBench, house: House, member: Member) => Promise<T>,
): Promise<T> {
  const bench = await open();
  const member = { name: 'wa-prod', location: bench.location() };
  const house = await openHouse(bench, [member], 'overlap: 0s');
  try {
    await house.adoptOld(member);
    return await work(bench, house, member);
  } finally {
    await house.close();
    await bench.close();
  }
}

/** Ends a process so that it can do nothing more, and waits until it is gone. */
export async function kill({ child, answer }: Running): Promise<Answer> {
  child.kill('SIGKILL');
  return await answer;
}
