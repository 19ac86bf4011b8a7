import { crc32c } from './checksum.ts';
import { invalid } from './status.ts';

/* The limits that Google documents for what is sent to it. */

const SECRET_ID = /^[A-Za-z0-9_-]{1,255}$/;
const ALIAS = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;
const ANNOTATION_KEY = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const LABEL_KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u;
const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;
const PAYLOAD_BYTES = 65_536;
const ANNOTATION_BYTES = 16 * 1024;
const MOST_ALIASES = 50;
const MOST_LABELS = 64;

export type Texts = Readonly<Record<string, string>>;

export interface Payload {
  readonly data?: Uint8Array | string | null;
  readonly dataCrc32c?: string | null;
}

export function checkSecretId(id: string): void {
  if (!SECRET_ID.test(id)) throw invalid(`Secret ID "${id}" does not match ${SECRET_ID}.`);
}

export function checkAliases(aliases: Texts): void {
  const names = Object.keys(aliases);
  if (names.length > MOST_ALIASES) throw invalid(`No more than ${MOST_ALIASES} aliases are allowed.`);
  for (const name of names) {
    if (!ALIAS.test(name) || name === 'latest' || name === 'NEW') throw invalid(`Invalid alias "${name}".`);
    if (!/^[1-9][0-9]*$/.test(String(aliases[name]))) throw invalid(`Invalid version of alias "${name}".`);
  }
}

export function checkAnnotations(annotations: Texts): void {
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    if (!ANNOTATION_KEY.test(key)) throw invalid(`Invalid annotation key "${key}".`);
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes >= ANNOTATION_BYTES) throw invalid('The total size of annotations must be less than 16KiB.');
}

export function checkLabels(labels: Texts): void {
  const entries = Object.entries(labels);
  if (entries.length > MOST_LABELS) throw invalid(`No more than ${MOST_LABELS} labels are allowed.`);
  for (const [key, value] of entries) {
    if (!LABEL_KEY.test(key) || !LABEL_VALUE.test(value)) throw invalid(`Invalid label "${key}".`);
  }
}

/** The bytes of a payload. Its checksum is checked where one was sent. */
export function dataOf(payload: Payload | null | undefined): {
  readonly data: Buffer;
  readonly checked: boolean;
} {
  const data = Buffer.from((payload?.data ?? '') as Uint8Array);
  if (data.length === 0) throw invalid('The payload is empty.');
  if (data.length > PAYLOAD_BYTES) throw invalid('The payload is larger than 65536 bytes.');
  const sent = payload?.dataCrc32c ?? null;
  if (sent !== null && Number(sent) !== crc32c(data))
    throw invalid('The payload does not match its checksum.');
  return { data, checked: sent !== null };
}
