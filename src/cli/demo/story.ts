import { setTimeout as pause } from 'node:timers/promises';
import { findingsOf, keysOf, must, mustExit, resultOf, rowFor, rowsOf, type SimulatedKey } from './checks.ts';
import type { ClientReport } from './client.ts';
import { ask, type RunningClient, start, startClient } from './process.ts';
import { CREDENTIAL, type DemoSet, FIRST_AGE_DAYS, OVERLAP_SECONDS } from './set.ts';

/** How many messages the client must have sent through it all. */
export const MESSAGES_AT_LEAST = 200;
const KILL_DEADLINE = 10_000;

/** Shows one phase: what is being done, then what was checked. */
export type Show = <T>(
  phase: string,
  doing: string,
  work: () => Promise<{ readonly said: string; readonly value: T }>,
) => Promise<T>;

/** What the story ends with; every line of it was checked. */
export interface Ending {
  readonly client: ClientReport;
  readonly first: SimulatedKey;
  readonly second: SimulatedKey;
  readonly lost: SimulatedKey;
  readonly third: SimulatedKey;
  readonly lostRow: string;
  /** Seconds between the promote of the second token and the death of the first. */
  readonly overlapSeconds: number;
}

/** The whole life of a credential, then a crash at the worst moment. */
export async function tell(set: DemoSet, program: string, show: Show): Promise<Ending> {
  const keyturn = (...args: string[]) => ask(set, program, args);
  const client = await begin(set, program, show, keyturn);
  try {
    const rotated = await firstRotation(set, show, keyturn);
    const crashed = await crash(set, program, show, keyturn);
    const report = await finish(show, client);
    return { ...fates(set), ...rotated, ...crashed, client: report };
  } finally {
    await client.stop().catch(() => undefined);
  }
}

/** What became of every token in the end, by the issuer's own books. */
function fates(set: DemoSet): Pick<Ending, 'first' | 'second' | 'lost' | 'third'> {
  const [first, second, lost, third] = keysOf(set.simulator);
  must(
    first !== undefined && second !== undefined && lost !== undefined && third !== undefined,
    'the simulator has lost a token',
  );
  must(first.diedAt !== null && second.diedAt !== null, 'a token that was revoked is alive');
  must(lost.diedAt === null && lost.uses === 0, 'the lost token was used or revoked');
  must(third.diedAt === null, 'the token in use is dead');
  return { first, second, lost, third };
}

type Keyturn = (...args: string[]) => ReturnType<typeof ask>;

async function begin(set: DemoSet, program: string, show: Show, keyturn: Keyturn): Promise<RunningClient> {
  await show('adopt', 'the token that is in the store', async () => {
    const answer = await keyturn('adopt', CREDENTIAL);
    mustExit(answer, 0, 'adopt');
    return { said: `taken on as it is, ${FIRST_AGE_DAYS} days old by Meta's word`, value: null };
  });
  await show('audit', 'what is wrong', async () => {
    const answer = await keyturn('audit');
    mustExit(answer, 7, 'audit');
    const found = findingsOf(answer);
    must(
      found.some((one) => one.rule === 'over-age' && one.severity === 'high'),
      'audit did not find the old token',
    );
    return { said: 'high: the token is over the limit of 90 days', value: null };
  });
  await show('plan', 'what run would do', async () => {
    const answer = await keyturn('plan');
    mustExit(answer, 0, 'plan');
    const data = answer.document?.data as { credentials?: { action?: string }[] } | undefined;
    must(data?.credentials?.[0]?.action === 'start', 'plan did not want to start a rotation');
    return { said: 'start a rotation', value: null };
  });
  return show('client', 'another process begins to send', async () => {
    const client = startClient(set, program);
    await until(() => (keysOf(set.simulator)[0]?.sends ?? 0) >= 5, 'the client does not send');
    return { said: 'reads the token with age and sends 40 messages a second', value: client };
  });
}

