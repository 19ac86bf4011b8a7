import type { Call, Graph } from '../call.ts';
import { authenticate, authenticateUser, type Caller } from '../caller.ts';
import {
  type Answer,
  forbidden,
  type GraphError,
  invalidParameter,
  missingObject,
  missingParameter,
  revoked,
  success,
  unreadable,
  unsupported,
} from '../errors.ts';
import { isLive, kill, type Token } from '../tokens.ts';
import { findUser } from '../world.ts';
import { authenticateApp } from './oauth.ts';

/** `oauth/revoke`: kills one token, at once and for good. */
export function revoke(graph: Graph, call: Call): Answer | GraphError {
  const { switches, tokens } = graph;
  const postAllowed = call.method === 'POST' && switches.postRevokeAllowed;
  if (call.method !== 'GET' && !postAllowed) return unsupported(call);
  const app = authenticateApp(graph, call);
  if ('code' in app) return app;
  const caller = authenticate(graph, call, { proof: 'never', bearer: switches.revokeTakesBearer });
  if ('code' in caller) return caller;
  const value = call.params.get('revoke_token');
  if (value === undefined) return missingParameter('revoke_token');
  const target = tokens.byValue(value);
  if (caller.app.id !== app.id || (target !== null && target.appId !== app.id)) {
    return invalidParameter('client_id, revoke_token and access_token must belong to the same application');
  }
  const refusal = checkCaller(graph, caller, target);
  if (refusal !== null) return refusal;
  if (target === null || !isLive(target, graph.now())) return deadAlready(graph, target);
  kill(target, graph.now(), 'revoked');
  return success(switches);
}

/** `DELETE /{system-user-id}/access_tokens`: kills every token of a system user. */
export function invalidate(graph: Graph, call: Call): Answer | GraphError {
  const caller = authenticateUser(graph, call);
  if ('code' in caller) return caller;
  const { switches, world, tokens } = graph;
  const user = findUser(world, call.segments[0] ?? '', switches.canonicalIdAccepted);
  if (user === null) return missingObject(call, switches);
  if (caller.user.businessId !== user.businessId) {
    return forbidden('The system user does not belong to the business of the caller');
  }
  if (switches.invalidateCallers === 'admin' && caller.user.role !== 'ADMIN') {
    return forbidden('Only an admin may invalidate the access tokens of a system user');
  }
  const now = graph.now();
  for (const token of tokens.live(user.id, now)) {
    if (switches.invalidateSpansApps || token.appId === caller.app.id) kill(token, now, 'invalidated');
  }
  return success(switches, switches.invalidateResponse);
}

function checkCaller(graph: Graph, caller: Caller, target: Token | null): GraphError | null {
  const { revokeCallers, appTokenMayRevoke, selfRevokeAllowed } = graph.switches;
  if (caller.kind === 'app') {
    return appTokenMayRevoke
      ? null
      : invalidParameter('The caller must be identified by the token of a user');
  }
  if (revokeCallers === 'admin' && caller.user.role !== 'ADMIN') {
    return forbidden('Only an admin may revoke access tokens');
  }
  if (revokeCallers === 'sameUser' && target !== null && target.userId !== caller.user.id) {
    return forbidden('The token belongs to another user');
  }
  if (!selfRevokeAllowed && target === caller.token) {
    return invalidParameter('A token cannot revoke itself');
  }
  return null;
}

function deadAlready(graph: Graph, target: Token | null): Answer | GraphError {
  switch (graph.switches.revokeOfDead) {
    case 'success':
      return success(graph.switches);
    case 'error190':
      return target === null ? unreadable() : revoked(graph.switches);
    case 'error100':
      return invalidParameter('The token to revoke is not valid');
  }
}
