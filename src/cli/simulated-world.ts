import type { Simulator } from '../simulator/simulator.ts';

/**
 * What a person needs to use a simulator that runs, as text that a shell can read. The secrets in it are those of the
 * simulated world: they are worth nothing anywhere else.
 */
export function simulatedWorld({ url, world }: Simulator): string {
  const init = [
    'keyturn init --name wa-simulated',
    `--app-id ${world.appId}`,
    `--system-user-id ${world.systemUserId}`,
    `--phone-number ${world.phoneNumberId}`,
    `--graph-url ${url}`,
  ];
  return `# A simulator of Meta's Graph API runs at ${url} until Ctrl-C.
# Nothing in it is real: these two secrets are made up, and work here only.
export META_APP_SECRET=${quoted(world.appSecret)}
export META_ADMIN_TOKEN=${quoted(world.adminToken)}
# In another shell, with those two lines pasted into it, in an empty folder:
#   ${init.join(' \\\n#     ')}
#   keyturn rotate wa-simulated
# app ${world.appId}, system user ${world.systemUserId}, phone number ${world.phoneNumberId}, account ${world.wabaId}
# what it has seen so far: curl ${url}/_simulator/state
`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
