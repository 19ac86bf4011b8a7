/** Where an app of Meta is: at the simulator, or at another server of the tests. */
export interface MetaApp {
  readonly url: string;
  readonly appId: string;
  readonly systemUserId: string;
  readonly phoneNumberId: string;
}

export interface ConfigurationParts {
  /** Without it: an encrypted folder. */
  readonly store?: string;
  readonly policy: string;
  /** The lines of each issuer. */
  readonly issuers: Readonly<Record<string, readonly string[]>>;
  /** One line each. */
  readonly credentials: readonly string[];
  readonly trail?: string;
}

/** The lines of an issuer at such an app. */
export function metaIssuer({ url, appId, systemUserId, phoneNumberId }: MetaApp): readonly string[] {
  return [
    'kind: meta-system-user',
    `appId: "${appId}"`,
    `systemUserId: "${systemUserId}"`,
    'appSecret: env:META_APP_SECRET',
    'adminToken: env:META_ADMIN_TOKEN',
    'scopes: [whatsapp_business_messaging, whatsapp_business_management]',
    `checks: { phoneNumber: "${phoneNumberId}" }`,
    `graphUrl: ${url}`,
  ];
}

/** A whole `keyturn.yaml`. */
export function configurationText(parts: ConfigurationParts): string {
  const { store = '{ kind: file, path: ./secrets, identity: env:KEYTURN_IDENTITY }', policy, trail } = parts;
  const issuers = Object.entries(parts.issuers).flatMap(([name, lines]) => [
    `  ${name}:`,
    ...lines.map((line) => `    ${line}`),
  ]);
  return [
    'version: 1',
    `store: ${store}`,
    `policy: { ${policy} }`,
    'issuers:',
    ...issuers,
    'credentials:',
    ...parts.credentials.map((line) => `  ${line}`),
    ...(trail === undefined ? [] : [`trail: ${trail}`]),
    '',
  ].join('\n');
}
