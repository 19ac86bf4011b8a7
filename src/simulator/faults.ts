import type { RequestKind } from './routes.ts';
import type { Stream } from './stream.ts';

/** Whether the request takes effect although its reply is spoilt. */
interface Committing {
  readonly commit?: boolean;
}

/** What goes wrong with one request. Without `commit`, the default of each stands in its comment. */
export type Fault =
  /** A Graph error instead of the effect, with the headers of a rate limit where it is one. */
  | {
      readonly type: 'error';
      readonly code: number;
      readonly status?: number;
      readonly subcode?: number;
      readonly message?: string;
      /** Overrides the switch `retryAfterS`. */
      readonly retryAfterS?: number;
    }
  /** The connection closes without a reply: nothing happened. */
  | { readonly type: 'lost-before' }
  /** The connection closes without a reply: it happened. */
  | { readonly type: 'lost-after' }
  /** The connection is reset. No effect. */
  | ({ readonly type: 'reset' } & Committing)
  /** No reply, ever: until the client gives up, or the simulator closes. No effect. */
  | ({ readonly type: 'hang' } & Committing)
  /** The right reply, late. The effect comes after the wait; with commit, before it. */
  | ({ readonly type: 'delay'; readonly ms: number } & Committing)
  /** The connection closes now, the effect lands `ms` later. */
  | { readonly type: 'late'; readonly ms: number }
  /** A page of a proxy instead of JSON, 502 unless said otherwise. No effect. */
  | ({ readonly type: 'html'; readonly status?: number } & Committing)
  /** The reply ends in its middle: `broken` also breaks the connection. It happened. */
  | ({ readonly type: 'cut'; readonly broken?: boolean } & Committing)
  /** A 200 with the JSON of some other service. No effect. */
  | ({ readonly type: 'foreign'; readonly body?: unknown } & Committing)
  /** 302 to another host. No effect. */
  | ({ readonly type: 'redirect'; readonly to?: string } & Committing)
  /** The right reply, followed by `bytes` of blanks (8 MiB unless said otherwise). It happened. */
  | ({ readonly type: 'oversized'; readonly bytes?: number } & Committing);

export type FaultType = Fault['type'];

/** The facts of a request that a rule may look at. */
export interface RequestFacts {
  readonly kind: RequestKind;
  readonly method: string;
  readonly path: string;
}

/** When a fault strikes: all given conditions must hold. */
export interface FaultRule {
  readonly fault: Fault;
  /** Any, unless given. */
  readonly kind?: RequestKind;
  /** Part of the path. */
  readonly path?: string;
  readonly matches?: (request: RequestFacts) => boolean;
  /** Which of the requests that fit, counted from 1 since the rule was added. All, unless given. */
  readonly nth?: number | readonly number[];
  /** From 0 to 1, drawn from the seed. */
  readonly probability?: number;
  /** How often at most. */
  readonly times?: number;
}

/** A rule as it stands: how many requests fitted, how many it struck. */
export interface FaultState {
  readonly rule: FaultRule;
  readonly seen: number;
  readonly struck: number;
}

export interface FaultPlan {
  /** Adds a rule; of several that strike, the one added first wins. Returns how to take it back. */
  add(rule: FaultRule): () => void;
  /** The next request of this kind. */
  once(kind: RequestKind, fault: Fault): () => void;
  clear(): void;
  rules(): readonly FaultState[];
  /** Which fault strikes this request. Counts it. */
  pick(request: RequestFacts): Fault | null;
}

export function createFaultPlan(stream: Stream): FaultPlan {
  let rules: { rule: FaultRule; seen: number; struck: number }[] = [];
  const add = (rule: FaultRule) => {
    const state = { rule, seen: 0, struck: 0 };
    rules.push(state);
    return () => {
      rules = rules.filter((each) => each !== state);
    };
  };
  return {
    add,
    once: (kind, fault) => add({ kind, times: 1, fault }),
    clear() {
      rules = [];
    },
    rules: () => rules.map((state) => ({ ...state })),
    pick(request) {
      let picked: Fault | null = null;
      for (const state of rules.filter(({ rule }) => fits(rule, request))) {
        state.seen += 1;
        const strikes = isDue(state) && (state.rule.probability ?? 1) > stream.fraction();
        if (!strikes || picked !== null) continue;
        state.struck += 1;
        picked = state.rule.fault;
      }
      return picked;
    },
  };
}

function fits(rule: FaultRule, request: RequestFacts): boolean {
  if (rule.kind !== undefined && rule.kind !== request.kind) return false;
  if (rule.path !== undefined && !request.path.includes(rule.path)) return false;
  return rule.matches?.(request) ?? true;
}

function isDue({ rule, seen, struck }: FaultState): boolean {
  if (rule.times !== undefined && struck >= rule.times) return false;
  return rule.nth === undefined || [rule.nth].flat().includes(seen);
}
