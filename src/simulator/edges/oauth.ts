import { type Call, type Graph, isSet } from '../call.ts';
import { appBySecret } from '../caller.ts';
import {
  type Answer,
  expired,
  type GraphError,
  invalidParameter,
  missingParameter,
  revoked,
  unreadable,
  unsupported,
} from '../errors.ts';
import { sight, type Token } from '../tokens.ts';
import { type App, findApp } from '../world.ts';
import { expiryFrom } from './mint.ts';
import { withExtraScope } from './scopes.ts';

/** `oauth/access_token`: refreshes an expiring token, or answers the token of the app. */
export function accessToken(graph: Graph, call: Call): Answer | GraphError {
  const postAllowed = call.method === 'POST' && graph.switches.postAccessTokenAllowed;
  if (call.method !== 'GET' && !postAllowed) return unsupported(call);
  const app = authenticateApp(graph, call);
  if ('code' in app) return app;
  const grant = call.params.get('grant_type');
  if (grant === 'fb_exchange_token') return refresh(graph, call, app);
  if (grant !== 'client_credentials') return missingParameter('grant_type');
  return { body: { access_token: `${app.id}|${app.secret}`, token_type: 'bearer' } };
}

/** `client_id` and `client_secret`. A wrong secret is error 1: it says nothing about any token. */
export function authenticateApp(graph: Graph, call: Call): App | GraphError {
  const id = call.params.get('client_id');
  if (id === undefined) return { code: 101, message: 'Missing client_id parameter.' };
  if (findApp(graph.world, id) === null) {
    return { code: 101, message: 'Error validating application. Cannot get application info.' };
  }
  const app = appBySecret(graph, id, call.params.get('client_secret') ?? null);
  return app ?? { code: 1, status: 400, message: 'Error validating client secret.' };
}

function refresh(graph: Graph, call: Call, app: App): Answer | GraphError {
  const { switches } = graph;
  const value = call.params.get('fb_exchange_token');
  if (value === undefined) return missingParameter('fb_exchange_token');
  const old = graph.tokens.byValue(value);
  if (old === null) return unreadable();
  call.trace.caller = old;
  const refusal = checkOld(graph, old, app) ?? checkFlag(graph, call);
  if (refusal !== null) return refusal;
  old.uses += 1;
  old.lastUsedAt = graph.now();
  if (old.expiresAt === null && switches.refreshOfNeverExpiring === 'converted') {
    old.expiresAt = expiryFrom(graph);
  }
  const renewed = switches.refreshReturnsSameToken ? renew(graph, old) : replace(graph, old);
  call.trace.made = renewed;
  const lifeSeconds = Math.floor((expiryFrom(graph) - graph.now()) / 1000);
  return { body: { access_token: renewed.value, token_type: 'bearer', expires_in: lifeSeconds } };
}

function checkOld(graph: Graph, old: Token, app: App): GraphError | null {
  const now = graph.now();
  const seen = sight(old, 'live', graph.switches, now);
  if (seen !== 'alive') old.failedUses += 1;
  if (seen === 'expired') return expired(old.expiresAt ?? now, now);
  if (seen === 'dead') return revoked(graph.switches);
  if (seen === 'unripe') return unreadable();
  if (old.appId !== app.id) return invalidParameter('The token does not belong to the application');
  if (old.expiresAt === null && graph.switches.refreshOfNeverExpiring === 'refused') {
    return invalidParameter('The token does not expire and cannot be refreshed');
  }
  return null;
}

function checkFlag(graph: Graph, call: Call): GraphError | null {
  const refused = graph.switches.refreshWithoutFlag === 'refused';
  if (!refused || isSet(call, 'set_token_expires_in_60_days')) return null;
  return missingParameter('set_token_expires_in_60_days');
}

function renew(graph: Graph, old: Token): Token {
  old.expiresAt = expiryFrom(graph);
  return old;
}

/** The old token keeps its own expiry. */
function replace(graph: Graph, old: Token): Token {
  return graph.tokens.add({
    appId: old.appId,
    userId: old.userId,
    asked: old.asked,
    scopes: withExtraScope(graph.switches, old.scopes),
    origin: 'exchange',
    issuedAt: graph.now(),
    expiresAt: expiryFrom(graph),
  });
}
