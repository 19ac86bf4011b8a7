import { json, type Reply, raw, trouble, yes } from './graph-replies.ts';
import type { Edge } from './graph-switches.ts';
import { lives, type Token } from './graph-tokens.ts';
import {
  accepted,
  type Caller,
  callerOf,
  inPlace,
  proofFault,
  resetSecret,
  SCOPES,
  type World,
} from './graph-world.ts';

export interface Call {
  readonly method: string;
  /** Without the version. */
  readonly path: readonly string[];
  readonly params: URLSearchParams;
  readonly token: string | null;
  readonly byHeader: boolean;
}

const KNOWN_SCOPES = new Set<string>([...SCOPES, 'business_management', 'whatsapp_business_manage_events']);
const UNSUPPORTED = { status: 400, code: 100, subcode: 33, type: 'GraphMethodException' } as const;

export function edgeOf({ method, path }: Call): Edge | null {
  const last = path.at(-1);
  if (path[0] === 'oauth' && last === 'access_token') return 'exchange';
  if (path[0] === 'oauth' && last === 'revoke') return 'revoke';
  if (path[0] === 'debug_token') return 'debug';
  if (last === 'access_tokens' && method === 'POST') return 'mint';
  if (last === 'applications' && method === 'POST') return 'install';
  return method === 'GET' ? 'read' : null;
}

export function answer(world: World, edge: Edge | null, call: Call): Reply {
  switch (edge) {
    case 'install':
      return install(world, call);
    case 'mint':
      return mint(world, call);
    case 'exchange':
      return exchange(world, call);
    case 'debug':
      return debug(world, call);
    case 'revoke':
      return revoke(world, call);
    case 'read':
      return read(world, call);
    case null:
      return trouble(world.switches, { ...UNSUPPORTED, message: 'Unsupported request' });
  }
}

function dead(world: World, message = 'Error validating access token'): Reply {
  const { deadAs, status190 } = world.switches;
  const subcode = deadAs === 'invalidated-466' ? 466 : deadAs === 'logged-out-467' ? 467 : undefined;
  return trouble(world.switches, {
    status: status190,
    code: deadAs === 'code-0' ? 0 : 190,
    message:
      deadAs === 'expired-words' ? 'Session has expired on Saturday, 11-Dec-21 05:00:00 PST.' : message,
    ...(deadAs === 'expired-words' ? { subcode: 463 } : subcode === undefined ? {} : { subcode }),
  });
}

/** What is wrong with a caller that has to be a living token; null: nothing. */
function callerFault(world: World, call: Call, caller: Caller): Reply | null {
  if (caller.kind === 'none')
    return trouble(world.switches, { status: 400, code: 104, message: 'An access token is required' });
  if (caller.kind !== 'token' || !accepted(world, caller.token, 'read')) return dead(world);
  const fault = proofFault(world, call.params, caller.token.value);
  if (fault === null) return null;
  return trouble(world.switches, { status: 400, code: 100, type: 'GraphMethodException', message: fault });
}

function isOurUser(world: World, id: string | undefined): boolean {
  return id === world.userId || (id === world.canonicalUserId && world.switches.canonicalAccepted);
}

function install(world: World, call: Call): Reply {
  const fault = callerFault(world, call, callerOf(world, call.token));
  if (fault !== null) return fault;
  if (!isOurUser(world, call.path[0])) return trouble(world.switches, UNSUPPORTED);
  if (call.params.get('business_app') !== world.appId)
    return trouble(world.switches, { status: 400, code: 100, message: 'Invalid business_app' });
  if (world.installedAt !== null && world.switches.reinstall === 'error')
    return trouble(world.switches, { status: 400, code: 100, message: 'App is installed already' });
  world.installedAt ??= world.now();
  return yes(world.switches);
}

