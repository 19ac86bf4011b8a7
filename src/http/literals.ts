/** Header names that HTTP itself sets; a request that set them would be a different one than it seems. */
const RESERVED =
  /^(host|content-length|content-type|connection|transfer-encoding|upgrade|te|trailer|expect)$/i;
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const HEADER_VALUE = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;
/** Names under which a value is a secret, so that a literal there is one in the configuration. */
const SECRET_NAME = /authori[sz]ation|cookie|secret|passw|token|api[-_]?key|access[-_]?key/i;
/** What such a name may end in when it tells of a secret and holds none, such as `token_type`. */
const ABOUT = /(type|kind|name|label)$/i;

/** Why a configured header cannot be sent or must not stand there; null where all is well. */
export function headerFault(name: string, value: string): string | null {
  if (!HEADER_NAME.test(name) || RESERVED.test(name)) {
    return 'is not a header that can be set here; name the one that carries the key, such as Authorization';
  }
  if (!HEADER_VALUE.test(value)) return 'must be printable ASCII that neither begins nor ends with a space';
  return literalFault(name, value);
}

/** Why a configured value under this name is a secret in clear; null where it holds a place, or is none. */
export function literalFault(name: string, value: string): string | null {
  if (!SECRET_NAME.test(name) || ABOUT.test(name) || value.includes('{')) return null;
  return 'holds a secret in clear; write {key.value} where the key belongs';
}

/** Why the query of a URL is no place for what stands there; null where all is well. */
export function queryFault(url: string): string | null {
  const faults = [...new URL(url).searchParams].map(([name, value]) => literalFault(name, value));
  return faults.find((fault) => fault !== null) ?? null;
}
