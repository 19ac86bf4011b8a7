import type { Call, Graph } from './call.ts';
import type { IssueOptions, Simulator, SimulatorOptions } from './contract.ts';
import { type Controlled, control } from './control.ts';
import { createFaultPlan } from './faults.ts';
import { createFront } from './front.ts';
import { createJournal } from './journal.ts';
import { createTimers, openServer } from './server.ts';
import { createStream, type Stream } from './stream.ts';
import { defaultSwitches } from './switches.ts';
import { createTokenTable, inventToken, kill, recordOf, type TokenTable } from './tokens.ts';
import { findApp, findUser, inventWorld, type World } from './world.ts';

export type { IssueOptions, Simulator, SimulatorOptions } from './contract.ts';

const DAY = 24 * 60 * 60 * 1000;
const WHATSAPP_SCOPES = ['whatsapp_business_management', 'whatsapp_business_messaging'];

/** Starts a simulator on 127.0.0.1. Rejects when the port is taken. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const seed = options.seed ?? 1;
  const values = createStream(seed, 'tokens');
  const secrets = createStream(seed, 'secrets');
  const timers = createTimers();
  const journal = createJournal();
  let url = '';
  const graph: Graph = {
    world: { ...inventWorld(secrets, inventToken(values)), ...options.world },
    switches: { ...defaultSwitches(), ...options.switches },
    tokens: createTokenTable(values),
    installs: new Map(),
    now: options.clock,
    url: () => url,
  };
  issue(graph, adminOptions(graph.world), graph.world.adminToken);
  const faults = createFaultPlan(createStream(seed, 'faults'));
  const simulator: Controlled = {
    world: graph.world,
    switches: graph.switches,
    faults,
    keys: () => graph.tokens.all().map((token) => recordOf(token, graph.now())),
    lookup(value) {
      const token = graph.tokens.byValue(value);
      return token && recordOf(token, graph.now());
    },
    issue: (given = {}) => issue(graph, given),
    kill: (id) => killById(graph.tokens, id, graph.now()),
    resetAppSecret: () => resetAppSecret(graph, secrets),
    requests: journal.records,
  };
  const ids = createStream(seed, 'ids');
  const controlled = (call: Call) => control(simulator, call);
  const server = await openServer(
    options.port ?? 0,
    createFront({ graph, faults, journal, timers, ids, control: controlled }),
  );
  url = server.url;
  const close = () => {
    timers.clear();
    return server.close();
  };
  return { ...simulator, url, port: server.port, close };
}

function adminOptions(world: World): IssueOptions {
  const scopes = ['business_management', ...WHATSAPP_SCOPES];
  return { ageDays: 30, userId: world.adminUserId, appId: world.appId, scopes };
}

function issue(graph: Graph, options: IssueOptions, value?: string): string {
  const { ageDays = 0, scopes = WHATSAPP_SCOPES, expiresInDays } = options;
  const { userId = graph.world.systemUserId, appId = graph.world.appId } = options;
  if (findUser(graph.world, userId, false) === null)
    throw new RangeError(`there is no system user ${userId}`);
  if (findApp(graph.world, appId) === null) throw new RangeError(`there is no app ${appId}`);
  const now = graph.now();
  const token = graph.tokens.add(
    {
      appId,
      userId,
      asked: scopes,
      scopes,
      origin: 'seeded',
      issuedAt: now - ageDays * DAY,
      expiresAt: expiresInDays === undefined ? null : now + expiresInDays * DAY,
    },
    value,
  );
  return token.value;
}

function killById(tokens: TokenTable, id: string, now: number): void {
  const token = tokens.all().find((each) => each.id === id);
  if (token === undefined) throw new RangeError(`there is no key ${JSON.stringify(id)}`);
  kill(token, now, 'killed');
}

function resetAppSecret(graph: Graph, secrets: Stream): string {
  const appSecret = `simulated-app-secret-${secrets.text(16)}`;
  Object.assign(graph.world, { appSecret });
  if (graph.switches.secretResetKillsTokens) {
    for (const token of graph.tokens.all()) {
      if (token.appId === graph.world.appId) kill(token, graph.now(), 'secret-reset');
    }
  }
  return appSecret;
}
