import { KeyturnError } from '../../core/errors.ts';

/** Does something with files; what the system refuses becomes an error of ours. */
export async function withFileErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (caught) {
    const { code, path } = caught as NodeJS.ErrnoException;
    if (caught instanceof KeyturnError || code === undefined || !/^E[A-Z]+$/.test(code)) throw caught;
    const where = path ?? 'a file';
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new KeyturnError('FULL', `${where} cannot be written: no room left on the disk`, {
        hint: 'free some room, then run it again',
      });
    }
    throw new KeyturnError('DENIED', `${where} cannot be read or written (${code})`, {
      hint: 'give this user the right to it, or work in another folder',
    });
  }
}
