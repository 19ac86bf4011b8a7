import { toKeyturnError } from '../core/errors.ts';
import type { Verification } from '../core/issuer.ts';
import type { PluginContext } from '../core/plugin.ts';
import type { Secret } from '../core/secret.ts';
import { durationMs } from '../core/setting.ts';
import { createHttpClient, type HttpReply } from './client.ts';
import { atPointer } from './json-pointer.ts';
import { canRefuse, headerTemplates, type LiveCheckSettings } from './live-check-settings.ts';
import { fillTemplate, parseTemplate } from './template.ts';

/** Large enough for any harmless read; more is a download, and says nothing more about the key. */
const MAX_BYTES = 256 * 1024;

/** Half a character: no encoding can carry it. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Failures that leave the question open. Every other one is an abort or a defect. */
const OPEN: ReadonlySet<string> = new Set([
  'UNREACHABLE',
  'TIMEOUT',
  'UNAVAILABLE',
  'RATE_LIMITED',
  'BAD_REPLY',
  'BAD_VALUE',
]);

/**
 * Tries a key by the configured request and says what the answer means. Of the key, of the URL's path and query,
 * and of the reply's body nothing is in the result. Throws on abort (INTERRUPTED) or a defect only.
 */
export async function liveCheck(
  test: LiveCheckSettings,
  key: Secret,
  context: Pick<PluginContext, 'now' | 'sleep' | 'random'>,
  signal: AbortSignal,
): Promise<Verification> {
  const request = fillRequest(test, key);
  if ('unsendable' in request) return { verdict: 'unknown', message: request.unsendable };
  const client = createHttpClient({ ...context, userAgent: 'keyturn' });
  try {
    const reply = await client.send({
      ...request,
      method: test.method,
      what: 'test the key',
      deadlineMs: durationMs(test.timeout) ?? 0,
      maxBytes: MAX_BYTES,
      retry: 'safe',
      signal,
    });
    return judge(test, reply);
  } catch (caught) {
    const error = toKeyturnError(caught, 'test the key');
    if (!OPEN.has(error.code)) throw error;
    const { retryAfterMs } = error.detail;
    const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
    return { verdict: 'unknown', message: error.message, ...wait };
  }
}

/** What a reply says about the key. Statuses outside the two lists, web pages and contradictions say nothing. */
export function judge(
  test: Pick<LiveCheckSettings, 'works' | 'refused' | 'worksIf' | 'refusedIf' | 'acceptHtml'>,
  reply: Pick<HttpReply, 'status' | 'text' | 'json' | 'retryAfterMs'>,
): Verification {
  const { status, retryAfterMs } = reply;
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  const unknown = (why: string): Verification => ({
    verdict: 'unknown',
    message: `the test of the key was answered ${status}${why}`,
    ...wait,
  });
  if (!test.acceptHtml && isWebPage(reply))
    return unknown(' with a web page, which is not the word of an API');

  const good = test.works?.includes(status) ?? (status >= 200 && status < 300);
  const saysGood = good && (test.worksIf === undefined || matches(test.worksIf, reply));
  const saysDead =
    test.refusedIf !== undefined && (good || canRefuse(status)) && matches(test.refusedIf, reply);
  if (saysGood && saysDead && test.worksIf !== undefined) {
    return unknown(', and the reply matches worksIf and refusedIf at once');
  }
  if (saysDead) {
    return { verdict: 'refused', why: 'dead', message: `the reply (${status}) matches refusedIf` };
  }
  if (test.refused.includes(status)) {
    return { verdict: 'refused', why: 'dead', message: `the test of the key was answered ${status}` };
  }
  if (saysGood) return { verdict: 'works', facts: {}, findings: [] };
  if (good) return unknown(', but the reply does not match worksIf');
  return unknown(', which does not say whether the key works');
}

type Filled =
  | {
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly query: Readonly<Record<string, string>>;
    }
  | { readonly unsendable: string };

/** The request with the key in it, or why this key cannot be sent. The request is secret. */
function fillRequest(test: LiveCheckSettings, key: Secret): Filled {
  let missing = false;
  let awkward = Object.values(key.openAll()).some((part) => LONE_SURROGATE.test(part));
  const fill = (text: string, encode?: (part: string) => string) => {
    const filled = fillTemplate(parseTemplate(text) ?? [], key, encode);
    missing ||= filled === null;
    return filled ?? '';
  };
  const intoHeader = (part: string) => {
    // fetch would quote such a value in its error, or trim it and so test another key than the one that is stored.
    awkward ||= !/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(part);
    return part;
  };
  const intoUrl = (part: string) => {
    // A URL takes these for steps up its path, encoded or not.
    awkward ||= /^\.{1,2}$/.test(part);
    return awkward ? '' : encodeURIComponent(part);
  };
  const headers = Object.fromEntries(
    headerTemplates(test).map(([name, value]) => [name, fill(value, intoHeader)] as const),
  );
  if (test.basic !== undefined) {
    const user = fill(test.basic.user);
    awkward ||= user.includes(':');
    const pair = `${user}:${fill(test.basic.password)}`;
    headers.authorization = `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
  }
  const query = Object.fromEntries(
    Object.entries(test.query ?? {}).map(([name, value]) => [name, fill(value)] as const),
  );
  const url = fill(test.url, intoUrl);
  if (missing) return { unsendable: 'the key lacks a part that the configured test sends' };
  if (awkward) return { unsendable: 'the key holds a character that the configured test cannot send' };
  return { url, headers, query };
}

function matches(rule: NonNullable<LiveCheckSettings['worksIf']>, reply: Pick<HttpReply, 'json'>): boolean {
  return reply.json !== undefined && atPointer(reply.json, rule.pointer) === rule.equals;
}

/** Many an API sends JSON as text/html, so the body decides and not its type. */
function isWebPage(reply: Pick<HttpReply, 'text' | 'json'>): boolean {
  return reply.json === undefined && /<(!doctype\s+html|html|head|body)\b/i.test(reply.text.slice(0, 1024));
}
