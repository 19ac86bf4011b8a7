import type { Stream } from './stream.ts';

/**
 * The business the simulator plays: who exists in it, and the two secrets of its app. All ids are
 * strings of digits. Every field can be given to `startSimulator`; what is not given is invented.
 */
export interface World {
  readonly businessId: string;
  readonly appId: string;
  readonly appName: string;
  /** The secret of `appId`. Changes with `resetAppSecret`. */
  readonly appSecret: string;
  /** A second app of the same business, for tokens that belong elsewhere. */
  readonly otherAppId: string;
  readonly otherAppSecret: string;
  /** The admin system user, and its token of `appId`, which never expires. */
  readonly adminUserId: string;
  readonly adminToken: string;
  /** An employee system user: its app-scoped id, which the API wants, ... */
  readonly systemUserId: string;
  /** ... and the id of the same user that the business settings show. */
  readonly canonicalUserId: string;
  /** A second employee system user, for those who use two in turn. */
  readonly secondUserId: string;
  /** A system user of another business. */
  readonly foreignUserId: string;
  readonly wabaId: string;
  readonly phoneNumberId: string;
  readonly secondPhoneNumberId: string;
}

export interface App {
  readonly id: string;
  readonly name: string;
  readonly secret: string;
}

export interface SystemUser {
  readonly id: string;
  readonly canonicalId: string;
  readonly name: string;
  readonly role: 'ADMIN' | 'EMPLOYEE';
  readonly businessId: string;
}

export const FOREIGN_BUSINESS = '900000000000099';

/** The defaults. The ids are of no one; both secrets say what they are. */
export function inventWorld(stream: Stream, token: string): World {
  return {
    businessId: '900000000000001',
    appId: '900000000000002',
    appName: 'Simulated App',
    appSecret: `simulated-app-secret-${stream.text(16)}`,
    otherAppId: '900000000000003',
    otherAppSecret: `simulated-app-secret-${stream.text(16)}`,
    adminUserId: '900000000000010',
    adminToken: token,
    systemUserId: '900000000000011',
    canonicalUserId: '900000000000911',
    secondUserId: '900000000000012',
    foreignUserId: '900000000000013',
    wabaId: '900000000000020',
    phoneNumberId: '900000000000021',
    secondPhoneNumberId: '900000000000022',
  };
}

export function findApp(world: World, id: string | null): App | null {
  if (id === world.appId) return { id, name: world.appName, secret: world.appSecret };
  if (id === world.otherAppId) return { id, name: 'Other Simulated App', secret: world.otherAppSecret };
  return null;
}

/** `canonical`: whether the id that the business settings show is taken too. */
export function findUser(world: World, id: string, canonical: boolean): SystemUser | null {
  return usersOf(world).find((user) => user.id === id || (canonical && user.canonicalId === id)) ?? null;
}

function usersOf(world: World): readonly SystemUser[] {
  const employee = (id: string, canonicalId: string, name: string, businessId: string): SystemUser => {
    return { id, canonicalId, name, role: 'EMPLOYEE', businessId };
  };
  return [
    {
      ...employee(world.adminUserId, '900000000000910', 'Simulated admin', world.businessId),
      role: 'ADMIN',
    },
    employee(world.systemUserId, world.canonicalUserId, 'Simulated sender', world.businessId),
    employee(world.secondUserId, '900000000000912', 'Simulated second sender', world.businessId),
    employee(world.foreignUserId, '900000000000913', 'Simulated stranger', FOREIGN_BUSINESS),
  ];
}
