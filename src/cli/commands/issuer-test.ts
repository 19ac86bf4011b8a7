import { toInstant } from '../../core/credential.ts';
import { ERROR_CODES, KeyturnError } from '../../core/errors.ts';
import type { Issuer } from '../../core/issuer.ts';
import type { Ledger } from '../../core/ledger.ts';
import { currentRow, isDead } from '../../core/rows.ts';
import { flag, line, type Perform, table, toned } from '../command.ts';
import { tryIssuer } from '../issuer-test/trial.ts';
import { callerOf, credentialsOf } from '../keys/listing.ts';
import { inParallel } from '../parallel.ts';

const TONES = { ok: 'good', failed: 'bad', skipped: 'faint' } as const;
const REFUSED = 4;

/** Tries every operation of an issuer on a throw-away key, which is ended again. */
export const perform: Perform = async ({ words, options }, context) => {
  const [name = ''] = words;
  const credentials = credentialsOf(await context.config(), name);
  await context.requireReferences(credentials, 'rotate');
  const issuer = await context.issuer(name);
  refuse(name, issuer);
  refuseAmong(name, issuer, await inParallel(credentials, (credential) => context.ledger(credential)));
  const nonce = Buffer.from(context.world.random(4)).toString('hex');
  const mark = `r${toInstant(context.startedAt).slice(0, 10).replaceAll('-', '')}-${nonce}.1`;
  await context.terminal.confirm({
    yes: flag(options, 'yes'),
    says: [`A throw-away key named after ${mark} is made at ${name}, tried, and ended again.`],
    answer: name,
    wanted: 'the name of the issuer',
  });
  const caller = flag(options, 'stdin')
    ? await context.terminal.readKey({ stdin: true, parts: issuer.parts, what: `a key of ${name}` })
    : await callerOf(credentials, context);
  const { world, signal } = context;
  const steps = await tryIssuer({ issuer, world, mark, caller, signal }, (step) =>
    context.say(`${step.operation}  ${step.message}`),
  );
  const bad = steps.filter(({ outcome }) => outcome === 'failed');
  const rows = steps.map(({ operation, outcome, message }) => [
    toned(outcome, TONES[outcome]),
    operation,
    message,
  ]);
  return {
    data: { issuer: name, mark, steps },
    blocks: [
      table(['outcome', 'operation', 'what was understood'], rows),
      ...bad.map(({ operation, hint }) => line(`${operation}: ${hint}`)),
    ],
    exitCode: signal.aborted ? ERROR_CODES.INTERRUPTED : bad.length > 0 ? REFUSED : 0,
    errors: bad.map(
      ({ operation, message, hint }) => new KeyturnError('REFUSED', `${operation}: ${message}`, { hint }),
    ),
  };
};

function refuse(name: string, { traits, revoke }: Issuer): void {
  if (traits.maxLive === 1) {
    throw new KeyturnError('GUARDED', `a throw-away key of ${name} would end the key in use`, {
      hint: 'rotate a credential of it in a quiet hour instead; nothing was done',
    });
  }
  if (traits.secretFrom !== 'operator' && revoke !== undefined) return;
  throw new KeyturnError('UNSUPPORTED', `${name} has no interface that makes and ends keys`, {
    hint: 'there is nothing to test; keyturn doctor checks the rest',
  });
}

/** With two slots and no ids a key in the second slot may be the one in current: another one would take its place. */
function refuseAmong(name: string, { traits }: Issuer, ledgers: readonly Ledger[]): void {
  if (traits.revokesBy !== 'promotion') return;
  const busy = ledgers.find(
    (ledger) =>
      ledger.rotation !== undefined ||
      ledger.keys.some((key) => !isDead(key) && key.id !== currentRow(ledger)?.id),
  );
  if (busy === undefined) return;
  throw new KeyturnError('GUARDED', `${busy.credential} has a rotation or a second key at ${name}`, {
    hint: `a throw-away key could take the place of the key in current: wait until keyturn status ${busy.credential} is ok; nothing was done`,
  });
}
