import type { TrailNote } from '../core/trail.ts';

/**
 * `passing`: an intention, shown until its outcome is there. `kept`: something was done. `warning`: a person should
 * know. `detail`: only with `--verbose`.
 */
export interface Saying {
  readonly weight: 'passing' | 'kept' | 'warning' | 'detail';
  readonly text: string;
}

type Data = NonNullable<TrailNote['data']>;
type Say = (data: Data, key: string) => string;

const PASSING: Readonly<Record<string, Say>> = {
  'create-intended': () => 'asks the issuer for a new key',
  'register-intended': () => 'registers the new key at the issuer',
  'stage-intended': () => 'writes the new key where consumers do not see it',
  'promote-intended': () => 'puts the new key in place',
  'rewrite-intended': () => 'rewrites current',
  'revoke-intended': (_, key) => `revokes ${key}`,
  'owed-intended': () => 'pays what is owed',
};

const KEPT: Readonly<Record<string, Say>> = {
  'rotation-opened': (data) => `rotation opened (${data.kind}): ${data.reason}`,
  'key-created': (_, key) => `the issuer made ${key}`,
  'key-registered': (_, key) => `the issuer knows ${key}`,
  'key-provided': (_, key) => `took ${key}`,
  adopted: (_, key) => `took ${key} under management`,
  staged: (_, key) => `staged ${key}: consumers do not see it yet`,
  verified: (data, key) =>
    data.by === 'shape' ? `${key} has the right shape; nothing tests it` : `${key} works`,
  promoted: (_, key) => `${key} is in place: consumers read it`,
  'revoke-sent': (_, key) => `the revocation of ${key} was sent`,
  'proven-dead': (data, key) => `${key} is proven dead (by ${data.by})`,
  settled: (data, key) => `${key} is settled: ${data.reason}`,
  'overlap-ended': () => 'the overlap was ended',
  'owed-paid': (data) => `${data.target} was paid`,
  'never-made': (_, key) => `${key} was never made`,
  'waiting-for-person': () => 'waits for a key that a person makes',
  'rotation-abandoned': (data) => `the rotation was ended: ${data.why}`,
  'orphan-found': (_, key) => `found ${key}, whose answer had been lost`,
};

const WARNINGS: Readonly<Record<string, Say>> = {
  'key-not-created': (data) => `no key was made: ${data.message ?? data.code}`,
  'create-unsure': (data) => `whether a key was made is not known: ${data.message ?? data.code}`,
  'possible-orphan': (_, key) => `a key may exist that nobody holds: ${key}`,
  'same-key': (data) => `the issuer gave a key that is known already (${data.as})`,
  'given-up': (data, key) => `${key} will not be used: ${data.why}`,
  'not-promoted': (data) => `the new key was not put in place: ${data.message ?? data.code}`,
  'promote-before-verify': (data) => `puts the new key in place before it was verified: ${data.why}`,
  'current-moved-by-someone': (_, key) => `somebody made ${key} current`,
  'revoke-failed': (data, key) => `the revocation of ${key} failed: ${data.message ?? data.code}`,
  'revoke-taken-back': (data, key) => `${key} was not revoked: ${data.why}`,
  'rotation-failed': (data) => `the rotation ended without a new key: ${data.message ?? data.code}`,
  postponed: (data) => `will try again: ${data.message ?? data.code}`,
  held: (data) => `held: ${data.reason}`,
  'owed-failed': (data) => `${data.target} failed: ${data.message ?? data.code}`,
  'value-lost': (_, key) => `the value of ${key} is lost`,
};

/** An entry of the trail in words, for people who watch. */
export function sayingOf(note: TrailNote): Saying {
  const { event, key = '', data = {} } = note;
  const say = (table: Readonly<Record<string, Say>>): string | undefined =>
    Object.hasOwn(table, event) ? table[event]?.(data, key) : undefined;
  const passing = say(PASSING);
  if (passing !== undefined) return { weight: 'passing', text: passing };
  const kept = say(KEPT);
  if (kept !== undefined) return { weight: 'kept', text: kept };
  const warning = say(WARNINGS);
  if (warning !== undefined) return { weight: 'warning', text: warning };
  return { weight: 'detail', text: `${event}${key === '' ? '' : ` ${key}`}` };
}
