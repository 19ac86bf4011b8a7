import type { Call, Graph } from './call.ts';
import { type Answer, envelope, type GraphError, RATE_LIMIT_CODES, statusOf } from './errors.ts';
import type { Fault } from './faults.ts';
import type { Route } from './routes.ts';
import type { Stream } from './stream.ts';
import { servedVersion } from './versions.ts';

/** A reply before it is sent. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Lets the call take effect, and renders what it answers. */
export function perform(graph: Graph, call: Call, route: Route, ids: Stream): Reply {
  const asked = call.version ?? graph.switches.defaultVersion;
  const version = servedVersion(asked, graph.now());
  if (version === null) {
    const message = `Unknown path components: /${call.segments.join('/')}`;
    return refuse(graph, ids, { code: 2500, status: 400, message });
  }
  const answer = route.edge(graph, call);
  const served = { 'facebook-api-version': version };
  if ('code' in answer) return refuse(graph, ids, answer, served);
  const usage = ['read', 'send'].includes(route.kind) && call.segments[0] !== 'me';
  const headers = { ...served, ...(usage && businessUsage(graph, 1, 0)), ...answer.headers };
  return render(ids, 200, answer satisfies Answer, headers);
}

/** The error of a fault: with the headers of a rate limit where it is one. */
export function refuseByFault(graph: Graph, ids: Stream, fault: Extract<Fault, { type: 'error' }>): Reply {
  const { code, message = MESSAGES[code] ?? 'Injected by the simulator' } = fault;
  const error: GraphError = {
    code,
    message: `(#${code}) ${message}`,
    transient: TRANSIENT_CODES.includes(code),
    ...(fault.status !== undefined && { status: fault.status }),
    ...(fault.subcode !== undefined && { subcode: fault.subcode }),
  };
  if (!RATE_LIMIT_CODES.includes(code)) return refuse(graph, ids, error);
  const retryAfterS = fault.retryAfterS ?? graph.switches.retryAfterS;
  const appUsage = JSON.stringify({ call_count: 100, total_time: 100, total_cputime: 100 });
  return refuse(graph, ids, error, {
    ...businessUsage(graph, 100, graph.switches.regainMinutes),
    ...(code === 4 && graph.switches.usageHeadersPresent && { 'x-app-usage': appUsage }),
    ...(retryAfterS > 0 && { 'retry-after': String(retryAfterS) }),
  });
}

const TRANSIENT_CODES: readonly number[] = [1, 2, 131000, 131016];

const MESSAGES: Readonly<Record<number, string>> = {
  1: 'An unknown error occurred',
  2: 'Service temporarily unavailable',
  4: 'Application request limit reached',
  368: 'The action attempted has been deemed abusive or is otherwise disallowed',
  80007: 'There have been too many calls to this WhatsApp Business account. Wait a bit and try again.',
  80008: 'There have been too many calls to this WhatsApp Business account. Wait a bit and try again.',
};

function refuse(graph: Graph, ids: Stream, error: GraphError, headers: Reply['headers'] = {}): Reply {
  const { switches } = graph;
  const status = statusOf(error, switches);
  const challenge = `OAuth "Facebook Platform" "invalid_token" "${error.message}"`;
  const body = envelope(error, switches, `A${ids.text(22)}`);
  return render(
    ids,
    status,
    { body },
    {
      ...(error.code === 190 && status === 400 && { 'www-authenticate': challenge }),
      ...headers,
    },
  );
}

function render(ids: Stream, status: number, { body }: Answer, headers: Reply['headers']): Reply {
  return {
    status,
    headers: {
      'content-type': 'application/json; charset=UTF-8',
      'x-fb-request-id': `A${ids.text(21)}`,
      'x-fb-trace-id': ids.text(11),
      'x-fb-rev': '1000000001',
      ...headers,
    },
    text: JSON.stringify(body),
  };
}

function businessUsage(graph: Graph, percent: number, regainMinutes: number): Reply['headers'] {
  if (!graph.switches.usageHeadersPresent) return {};
  const usage = {
    type: 'whatsapp_business_management',
    call_count: percent,
    total_cputime: percent,
    total_time: percent,
    estimated_time_to_regain_access: regainMinutes,
  };
  return { 'x-business-use-case-usage': JSON.stringify({ [graph.world.wabaId]: [usage] }) };
}
