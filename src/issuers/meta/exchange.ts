import { KeyturnError, toKeyturnError } from '../../core/errors.ts';
import type { App, GraphClient, GraphReply } from './client.ts';
import { failure, withoutEffect } from './errors.ts';
import type { Fault } from './faults.ts';
import { accessTokenOf, type DebugData, debugDataOf } from './schema.ts';

const WHAT = 'exchange the token';
const LOOK = 'ask Meta when the current token expires';

/**
 * Trades the current token for another and gives its text, which may be the same. Never for a token that does not
 * expire: the exchange is said to turn such a one into one that does.
 */
export async function exchange(
  graph: GraphClient,
  app: App,
  current: string,
  method: 'POST' | 'GET',
  signal: AbortSignal,
): Promise<string> {
  const data = await look(graph, app, current, signal).catch((caught: unknown) => {
    throw withoutEffect(toKeyturnError(caught, LOOK));
  });
  const unfit = unfitness(data, app);
  if (unfit !== null) {
    throw new KeyturnError('REFUSED', `${WHAT}: ${unfit}`, {
      hint: 'use mode: mint with an adminToken, or make a token that expires in the dashboard and adopt it',
    });
  }
  const first = await graph.exchange(app, current, method, signal);
  const again = method === 'POST' && mayMissTheBody(first);
  const reply = again ? await graph.exchange(app, current, 'GET', signal) : first;
  const token = accessTokenOf(reply.body);
  if (token !== null) return token;
  throw failure(WHAT, reply, { caller: 'the key', effect: true });
}

async function look(graph: GraphClient, app: App, current: string, signal: AbortSignal): Promise<DebugData> {
  const reply = await graph.debug(app, current, signal);
  const data = debugDataOf(reply.word);
  if (data === null) throw failure(LOOK, reply, { caller: 'appSecret', effect: false });
  return data;
}

function unfitness(data: DebugData, app: App): string | null {
  if (data.is_valid !== true) return 'Meta does not accept the current token';
  if (data.app_id !== undefined && data.app_id !== app.id) return 'the current token is of another app';
  if (data.expires_at === undefined) return 'Meta does not say when the current token expires';
  if (data.expires_at === 0) return 'the current token does not expire, and must not be exchanged';
  return null;
}

/** Refusals that a server also gives which does not look into the body of a POST. */
const BODY_NOT_SEEN: ReadonlySet<Fault> = new Set(['absent', 'bad-request', 'no-token']);

/** What Meta says where it sees no app in the request. */
const NO_APP = 101;

/** Only the GET form is documented; the POST form keeps secrets out of addresses. Nothing was done where it is refused so. */
function mayMissTheBody({ error, body, status }: GraphReply): boolean {
  if (error !== null) return status < 500 && (BODY_NOT_SEEN.has(error.fault) || error.code === NO_APP);
  return accessTokenOf(body) === null && (status === 404 || status === 405 || status === 501);
}
