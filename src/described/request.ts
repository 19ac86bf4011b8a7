import { KeyturnError } from '../core/errors.ts';
import type { RequestBody } from '../http/body.ts';
import type { HttpRequest } from '../http/client.ts';
import type { TokenOrder } from './access-token.ts';
import type { Auth } from './auth-settings.ts';
import type { Operation } from './operation-settings.ts';
import { fillDeep, fillPlaces } from './places.ts';
import type { Filler } from './values.ts';

/** What goes over the wire, without the way that it is sent. All of it may be secret. */
export interface Filled extends Pick<HttpRequest, 'url' | 'headers' | 'body'> {
  readonly query: Readonly<Record<string, string>>;
  /** The part of the query by which keyturn says who it is. */
  readonly proof: Readonly<Record<string, string>>;
}

/** The request of an operation with every place filled. `access` is the token where auth is oauth2. */
export function fillRequest(
  operation: Operation,
  baseUrl: string | undefined,
  auth: Auth | undefined,
  access: string | null,
  { textAt, textOf }: Filler,
): Filled {
  const given = mapValues(operation.headers, (value) => fillPlaces(value, textAt));
  const proof = operation.auth === 'none' || auth === undefined ? {} : proofOf(auth, access, textOf);
  const body = bodyFor(operation, textAt);
  return {
    url: joined(baseUrl, fillPlaces(operation.url, textAt, intoUrl)),
    headers: { accept: 'application/json', ...proof.headers, ...given },
    query: mapValues(operation.query, (value) => fillPlaces(value, textAt)),
    proof: proof.query ?? {},
    ...(body === undefined ? {} : { body }),
  };
}

/** What an access token is asked for with; null where auth is another one. */
export function tokenOrder(
  operation: Operation,
  auth: Auth | undefined,
  { textOf }: Filler,
): TokenOrder | null {
  const oauth = auth?.oauth2;
  if (oauth === undefined || operation.auth === 'none') return null;
  return {
    url: oauth.url,
    clientId: textOf(oauth.clientId),
    clientSecret: textOf(oauth.clientSecret),
    send: oauth.send ?? 'basic',
    scope: oauth.scope,
  };
}

function proofOf(
  auth: Auth,
  access: string | null,
  textOf: Filler['textOf'],
): Pick<HttpRequest, 'headers' | 'query'> {
  const { bearer, basic, header, query } = auth;
  if (access !== null) return { headers: { authorization: `Bearer ${access}` } };
  if (bearer !== undefined) return { headers: { authorization: `Bearer ${textOf(bearer)}` } };
  if (basic !== undefined) {
    const user = textOf(basic.user);
    if (user.includes(':')) throw unsendable('the user under auth.basic holds a colon');
    const pair = `${user}:${textOf(basic.password)}`;
    return { headers: { authorization: `Basic ${Buffer.from(pair, 'utf8').toString('base64')}` } };
  }
  if (header !== undefined)
    return { headers: { [header.name]: `${header.prefix ?? ''}${textOf(header.value)}` } };
  return query === undefined ? {} : { query: { [query.name]: textOf(query.value) } };
}

function bodyFor({ json, form }: Operation, textAt: Filler['textAt']): RequestBody | undefined {
  if (json !== undefined) return { json: fillDeep(json, textAt) };
  if (form === undefined) return undefined;
  const filled = Object.entries(form).map(([name, value]): [string, string] => {
    const inner = fillDeep(value, textAt);
    return [name, typeof inner === 'string' ? inner : JSON.stringify(inner)];
  });
  return { form: Object.fromEntries(filled) };
}

function joined(baseUrl: string | undefined, url: string): string {
  return url.startsWith('/') ? `${(baseUrl ?? '').replace(/\/+$/, '')}${url}` : url;
}

function intoUrl(text: string): string {
  // A URL takes these for steps up its path, encoded or not.
  if (/^\.{1,2}$/.test(text)) throw unsendable('a value in the address is a dot');
  return encodeURIComponent(text);
}

function unsendable(what: string): KeyturnError {
  return new KeyturnError('BAD_VALUE', `${what}, which cannot be sent`, {
    hint: 'correct the value, or send it in the body or in a header',
    unsent: true,
  });
}

function mapValues(
  map: Readonly<Record<string, string>> | undefined,
  change: (value: string) => string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(map ?? {}).map(([name, value]) => [name, change(value)]));
}
