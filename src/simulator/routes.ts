import type { Call, Graph } from './call.ts';
import { debugToken } from './edges/debug.ts';
import { install } from './edges/install.ts';
import { mint } from './edges/mint.ts';
import { accessToken } from './edges/oauth.ts';
import { readMe, readNode, readPermissions, readPhoneNumbers, readSubscribedApps } from './edges/read.ts';
import { invalidate, revoke } from './edges/revoke.ts';
import { send } from './edges/send.ts';
import { type Answer, type GraphError, unsupported } from './errors.ts';

/** What a request is for. Faults and the request journal speak of it. */
export const REQUEST_KINDS = [
  'mint',
  'exchange',
  'debug',
  'revoke',
  'invalidate',
  'install',
  'read',
  'send',
  'other',
] as const;

export type RequestKind = (typeof REQUEST_KINDS)[number];

export interface Route {
  readonly kind: RequestKind;
  readonly edge: (graph: Graph, call: Call) => Answer | GraphError;
}

/** By method (`*`: the edge decides) and path, where `:` is any id. The first that fits. */
const ROUTES: readonly [method: string, path: string, route: Route][] = [
  ['*', 'oauth/access_token', { kind: 'exchange', edge: accessToken }],
  ['*', 'oauth/revoke', { kind: 'revoke', edge: revoke }],
  ['*', 'debug_token', { kind: 'debug', edge: debugToken }],
  ['GET', 'me', { kind: 'read', edge: readMe }],
  ['GET', 'me/permissions', { kind: 'read', edge: readPermissions }],
  ['POST', ':/access_tokens', { kind: 'mint', edge: mint }],
  ['DELETE', ':/access_tokens', { kind: 'invalidate', edge: invalidate }],
  ['POST', ':/applications', { kind: 'install', edge: install }],
  ['POST', ':/messages', { kind: 'send', edge: send }],
  ['GET', ':/phone_numbers', { kind: 'read', edge: readPhoneNumbers }],
  ['GET', ':/subscribed_apps', { kind: 'read', edge: readSubscribedApps }],
  ['GET', ':', { kind: 'read', edge: readNode }],
];

const UNSUPPORTED: Route = { kind: 'other', edge: (_graph, call) => unsupported(call) };

export function routeOf(call: Call): Route {
  const found = ROUTES.find(([method, path]) => {
    if (method !== '*' && method !== call.method) return false;
    const pattern = path.split('/');
    return (
      pattern.length === call.segments.length &&
      pattern.every((part, index) => part === ':' || part === call.segments[index])
    );
  });
  return found?.[2] ?? UNSUPPORTED;
}
