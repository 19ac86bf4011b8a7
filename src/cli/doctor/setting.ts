import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../../config/config.ts';
import { configProblems } from '../../config/problems.ts';
import { KeyturnError } from '../../core/errors.ts';
import { requireLastingStores } from '../change.ts';
import { type Context, referenceContext } from '../context.ts';
import { requireLastUse } from '../gates.ts';
import { requireFields } from '../policy.ts';
import { fileSinks } from '../trail/source.ts';
import { attempt, type Check, fail, ok, skipped, warn } from './check.ts';

const OLDEST_NODE = [20, 19] as const;
const OTHERS_WRITE = 0o022;

/** What can be told before the configuration is read. */
export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const name = 'node';
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) {
    return ok(name, `Node.js ${version}`);
  }
  return fail(name, `Node.js ${version} is too old`, `install Node.js ${OLDEST_NODE.join('.')} or newer`);
}

/** Null where it could not be read; the checks say why. */
export async function checkConfig(
  context: Context,
): Promise<{ readonly config: Config | null; readonly checks: readonly Check[] }> {
  const name = 'configuration';
  try {
    const config = await context.config();
    const { size: issuers } = config.issuers;
    const message = `${config.file}: ${count(config.credentials.length, 'credential')}, ${count(issuers, 'issuer')}`;
    return { config, checks: [ok(name, message), ...(await checkRights(config.file))] };
  } catch (caught) {
    if (!(caught instanceof KeyturnError) || caught.exitCode !== 2) throw caught;
    const problems = configProblems(caught);
    const checks =
      problems.length === 0
        ? [fail(name, caught.message, caught.hint)]
        : problems.map((one) =>
            fail(name, `${one.file}:${one.line}:${one.column}: ${one.reason}`, one.remedy),
          );
    return { config: null, checks };
  }
}

/** Whoever can change the configuration can send secrets elsewhere. */
async function checkRights(file: string): Promise<readonly Check[]> {
  const { mode } = await stat(file);
  if ((mode & OTHERS_WRITE) === 0) return [];
  return [warn('configuration', `${file} can be changed by other users`, `run chmod go-w ${file}`)];
}

/** A machine that is gone after the job keeps nothing. */
export function checkMachine({ credentials }: Config, context: Context): readonly Check[] {
  try {
    requireLastingStores(context, credentials);
    return [];
  } catch (caught) {
    if (!(caught instanceof KeyturnError)) throw caught;
    return [warn('machine', caught.message, caught.hint)];
  }
}

/** Each reference is tried by itself, so that all that lead to nothing are told. */
export async function checkReferences(config: Config, context: Context): Promise<readonly Check[]> {
  const [{ requireReferences }, references] = await Promise.all([
    import('../../config/needs.ts'),
    referenceContext(context),
  ]);
  const checks = await Promise.all(
    config.references.map((use) =>
      attempt(`reference ${use.setting}`, async () => {
        await requireReferences([use], config.file, references);
        return [ok(`reference ${use.setting}`, `${use.reference} leads to a value`)];
      }),
    ),
  );
  return checks.flat();
}

/** Whether the parts of each issuer's keys have a place in the store. */
export async function checkFields(config: Config, context: Context): Promise<readonly Check[]> {
  const checks = await Promise.all(
    config.credentials.map((credential) =>
      attempt(`credential ${credential.name}`, async () => {
        const issuer = await context.issuer(credential.issuer);
        requireFields(credential, issuer);
        requireLastUse(credential, issuer);
        return [];
      }),
    ),
  );
  return checks.flat();
}

/** Whether file sinks can be written, as far as that can be told without writing. */
export async function checkSinks(config: Config, context: Context): Promise<readonly Check[]> {
  const files = fileSinks(config, context);
  const checks = await Promise.all(files.map(({ path }) => checkSink(path)));
  const left = config.trail.sinks.length - files.length;
  return left === 0
    ? checks
    : [...checks, skipped('trail', `${count(left, 'sink')} that only writing could try`)];
}

async function checkSink(path: string): Promise<Check> {
  const name = 'trail';
  try {
    await access(path, constants.W_OK);
    return ok(name, `${path} can be written`);
  } catch (caught) {
    if ((caught as NodeJS.ErrnoException).code !== 'ENOENT') {
      return fail(name, `${path} cannot be written`, 'give this user the right to it, or name another file');
    }
  }
  try {
    await access(dirname(path), constants.W_OK);
    return ok(name, `${path} is not there yet, and can be made`);
  } catch {
    // Not there or not writable: either way the file cannot be made.
    return fail(
      name,
      `${path} cannot be made`,
      `make the folder ${dirname(path)} and give this user the right to it`,
    );
  }
}

function count(many: number, what: string): string {
  return `${many} ${what}${many === 1 ? '' : 's'}`;
}
