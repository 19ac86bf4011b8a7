import { KeyturnError, toKeyturnError } from '../core/errors.ts';
import type { PluginContext } from '../core/plugin.ts';
import { fingerprint } from '../core/secret.ts';
import type { HttpClient } from '../http/client.ts';
import { withoutEffect } from './failures.ts';
import { bodyOf, readPart } from './reading.ts';

const WHAT = 'ask for an access token';
/** A token is not used in its last minute: it has to last for the request. */
const MARGIN_MS = 60_000;
const SHORTEST_MS = 60_000;

export interface TokenOrder {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly send: 'basic' | 'form';
  readonly scope: string | undefined;
}

export interface TokenDesk {
  /** A token that still lasts. No failure of it means that an effect may have happened. */
  get(order: TokenOrder, signal: AbortSignal): Promise<string>;
  /** Forgets what it holds: it was refused. */
  drop(): void;
}

/** Fetches tokens of OAuth 2 client credentials (RFC 6749, 4.4), and keeps each while it lasts. */
export function tokenDesk(http: HttpClient, now: PluginContext['now'], timeoutMs: number): TokenDesk {
  const held = new Map<string, { readonly token: string; readonly until: number }>();
  return {
    drop: () => held.clear(),
    get: async (order, signal) => {
      const name = fingerprint(`${order.url} ${order.clientId} ${order.clientSecret} ${order.scope ?? ''}`);
      const known = held.get(name);
      if (known !== undefined && now() < known.until) return known.token;
      try {
        const { token, lastsMs } = await fetchToken(http, order, timeoutMs, signal);
        held.set(name, { token, until: now() + Math.max(lastsMs - MARGIN_MS, 0) });
        return token;
      } catch (caught) {
        throw withoutEffect(toKeyturnError(caught, WHAT));
      }
    },
  };
}

async function fetchToken(
  http: HttpClient,
  { url, clientId, clientSecret, send, scope }: TokenOrder,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<{ readonly token: string; readonly lastsMs: number }> {
  const pair = Buffer.from(`${clientId}:${clientSecret}`, 'utf8').toString('base64');
  const reply = await http.send({
    method: 'POST',
    url,
    what: WHAT,
    headers: { accept: 'application/json', ...(send === 'basic' ? { authorization: `Basic ${pair}` } : {}) },
    body: {
      form: {
        grant_type: 'client_credentials',
        ...(send === 'form' ? { client_id: clientId, client_secret: clientSecret } : {}),
        ...(scope === undefined ? {} : { scope }),
      },
    },
    deadlineMs,
    // A token more or less is no effect that anybody misses.
    retry: 'safe',
    signal,
  });
  const said = `${WHAT}: ${new URL(url).host} answered ${reply.status}`;
  // RFC 6749, 5.2: a client that is not known is 400 or 401.
  if (reply.status === 400 || reply.status === 401) {
    throw new KeyturnError('ADMIN_REFUSED', `${said}: keyturn's own credentials are refused`, {
      hint: 'check clientId and clientSecret under auth of this issuer',
    });
  }
  if (reply.status === 429) {
    throw new KeyturnError('RATE_LIMITED', said, {
      hint: 'run again later',
      ...(reply.retryAfterMs === undefined ? {} : { retryAfterMs: reply.retryAfterMs }),
    });
  }
  const body = bodyOf(reply.text);
  const token = reply.status === 200 || reply.status === 201 ? readPart(body, '/access_token') : null;
  if (token === null) {
    const code = reply.status >= 500 ? 'UNAVAILABLE' : 'BAD_REPLY';
    throw new KeyturnError(code, `${said} without a token`, {
      hint: 'run again; if it happens again, check the url under auth.oauth2 of this issuer',
    });
  }
  const seconds = (body as { readonly expires_in?: unknown }).expires_in;
  return { token, lastsMs: typeof seconds === 'number' ? seconds * 1000 : SHORTEST_MS };
}