function mint(world: World, call: Call): Reply {
  const { switches, tokens, now } = world;
  const caller = callerOf(world, call.token);
  const fault = callerFault(world, call, caller);
  if (fault !== null) return fault;
  if (caller.kind === 'token' && caller.token.user !== 'admin')
    return trouble(switches, { status: switches.statusDenied, code: 200, message: 'Permissions error' });
  if (!isOurUser(world, call.path[0])) return trouble(switches, UNSUPPORTED);
  if (call.params.get('business_app') !== world.appId)
    return trouble(switches, { status: 400, code: 100, message: 'Invalid business_app' });
  const scopes = (call.params.get('scope') ?? '').split(',').filter((scope) => scope !== '');
  if (scopes.length === 0 || scopes.some((scope) => !KNOWN_SCOPES.has(scope)))
    return trouble(switches, { status: 400, code: 3962, message: 'Bad scope' });
  const expiring = call.params.get('set_token_expires_in_60_days') === 'true';
  if (switches.requireExpiring && !expiring) return trouble(switches, switches.requireExpiringError);
  if (world.installedAt === null || now() < world.installedAt + switches.delay.install * 1000)
    return trouble(switches, { message: 'App is not installed', ...switches.notInstalled });
  const living = tokens.living('client', now());
  if (switches.mintSame && living.length > 0) return minted(world, living.at(-1) as Token);
  if (living.length >= switches.cap) {
    if (switches.capDoes === 'refuse')
      return trouble(switches, { status: 400, code: 100, message: 'Too many tokens' });
    for (const token of living.slice(0, living.length - switches.cap + 1))
      tokens.kill(token, 'server', now());
  }
  if (switches.mintKills) for (const token of living) tokens.kill(token, 'server', now());
  const granted = switches.missingScope ? scopes.slice(0, 1) : [...scopes, ...switches.extraScopes];
  const token = tokens.make({
    user: 'client',
    madeBy: 'mint',
    scopes: granted,
    issuedAt: now(),
    expiresAt: expiring && switches.life !== 0 ? now() + switches.life * 1000 : 0,
  });
  if (switches.secretReset.startsWith('after') && world.secretResets === 0)
    resetSecret(world, switches.secretReset === 'after-mint-kills');
  return minted(world, token);
}

function minted(world: World, { value }: Token): Reply {
  const { mintReply } = world.switches;
  if (mintReply === 'plain') return json(world.switches, { access_token: value });
  const more = { token_type: 'bearer', id: world.userId, access_token: value, expires_in: '5183944' };
  const reply = json(world.switches, more);
  if (mintReply === 'more') return reply;
  return { ...reply, headers: { ...reply.headers, 'content-type': 'text/javascript; charset=UTF-8' } };
}

function secretFault(world: World, params: URLSearchParams): Reply | null {
  if (params.get('client_id') !== world.appId)
    return trouble(world.switches, { status: 400, code: 101, message: 'Error validating application' });
  if (params.get('client_secret') === world.appSecret) return null;
  return trouble(world.switches, { status: 400, code: 1, message: 'Error validating client secret.' });
}

function exchange(world: World, call: Call): Reply {
  const { switches, tokens, now } = world;
  if (call.method !== 'GET' && switches.postExchange !== 'works') {
    if (switches.postExchange === '100/33') return trouble(switches, UNSUPPORTED);
    if (switches.postExchange === 'code1' || switches.postExchange === 'code101') {
      const code = Number(switches.postExchange.slice(4));
      return trouble(switches, { status: 400, code, message: 'Missing client_id parameter.' });
    }
    const status = Number(switches.postExchange);
    return { status, body: '<html>no</html>', headers: { 'content-type': 'text/html' } };
  }
  const fault = secretFault(world, call.params);
  if (fault !== null) return fault;
  if (call.params.get('grant_type') === 'client_credentials')
    return json(switches, { access_token: `${world.appId}|${world.appSecret}`, token_type: 'bearer' });
  const old = tokens.find(call.params.get('fb_exchange_token') ?? '');
  if (old === undefined || !lives(old, now())) return dead(world);
  if (old.expiresAt === 0) {
    world.dangers.push('a token that never expires was exchanged');
    old.expiresAt = now() + 5_184_000_000;
  }
  const life = call.params.get('set_token_expires_in_60_days') === 'true' ? switches.life : 3_600;
  const token = switches.exchangeSame
    ? old
    : tokens.make({
        user: 'client',
        madeBy: 'exchange',
        scopes: [...old.scopes, ...switches.extraScopes],
        issuedAt: now(),
        expiresAt: life === 0 ? 0 : now() + life * 1000,
      });
  if (switches.exchangeKills && token !== old) tokens.kill(old, 'server', now());
  const expiresIn = { number: { expires_in: life }, string: { expires_in: `${life}` }, absent: {} };
  return json(switches, {
    access_token: token.value,
    token_type: 'bearer',
    ...expiresIn[switches.exchangeExpiresIn],
  });
}

function revoke(world: World, call: Call): Reply {
  const { switches, tokens, now } = world;
  if (call.method !== 'GET' && !switches.postRevoke) return trouble(switches, UNSUPPORTED);
  const fault = secretFault(world, call.params);
  if (fault !== null) return fault;
  if (call.byHeader && !switches.revokeBearer)
    return trouble(switches, { status: 400, code: 104, message: 'An access token is required' });
  const caller = callerOf(world, call.token);
  const target = tokens.find(call.params.get('revoke_token') ?? '');
  if (caller.kind !== 'app' && (caller.kind !== 'token' || !accepted(world, caller.token, 'read'))) {
    return caller.kind === 'none'
      ? trouble(switches, { status: 400, code: 104, message: 'An access token is required' })
      : dead(world);
  }
  const who =
    caller.kind === 'app'
      ? 'app'
      : caller.token === target
        ? 'self'
        : caller.token.user === 'admin'
          ? 'admin'
          : 'sibling';
  if (!switches.revokers.includes(who))
    return trouble(switches, { ...switches.revokerRefusal, message: 'The caller may not revoke this token' });
  if (target === undefined || !lives(target, now())) {
    if (switches.revokeDead === 'yes') return yes(switches);
    if (switches.revokeDead === 'no') return raw(switches, '{"success":false}');
    if (switches.revokeDead === 190) return dead(world);
    return trouble(switches, { status: 400, code: 100, message: 'Invalid parameter revoke_token' });
  }
  tokens.kill(target, 'client', now());
  return yes(switches);
}

