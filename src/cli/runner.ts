import { readFileSync, readlinkSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import type { Runner } from '../engine/run.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The field of /proc/PID/stat that says when the process started, counted from the end of its name. */
const START_TIME = 22 - 3;

/** This process, as ledger and trail name it. `reason` is what `--reason` says, where nothing else keeps it. */
export function runnerOf(env: Environment, nonce: string, reason: string | undefined): Runner {
  const host = hostname();
  const machine = machineId();
  const startedAt = startOf(process.pid);
  const known = machine !== null && startedAt !== null;
  return {
    owner: `${userName()}.${process.pid}.${nonce}`,
    host,
    ...(known ? { process: `${machine}/${process.pid}/${startedAt}` } : {}),
    isGone: (otherHost, other) => otherHost === host && machine !== null && isGone(other, machine),
    by: reason === undefined ? actor(env, host) : `${actor(env, host)}: ${reason}`,
  };
}

/** Who stands behind it: the job of a CI system, or the user. */
export function actor(env: Environment, host = hostname()): string {
  if (env.GITHUB_ACTIONS === 'true') {
    return `github:${env.GITHUB_ACTOR ?? 'unknown'}/${env.GITHUB_REPOSITORY ?? 'unknown'}/${env.GITHUB_RUN_ID ?? '0'}`;
  }
  if (env.GITLAB_CI === 'true') {
    return `gitlab:${env.GITLAB_USER_LOGIN ?? 'unknown'}/${env.CI_PROJECT_PATH ?? 'unknown'}/${env.CI_JOB_ID ?? '0'}`;
  }
  return `${userName()}@${host}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a user that has no name.
    return `uid${process.getuid?.() ?? ''}`;
  }
}

/**
 * Whether a process of this machine has ended; its number may be another one's by now. Nothing is known of another boot
 * or another container: machines can have one name, and what runs beside this container cannot be seen from it.
 */
function isGone(other: string, machine: string): boolean {
  const [otherMachine, pid, startedAt] = other.split('/');
  if (otherMachine !== machine) return false;
  const now = startOf(Number(pid));
  return now === null || now !== startedAt;
}

/** This boot of this machine, and the container in which process numbers count. Null where the system does not tell. */
function machineId(): string | null {
  const boot = read('/proc/sys/kernel/random/boot_id')?.trim();
  return boot === undefined ? null : `${boot}:${processNamespace()}`;
}

function processNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '';
  } catch {
    // A hardened system may hide it; then nothing but the boot tells machines apart.
    return '';
  }
}

/** When a process started, in ticks since the boot. Null where there is no such process. */
function startOf(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The name of the process is in brackets and may hold anything.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_TIME] ?? null;
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // No /proc on this system, or no such process: both are told by null.
    return null;
  }
}
