import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One place where something was found that must not be anywhere. Never says what. */
export interface Finding {
  readonly canary: string;
  readonly form: string;
  readonly where: string;
}

/** What is planted, by the name that findings use. */
export type Canaries = ReadonlyMap<string, string>;

/** A piece of this many characters is a leak, too. */
const PIECE = 14;

/** Every way in which a text may be written somewhere else. */
function forms(secret: string): readonly (readonly [form: string, text: string])[] {
  const bytes = Buffer.from(secret);
  const aligned = [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replaceAll('=', '');
    // The first and the last characters depend on the neighbours.
    const inner = text.slice(shift === 0 ? 0 : 4, -3);
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
  });
  const hex = bytes.toString('hex');
  return [
    ['plain', secret],
    ['beginning', secret.slice(skipped(secret), skipped(secret) + PIECE)],
    ['end', secret.slice(-PIECE)],
    ...aligned.map((text) => ['base64', text] as const),
    ['hex', hex],
    ['hex', hex.toUpperCase()],
    ['url', encodeURIComponent(secret)],
    ['form', new URLSearchParams({ k: secret }).toString().slice(2)],
    ['json', JSON.stringify(secret).slice(1, -1)],
  ];
}

/** What everybody knows of a secret of its kind. */
function skipped(secret: string): number {
  return ['EAAfake', 'AGE-SECRET-KEY-'].find((prefix) => secret.startsWith(prefix))?.length ?? 0;
}

export function searchText(canaries: Canaries, text: string, where: string): Finding[] {
  const found = new Map<string, Finding>();
  for (const [canary, secret] of canaries) {
    for (const [form, needle] of forms(secret)) {
      if (needle.length < PIECE || !text.includes(needle)) continue;
      found.set(`${canary} ${form}`, { canary, form, where });
    }
  }
  return [...found.values()];
}

/** Every byte of every file below the folder, and the names of the files. */
export async function searchFolder(canaries: Canaries, folder: string): Promise<Finding[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const found: Finding[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    found.push(...searchText(canaries, path, `name of ${path}`));
    if (entry.isFile()) found.push(...searchText(canaries, await readFile(path, 'latin1'), path));
  }
  return found;
}

/** Reads the arguments of a process, as everybody on the machine can, until it is gone. Only where there is a /proc. */
export async function watchArguments(pid: number, seen: Set<string>): Promise<void> {
  for (;;) {
    const text = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => null);
    if (text === null || text === '') return;
    seen.add(text);
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'latin1').catch(() => '');
    for (const child of children.split(' ').filter((id) => id !== '')) {
      seen.add(await readFile(`/proc/${child}/cmdline`, 'latin1').catch(() => ''));
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
