import type { ConfiguredCredential } from '../../config/config.ts';
import { parseDate } from '../../config/date.ts';
import type { Secret } from '../../core/secret.ts';
import { type Adopted, adopt, previewAdopt } from '../../engine/adopt.ts';
import { prepareChange, reasonOf, selectOne } from '../change.ts';
import { flag, line, type Options, optionOf, type Perform, type Report } from '../command.ts';
import type { Context } from '../context.ts';
import { only, withRuns } from '../drive.ts';
import { keyOutput } from '../facts.ts';
import { reportOfPlan } from '../plan-report.ts';
import { errorsOf } from '../rotation-report.ts';

/** Takes an existing key under management, touching nothing at the issuer. */
export const perform: Perform = async (invocation, context) => {
  const { options } = invocation;
  const reason = reasonOf(options);
  const issuedAt = issuedAtOf(options, context.startedAt);
  const issuerKeyId = optionOf(options, 'key');
  const credential = selectOne(await context.config(), invocation);
  const dry = flag(options, 'dryRun');
  await prepareChange(context, [credential], { dry });
  const secret = await handedOver(context, credential, flag(options, 'stdin'));
  const request = {
    ...(secret === null ? {} : { secret }),
    ...(issuedAt === undefined ? {} : { issuedAt }),
    ...(issuerKeyId === undefined ? {} : { issuerKeyId }),
  };
  const made = { takeLease: flag(options, 'takeLease'), reason, dry };
  return withRuns(context, [credential], made, async (runs) => {
    const run = only(runs);
    return dry
      ? reportOfPlan(await previewAdopt(run, request))
      : reportOf(credential.name, await adopt(run, request));
  });
};

function issuedAtOf(options: Options, now: number): string | undefined {
  const text = optionOf(options, 'issuedAt');
  return text === undefined || text === 'unknown' ? text : parseDate(text, now, '--issued-at');
}

/** The key that a person hands over; null: the one in the store is meant. */
async function handedOver(
  context: Context,
  credential: ConfiguredCredential,
  stdin: boolean,
): Promise<Secret | null> {
  if (!stdin) {
    const store = await context.store(credential);
    const present = await store.read(credential.location, 'current', context.signal);
    // Without a terminal the engine says what is missing.
    if (present !== null || !context.terminal.asks) return null;
  }
  const issuer = await context.issuer(credential.issuer);
  return context.terminal.readKey({ stdin, parts: issuer.parts, what: `the key of ${credential.name}` });
}

function reportOf(name: string, { outcome, key, same }: Adopted): Report {
  const told = same
    ? `${name} is under management already; nothing was changed`
    : `${name} is under management now`;
  return {
    data: { credential: name, key: key === null ? null : keyOutput(key) },
    blocks: outcome.exitCode === 0 ? [line(`${told}${key === null ? '' : ` (${key.id})`}`)] : [],
    exitCode: outcome.exitCode,
    errors: errorsOf({ name, outcome, error: null }),
    next: outcome.exitCode === 0 ? [`keyturn status ${name}`] : [`keyturn run ${name}`],
  };
}
