import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Call, Graph } from './call.ts';
import { expired, forbidden, type GraphError, revoked, unreadable } from './errors.ts';
import { sight, type Token } from './tokens.ts';
import { type App, findApp, findUser, type SystemUser } from './world.ts';

/** Who calls: a system user by its token, or an app by `APPID|SECRET`. */
export type Caller =
  | { readonly kind: 'user'; readonly token: Token; readonly user: SystemUser; readonly app: App }
  | { readonly kind: 'app'; readonly app: App };

export type UserCaller = Extract<Caller, { kind: 'user' }>;

const PROOF_SECONDS = 300;

export interface Demands {
  /** `app`: a proof is demanded where the app demands it. A proof that is sent is always checked. */
  readonly proof?: 'always' | 'app' | 'never';
  readonly bearer?: boolean;
}

/** The token of the call is known and alive, and its proof is right. Counts a use of the token. */
export function authenticate(graph: Graph, call: Call, demands: Demands = {}): Caller | GraphError {
  const value = call.params.get('access_token') ?? (demands.bearer === false ? null : call.bearer);
  if (!value) return noToken(graph);
  if (value.includes('|')) {
    const app = appByToken(graph, value);
    if (app === null) return { code: 190, message: 'Invalid OAuth access token signature.' };
    return checkProof(graph, call, value, app, false) ?? { kind: 'app', app };
  }
  const token = graph.tokens.byValue(value);
  if (token === null) return unreadable();
  call.trace.caller = token;
  const refusal = refusalOf(graph, token);
  if (refusal !== null) {
    token.failedUses += 1;
    return refusal;
  }
  const app = findApp(graph.world, token.appId);
  const user = findUser(graph.world, token.userId, false);
  if (app === null || user === null) return unreadable();
  const { proof = 'app' } = demands;
  const demanded = proof === 'always' || (proof === 'app' && graph.switches.requireAppSecret);
  const wrong = checkProof(graph, call, value, app, demanded);
  if (wrong !== null) return wrong;
  token.uses += 1;
  token.lastUsedAt = graph.now();
  return { kind: 'user', token, user, app };
}

/** As `authenticate`, for edges that an app cannot call. */
export function authenticateUser(graph: Graph, call: Call, demands?: Demands): UserCaller | GraphError {
  const caller = authenticate(graph, call, demands);
  if ('code' in caller || caller.kind === 'user') return caller;
  return forbidden('This method must be called with the token of a user.');
}

/** The app of a token `APPID|SECRET`; null when app or secret are wrong. */
export function appByToken(graph: Graph, value: string): App | null {
  const bar = value.indexOf('|');
  if (bar < 0) return null;
  return appBySecret(graph, value.slice(0, bar), value.slice(bar + 1));
}

export function appBySecret(graph: Graph, id: string | null, secret: string | null): App | null {
  const app = findApp(graph.world, id);
  return app !== null && secret !== null && same(app.secret, secret) ? app : null;
}

/** The user may reach the WhatsApp account, and the token carries one of the scopes. */
export function checkAccess(graph: Graph, caller: UserCaller, scopes: readonly string[]): GraphError | null {
  const { user, token } = caller;
  if (!scopes.some((scope) => token.scopes.includes(scope))) {
    return forbidden(`Requires ${scopes.join(' or ')} permission to manage the object`);
  }
  const assigned = user.role === 'ADMIN' || graph.switches.assetAssigned;
  if (user.businessId === graph.world.businessId && assigned) return null;
  return forbidden('You do not have the necessary permissions on behalf of the WhatsApp Business Account.');
}

function refusalOf(graph: Graph, token: Token): GraphError | null {
  const { switches } = graph;
  const now = graph.now();
  switch (sight(token, 'live', switches, now)) {
    case 'alive':
      return null;
    case 'expired':
      return expired(token.expiresAt ?? now, now);
    case 'dead':
      return revoked(switches);
    case 'unripe':
      return switches.newTokenRefusal === 190 ? unreadable() : forbidden('Permissions error');
  }
}

function noToken(graph: Graph): GraphError {
  const code = graph.switches.noTokenCode;
  if (code === 200) return { code, message: '(#200) Provide valid app ID' };
  return { code, message: 'An access token is required to request this resource.' };
}

/** `appsecret_proof`, plain or with `appsecret_time`, which is good for five minutes. */
function checkProof(graph: Graph, call: Call, value: string, app: App, demanded: boolean): GraphError | null {
  const proof = call.params.get('appsecret_proof');
  const type = 'GraphMethodException';
  if (proof === undefined) {
    if (!demanded) return null;
    return { code: 100, type, message: 'API calls from the server require an appsecret_proof argument' };
  }
  const time = call.params.get('appsecret_time');
  const message = time === undefined ? value : `${value}|${time}`;
  const right = same(createHmac('sha256', app.secret).update(message).digest('hex'), proof);
  const age = time === undefined ? 0 : Math.abs(graph.now() / 1000 - Number(time));
  if (right && age <= PROOF_SECONDS) return null;
  return { code: 100, type, message: 'Invalid appsecret_proof provided in the API argument' };
}

function same(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
