import { installPackages, pythonIn } from './python.ts';
import { folderOf, Unavailable } from './server.ts';

const PACKAGES = ['google-cloud-secret-manager==2.32.0'];
const folder = folderOf({ name: 'google-python' });

/** The Python that has Google's library for Python; null where it cannot be had here. */
export async function googlePython(): Promise<string | null> {
  try {
    await installPackages(folder, PACKAGES);
    return pythonIn(folder, PACKAGES);
  } catch (caught) {
    if (caught instanceof Unavailable) return null;
    throw caught;
  }
}
