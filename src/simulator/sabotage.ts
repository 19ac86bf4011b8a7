import type { ServerResponse } from 'node:http';
import type { Fault, FaultType } from './faults.ts';
import type { Reply } from './reply.ts';

/** The request that a fault strikes, and what may be done with it. */
export interface Victim {
  readonly response: ServerResponse;
  /** Lets it take effect; the reply is not sent. */
  readonly perform: () => Reply;
  readonly refuse: (fault: Extract<Fault, { type: 'error' }>) => Reply;
  /** Sends a whole reply; `known` when it is the one that the client asked for. */
  readonly send: (reply: Reply, known: boolean) => void;
  readonly sendHead: (reply: Reply, length: number) => void;
  readonly later: (ms: number, work: () => void) => void;
}

const HTML =
  '<!DOCTYPE html><html><head><title>Bad Gateway</title></head>' +
  '<body><h1>Sorry, something went wrong.</h1><p>Simulated.</p></body></html>';

const OVERSIZED_BYTES = 8 * 1024 * 1024;
const BLANKS = Buffer.alloc(64 * 1024, ' ');

type FaultOf<Type extends FaultType> = Extract<Fault, { type: Type }>;

const STRIKES: { readonly [Type in FaultType]: (fault: FaultOf<Type>, victim: Victim) => void } = {
  error: (fault, victim) => victim.send(victim.refuse(fault), false),
  'lost-before': (_fault, { response }) => response.socket?.destroy(),
  'lost-after': (_fault, { perform, response }) => {
    perform();
    response.socket?.destroy();
  },
  reset: (fault, { perform, response }) => {
    if (fault.commit) perform();
    response.socket?.resetAndDestroy();
  },
  hang: (fault, { perform }) => {
    if (fault.commit) perform();
  },
  delay: (fault, { perform, send, later }) => {
    const ready = fault.commit ? perform() : null;
    later(fault.ms, () => send(ready ?? perform(), true));
  },
  late: (fault, { perform, response, later }) => {
    response.socket?.destroy();
    later(fault.ms, perform);
  },
  html: (fault, { perform, send }) => {
    if (fault.commit) perform();
    send(page(fault.status ?? 502), false);
  },
  cut,
  foreign: (fault, { perform, send }) => {
    if (fault.commit) perform();
    send(json(fault.body ?? { service: 'another one', status: 'ok' }), false);
  },
  redirect: (fault, { perform, send }) => {
    if (fault.commit) perform();
    const { headers, ...rest } = page(302);
    send({ ...rest, headers: { ...headers, location: fault.to ?? 'https://elsewhere.invalid/' } }, false);
  },
  oversized,
};

/** Does to the request what the fault says. */
export function strike(fault: Fault, victim: Victim): void {
  const act = STRIKES[fault.type] as (fault: Fault, victim: Victim) => void;
  act(fault, victim);
}

function cut(fault: FaultOf<'cut'>, { perform, response, send, sendHead }: Victim): void {
  const reply = fault.commit === false ? json({ data: 'nothing happened' }) : perform();
  const whole = Buffer.from(reply.text);
  const half = whole.subarray(0, Math.ceil(whole.length / 2));
  if (fault.broken) {
    sendHead(reply, whole.length);
    response.write(half, () => response.socket?.destroy());
  } else {
    send({ ...reply, text: half.toString() }, false);
  }
}

function oversized(fault: FaultOf<'oversized'>, { perform, response, sendHead }: Victim): void {
  const reply = fault.commit === false ? json({ data: 'nothing happened' }) : perform();
  let left = fault.bytes ?? OVERSIZED_BYTES;
  sendHead(reply, Buffer.byteLength(reply.text) + left);
  response.write(reply.text);
  const pour = () => {
    let room = true;
    while (room && left > 0 && !response.destroyed) {
      const chunk = BLANKS.subarray(0, Math.min(left, BLANKS.length));
      left -= chunk.length;
      room = response.write(chunk);
    }
    if (left > 0 && !response.destroyed) response.once('drain', pour);
    else response.end();
  };
  pour();
}

function page(status: number): Reply {
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, text: HTML };
}

function json(body: unknown): Reply {
  return { status: 200, headers: { 'content-type': 'application/json' }, text: JSON.stringify(body) };
}
