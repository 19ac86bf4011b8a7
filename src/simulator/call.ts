import type { IncomingMessage } from 'node:http';
import type { Switches } from './switches.ts';
import type { Token, TokenTable } from './tokens.ts';
import type { World } from './world.ts';

/** Everything an edge may read and change. */
export interface Graph {
  readonly world: World;
  readonly switches: Switches;
  readonly tokens: TokenTable;
  /** When the app was installed on a system user, by `user/app`. */
  readonly installs: Map<string, number>;
  /** Milliseconds. */
  readonly now: () => number;
  /** The address that paging links point to. */
  readonly url: () => string;
}

/** One request, read. */
export interface Call {
  readonly method: string;
  /** The path without the version. */
  readonly segments: readonly string[];
  /** The version in the path, or null. */
  readonly version: string | null;
  readonly params: ReadonlyMap<string, string>;
  /** The body, where it is JSON. */
  readonly json: unknown;
  /** The body as it came. */
  readonly text: string;
  readonly bearer: string | null;
  /** What the request journal will say about keys: the one that called, the one that was made. */
  readonly trace: { caller: Token | null; made: Token | null };
}

const MOST_BYTES = 1024 * 1024;

/** Reads a request. Null: it broke off, or is too large. */
export async function readCall(request: IncomingMessage): Promise<Call | null> {
  const body = await readBody(request);
  if (body === null) return null;
  const url = new URL(`http://simulator${request.url?.startsWith('/') ? request.url : '/'}`);
  const path = url.pathname.split('/').filter(Boolean).map(decoded);
  const version = /^v\d+\.\d+$/.test(path[0] ?? '') ? (path[0] ?? null) : null;
  const type = request.headers['content-type'] ?? '';
  const form = type.includes('json') ? [] : await readForm(type, body);
  return {
    method: request.method ?? 'GET',
    version,
    segments: version === null ? path : path.slice(1),
    params: new Map([...url.searchParams, ...form]),
    json: type.includes('json') ? parsed(body.toString('utf8')) : null,
    text: body.toString('utf8'),
    bearer: /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null,
    trace: { caller: null, made: null },
  };
}

/** Whether a flag parameter is set. */
export function isSet(call: Call, name: string): boolean {
  return ['true', '1'].includes(call.params.get(name) ?? '');
}

async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= MOST_BYTES) chunks.push(chunk);
    }
  } catch {
    return null; // the client broke off in the middle of its request
  }
  return size > MOST_BYTES ? null : Buffer.concat(chunks);
}

async function readForm(type: string, body: Buffer): Promise<readonly [string, string][]> {
  if (!type.includes('multipart/form-data')) return [...new URLSearchParams(body.toString('utf8'))];
  try {
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
    return [...form].filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  } catch {
    return []; // not a form after all: as on Graph, the parameters are then missing
  }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // a stray percent sign
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // not JSON: the edge finds its parameters missing
  }
}
