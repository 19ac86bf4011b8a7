import { type Stats, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { KeyturnError } from '../core/errors.ts';

const FILE_NAME = 'keyturn.yaml';

export interface WhereToLook {
  /** The value of `--config`. */
  readonly flag?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
}

/**
 * The absolute path of the configuration: `--config`, then KEYTURN_CONFIG, then `keyturn.yaml` upward from the working
 * directory, not beyond a repository's root, the home folder or the file system. Throws CONFIG where there is none.
 */
export function findConfig({ flag, env, cwd, home }: WhereToLook): string {
  if (flag !== undefined && flag !== '') return resolve(cwd, flag);
  const named = env.KEYTURN_CONFIG;
  if (named !== undefined && named !== '') return resolve(cwd, named);
  const found = searchUpward(resolve(cwd), resolve(home));
  if (found !== null) return found;
  throw new KeyturnError('CONFIG', `there is no ${FILE_NAME} here, nor in the folders above`, {
    hint: 'run keyturn init to write one, or name one with --config',
  });
}

function searchUpward(start: string, home: string): string | null {
  const device = look(start)?.dev;
  for (let folder = start; ; folder = dirname(folder)) {
    const file = join(folder, FILE_NAME);
    if (look(file) !== null) {
      if (folder !== start) refusePlanted(file, folder);
      return file;
    }
    const parent = dirname(folder);
    const boundary = folder === home || parent === folder || look(join(folder, '.git')) !== null;
    if (boundary || look(parent)?.dev !== device) return null;
  }
}

/** In a folder such as /tmp anyone can lay a configuration that sends secrets elsewhere. */
function refusePlanted(file: string, folder: string): void {
  const mode = look(folder)?.mode ?? 0;
  if ((mode & 0o002) === 0) return;
  throw new KeyturnError('CONFIG', `${file} lies in a folder that everyone can write to`, {
    hint: 'move it, or name it with --config if it is yours',
  });
}

/** Null where nothing is, and where this user may not look: then nothing of ours is there. */
function look(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (caught) {
    const code = (caught as NodeJS.ErrnoException).code;
    if (code === 'EACCES' || code === 'ENOTDIR') return null;
    throw new KeyturnError('CONFIG', `cannot look for ${path}`, { hint: 'name the file with --config' });
  }
}
