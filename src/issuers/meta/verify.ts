import type { KeyFacts } from '../../core/credential.ts';
import type { Verification, VerificationFinding } from '../../core/issuer.ts';
import type { Secret } from '../../core/secret.ts';
import { factsOf } from './facts.ts';
import { type DebugData, namesEveryScope, scopesOf } from './schema.ts';
import type { Word } from './words.ts';

/** What a token must be, as the configuration says. */
export interface Declared {
  readonly systemUserId: string;
  readonly identity: string;
  readonly scopes: readonly string[];
  readonly strictScopes: boolean;
  readonly strictIdentity: boolean;
  readonly expiring: boolean;
  readonly apiVersion: string;
}

/** The verdict on a token from both ways of asking. Only where they agree is it one. */
export function verdict(secret: Secret, debug: Word, live: Word, declared: Declared): Verification {
  if (isOfOtherApp(debug, live)) return { verdict: 'refused', why: 'wrong-kind', message: debug.because };
  if (debug.says === 'nothing' || live.says === 'nothing') return couldNotTell(debug, live);
  if (debug.says === 'dead' && live.says === 'dead') {
    const facts = factsIn(secret, debug, declared);
    const message = `${debug.because}; ${live.because}`;
    return { verdict: 'refused', why: 'dead', message, ...(facts === null ? {} : { facts }) };
  }
  if (debug.says !== 'alive' || live.says === 'dead') return couldNotTell(debug, live);
  const facts = factsIn(secret, debug, declared) ?? { identity: declared.identity };
  if (live.says === 'forbidden') {
    return { verdict: 'refused', why: 'scope-missing', message: live.because, facts };
  }
  return fitness(debug.data ?? {}, facts, declared, [debug.version, live.version]);
}

/** By the id of the app; where Meta only hints at it, the read must fail as it does for the token of another app. */
function isOfOtherApp(debug: Word, live: Word): boolean {
  if (debug.says !== 'other-app') return false;
  if (debug.data?.app_id !== undefined) return true;
  return live.says === 'nothing' ? live.proofRefused === true : live.says !== 'alive';
}

/** Of the two, what could not tell gives the reason; where both could, that they disagree is the reason. */
function couldNotTell(debug: Word, live: Word): Verification {
  const mute = [debug, live].filter((word) => word.says === 'nothing');
  const message = [debug, live].map((word) => word.because).join(mute.length === 0 ? ', but ' : '; ');
  const waits = mute.flatMap((word) => ('retryAfterMs' in word ? [word.retryAfterMs ?? 0] : []));
  return { verdict: 'unknown', message, ...(waits.length === 0 ? {} : { retryAfterMs: Math.max(...waits) }) };
}

function factsIn(secret: Secret, word: Word, declared: Declared): KeyFacts | null {
  return 'data' in word && word.data !== undefined ? factsOf(secret, word.data, declared.identity) : null;
}

/** Whether a living token is the one that the configuration means. */
function fitness(
  data: DebugData | Record<string, never>,
  facts: KeyFacts,
  declared: Declared,
  versions: readonly (string | undefined)[],
): Verification {
  const refuse = (why: 'scope-missing' | 'wrong-kind', message: string): Verification => ({
    verdict: 'refused',
    why,
    message,
    facts,
  });
  const findings: VerificationFinding[] = [];
  const find = (rule: VerificationFinding['rule'], message: string) => findings.push({ rule, message });

  if (data.type === 'APP' || data.type === 'PAGE') {
    return refuse('wrong-kind', `it is a token of type ${data.type}, not of a system user`);
  }
  if (declared.strictIdentity && data.user_id === undefined) {
    return { verdict: 'unknown', message: 'Meta does not say whom it acts as, and strictIdentity is set' };
  }
  if (data.type === 'USER') find('other', 'Meta calls it a token of a person, which ends with their session');

  const stranger = data.user_id !== undefined && data.user_id !== declared.systemUserId;
  if (stranger) {
    const message = `it acts as ${data.user_id}, and systemUserId is ${declared.systemUserId}: another system user, or the other of its two ids`;
    if (declared.strictIdentity) return refuse('wrong-kind', message);
    find('other', message);
  }

  const scopes = scopesOf(data);
  if (declared.strictScopes && !namesEveryScope(data)) {
    return {
      verdict: 'unknown',
      message: 'Meta does not name every permission it has, and strictScopes is set',
    };
  }
  if (scopes === null) {
    find('other', 'Meta does not say which permissions it has; the live read alone shows that it works');
  } else {
    const missing = declared.scopes.filter((scope) => !scopes.includes(scope));
    if (missing.length > 0) return refuse('scope-missing', `it lacks ${missing.join(', ')}`);
    const extra = scopes.filter((scope) => !declared.scopes.includes(scope));
    const message = `it may also ${extra.join(', ')}, which is not declared`;
    if (extra.length > 0 && declared.strictScopes) return refuse('wrong-kind', message);
    if (extra.length > 0) find('extra-scope', message);
  }

  if (declared.expiring && data.expires_at === 0) {
    find('other', 'it does not expire by itself, although expiring is set');
  }
  const served = versions.find((version) => version !== undefined && version !== declared.apiVersion);
  if (served !== undefined) {
    find('version-drift', `Meta answered with ${served} where ${declared.apiVersion} was asked for`);
  }
  return { verdict: 'works', facts, findings };
}
