import { Failure } from './status.ts';

/** What becomes of a call. `before` and `after` say whether its effect takes place. */
export type Fault =
  /** It ends with this code of gRPC. `reason`: as Google's ErrorInfo carries it. */
  | {
      readonly do: 'fail';
      readonly code: number;
      readonly when: 'before' | 'after';
      readonly message?: string;
      readonly reason?: string;
    }
  /** No answer ever comes. */
  | { readonly do: 'hang'; readonly when: 'before' | 'after' }
  /** The connection breaks. */
  | { readonly do: 'reset'; readonly when: 'before' | 'after' }
  /** The answer holds other bytes than were stored, under the checksum of those that were. */
  | { readonly do: 'damage' };

export interface Rule {
  readonly fault: Fault;
  /** Name of the method, such as `AddSecretVersion`; absent: any. */
  readonly method?: string;
  /** Only for requests that name this secret (its last step); absent: any. */
  readonly secret?: string;
  /** How many calls it meets; absent: one. */
  times?: number;
  /** How many calls that fit it lets pass first. */
  skip?: number;
}

export interface FakeCall {
  readonly method: string;
  /** The last step of the secret's name; empty where the call is about none. */
  readonly secret: string;
}

/** Takes the fault that is meant for this call, if there is one. */
export function takeFault(rules: Rule[], call: FakeCall): Fault | null {
  for (const rule of rules) {
    if (rule.method !== undefined && rule.method !== call.method) continue;
    if (rule.secret !== undefined && rule.secret !== call.secret) continue;
    if ((rule.skip ?? 0) > 0) {
      rule.skip = (rule.skip ?? 0) - 1;
      continue;
    }
    const left = (rule.times ?? 1) - 1;
    rule.times = left;
    if (left <= 0) rules.splice(rules.indexOf(rule), 1);
    return rule.fault;
  }
  return null;
}

export function failureOf(fault: Extract<Fault, { do: 'fail' }>): Failure {
  return new Failure(fault.code, fault.message ?? 'as this test wishes', fault.reason);
}
