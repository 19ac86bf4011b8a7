import type { Call, Graph } from '../call.ts';
import { appByToken } from '../caller.ts';
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
import type { Switches } from '../switches.ts';
import { sight, type Token } from '../tokens.ts';
import { type App, findUser } from '../world.ts';

/**
 * `GET /debug_token`. A top-level error is about the caller; what is wrong with the inspected token
 * stands in `data.error`, with status 200.
 */
export function debugToken(graph: Graph, call: Call): Answer | GraphError {
  if (call.method !== 'GET') return unsupported(call);
  const app = authenticateApp(graph, call);
  if ('code' in app) return app;
  const input = call.params.get('input_token');
  if (!input) return missingParameter('input_token');
  return { body: { data: inspect(graph, app, input) } };
}

function authenticateApp(graph: Graph, call: Call): App | GraphError {
  const value = call.params.get('access_token') ?? call.bearer;
  const message =
    'You must provide an app access token, or a user access token that is an owner or developer of the app';
  if (!value?.includes('|')) return invalidParameter(message);
  const wrong = { code: 190, status: 400, message: 'Invalid OAuth access token signature.' };
  return appByToken(graph, value) ?? wrong;
}

function inspect(graph: Graph, app: App, input: string): unknown {
  const { switches, tokens } = graph;
  const now = graph.now();
  const inspected = appByToken(graph, input);
  if (inspected !== null) return ofApp(switches, inspected);
  const token = tokens.byValue(input);
  const seen = token === null ? 'unripe' : sight(token, 'debug', switches, now);
  if (token === null || seen === 'unripe') return invalid(switches, unreadable(), {});
  if (token.appId !== app.id) {
    const message = 'The App_id in the input_token did not match the Viewing App';
    return invalid(switches, invalidParameter(message), {});
  }
  const known = facts(graph, app, token);
  if (seen === 'alive') return { ...known, is_valid: true };
  if (seen === 'expired') return invalid(switches, expired(token.expiresAt ?? now, now), known);
  return invalid(switches, revoked(switches), switches.debugDeadIdsPresent ? known : {});
}

function facts(graph: Graph, app: App, token: Token): Record<string, unknown> {
  const { switches } = graph;
  return {
    app_id: idOf(switches, app.id),
    ...(switches.debugTypePresent && { type: 'SYSTEM_USER' }),
    application: app.name,
    data_access_expires_at: 0,
    expires_at: token.expiresAt === null ? 0 : Math.floor(token.expiresAt / 1000),
    ...(switches.debugIssuedAtPresent && { issued_at: Math.floor(token.issuedAt / 1000) }),
    scopes: token.scopes,
    ...(switches.debugGranularScopesPresent && {
      granular_scopes: token.scopes.map((scope) => ({ scope, ...targets(graph, token, scope) })),
    }),
    user_id: idOf(switches, token.userId),
  };
}

/** No target_ids: the scope holds for everything. */
function targets(graph: Graph, token: Token, scope: string): { target_ids?: unknown } {
  const { switches, world } = graph;
  const employee = findUser(world, token.userId, false)?.role === 'EMPLOYEE';
  if (!employee || !switches.debugTargetIdsPresent) return {};
  const shaped = (id: string) => (switches.targetIdsAsNumbers ? Number(id) : id);
  if (scope === 'business_management') return { target_ids: [shaped(world.businessId)] };
  if (!scope.startsWith('whatsapp_')) return {};
  return { target_ids: switches.assetAssigned ? [shaped(world.wabaId)] : [] };
}

/** The inner error has `subcode` where the envelope has `error_subcode`. */
function invalid(switches: Switches, error: GraphError, known: Record<string, unknown>): unknown {
  const { code, message, subcode } = error;
  const withSubcode = subcode !== undefined && switches.subcodePresent;
  const { granular_scopes: _granted, ...rest } = known;
  return {
    scopes: [],
    ...rest,
    error: { code, message, ...(withSubcode && { subcode }) },
    is_valid: false,
  };
}

function ofApp(switches: Switches, app: App): unknown {
  return { app_id: idOf(switches, app.id), type: 'APP', application: app.name, is_valid: true, scopes: [] };
}

function idOf(switches: Switches, id: string): string | number {
  return switches.idsAsNumbers ? Number(id) : id;
}