async function firstRotation(
  set: DemoSet,
  show: Show,
  keyturn: Keyturn,
): Promise<Pick<Ending, 'overlapSeconds'>> {
  const promotedAt = await show('rotate', 'make, stage, verify, promote', async () => {
    const answer = await keyturn('rotate', CREDENTIAL, '--reason', 'demo');
    mustExit(answer, 0, 'rotate');
    must(resultOf(answer)?.outcome === 'overlap', 'rotate did not reach the overlap');
    const [first, second] = keysOf(set.simulator);
    must(second !== undefined && second.diedAt === null, 'there is no new token at the issuer');
    must(first?.diedAt === null, 'the old token died before its overlap was over');
    const at = resultOf(answer)?.times.promoted;
    must(typeof at === 'string', 'rotate does not say when it promoted');
    return { said: `new token in place, both work for ${OVERLAP_SECONDS} s`, value: Date.parse(at) };
  });
  await pause(OVERLAP_SECONDS * 1000 + 50);
  await show('revoke', 'the old token, once its overlap is over', async () => {
    const answer = await keyturn('run');
    mustExit(answer, 0, 'run');
    must(resultOf(answer)?.outcome === 'done', 'run did not finish the rotation');
    return { said: 'revoked, then refused by debug_token and by a live call', value: null };
  });
  const diedAt = await show('status', 'what the ledger says', async () => {
    const answer = await keyturn('status');
    mustExit(answer, 0, 'status');
    const [first, second] = keysOf(set.simulator);
    must(first !== undefined && second !== undefined, 'the simulator has lost a key');
    must(first.diedAt !== null, 'the old token is still alive at the issuer');
    must(
      rowFor(answer, first)?.state === 'revoked' && rowFor(answer, first)?.proof?.by === 'issuer',
      'the old token is not recorded as proven dead',
    );
    must(rowFor(answer, second)?.state === 'current', 'the new token is not recorded as current');
    return { said: 'one key current, one revoked with proof by the issuer', value: first.diedAt };
  });
  await show('audit', 'what is wrong now', async () => {
    mustExit(await keyturn('audit'), 0, 'audit');
    return { said: 'nothing', value: null };
  });
  must(diedAt - promotedAt >= OVERLAP_SECONDS * 1000, 'the old token did not live through its overlap');
  return { overlapSeconds: (diedAt - promotedAt) / 1000 };
}

async function crash(
  set: DemoSet,
  program: string,
  show: Show,
  keyturn: Keyturn,
): Promise<Pick<Ending, 'lostRow'>> {
  await show('crash', 'kill -9 right after a token was made', async () => {
    set.simulator.faults.once('mint', { type: 'hang', commit: true });
    const { child, answer } = start(set, program, ['rotate', CREDENTIAL, '--reason', 'demo of a crash']);
    await until(() => keysOf(set.simulator).length === 3, 'the issuer made no third token');
    child.kill('SIGKILL');
    must((await answer).signal === 'SIGKILL', 'the process was not killed');
    const made = keysOf(set.simulator)[2];
    must(made !== undefined && !made.delivered, 'the lost token reached somebody');
    return { said: 'the token exists, nobody holds its value', value: null };
  });
  const lostRow = await show('recover', 'the next run, with nothing but the ledger', async () => {
    const answer = await keyturn('run');
    mustExit(answer, 4, 'run after the crash');
    const third = keysOf(set.simulator)[3];
    const status = await keyturn('status');
    must(third !== undefined && rowFor(status, third)?.state === 'current', 'the next token is not in place');
    const orphan = rowsOf(status).find((row) => row.state === 'possible');
    must(orphan !== undefined, 'the lost token is in no row');
    return {
      said: 'another token is in place; exit 4 tells of the lost one',
      value: orphan.id,
    };
  });
  await show('audit', 'who remembers the lost token', async () => {
    const answer = await keyturn('audit');
    mustExit(answer, 7, 'audit');
    must(
      findingsOf(answer).some((one) => one.rule === 'possible-orphan'),
      'audit does not report the lost token',
    );
    return { said: 'high: a possible orphan, until it expires or is settled', value: null };
  });
  await pause(OVERLAP_SECONDS * 1000);
  await show('revoke', 'the token before it', async () => {
    mustExit(await keyturn('run'), 0, 'the last run');
    must(keysOf(set.simulator)[1]?.diedAt !== null, 'the second token is still alive');
    return { said: 'revoked and proven dead', value: null };
  });
  return { lostRow };
}

async function finish(show: Show, client: RunningClient): Promise<ClientReport> {
  return show('client', 'stops and counts', async () => {
    const report = await client.stop();
    must(report.failed === 0, `${report.failed} messages of ${report.sent + report.failed} were refused`);
    must(report.sent >= MESSAGES_AT_LEAST, `only ${report.sent} messages were sent`);
    must(report.tokens >= 3, `the client has used ${report.tokens} tokens instead of 3`);
    return { said: `${report.sent} messages sent with ${report.tokens} tokens, none refused`, value: report };
  });
}

async function until(holds: () => boolean, otherwise: string): Promise<void> {
  const end = performance.now() + KILL_DEADLINE;
  while (!holds()) {
    must(performance.now() < end, otherwise);
    await pause(10);
  }
}
