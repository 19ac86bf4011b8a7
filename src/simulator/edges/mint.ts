import { type Call, type Graph, isSet } from '../call.ts';
import { authenticateUser, type UserCaller } from '../caller.ts';
import {
  type Answer,
  forbidden,
  type GraphError,
  invalidParameter,
  missingObject,
  missingParameter,
} from '../errors.ts';
import { kill, type Token } from '../tokens.ts';
import { type App, findApp, findUser, type SystemUser } from '../world.ts';
import { isInstalled } from './install.ts';
import { checkScopes, readScopes, sameScopes, withExtraScope } from './scopes.ts';

const DAY = 24 * 60 * 60 * 1000;
/** Meta's own sample of a refresh lives 56 s less than 60 days. */
const SHORT_OF = 56 * 1000;

/** `POST /{system-user-id}/access_tokens`: makes a token. */
export function mint(graph: Graph, call: Call): Answer | GraphError {
  const caller = authenticateUser(graph, call, { proof: 'always' });
  if ('code' in caller) return caller;
  const user = findUser(graph.world, call.segments[0] ?? '', graph.switches.canonicalIdAccepted);
  if (user === null) return missingObject(call, graph.switches);
  const app = findApp(graph.world, call.params.get('business_app') ?? null);
  if (app === null) return missingParameter('business_app');
  const scopes = readScopes(call.params.get('scope'));
  const expiring = isSet(call, 'set_token_expires_in_60_days');
  const refusal =
    checkCaller(graph, caller, user, app) ??
    checkInstalled(graph, user, app) ??
    checkExpiring(graph, expiring) ??
    checkScopes(graph.switches, scopes);
  if (refusal !== null) return refusal;
  const made = makeToken(graph, { user, app, scopes, expiring });
  if ('code' in made) return made;
  call.trace.made = made;
  return { body: { access_token: made.value } };
}

/** When a token made or refreshed now expires, in milliseconds. */
export function expiryFrom(graph: Graph): number {
  return graph.now() + graph.switches.lifetimeDays * DAY - SHORT_OF;
}

interface Order {
  readonly user: SystemUser;
  readonly app: App;
  readonly scopes: readonly string[];
  readonly expiring: boolean;
}

function makeToken(graph: Graph, order: Order): Token | GraphError {
  const { user, app, scopes } = order;
  const { switches, tokens } = graph;
  const now = graph.now();
  const expiresAt = order.expiring ? expiryFrom(graph) : null;
  const earlier = tokens.live(user.id, now).filter((token) => token.appId === app.id);
  const again = earlier.findLast((token) => sameScopes(token.asked, scopes));
  if (switches.mintReturnsSameToken && again !== undefined) {
    again.expiresAt = expiresAt;
    return again;
  }
  if (switches.mintInvalidatesPrevious) {
    for (const token of earlier) kill(token, now, 'replaced');
  } else if (switches.maxLiveTokens > 0 && earlier.length >= switches.maxLiveTokens) {
    return invalidParameter('The maximum number of access tokens for this system user is reached');
  }
  return tokens.add({
    appId: app.id,
    userId: user.id,
    asked: scopes,
    scopes: withExtraScope(switches, scopes),
    origin: 'mint',
    issuedAt: now,
    expiresAt,
  });
}

function checkCaller(graph: Graph, caller: UserCaller, user: SystemUser, app: App): GraphError | null {
  const { mintCallers, mintNeedsBusinessManagement } = graph.switches;
  if (caller.user.businessId !== user.businessId) {
    return forbidden('The system user does not belong to the business of the caller');
  }
  if (caller.app.id !== app.id) {
    const message = 'Invalid appsecret_proof provided in the API argument';
    return { code: 100, type: 'GraphMethodException', message };
  }
  if (mintCallers === 'admin' && caller.user.role !== 'ADMIN') {
    return forbidden('Only an admin may generate access tokens of a system user');
  }
  if (mintNeedsBusinessManagement && !caller.token.scopes.includes('business_management')) {
    return forbidden('Requires business_management permission to manage the object');
  }
  return null;
}

function checkInstalled(graph: Graph, user: SystemUser, app: App): GraphError | null {
  if (isInstalled(graph, user, app)) return null;
  const code = graph.switches.notInstalledCode;
  return { code, message: `(#${code}) The app is not installed on the system user` };
}

function checkExpiring(graph: Graph, expiring: boolean): GraphError | null {
  const { requireExpiring, requireExpiringCode: code } = graph.switches;
  if (!requireExpiring || expiring) return null;
  return { code, message: `(#${code}) This business requires expiring tokens: set_token_expires_in_60_days` };
}
