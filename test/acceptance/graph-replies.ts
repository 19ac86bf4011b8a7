import type { Switches, Yes } from './graph-switches.ts';

/** What goes back over the wire. */
export interface Reply {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Trouble {
  readonly status: number;
  readonly code: number;
  readonly subcode?: number;
  readonly message?: string;
  readonly type?: string;
  readonly transient?: boolean;
}

export function json(switches: Switches, value: unknown, status = 200): Reply {
  return raw(switches, JSON.stringify(value), status);
}

export function raw(switches: Switches, body: string, status = 200): Reply {
  return {
    status,
    body,
    headers: {
      'content-type': switches.contentType,
      ...(switches.servedVersion === null ? {} : { 'facebook-api-version': switches.servedVersion }),
      'x-fb-trace-id': 'DummyTrace',
    },
  };
}

const YES: Readonly<Record<Yes, string>> = {
  true: 'true',
  success: '{"success":true}',
  'success-text': '{"success":"true"}',
  'trailing-comma': '{\n  "success": "true",\n}',
  text: '"true"',
};

export function yes(switches: Switches): Reply {
  return raw(switches, YES[switches.yes]);
}

/** An error in Meta's envelope, with as much of what is optional as the switches want. */
export function trouble(switches: Switches, of: Trouble): Reply {
  const { code, subcode, status, message = `(#${code}) An error`, type = 'OAuthException' } = of;
  const error = {
    message,
    type,
    code,
    ...(switches.subcodes && subcode !== undefined ? { error_subcode: subcode } : {}),
    ...(switches.isTransient ? { is_transient: of.transient ?? false } : {}),
    ...(switches.bareErrors
      ? {}
      : { error_user_title: 'Error', error_data: '{"messaging_product":"whatsapp"}', fbtrace_id: 'AbCdEf' }),
  };
  const reply = json(switches, { error }, status);
  if (!switches.wwwAuthenticate || code !== 190) return reply;
  const value = `OAuth "Facebook Platform" "invalid_token" "${message}"`;
  return { ...reply, headers: { ...reply.headers, 'www-authenticate': value } };
}

/** A rate limit, with the headers that the switches want. */
export function limit(switches: Switches, waba: string): Reply {
  const reply = trouble(switches, {
    status: switches.statusLimit,
    code: switches.limitCode,
    message: `(#${switches.limitCode}) There have been too many calls`,
    transient: true,
  });
  const load = { call_count: 28, total_cputime: 25, total_time: 25 };
  const full = { call_count: 100, total_cputime: 25, total_time: 25, estimated_time_to_regain_access: 0 };
  const usage: Record<Switches['usage'], Record<string, string>> = {
    absent: {},
    app: { 'x-app-usage': JSON.stringify(load) },
    broken: { 'x-app-usage': '{"call_count":', 'x-business-use-case-usage': 'soon' },
    'buc-full': {
      'x-business-use-case-usage': JSON.stringify({ [waba]: [{ type: 'whatsapp', ...full }] }),
    },
    buc: {
      'x-business-use-case-usage': JSON.stringify({
        [waba]: [
          { type: 'whatsapp_business_management', ...load, estimated_time_to_regain_access: 0 },
          { type: 'whatsapp', ...load, estimated_time_to_regain_access: 0 },
        ],
      }),
    },
  };
  const after: Record<Switches['retryAfter'], Record<string, string>> = {
    absent: {},
    seconds: { 'retry-after': '1' },
    date: { 'retry-after': new Date(Date.now() + 2_000).toUTCString() },
  };
  const headers = { ...reply.headers, ...usage[switches.usage], ...after[switches.retryAfter] };
  return { ...reply, headers };
}

export const HTML: Reply = {
  status: 502,
  body: '<!DOCTYPE html><html><head><title>Error</title></head><body>Sorry, something went wrong.</body></html>',
  headers: { 'content-type': 'text/html; charset="utf-8"' },
};
