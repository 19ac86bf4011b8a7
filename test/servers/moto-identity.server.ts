import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Bench, built, openBench } from '../cli/harness.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { type IdentityEndpoints, startIdentityEndpoints } from './identity-endpoints.ts';
import { motoServer } from './moto.ts';
import { type RunningServer, started } from './server.ts';

/* Every way to an identity of AWS, through the built command. moto gives the temporary keys of roles. */

const ROLE = 'arn:aws:iam::123456789012:role/rotator';
const KEY = 'plainly-fake-key-of-the-base-identity';
const WEB_TOKEN = 'plainly-fake-web-identity-token-0123456789';
const BASE = { AWS_ACCESS_KEY_ID: 'AKIABASE', AWS_SECRET_ACCESS_KEY: KEY };
/** Everything that Node, the SDK and its friends could be told to say. */
const TALK = { NODE_DEBUG: '*', DEBUG: '*', AWS_LOG_LEVEL: 'trace', AWS_SDK_LOG_LEVEL: 'trace' };

let moto: RunningServer;
let machine: IdentityEndpoints;
let front: FaultProxy;
let bench: Bench;
/** Ids of the keys that requests to Secrets Manager were signed with. */
let signers: Set<string>;
/** Bodies of the requests for a role. */
let assumed: string[];

beforeAll(async () => {
  await built();
  moto = await started(motoServer);
  machine = await startIdentityEndpoints();
}, 120_000);
afterAll(async () => {
  await machine?.close();
  await moto?.stop();
});
beforeEach(async () => {
  bench = await openBench();
  signers = new Set();
  assumed = [];
  front = await startFaultProxy(moto.url, ({ headers, body }) => {
    const target = headers['x-amz-target'];
    const signer = /Credential=([A-Z0-9]+)\//.exec(headers.authorization ?? '')?.[1];
    if (target === undefined) assumed.push(body);
    else signers.add(signer ?? 'nobody');
    return String(target ?? 'sts');
  });
});
afterEach(async () => {
  await front.close();
  await bench.close();
});

/** Rotates once with these settings and variables, and looks for secrets in all that is printed. */
async function rotate(
  env: Readonly<Record<string, string>>,
  settings: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly said: string }> {
  const store = { kind: 'aws-secrets-manager', region: 'eu-central-1', endpoint: front.url, ...settings };
  await bench.configure(
    JSON.stringify({
      version: 1,
      store,
      issuers: { words: { kind: 'random' } },
      credentials: {
        hook: {
          issuer: 'words',
          location: `identity/${createHash('sha1').update(bench.folder).digest('hex')}`,
        },
      },
    }),
  );
  const all = { AWS_EC2_METADATA_DISABLED: 'true', AWS_ENDPOINT_URL_STS: front.url, ...env, ...TALK };
  const { code, stdout, stderr } = await bench.keyturn(['rotate', 'hook', '--verbose'], { env: all });
  const said = stdout + stderr;
  expect(said).toMatch(/^(MODULE|TIMER) \d+: /m);
  for (const secret of [KEY, WEB_TOKEN, ...Object.values(machine.secrets)]) {
    expect(said.includes(secret), 'a secret is printed').toBe(false);
  }
  return { code, said };
}

/** Files of AWS's own, where the command line of AWS has them. */
async function awsFile(path: string, text: string): Promise<string> {
  const file = join(bench.folder, '.aws', path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, text, { mode: 0o600 });
  return file;
}

/** How the ids of temporary keys begin. */
const ofRole = 'ASIA';

