import fc from 'fast-check';
import type { PluginContext } from '../../src/core/plugin.ts';
import { bytesOf, type Json, type Mutant, mutants } from './mutate.ts';

/** One answer of a provider. */
export interface Reply {
  readonly status: number;
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const STATUS = [
  200, 200, 200, 200, 201, 204, 206, 301, 302, 400, 400, 401, 403, 404, 405, 407, 408, 418, 429, 500, 502,
  503, 599,
];
const NO_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/** `near`: most of them are the sample itself, or have one change. */
export function replies(
  samples: readonly string[],
  words: readonly Json[],
  how: 'near' | 'wild' = 'wild',
): fc.Arbitrary<Reply> {
  const changes = how === 'near' ? { twists: 1, cuts: 1 } : {};
  const reply = fc.record({
    status: fc.oneof(
      { weight: how === 'near' ? 24 : 3, arbitrary: fc.constant(200) },
      { weight: 2, arbitrary: fc.constantFrom(...STATUS) },
    ),
    bytes: mutants(samples, words, changes).map((mutant: Mutant) => bytesOf(mutant)),
    headers: fc.record(
      {
        'retry-after': fc.constantFrom('1', '3600', 'x'),
        'content-type': fc.constantFrom('application/json', 'text/html', 'application/json; charset=utf-16'),
        'facebook-api-version': fc.constantFrom('v25.0', 'v26.0', 'none'),
        'x-app-usage': fc.constantFrom('{"call_count":100}', '[]'),
      },
      { requiredKeys: [] },
    ) as fc.Arbitrary<Readonly<Record<string, string>>>,
  });
  return reply.map((one) => Object.assign(one, { [fc.toStringMethod]: () => shown(one) }));
}

function shown({ status, headers, bytes }: Reply): string {
  return `${status} ${JSON.stringify(headers)} ${JSON.stringify(bytes.toString('latin1'))}`;
}

/** What a reader of the reply has: its text, and its document by a reading that shares nothing with the code. */
export function documentOf({ bytes }: Reply): unknown {
  const text = new TextDecoder().decode(bytes);
  for (const one of [text, text.replace(/,(?=\s*[}\]])/g, '')]) {
    try {
      return JSON.parse(one);
    } catch (caught) {
      if (!(caught instanceof SyntaxError)) throw caught;
    }
  }
  return undefined;
}

/** A member of its own, as JSON has it; undefined of anything that has none. */
export function member(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null && Object.hasOwn(of, name) ? (of as never)[name] : undefined;
}

/** Replies by route. The last of each is given again and again. `served` is what was given, in order. */
export interface Provider {
  readonly fetch: typeof fetch;
  readonly served: { readonly route: string; readonly url: URL; readonly reply: Reply }[];
}

export function providerOf(
  routeOf: (url: URL, init: RequestInit | undefined) => string,
  answers: Readonly<Record<string, readonly Reply[]>>,
): Provider {
  const served: Provider['served'] = [];
  const answer = async (input: unknown, init?: RequestInit): Promise<Response> => {
    const url = new URL(String(input));
    await new Response(init?.body ?? null).arrayBuffer();
    const route = routeOf(url, init);
    const list = answers[route] ?? [];
    const reply = list[Math.min(served.filter((one) => one.route === route).length, list.length - 1)];
    if (reply === undefined) throw new TypeError('fetch failed');
    served.push({ route, url, reply });
    const { status, bytes, headers } = reply;
    return new Response(NO_BODY.has(status) ? null : new Uint8Array(bytes), {
      status,
      headers: { ...headers },
    });
  };
  return { served, fetch: answer as typeof fetch };
}

/** What the HTTP client is given instead of the network; a wait takes no time. */
export function contextWith(
  provider: Pick<Provider, 'fetch'>,
  references: Readonly<Record<string, string>> = {},
): PluginContext & { readonly fetch: typeof fetch } {
  return {
    fetch: provider.fetch,
    now: () => 1_760_000_000_000,
    random: (bytes) => new Uint8Array(bytes),
    sleep: async () => undefined,
    resolve: async (reference) => references[reference] ?? '',
    folder: '/',
    home: '/',
  };
}
