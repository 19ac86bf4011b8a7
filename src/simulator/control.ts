import type { Call } from './call.ts';
import type { IssueOptions, Simulator } from './contract.ts';
import { readFaultRule } from './fault-reader.ts';
import type { FaultRule } from './faults.ts';
import type { Reply } from './reply.ts';
import { type Switches, setSwitch } from './switches.ts';

/** The part of a simulator that the control API drives. */
export type Controlled = Omit<Simulator, 'close' | 'url' | 'port'>;

type Result = { readonly body: unknown } | { readonly problem: string };

/** The first segment of every path that is for the simulator itself. */
const CONTROL = '_simulator';

/**
 * The control API, for another process: what it is in (without a secret), switches, faults, keys.
 * Answers null to requests that are not for it.
 */
export function control(simulator: Controlled, call: Call): Reply | null {
  if (call.version !== null || call.segments[0] !== CONTROL) return null;
  const result = obey(simulator, call);
  const failed = 'problem' in result;
  return {
    status: failed ? 400 : 200,
    headers: { 'content-type': 'application/json' },
    text: JSON.stringify(failed ? { error: result.problem } : result.body),
  };
}

/** The body is read as JSON whatever its type is called: `curl -d` calls it a form. */
function obey(simulator: Controlled, call: Call): Result {
  let body: unknown = null;
  try {
    if (call.text.trim() !== '') body = JSON.parse(call.text);
  } catch {
    return { problem: 'the body is no JSON' };
  }
  return act(simulator, `${call.method} ${call.segments.slice(1).join('/')}`, body);
}

function act(simulator: Controlled, operation: string, body: unknown): Result {
  switch (operation) {
    case 'GET state':
      return { body: stateOf(simulator) };
    case 'POST switches':
      return setSwitches(simulator.switches, body);
    case 'POST faults':
      return addFaults(simulator, body);
    case 'DELETE faults':
      simulator.faults.clear();
      return { body: { faults: [] } };
    case 'POST issue':
      return attempt(() => ({ access_token: simulator.issue(readIssue(body)) }));
    case 'POST kill':
      return attempt(() => {
        simulator.kill(readId(body));
        return { keys: simulator.keys() };
      });
    case 'POST reset-app-secret':
      return { body: { app_secret: simulator.resetAppSecret() } };
    default:
      return { problem: `the simulator has no ${operation}` };
  }
}

function stateOf(simulator: Controlled): unknown {
  const { appSecret: _one, otherAppSecret: _two, adminToken: _three, ...world } = simulator.world;
  const faults = simulator.faults.rules();
  return {
    world,
    switches: simulator.switches,
    faults,
    keys: simulator.keys(),
    requests: simulator.requests(),
  };
}

/** All of them, or none. */
function setSwitches(switches: Switches, body: unknown): Result {
  const wanted = { ...switches };
  for (const [name, value] of Object.entries(body ?? {})) {
    const problem = setSwitch(wanted, name, value);
    if (problem !== null) return { problem };
  }
  Object.assign(switches, wanted);
  return { body: { switches } };
}

function addFaults(simulator: Controlled, body: unknown): Result {
  const rules: FaultRule[] = [];
  for (const value of [body].flat()) {
    const rule = readFaultRule(value);
    if (typeof rule === 'string') return { problem: rule };
    rules.push(rule);
  }
  for (const rule of rules) simulator.faults.add(rule);
  return { body: { faults: simulator.faults.rules() } };
}

function attempt(work: () => unknown): Result {
  try {
    return { body: work() };
  } catch (error) {
    if (error instanceof RangeError) return { problem: error.message };
    throw error;
  }
}

function readIssue(body: unknown): IssueOptions {
  const given = Object.entries(body ?? {});
  for (const [name, value] of given) {
    const check = ISSUE_CHECKS[name];
    if (check === undefined) throw new RangeError(`issue has no field ${JSON.stringify(name)}`);
    if (!check(value)) throw new RangeError(`issue cannot take this ${name}`);
  }
  return Object.fromEntries(given);
}

const ISSUE_CHECKS: Readonly<Record<string, (value: unknown) => boolean>> = {
  ageDays: Number.isFinite,
  expiresInDays: Number.isFinite,
  userId: (value) => typeof value === 'string',
  appId: (value) => typeof value === 'string',
  scopes: (value) => Array.isArray(value) && value.every((scope) => typeof scope === 'string'),
};

function readId(body: unknown): string {
  const id = typeof body === 'object' && body !== null && 'id' in body ? body.id : null;
  if (typeof id !== 'string') throw new RangeError('kill needs the id of a key');
  return id;
}
