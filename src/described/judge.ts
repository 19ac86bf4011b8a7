import type { HttpReply } from '../http/client.ts';
import { atPointer } from '../http/json-pointer.ts';
import type { AnswerRules, Condition } from './operation-settings.ts';
import type { Form } from './reading.ts';

/** What a reply means. `unknown`: the effect may have happened or not. */
export type Meaning = keyof AnswerRules;

/** The usual meaning of statuses, for one sort of operation. */
export interface Usual {
  /** Whether 404 and 410 say that there is nothing to do any more. */
  readonly absentIsDone: boolean;
}

type Rule = number | Condition;
type Seen = Pick<HttpReply, 'status'> & { readonly body: unknown; readonly form: Form };

/** A no counts before a yes: an answer that fits both did not do what was asked, or nobody can tell. */
const ORDER: readonly Meaning[] = ['unknown', 'limited', 'admin', 'full', 'already', 'refused', 'done'];
/** Statuses in the range of refusals that leave open what was done: too late, too early, come back later. */
const OPEN: ReadonlySet<number> = new Set([408, 425, 429]);

/** The meaning of a reply: what its body says by the rules, then its status by the rules, then its usual meaning. */
export function judgeReply(rules: AnswerRules | undefined, usual: Usual, reply: Seen): Meaning {
  // A page comes from a proxy, a login or a wrong address, whatever its status says.
  if (reply.form === 'page') return 'unknown';
  const named = (fits: (rule: Rule) => boolean) =>
    ORDER.find((meaning) => (rules?.[meaning] ?? []).some(fits)) ?? null;
  return (
    named((rule) => typeof rule !== 'number' && holds(rule, reply)) ??
    named((rule) => rule === reply.status) ??
    usualMeaning(rules, usual, reply.status)
  );
}

function holds(rule: Condition, { status, body }: Seen): boolean {
  if (rule.status !== undefined && rule.status !== status) return false;
  return body !== undefined && atPointer(body, rule.pointer) === rule.equals;
}

/** What the rules name themselves has no usual meaning besides. */
function usualMeaning(rules: AnswerRules | undefined, usual: Usual, status: number): Meaning {
  if (status === 429 && rules?.limited === undefined) return 'limited';
  if (status === 401 && rules?.admin === undefined) return 'admin';
  if ((status === 404 || status === 410) && usual.absentIsDone && rules?.already === undefined)
    return 'already';
  if (status >= 200 && status < 300) return rules?.done === undefined ? 'done' : 'unknown';
  const no = status >= 400 && status < 500 && !OPEN.has(status);
  return no && rules?.refused === undefined ? 'refused' : 'unknown';
}
