import { createHmac, randomBytes } from 'node:crypto';
import type { Edge, Switches } from './graph-switches.ts';
import { openTokenBook, type Token, type TokenBook } from './graph-tokens.ts';

/** What the server knows. */
export interface World {
  readonly switches: Switches;
  readonly appId: string;
  readonly userId: string;
  readonly canonicalUserId: string;
  readonly phoneId: string;
  readonly wabaId: string;
  readonly tokens: TokenBook;
  appSecret: string;
  admin: Token;
  /** What the clients use before the first rotation. */
  readonly first: Token;
  installedAt: number | null;
  secretResets: number;
  /** What no client may ever do. */
  readonly dangers: string[];
  readonly calls: Map<Edge, number>;
  readonly now: () => number;
}

export const SCOPES = ['whatsapp_business_messaging', 'whatsapp_business_management'] as const;

const SMALL = ['634974688087057', '104169029247128', '2061550912', '106540352242922', '102290129340398'];
const LARGE = [
  '634974688087057123',
  '122104169029247129',
  '61550912334455667',
  '106540352242922555',
  '102290129340398777',
];

export function makeWorld(
  switches: Switches,
  { age = 0, firstLife = switches.life }: { age?: number; firstLife?: number } = {},
): World {
  const [appId = '', userId = '', canonicalUserId = '', phoneId = '', wabaId = ''] =
    switches.idKind.startsWith('large') ? LARGE : SMALL;
  // Not Meta's letters: whatever is found in a log must be recognised as made up.
  const tokens = openTokenBook('EAAfake');
  const now = Date.now;
  const issuedAt = now() - age * 1000;
  const make = (user: Token['user'], life: number): Token =>
    tokens.make({
      user,
      madeBy: 'setup',
      scopes: SCOPES,
      issuedAt,
      expiresAt: life === 0 ? 0 : issuedAt + life * 1000,
    });
  return {
    switches,
    appId,
    userId,
    canonicalUserId,
    phoneId,
    wabaId,
    tokens,
    appSecret: randomBytes(16).toString('hex'),
    admin: make('admin', 0),
    first: make('client', firstLife),
    installedAt: switches.installed ? 0 : null,
    secretResets: 0,
    dangers: [],
    calls: new Map(),
    now,
  };
}

/** The secret of the app is reset at the dashboard; with `kills` every token of the app dies of it. */
export function resetSecret(world: World, kills: boolean): void {
  world.appSecret = randomBytes(16).toString('hex');
  world.secretResets += 1;
  if (!kills) return;
  for (const token of world.tokens.all) world.tokens.kill(token, 'server', world.now());
  world.admin = world.tokens.make({
    user: 'admin',
    madeBy: 'setup',
    scopes: SCOPES,
    issuedAt: world.now(),
    expiresAt: 0,
  });
}

export type Caller =
  | { readonly kind: 'none' | 'bad' | 'wrong-app' }
  | { readonly kind: 'app' }
  | { readonly kind: 'token'; readonly token: Token };

export function callerOf(world: World, value: string | null): Caller {
  if (value === null || value === '') return { kind: 'none' };
  if (value === `${world.appId}|${world.appSecret}`) return { kind: 'app' };
  if (value.startsWith(`${world.appId}|`)) return { kind: 'wrong-app' };
  const token = world.tokens.find(value);
  return token === undefined ? { kind: 'bad' } : { kind: 'token', token };
}

/** Whether the edge that is asked takes the token for alive: it may hear of births and deaths late. */
export function accepted(world: World, token: Token, edge: 'debug' | 'read'): boolean {
  const { delay } = world.switches;
  const now = world.now();
  const born = token.issuedAt + (token.madeBy === 'setup' ? 0 : 1) * delayOf(delay, edge, 'mint') * 1000;
  if (now < born) return false;
  if (token.expiresAt !== 0 && now >= token.expiresAt) return false;
  return token.diedAt === undefined || now < token.diedAt + delayOf(delay, edge, 'dead') * 1000;
}

function delayOf(delay: Switches['delay'], edge: 'debug' | 'read', of: 'mint' | 'dead'): number {
  if (of === 'mint') return edge === 'debug' ? delay.mintDebug : delay.mintRead;
  return edge === 'debug' ? delay.deadDebug : delay.deadRead;
}

export function inPlace(world: World, token: Token): boolean {
  return token.madeBy === 'setup' || world.now() >= token.issuedAt + world.switches.delay.asset * 1000;
}

/** Whether the proof fits the token of the call: absent is right where none is asked for. */
export function proofFault(world: World, params: URLSearchParams, token: string): string | null {
  const proof = params.get('appsecret_proof');
  if (proof === null) {
    return world.switches.proofRequired
      ? 'API calls from the server require an appsecret_proof argument'
      : null;
  }
  const time = params.get('appsecret_time');
  if (time !== null && Math.abs(world.now() / 1000 - Number(time)) > 300) {
    return 'Invalid appsecret_proof provided in the API argument';
  }
  const message = time === null ? token : `${token}|${time}`;
  const right = createHmac('sha256', world.appSecret).update(message).digest('hex');
  return proof === right ? null : 'Invalid appsecret_proof provided in the API argument';
}
