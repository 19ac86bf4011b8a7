import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const keyturn = fileURLToPath(new URL('../../bin/keyturn.js', import.meta.url));

/**
 * Types the commands of a page into a shell, in a folder, and gives what was printed; throws where one of them fails.
 * `keyturn` is the built one; `programs` are scripts of Node that stand in for others.
 */
export async function typeCommands(
  blocks: readonly string[],
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
  programs: Readonly<Record<string, string>> = {},
): Promise<string> {
  const bin = join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  for (const [name, script] of Object.entries({ keyturn, ...programs })) {
    const file = join(bin, name);
    await writeFile(file, `#!/bin/sh\nexec "${process.execPath}" "${script}" "$@"\n`);
    await chmod(file, 0o755);
  }
  return new Promise((resolve, reject) => {
    execFile(
      'sh',
      ['-e', '-c', blocks.join('\n')],
      { cwd: folder, env: { ...env, PATH: `${bin}:${process.env.PATH}` }, timeout: 100_000 },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`the commands of the page end with ${error.code}:\n${stdout}\n${stderr}`));
      },
    );
  });
}
