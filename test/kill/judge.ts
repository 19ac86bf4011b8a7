import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench, Ended } from './bench.ts';
import type { ClientCount } from './client.ts';
import { isSettled, type Status } from './recovery.ts';

/** A run may end with 4 where it tells of a key that may have been made and that nobody holds. */
const ALLOWED = [0, 4];
/** What a key may look like in a text. */
const WORDS = /[\w-]{16,}/g;

/** Everything that is wrong, one line each, by what the issuer and the store hold and the client has met. */
export async function judge(
  bench: Bench,
  of: { readonly status: Status; readonly client: ClientCount; readonly ended: readonly Ended[] },
): Promise<readonly string[]> {
  const { status, client, ended } = of;
  return [
    ...client.failures,
    ...(client.sent > 0 ? [] : ['the client sent nothing']),
    ...ended.flatMap(commandFaults),
    ...keyFaults(bench, status),
    ...(await storeFaults(bench, status)),
    ...(await trailFaults(bench)),
    ...(await leaks(bench, client)),
  ];
}

function commandFaults({ args, code, signal, stderr, stdout }: Ended): readonly string[] {
  if (signal === null && code !== null && ALLOWED.includes(code)) return [];
  return [`${args.join(' ')} ended with ${code ?? signal}: ${stderr}${stdout}`.slice(0, 2_000)];
}

/** Every key that the issuer ever made, against the rows. */
function keyFaults({ provider }: Bench, status: Status): readonly string[] {
  const keys = provider.keys();
  const faults: string[] = [];
  const rowsOf = (print: string) => status.keys.filter(({ fingerprints }) => fingerprints?.value === print);
  const live = keys.filter((key) => key.live);
  const unseen = live.filter(({ fingerprint }) => rowsOf(fingerprint).length === 0);
  // A possible row with a fingerprint speaks of that key alone, one without of any key that nobody holds.
  const possible = status.keys.filter(({ state }) => state === 'possible');
  const open = possible.filter(({ fingerprints }) => fingerprints === null);
  if (unseen.length > open.length)
    faults.push(`lost: ${unseen.length} keys live in no row, and ${open.length} rows could be theirs`);
  for (const { id, fingerprint, live: lives } of keys) {
    const rows = rowsOf(fingerprint);
    if (rows.length > 1) faults.push(`${id} has ${rows.length} rows`);
    const [row] = rows;
    if (row?.state === 'revoked' && lives) faults.push(`${row.id} is called revoked and lives`);
    if (row?.state === 'current' && !lives) faults.push(`${row.id} is current and dead`);
  }
  const held = live.filter(({ fingerprint }) =>
    rowsOf(fingerprint).some(({ state }) => state !== 'possible'),
  );
  if (held.length !== 1) faults.push(`${held.length} keys live that somebody holds, not one`);
  return faults;
}

async function storeFaults(bench: Bench, status: Status): Promise<readonly string[]> {
  const value = await bench.current();
  const key = value === null ? null : bench.provider.lookup(value);
  const faults: string[] = [];
  if (key?.live !== true) faults.push('the store holds no key that works');
  if (key?.fingerprint !== status.current?.fingerprints?.value)
    faults.push('status names another key than the store');
  if (!isSettled(status)) faults.push(`not settled: ${JSON.stringify(status)}`);
  if (status.hold !== null && status.hold.kind !== 'rollback') faults.push(`held: ${status.hold.reason}`);
  if (status.lease !== null) faults.push('a lease is left');
  return faults;
}

/** No secret in what any process printed, the one that was struck too, or in any file in clear. */
async function leaks(bench: Bench, { values }: ClientCount): Promise<readonly string[]> {
  const entries = await readdir(bench.folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  const texts = [
    ...bench.ended.map(({ args, stdout, stderr }) => [args[0], stdout + stderr] as const),
    ...(await Promise.all(files.map(async (path) => [path, await readFile(path, 'latin1')] as const))),
  ];
  const secrets = [...values, ...bench.secrets];
  // Of a key that nobody ever read only the fingerprint is known here: every word that is long enough is tried.
  const prints = bench.provider.keys().map(({ fingerprint }) => fingerprint);
  const isKey = (word: string): boolean =>
    prints.includes(createHash('sha256').update(word).digest('hex').slice(0, 16));
  return texts
    .filter(([, text]) => secrets.some((secret) => text.includes(secret)) || text.match(WORDS)?.some(isKey))
    .map(([where]) => `a secret is in ${where}`);
}

async function trailFaults(bench: Bench): Promise<readonly string[]> {
  const { code, stdout } = await bench.keyturn({ args: ['trail', 'verify', '--json'] });
  return code === 0 ? [] : [`trail verify ended with ${code}: ${stdout}`];
}
