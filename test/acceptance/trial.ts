import { setTimeout as pause } from 'node:timers/promises';
import { watchAsConsumer } from './consumer.ts';
import { type Fault, type Switches, USUAL } from './graph-switches.ts';
import { lives } from './graph-tokens.ts';
import { resetSecret } from './graph-world.ts';
import { judge } from './judge.ts';
import { type Ended, openRig, type Rig } from './rig.ts';

/** One Graph server of many that are possible, and what keyturn has to make of it. */
export interface Scenario {
  readonly name: string;
  readonly switches?: Partial<Switches>;
  readonly faults?: readonly Fault[];
  readonly issuer?: readonly string[];
  /** Of the token that is adopted. */
  readonly world?: { readonly age?: number; readonly firstLife?: number };
  /** `done`: it has to come to its end. `safe`: it may also stop where nobody is harmed, with 3 or 4. */
  readonly expect: 'done' | 'safe';
}

export interface Verdict {
  readonly scenario: Scenario;
  readonly codes: readonly (number | null)[];
  readonly finished: boolean;
  readonly ms: number;
  readonly slowestMs: number;
  readonly gapMs: number;
  readonly looks: number;
  /** Tokens that the server made / that live at the end. */
  readonly made: number;
  readonly alive: number;
  readonly faults: readonly string[];
  readonly said: string;
  readonly transcript: string;
}

const MOST_RUNS = 6;
/** A pause that is longer than this is a matter of later runs. */
const WORTH_WAITING_MS = 15_000;

export async function tryOut(scenario: Scenario): Promise<Verdict> {
  const from = Date.now();
  const rig = await openRig({
    switches: { ...USUAL, ...scenario.switches },
    issuer: scenario.issuer ?? [],
    ...(scenario.world === undefined ? {} : { world: scenario.world }),
  });
  const ended: Ended[] = [];
  const command = async (args: readonly string[], input?: string): Promise<Ended> => {
    const result = await rig.keyturn([...args, '--json'], input === undefined ? {} : { input });
    ended.push(result);
    return result;
  };
  try {
    await command(['adopt', 'wa-prod', '--stdin'], rig.server.world.first.value);
    const { world } = rig.server;
    if (world.switches.secretReset.startsWith('before'))
      resetSecret(world, world.switches.secretReset === 'before-kills');
    const watch = watchAsConsumer(rig);
    rig.server.sabotage(scenario.faults ?? []);
    await command(['rotate', 'wa-prod']);
    for (let runs = 0; runs < MOST_RUNS && (await isOpen(rig)); runs += 1) {
      const wait = await waitOf(rig);
      if (wait > WORTH_WAITING_MS) break;
      await pause(wait);
      await command(['run']);
    }
    await command(['status']);
    const watched = await watch.stop();
    const finished = await isFinished(rig);
    const faults = await judge(rig, ended, watched);
    const { tokens } = rig.server.world;
    const clients = tokens.all.filter((token) => token.user === 'client');
    return {
      scenario,
      codes: ended.map(({ code }) => code),
      finished,
      ms: Date.now() - from,
      slowestMs: Math.max(...ended.map(({ ms }) => ms)),
      gapMs: watched.gapMs,
      looks: watched.looks,
      made: clients.length - 1,
      alive: clients.filter((token) => lives(token, Date.now())).length,
      faults: [...faults, ...(scenario.expect === 'done' && !finished ? ['it did not come to its end'] : [])],
      said: lastWord(ended),
      transcript: transcript(ended, rig),
    };
  } finally {
    await rig.close();
  }
}

/** A new token is current, and no other is left to be dealt with but those that nobody may ever have made. */
async function isFinished(rig: Rig): Promise<boolean> {
  const ledger = await rig.ledger();
  if (ledger === null || ledger.rotation !== undefined || ledger.hold !== undefined) return false;
  const current = await rig.current();
  const settled = ledger.keys.every(({ state }) => ['current', 'revoked', 'possible'].includes(state));
  return settled && current !== rig.server.world.first.value;
}

/** Whether there is anything that a later run would do of its own accord. */
async function isOpen(rig: Rig): Promise<boolean> {
  const ledger = await rig.ledger();
  if (ledger === null || ledger.rotation !== undefined) return ledger !== null;
  return ledger.keys.some(({ state }) => ['intended', 'pending', 'retiring'].includes(state));
}

/** Until the next run has something to do. */
async function waitOf(rig: Rig): Promise<number> {
  const ledger = await rig.ledger();
  const times = [ledger?.rotation?.nextTry, ...(ledger?.keys.map(({ nextTry }) => nextTry) ?? [])].filter(
    (time) => time !== undefined,
  );
  const next = Math.max(0, ...times.map((time) => Date.parse(time) - Date.now()));
  return Math.max(next, 1_050);
}

function lastWord(ended: readonly Ended[]): string {
  for (const { stdout } of [...ended].reverse()) {
    try {
      const error = JSON.parse(stdout).errors?.[0];
      if (error !== undefined) return `${error.code}: ${error.message}; ${error.hint}`;
    } catch {
      return stdout.slice(0, 200);
    }
  }
  return '';
}

function transcript(ended: readonly Ended[], rig: Rig): string {
  const commands = ended.map(
    ({ args, code, signal, ms, stdout, stderr }) =>
      `$ keyturn ${args.join(' ')} -> ${code ?? signal} (${ms} ms)\n${stdout}${stderr}`,
  );
  return [...commands, ...rig.server.journal].join('\n');
}