function id(world: World, text: string): string {
  return world.switches.idKind.endsWith('number') ? `#${text}#` : text;
}

/** Numbers of any size, as JSON allows. */
function withNumbers(world: World, value: unknown): Reply {
  return raw(world.switches, JSON.stringify(value).replaceAll(/"#(\d+)#"/g, '$1'));
}

function debug(world: World, call: Call): Reply {
  const { switches } = world;
  if (call.method !== 'GET') return trouble(switches, UNSUPPORTED);
  const caller = callerOf(world, call.token);
  if (caller.kind === 'wrong-app')
    return trouble(switches, { status: 400, code: 190, message: 'Invalid OAuth access token signature.' });
  if (caller.kind !== 'app')
    return trouble(switches, {
      status: 400,
      code: 100,
      message:
        '(#100) You must provide an app access token, or a user access token of a developer of the app',
    });
  const token = world.tokens.find(call.params.get('input_token') ?? '');
  const garbage = { code: 190, message: 'The access token could not be decrypted' };
  if (token === undefined) return json(switches, { data: { error: garbage, is_valid: false, scopes: [] } });
  const valid = accepted(world, token, 'debug');
  const seconds = (ms: number): number => Math.floor(ms / 1000);
  const target =
    switches.targets === 'absent'
      ? {}
      : { target_ids: [switches.targets === 'number' ? `#${world.wabaId}#` : world.wabaId] };
  const facts = {
    app_id: id(world, world.appId),
    ...(switches.optional.type ? { type: 'SYSTEM_USER', application: 'Lucky Shrub' } : {}),
    data_access_expires_at: 0,
    expires_at: seconds(token.expiresAt),
    ...(switches.optional.issuedAt ? { issued_at: seconds(token.issuedAt) } : {}),
    is_valid: valid,
    scopes: token.scopes,
    ...(switches.optional.granular
      ? { granular_scopes: token.scopes.map((scope) => ({ scope, ...target })) }
      : {}),
    user_id: id(world, token.user === 'admin' ? '100000000000001' : world.userId),
  };
  if (valid) return withNumbers(world, { data: facts });
  const bare = token.diedAt === undefined || ['bare', 'garbage'].includes(switches.deadAs);
  const subcodes: Partial<Record<typeof switches.deadAs, number>> = {
    'invalidated-466': 466,
    'logged-out-467': 467,
    'expired-words': 463,
  };
  const subcode = subcodes[switches.deadAs];
  const error = {
    code: switches.deadAs === 'code-0' ? 0 : 190,
    message:
      switches.deadAs === 'garbage'
        ? garbage.message
        : 'The session was invalidated explicitly using an API call.',
    ...(switches.subcodes && subcode !== undefined ? { subcode } : {}),
  };
  return withNumbers(world, { data: bare ? { error, is_valid: false, scopes: [] } : { ...facts, error } });
}

function read(world: World, call: Call): Reply {
  const { switches } = world;
  const caller = callerOf(world, call.token);
  if (caller.kind === 'none')
    return trouble(switches, { status: switches.statusDenied, code: 200, message: 'Provide valid app ID' });
  if (caller.kind === 'token' && caller.token.madeBy !== 'setup' && caller.token.diedAt === undefined) {
    if (!accepted(world, caller.token, 'read')) return trouble(switches, switches.delayedAs);
    if (!inPlace(world, caller.token)) return trouble(switches, switches.delayedAs);
  }
  const fault = callerFault(world, call, caller);
  if (fault !== null) return fault;
  const [first] = call.path;
  if (first === 'me' && call.path[1] === 'permissions') {
    if (!switches.permissionsEdge) return trouble(switches, UNSUPPORTED);
    return json(switches, { data: SCOPES.map((permission) => ({ permission, status: 'granted' })) });
  }
  if (first === 'me') return withNumbers(world, { id: id(world, world.userId), name: 'keyturn' });
  if (first === world.phoneId)
    return withNumbers(world, { id: id(world, world.phoneId), display_phone_number: '+1 555 0100' });
  if (first === world.wabaId) return withNumbers(world, { id: id(world, world.wabaId), name: 'Lucky Shrub' });
  return trouble(switches, { ...UNSUPPORTED, message: 'Object does not exist or cannot be loaded' });
}
