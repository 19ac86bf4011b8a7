import { KeyturnError, toKeyturnError } from '../../core/errors.ts';
import type { App, GraphClient, GraphError, GraphReply, MintOrder } from './client.ts';
import { becauseOf, failure, withoutEffect } from './errors.ts';
import type { Fault } from './faults.ts';
import { accessTokenOf, successOf } from './schema.ts';

const WHAT = 'ask Meta for a new token';
const INSTALL = 'install the app on the system user';
const PROPAGATION_MS = 60_000;

/** Refusals of a mint behind which a missing installation may hide: Meta documents no code for it. */
const MAY_BE_INSTALLATION: ReadonlySet<Fault> = new Set([
  'not-installed',
  'permission',
  'absent',
  'bad-request',
  'unclear',
]);

/**
 * Asks for one new token and gives its text. A second request follows only where the first was refused beyond doubt,
 * and only after the app was installed on the system user, which does nothing where it is already.
 */
export async function mint(
  graph: GraphClient,
  app: App,
  admin: string,
  order: MintOrder,
  signal: AbortSignal,
): Promise<string> {
  const first = await graph.mint(app, admin, order, signal);
  const token = accessTokenOf(first.body);
  if (token !== null) return token;
  const refused = failure(WHAT, first, { caller: 'adminToken', effect: true });
  if (refused.ambiguous || !mayLackApp(first)) throw refused;

  const installation = await install(graph, app, admin, order.systemUserId, signal);
  if (installation !== null) {
    // Where the mint named something else, what it named is what a person has to know.
    throw installation.code === 'INTERRUPTED' || first.error?.fault === 'not-installed'
      ? withoutEffect(installation)
      : refused;
  }

  const second = await graph.mint(app, admin, order, signal);
  const late = accessTokenOf(second.body);
  if (late !== null) return late;
  const refusedAgain = failure(WHAT, second, { caller: 'adminToken', effect: true });
  if (refusedAgain.ambiguous || second.error === null || !mayBeUnseen(second.error)) throw refusedAgain;
  throw notYetInstalled(second.error);
}

function mayLackApp({ error }: GraphReply): boolean {
  if (error === null) return false;
  return MAY_BE_INSTALLATION.has(error.fault) || isUnauthorised(error);
}

/**
 * Refusals that an installation does away with once it is seen. A system user that took the app is there, so that it
 * cannot be absent; a permission that is missing, or a wrong request, stays what it is.
 */
function mayBeUnseen(error: GraphError): boolean {
  return error.fault === 'not-installed' || error.fault === 'absent' || isUnauthorised(error);
}

/** 458: the app is not installed, or no more. */
function isUnauthorised({ code, subcode }: GraphError): boolean {
  return code === 190 && subcode === 458;
}

/** Null where the app is installed now. */
async function install(
  graph: GraphClient,
  app: App,
  admin: string,
  systemUserId: string,
  signal: AbortSignal,
): Promise<KeyturnError | null> {
  try {
    const reply = await graph.install(app, admin, systemUserId, signal);
    if (successOf(reply.word) === true) return null;
    return failure(INSTALL, reply, { caller: 'adminToken', effect: false });
  } catch (caught) {
    return toKeyturnError(caught, INSTALL);
  }
}

function notYetInstalled(error: GraphError): KeyturnError {
  const unseen = 'the app was installed just now and is not seen yet';
  const told = error.fault === 'not-installed' ? '' : ` (${becauseOf(error)})`;
  return new KeyturnError('UNAVAILABLE', `${WHAT}: ${unseen}${told}`, {
    hint: 'run again in a few minutes: an installation takes that long to be seen everywhere; if it stays so, look at the app and the system user in Business settings',
    retryAfterMs: PROPAGATION_MS,
    unsent: true,
  });
}
