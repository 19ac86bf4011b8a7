import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';
import { generateIdentity } from '../../stores/file/identity.ts';

export const CREDENTIAL = 'wa-demo';
/** The age of the token with which the story begins. */
export const FIRST_AGE_DAYS = 100;
/** Short enough to wait for, long enough for a client that reads again every quarter of a second. */
export const OVERLAP_SECONDS = 3;

/** Everything that the story needs, in a temporary folder and on loopback. */
export interface DemoSet {
  readonly folder: string;
  readonly config: string;
  readonly identityFile: string;
  /** The file that consumers read. */
  readonly tokenFile: string;
  readonly simulator: Simulator;
  /** What the child processes get in their environment: the secrets of the simulated world. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Starts the simulator, makes an identity and a configuration, and stores a token the way a team does by hand. */
export async function buildSet(now: () => number): Promise<DemoSet> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-demo-'));
  const simulator = await startSimulator({ clock: now });
  const { identity, recipient } = await generateIdentity();
  const identityFile = join(folder, 'identity');
  const config = join(folder, 'keyturn.yaml');
  await writeFile(identityFile, `${identity}\n`, { mode: 0o600 });
  await writeFile(config, configuration(simulator), { mode: 0o600 });
  const tokenFile = join(folder, 'secrets', 'prod', 'whatsapp', 'token.age');
  await mkdir(join(folder, 'secrets', 'prod', 'whatsapp'), { recursive: true, mode: 0o700 });
  const token = simulator.issue({ ageDays: FIRST_AGE_DAYS });
  await writeFile(tokenFile, await encrypt(token, recipient), { mode: 0o600 });
  return {
    folder,
    config,
    identityFile,
    tokenFile,
    simulator,
    env: { META_APP_SECRET: simulator.world.appSecret, META_ADMIN_TOKEN: simulator.world.adminToken },
    close: async () => {
      await simulator.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function encrypt(text: string, recipient: string): Promise<Uint8Array> {
  const age = await import('age-encryption');
  const encrypter = new age.Encrypter();
  encrypter.addRecipient(recipient);
  return encrypter.encrypt(text);
}

function configuration({ url, world }: Simulator): string {
  return `version: 1
store: { kind: file, path: ./secrets, identity: "file:./identity", shared: true }
policy: { maxAge: 90d, overlap: ${OVERLAP_SECONDS}s }
issuers:
  meta:
    kind: meta-system-user
    appId: "${world.appId}"
    systemUserId: "${world.systemUserId}"
    appSecret: env:META_APP_SECRET
    adminToken: env:META_ADMIN_TOKEN
    scopes: [whatsapp_business_messaging, whatsapp_business_management]
    checks: { phoneNumber: "${world.phoneNumberId}" }
    graphUrl: ${url}
credentials:
  ${CREDENTIAL}: { issuer: meta, location: prod/whatsapp/token, env: WHATSAPP_TOKEN }
`;
}
