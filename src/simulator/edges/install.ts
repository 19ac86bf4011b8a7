import type { Call, Graph } from '../call.ts';
import { authenticateUser } from '../caller.ts';
import {
  type Answer,
  forbidden,
  type GraphError,
  missingObject,
  missingParameter,
  success,
} from '../errors.ts';
import { type App, findApp, findUser, type SystemUser } from '../world.ts';

/** `POST /{system-user-id}/applications`: puts the app on a system user. A second time is fine. */
export function install(graph: Graph, call: Call): Answer | GraphError {
  const caller = authenticateUser(graph, call);
  if ('code' in caller) return caller;
  const { switches, world, installs } = graph;
  const user = findUser(world, call.segments[0] ?? '', switches.canonicalIdAccepted);
  if (user === null) return missingObject(call, switches);
  const app = findApp(world, call.params.get('business_app') ?? null);
  if (app === null) return missingParameter('business_app');
  if (caller.user.businessId !== user.businessId || user.businessId !== world.businessId) {
    return forbidden('The app and the system user must belong to the same business as the caller');
  }
  if (!switches.appInstallable) {
    return { code: 3, message: '(#3) The app does not have the access level that an install needs' };
  }
  const place = `${user.id}/${app.id}`;
  if (!installs.has(place)) installs.set(place, graph.now());
  return success(switches, switches.installResponse);
}

/** Whether a mint sees the app on the user. */
export function isInstalled(graph: Graph, user: SystemUser, app: App): boolean {
  const { switches, world, installs } = graph;
  if (switches.appInstalled && user.businessId === world.businessId) return true;
  const at = installs.get(`${user.id}/${app.id}`);
  return at !== undefined && graph.now() >= at + switches.installDelayS * 1000;
}
