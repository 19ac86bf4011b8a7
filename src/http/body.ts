import { KeyturnError } from '../core/errors.ts';

export type RequestBody =
  | { readonly form: Readonly<Record<string, string>> }
  | { readonly json: unknown }
  | { readonly text: string; readonly type: string };

interface EncodedBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

/** The bytes of a body with the headers that describe them; null where there is none and need not be. */
export function encodeBody(body: RequestBody | undefined, method: string): EncodedBody | null {
  if (body === undefined && (method === 'GET' || method === 'DELETE')) return null;
  const [text, type] = body === undefined ? ['', null] : textOf(body);
  const bytes = new TextEncoder().encode(text);
  const length = { 'content-length': String(bytes.byteLength) };
  return { bytes, headers: type === null ? length : { ...length, 'content-type': type } };
}

function textOf(body: RequestBody): readonly [text: string, type: string] {
  if ('text' in body) return [body.text, body.type];
  if ('json' in body) return [JSON.stringify(body.json), 'application/json'];
  return [new URLSearchParams(body.form).toString(), 'application/x-www-form-urlencoded'];
}

/** Reads a reply of at most `maxBytes`. `json` is undefined where the text is not JSON in UTF-8. Throws BAD_REPLY. */
export async function readBody(
  response: Response,
  maxBytes: number,
  what: string,
): Promise<{ readonly text: string; readonly json: unknown }> {
  if (response.body === null) return { text: '', json: undefined };
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop early cancels the rest of the body.
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBytes) {
      throw new KeyturnError('BAD_REPLY', `${what}: the answer is larger than ${maxBytes} bytes`, {
        hint: 'check that the configured URL is the API of the provider and not a web page',
      });
    }
    chunks.push(chunk);
  }
  return decode(Buffer.concat(chunks));
}

function decode(bytes: Uint8Array): { readonly text: string; readonly json: unknown } {
  const text = new TextDecoder().decode(bytes);
  try {
    return { text, json: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) };
  } catch {
    // Not UTF-8 or not JSON: `undefined` says so, and the caller decides what that means.
    return { text, json: undefined };
  }
}