describe('an identity of AWS', () => {
  test('from the environment', async () => {
    const { code, said } = await rotate(BASE);
    expect(code, said).toBe(0);
    expect([...signers]).toEqual(['AKIABASE']);
  });

  test('of a role that the settings name, with its external id', async () => {
    const { code, said } = await rotate(BASE, { role: ROLE, externalId: 'words-of-the-trust-policy' });
    expect(code, said).toBe(0);
    expect(assumed).toHaveLength(1);
    const asked = new URLSearchParams(assumed[0]);
    expect(Object.fromEntries(asked)).toMatchObject({
      Action: 'AssumeRole',
      RoleArn: ROLE,
      ExternalId: 'words-of-the-trust-policy',
      RoleSessionName: 'keyturn',
    });
    expect([...signers].map((id) => id.slice(0, 4))).toEqual([ofRole]);
  });

  test('of a profile in the files of AWS', async () => {
    await awsFile(
      'credentials',
      `[rotator]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = ${KEY}\n`,
    );
    const { code, said } = await rotate({}, { profile: 'rotator' });
    expect(code, said).toBe(0);
    expect([...signers]).toEqual(['AKIAPROFILE']);
  });

  test('of a profile that assumes a role', async () => {
    await awsFile('credentials', `[base]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = ${KEY}\n`);
    await awsFile(
      'config',
      `[profile rotator]\nrole_arn = ${ROLE}\nsource_profile = base\nregion = eu-central-1\n`,
    );
    const { code, said } = await rotate({}, { profile: 'rotator' });
    expect(code, said).toBe(0);
    expect(new URLSearchParams(assumed[0]).get('RoleArn')).toBe(ROLE);
    expect([...signers].map((id) => id.slice(0, 4))).toEqual([ofRole]);
  });

  test('of a profile, which then assumes the role of the settings', async () => {
    await awsFile('credentials', `[base]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = ${KEY}\n`);
    const { code, said } = await rotate({}, { profile: 'base', role: ROLE });
    expect(code, said).toBe(0);
    expect(new URLSearchParams(assumed[0]).get('RoleArn')).toBe(ROLE);
    expect([...signers].map((id) => id.slice(0, 4))).toEqual([ofRole]);
  });

  test('by a web identity, as in CI and in EKS', async () => {
    const file = await awsFile('web-identity', WEB_TOKEN);
    const { code, said } = await rotate({ AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: ROLE });
    expect(code, said).toBe(0);
    expect(Object.fromEntries(new URLSearchParams(assumed[0]))).toMatchObject({
      Action: 'AssumeRoleWithWebIdentity',
      RoleArn: ROLE,
      WebIdentityToken: WEB_TOKEN,
    });
    expect([...signers].map((id) => id.slice(0, 4))).toEqual([ofRole]);
  });

  test('by a web identity that a profile names', async () => {
    const file = await awsFile('web-identity', WEB_TOKEN);
    await awsFile(
      'config',
      `[profile rotator]\nrole_arn = ${ROLE}\nweb_identity_token_file = ${file}\nregion = eu-central-1\n`,
    );
    const { code, said } = await rotate({}, { profile: 'rotator' });
    expect(code, said).toBe(0);
    expect(new URLSearchParams(assumed[0]).get('Action')).toBe('AssumeRoleWithWebIdentity');
    expect([...signers].map((id) => id.slice(0, 4))).toEqual([ofRole]);
  });

  test('of `aws sso login`', async () => {
    await sso(3_600_000);
    const { code, said } = await rotate({ AWS_ENDPOINT_URL_SSO: machine.url }, { profile: 'rotator' });
    expect(code, said).toBe(0);
    expect(machine.asked).toContain('GET /federation/credentials');
    expect([...signers]).toEqual(['ASIAFROMSSO']);
  });

  test('of `aws sso login` that has run out, is refused with what to do', async () => {
    await sso(-3_600_000);
    const { code, said } = await rotate({ AWS_ENDPOINT_URL_SSO: machine.url }, { profile: 'rotator' });
    expect(code).toBe(4);
    expect(said).toContain('aws sso login');
    expect([...signers]).toEqual([]);
  });

  test('of a container', async () => {
    const { code, said } = await rotate({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${machine.url}/container`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: machine.secrets.containerToken,
    });
    expect(code, said).toBe(0);
    expect([...signers]).toEqual(['ASIAFROMCONTAINER']);
  });

  test('of an instance', async () => {
    const { code, said } = await rotate({
      AWS_EC2_METADATA_DISABLED: 'false',
      AWS_EC2_METADATA_SERVICE_ENDPOINT: machine.url,
    });
    expect(code, said).toBe(0);
    expect([...signers]).toEqual(['ASIAFROMINSTANCE']);
  });

  test('that is nowhere to be found is refused before a key is made', async () => {
    const { code, said } = await rotate({});
    expect(code).toBe(4);
    expect(said).toContain('no AWS identity was found');
    expect([...signers]).toEqual([]);
  });
});

/** What `aws sso login` leaves behind. */
async function sso(leftMs: number): Promise<void> {
  await awsFile(
    'config',
    `[profile rotator]
sso_session = company
sso_account_id = 123456789012
sso_role_name = rotator
region = eu-central-1
[sso-session company]
sso_region = eu-central-1
sso_start_url = https://company.example/start
sso_registration_scopes = sso:account:access
`,
  );
  const login = {
    startUrl: 'https://company.example/start',
    region: 'eu-central-1',
    accessToken: machine.secrets.ssoToken,
    expiresAt: new Date(Date.now() + leftMs).toISOString(),
  };
  const name = createHash('sha1').update('company').digest('hex');
  await awsFile(`sso/cache/${name}.json`, JSON.stringify(login));
}
