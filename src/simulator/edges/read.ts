import type { Call, Graph } from '../call.ts';
import { authenticate, authenticateUser, checkAccess, type UserCaller } from '../caller.ts';
import { type Answer, type GraphError, invalidParameter, missingObject, unsupported } from '../errors.ts';

const MANAGEMENT = 'whatsapp_business_management';
const MESSAGING = 'whatsapp_business_messaging';

type Fields = Readonly<Record<string, unknown>>;

/** `GET /{id}`: a phone number, the WhatsApp account, or the caller's own user. */
export function readNode(graph: Graph, call: Call): Answer | GraphError {
  const [id = ''] = call.segments;
  const caller = authenticateUser(graph, call);
  if ('code' in caller) return caller;
  const phone = phones(graph).find((each) => each.id === id);
  if (phone !== undefined) {
    const scopes = graph.switches.phoneReadScope === 'either' ? [MANAGEMENT, MESSAGING] : [MANAGEMENT];
    return checkAccess(graph, caller, scopes) ?? pick(graph, call, phone);
  }
  if (id === graph.world.wabaId) {
    return checkAccess(graph, caller, [MANAGEMENT]) ?? pick(graph, call, waba(graph));
  }
  if (id === caller.user.id) return pick(graph, call, me(caller));
  return missingObject(call, graph.switches);
}

/** `GET /me`: alive, and who it is. An app asks about itself. */
export function readMe(graph: Graph, call: Call): Answer | GraphError {
  const caller = authenticate(graph, call);
  if ('code' in caller) return caller;
  if (caller.kind === 'app') return pick(graph, call, { id: caller.app.id, name: caller.app.name });
  return pick(graph, call, me(caller));
}

/** `GET /me/permissions`. */
export function readPermissions(graph: Graph, call: Call): Answer | GraphError {
  const caller = authenticateUser(graph, call);
  if ('code' in caller) return caller;
  if (!graph.switches.permissionsEndpointSupported) return unsupported(call);
  const data = caller.token.scopes.map((permission) => ({ permission, status: 'granted' }));
  return { body: { data } };
}

/** `GET /{waba-id}/phone_numbers`, in pages. The link to the next page holds the token, as Meta's does. */
export function readPhoneNumbers(graph: Graph, call: Call): Answer | GraphError {
  const caller = wabaCaller(graph, call);
  if ('code' in caller) return caller;
  const all = phones(graph);
  const limit = Math.max(1, Number(call.params.get('limit')) || 25);
  const from = Number(Buffer.from(call.params.get('after') ?? '', 'base64').toString()) || 0;
  const data: unknown[] = [];
  for (const phone of all.slice(from, from + limit)) {
    const picked = pick(graph, call, phone);
    if ('code' in picked) return picked;
    data.push(picked.body);
  }
  const cursor = (index: number) => Buffer.from(String(index)).toString('base64');
  const end = from + data.length;
  const next = new URL(
    `${graph.url()}/${call.version ?? graph.switches.defaultVersion}/${call.segments.join('/')}`,
  );
  next.search = new URLSearchParams({
    access_token: caller.token.value,
    limit: String(limit),
    after: cursor(end),
  }).toString();
  const cursors = { before: cursor(from), after: cursor(end) };
  return { body: { data, paging: { cursors, ...(end < all.length && { next: next.href }) } } };
}

/** `GET /{waba-id}/subscribed_apps`. */
export function readSubscribedApps(graph: Graph, call: Call): Answer | GraphError {
  const caller = wabaCaller(graph, call);
  if ('code' in caller) return caller;
  const { appId, appName } = graph.world;
  const link = `https://www.facebook.example/games/?app_id=${appId}`;
  return {
    body: { data: [{ whatsapp_business_api_data: { id: idOf(graph, appId), name: appName, link } }] },
  };
}

function wabaCaller(graph: Graph, call: Call): UserCaller | GraphError {
  const caller = authenticateUser(graph, call);
  if ('code' in caller) return caller;
  if (call.segments[0] !== graph.world.wabaId) return missingObject(call, graph.switches);
  return checkAccess(graph, caller, [MANAGEMENT]) ?? caller;
}

/** The fields asked for, and always the id. */
function pick(graph: Graph, call: Call, node: Fields): Answer | GraphError {
  const asked = (call.params.get('fields') ?? Object.keys(node).slice(0, 4).join(','))
    .split(',')
    .filter(Boolean);
  const unknown = asked.find((field) => !Object.hasOwn(node, field));
  if (unknown !== undefined) {
    return invalidParameter(`Tried accessing nonexisting field (${unknown}) on node type`);
  }
  const body = Object.fromEntries(asked.map((field) => [field, node[field]]));
  return { body: { ...body, id: idOf(graph, String(node.id)) } };
}

function me({ user }: UserCaller): Fields {
  return { id: user.id, name: user.name };
}

function phones(graph: Graph): readonly (Fields & { id: string })[] {
  const { phoneNumberId, secondPhoneNumberId } = graph.world;
  return [phoneNumberId, secondPhoneNumberId].map((id, index) => ({
    id,
    display_phone_number: `+1 555-010-000${index}`,
    verified_name: 'Simulated Business',
    quality_rating: 'GREEN',
    status: 'CONNECTED',
    code_verification_status: 'VERIFIED',
    platform_type: 'CLOUD_API',
    throughput: { level: 'STANDARD' },
  }));
}

function waba(graph: Graph): Fields {
  return {
    id: graph.world.wabaId,
    name: 'Simulated WhatsApp Account',
    timezone_id: '1',
    message_template_namespace: 'simulated_namespace',
    account_review_status: 'APPROVED',
    business_verification_status: 'verified',
    country: 'US',
    currency: 'USD',
    ownership_type: 'SELF',
  };
}

function idOf(graph: Graph, id: string): string | number {
  return graph.switches.idsAsNumbers ? Number(id) : id;
}
