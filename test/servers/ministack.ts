import { freePort, launch, runTool } from './process.ts';
import { installPackages, pythonIn, waitUntilUp } from './python.ts';
import type { RunningServer, TestServer } from './server.ts';

const PACKAGES = ['ministack==1.5.33'];

/** AWS by https://github.com/ministackorg/ministack (MIT), in memory. It accepts every identity. */
export const ministackServer: TestServer = {
  name: 'ministack',
  install: (folder) => installPackages(folder, PACKAGES),
  start: (folder) => startMinistack(folder, {}),
};

/** Without its services named, it opens ports on every interface. `AUTH: 'true'` makes it hold to IAM's policies. */
export async function startMinistack(
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<RunningServer> {
  const port = await freePort();
  const server = launch({
    program: pythonIn(folder, PACKAGES),
    args: ['-m', 'ministack'],
    env: {
      SERVICES: 'secretsmanager,sts,iam',
      IOT_MTLS_ENABLED: '0',
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      ...env,
    },
  });
  const url = `http://127.0.0.1:${port}`;
  try {
    await waitUntilUp(url, server);
    return { url, stop: server.stop };
  } catch (caught) {
    await server.stop();
    throw caught;
  }
}

/** Makes a user of IAM who has this policy alone. Gives the variables of the identity. */
export async function iamUser(
  folder: string,
  url: string,
  account: string,
  policy: unknown,
): Promise<Readonly<Record<string, string>>> {
  const script = `
import json, sys, uuid, botocore.session
url, account, policy = sys.argv[1:]
iam = botocore.session.get_session().create_client("iam", region_name="us-east-1", endpoint_url=url,
    aws_access_key_id=account, aws_secret_access_key="plainly-fake")
name = "user-" + uuid.uuid4().hex
iam.create_user(UserName=name)
iam.put_user_policy(UserName=name, PolicyName="page", PolicyDocument=policy)
key = iam.create_access_key(UserName=name)["AccessKey"]
print(json.dumps({"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}))
`;
  const args = ['-c', script, url, account, JSON.stringify(policy)];
  return JSON.parse(await runTool(pythonIn(folder, PACKAGES), args, { withinMs: 60_000 }));
}
