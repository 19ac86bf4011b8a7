import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const keyturn = fileURLToPath(new URL('../../bin/keyturn.js', import.meta.url));

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command in this folder, with a configuration of one credential in this store of Google. */
export async function runKeyturn(
  folder: string,
  args: readonly string[],
  given: { readonly store: object; readonly env?: Readonly<Record<string, string>>; readonly input?: string },
): Promise<Ran> {
  const config = {
    version: 1,
    store: { kind: 'gcp-secret-manager', project: 'fake-project', ...given.store },
    issuers: { words: { kind: 'random' } },
    credentials: { 'wa-test': { issuer: 'words', env: 'WA_TEST' } },
  };
  await writeFile(join(folder, 'keyturn.yaml'), JSON.stringify(config));
  const env = { PATH: process.env.PATH, HOME: folder, METADATA_SERVER_DETECTION: 'none', ...given.env };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [keyturn, ...args],
      { cwd: folder, env, timeout: 60_000, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
    child.stdin?.end(given.input ?? '');
  });
}
