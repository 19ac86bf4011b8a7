import type { Watched } from './consumer.ts';
import { fingerprint, lives } from './graph-tokens.ts';
import type { Ended, LedgerText, Rig } from './rig.ts';

const DEAD = new Set(['revoked', 'settled']);

/** Everything that is wrong with what happened, one line each. */
export async function judge(rig: Rig, ended: readonly Ended[], watched: Watched): Promise<string[]> {
  const { world } = rig.server;
  const ledger = await rig.ledger();
  const current = await rig.current();
  const status = ended.at(-1);
  return [
    ...watched.faults,
    ...world.dangers,
    ...ended.flatMap(commandFaults),
    ...(ledger === null ? ['there is no ledger'] : ledgerFaults(rig, ledger)),
    ...(ledger === null || status === undefined ? [] : statusFaults(status, ledger, current)),
  ];
}

function commandFaults({ args, code, signal, ms, stdout }: Ended): string[] {
  const name = args[0];
  const allowed = name === 'rotate' || name === 'run' ? [0, 3, 4] : [0];
  return [
    ...(signal === null ? [] : [`${name} ended by ${signal} after ${ms} ms`]),
    ...(code === null || allowed.includes(code) ? [] : [`${name} ended with ${code}`]),
    ...(isJson(stdout) ? [] : [`${name} printed no JSON`]),
  ];
}

function ledgerFaults(rig: Rig, ledger: LedgerText): string[] {
  const { tokens } = rig.server.world;
  const now = Date.now();
  const faults: string[] = [];
  for (const token of tokens.all) {
    if (token.user !== 'client') continue;
    const print = fingerprint(token.value);
    const rows = ledger.keys.filter((row) => row.fingerprints?.value === print);
    const alive = lives(token, now);
    if (alive && !rows.some((row) => !DEAD.has(row.state)) && !covered(ledger, token.issuedAt)) {
      const dead = rows.length > 0 ? 'called dead' : 'in no row';
      faults.push(`a token of ${token.madeBy} lives and is ${dead}`);
    }
    if (alive && rows.some((row) => row.state === 'revoked')) faults.push('a row called revoked lives');
    if (rows.filter((row) => !DEAD.has(row.state)).length > 1) faults.push('one token has two living rows');
  }
  return faults;
}

/** Whether a row says that something may have been made at that time. */
function covered(ledger: LedgerText, at: number): boolean {
  return ledger.keys.some(({ state, window }) => {
    if (!['possible', 'intended'].includes(state) || window === undefined) return false;
    return Date.parse(window.from) <= at && at <= Date.parse(window.to ?? '9999-12-31');
  });
}

function statusFaults({ stdout }: Ended, ledger: LedgerText, current: string | null): string[] {
  if (!isJson(stdout)) return [];
  const credential = JSON.parse(stdout).data?.credentials?.[0];
  const said = credential?.current?.fingerprints?.value;
  return [
    ...(current !== null && said !== fingerprint(current)
      ? ['status names another current key than the store has']
      : []),
    ...(JSON.stringify(credential?.keys?.map((key: { state: string }) => key.state)) ===
    JSON.stringify(ledger.keys.map((key) => key.state))
      ? []
      : ['status and the ledger disagree']),
  ];
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
