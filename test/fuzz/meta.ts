import type { Verification } from '../../src/core/issuer.ts';
import { Secret } from '../../src/core/secret.ts';
import { target } from './engine.ts';
import {
  APP,
  type MetaInput,
  metaInput,
  PHONE,
  SCOPES,
  type Scene,
  scene,
  USER,
  WABA,
} from './meta-replies.ts';
import { holds, outcomeOf, silent } from './outcome.ts';
import { documentOf, member, type Reply } from './replies.ts';

const { signal } = new AbortController();
const fine = (reply: Reply | undefined): reply is Reply =>
  reply !== undefined &&
  reply.status >= 200 &&
  reply.status < 300 &&
  (member(documentOf(reply), 'error') ?? null) === null;
const isTrue = (value: unknown): boolean => value === true || value === 'true';
const isId = (value: unknown, id: string): boolean =>
  ['string', 'number'].includes(typeof value) && String(value) === id;

/** What makes one reply as good as the documented one. Everything that the verdict rests on, and nothing else. */
function provesLife(of: Scene, { strictScopes, strictIdentity, both }: MetaInput): string | null {
  const debug = of.last('debug');
  const data = fine(debug) ? member(documentOf(debug), 'data') : undefined;
  if (!isTrue(member(data, 'is_valid'))) return 'debug_token does not say that the token is valid';
  if (!isId(member(data, 'app_id'), APP)) return 'debug_token does not say that the token is of our app';
  if (['APP', 'PAGE'].includes(member(data, 'type') as string)) return 'it is a token of another type';
  if (strictIdentity && !isId(member(data, 'user_id'), USER)) return 'it is not said to be of our user';
  const [plain, granular] = ['scopes', 'granular_scopes'].map((name) => member(data, name));
  const named = [
    ...(Array.isArray(plain) ? plain : []),
    ...(Array.isArray(granular) ? granular.map((one) => member(one, 'scope')) : []),
  ];
  const told = Array.isArray(plain) || Array.isArray(granular);
  if (told && !SCOPES.every((scope) => named.includes(scope))) return 'a scope is missing';
  if (strictScopes && (!told || named.some((scope) => !SCOPES.includes(scope as string))))
    return 'there may be more scopes';
  for (const id of [PHONE, ...(both ? [WABA] : [])]) {
    const read = of.last(id);
    if (!fine(read) || !isId(member(documentOf(read), 'id'), id))
      return `the live read of ${id} did not give it`;
  }
  return null;
}

const DEAD: readonly unknown[] = [0, 102, 190, 463, 467];

function provesDeath(of: Scene): boolean {
  const debug = of.last('debug');
  if (!fine(debug) || isTrue(member(member(documentOf(debug), 'data'), 'is_valid'))) return false;
  const reads = [PHONE, WABA].map((id) => [id, of.last(id)] as const);
  const alive = reads.some(([id, read]) => fine(read) && isId(member(documentOf(read), 'id'), id));
  const codes = reads.map(([, read]) => member(member(read && documentOf(read), 'error'), 'code'));
  return !alive && codes.some((code) => DEAD.includes(typeof code === 'string' ? Number(code) : code));
}

export const metaVerify = target({
  name: 'meta-verify',
  few: 150,
  share: 9,
  input: metaInput,
  check: async (given) => {
    const of = scene(given);
    const { value } = await outcomeOf<Verification>(
      () => of.issuer.verify(of.secret, signal),
      [],
      of.planted,
    );
    silent(value, of.planted);
    holds(['works', 'refused', 'unknown'].includes(value?.verdict ?? ''), 'no verdict');
    if (value?.verdict === 'works') {
      const why = provesLife(of, given);
      holds(why === null, `a wrong works: ${why}`);
    }
    if (value?.verdict === 'refused' && value.why === 'dead') holds(provesDeath(of), 'a wrong dead');
  },
});

/** The token that the last reply of a route holds, by a reading of its own. */
function tokenIn(reply: Reply | undefined): unknown {
  return reply === undefined ? undefined : member(documentOf(reply), 'access_token');
}

export const metaCreate = target({
  name: 'meta-create',
  few: 100,
  share: 7,
  input: metaInput,
  check: async (given) => {
    const of = scene(given);
    const current = of.secret;
    const made = await outcomeOf(
      () => of.issuer.create?.({ mark: 'r1.1', current, signal }),
      'any',
      of.planted,
    );
    const route = given.mode === 'mint' ? 'mint' : 'exchange';
    const asked = of.provider.served.filter((one) => one.route === route);
    // Two places for the token, and both again after the app was installed.
    holds(asked.length <= 4, `asked for a key ${asked.length} times`);
    const token = tokenIn(asked.at(-1)?.reply);
    if (made.error === null) {
      const key = made.value?.secret.open() ?? '';
      // A long number is read as the text that it was, so that no digit is lost.
      const digits = typeof token === 'number' && /^[0-9]{16,}$/.test(key) && Number(key) === token;
      holds(key === token || digits, 'the key is not the one in the reply');
      silent(made.value, of.planted);
    } else if (made.error.detail.unsent !== true && !made.error.ambiguous) {
      const lost = typeof token === 'string' && /^[\x21-\x7e]{1,8192}$/.test(token);
      holds(!lost, 'a key that was handed out is called not made');
    }
    for (const { reply } of asked.slice(0, -1)) {
      const refused = member(documentOf(reply), 'error') !== undefined || reply.status >= 400;
      holds(refused && tokenIn(reply) === undefined, 'asked again after what may have made a key');
    }
  },
});

export const metaRevoke = target({
  name: 'meta-revoke',
  few: 100,
  share: 5,
  input: metaInput,
  check: async (given) => {
    const of = scene(given);
    const caller = Secret.of(`${given.secrets[3]}x`);
    const order = { secret: of.secret, role: 'old' as const, caller, signal };
    const ended = await outcomeOf(() => of.issuer.revoke?.(order), 'any', of.planted);
    if (ended.error !== null) return;
    const answer = of.last('revoke');
    const said = answer === undefined ? undefined : documentOf(answer);
    const done = fine(answer) && (isTrue(said) || isTrue(member(said, 'success')));
    const debug = of.last('debug');
    const valid = debug === undefined ? null : member(member(documentOf(debug), 'data'), 'is_valid');
    holds(
      done || (fine(debug) && (valid === false || valid === 'false')),
      'called ended, and nobody said so',
    );
  },
});

export const metaDescribe = target({
  name: 'meta-describe',
  few: 100,
  share: 5,
  input: metaInput,
  check: async (given) => {
    const of = scene(given);
    const told = await outcomeOf(() => of.issuer.describe?.(of.secret, signal), 'any', of.planted);
    silent(told.value, of.planted);
    if (told.error !== null || told.value?.alive !== true) return;
    const debug = of.last('debug');
    const data = fine(debug) ? member(documentOf(debug), 'data') : undefined;
    holds(isTrue(member(data, 'is_valid')) && isId(member(data, 'app_id'), APP), 'a wrong alive');
  },
});
