import type { ServerResponse } from 'node:http';
import { type Call, type Graph, readCall } from './call.ts';
import type { FaultPlan } from './faults.ts';
import { type Entry, type Journal, safePath } from './journal.ts';
import { perform, type Reply, refuseByFault } from './reply.ts';
import { routeOf } from './routes.ts';
import { strike } from './sabotage.ts';
import type { Handle, Timers } from './server.ts';
import type { Stream } from './stream.ts';

export interface FrontOptions {
  readonly graph: Graph;
  readonly faults: FaultPlan;
  readonly journal: Journal;
  readonly timers: Timers;
  /** Chance for the ids of replies. */
  readonly ids: Stream;
  /** Takes the requests that are for the simulator itself, not for Graph. */
  readonly control: (call: Call) => Reply | null;
}

/** One request: read, noted in the journal, struck by a fault or performed, answered. */
export function createFront(options: FrontOptions): Handle {
  return async (request, response) => {
    const call = await readCall(request);
    if (call === null) {
      response.destroy();
      return;
    }
    const controlled = options.control(call);
    if (controlled === null) answer(options, call, response);
    else write(response, controlled);
  };
}

function answer(options: FrontOptions, call: Call, response: ServerResponse): void {
  const { graph, ids, timers } = options;
  const route = routeOf(call);
  const facts = { kind: route.kind, method: call.method, path: safePath(call.segments) };
  const fault = options.faults.pick(facts);
  const entry = options.journal.open(facts, graph.now(), fault?.type ?? null);
  const act = () => {
    const reply = perform(graph, call, route, ids);
    noteKeys(entry, call);
    return reply;
  };
  const send = (reply: Reply, known: boolean) => {
    if (response.destroyed) return;
    entry.status = reply.status;
    if (known) noteDelivery(call);
    write(response, reply);
  };
  if (fault === null) {
    send(act(), true);
    return;
  }
  strike(fault, {
    response,
    perform: act,
    refuse: (error) => refuseByFault(graph, ids, error),
    send,
    sendHead(reply, length) {
      entry.status = reply.status;
      response.writeHead(reply.status, { ...reply.headers, 'content-length': length });
    },
    later: timers.later,
  });
}

function noteKeys(entry: Entry, call: Call): void {
  entry.caller = call.trace.caller?.id ?? null;
  entry.made = call.trace.made?.id ?? null;
}

function noteDelivery(call: Call): void {
  if (call.trace.made !== null) call.trace.made.delivered = true;
}

function write(response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, { ...reply.headers, 'content-length': Buffer.byteLength(reply.text) });
  response.end(reply.text);
}
