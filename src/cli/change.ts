import type { Config, ConfiguredCredential } from '../config/config.ts';
import { oneCredential } from '../config/select.ts';
import { KeyturnError } from '../core/errors.ts';
import { durationMs } from '../core/setting.ts';
import type { Invocation, Options } from './command.ts';
import { flag, optionOf, optionsOf } from './command.ts';
import type { Context } from './context.ts';

const REASON_LENGTH = 200;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** The selection that a command line makes, for `selectCredentials`. */
export function selectionOf({ words, options }: Pick<Invocation, 'words' | 'options'>) {
  return {
    names: words,
    tags: optionsOf(options, 'tag'),
    issuers: optionsOf(options, 'issuer'),
    all: flag(options, 'all'),
  };
}

/** What `--reason` says; undefined where it was not given. Throws USAGE for one that no record should hold. */
export function reasonOf(options: Options): string | undefined {
  const reason = optionOf(options, 'reason')?.trim();
  if (reason === undefined) return undefined;
  if (reason === '') throw usage('--reason is empty', 'say why, in a few words');
  if (reason.length > REASON_LENGTH || CONTROL.test(reason)) {
    throw usage(`--reason is no line of at most ${REASON_LENGTH} characters`, 'say it in a few words');
  }
  return reason;
}

/** The milliseconds of an option that is a duration; undefined where it was not given. Throws USAGE. */
export function durationOf(
  options: Options,
  name: string,
  { zero }: { readonly zero: boolean },
): number | undefined {
  const text = optionOf(options, name);
  if (text === undefined) return undefined;
  const ms = durationMs(text);
  if (ms !== null && (ms > 0 || zero)) return ms;
  throw usage(`--${name} is no duration`, 'write a whole number with s, m, h, d or w, such as 90m');
}

/**
 * What has to be right before anything is changed: the store outlasts this machine where that is needed, and every
 * reference that the runs will need leads somewhere. Throws CONFIG or REFERENCE with nothing done.
 */
export async function prepareChange(
  context: Context,
  chosen: readonly ConfiguredCredential[],
  { dry }: { readonly dry: boolean },
): Promise<void> {
  if (!dry) requireLastingStores(context, chosen);
  const config = await context.config();
  // A new key is compared with those of every other credential.
  await context.requireReferences(chosen, 'rotate', config.credentials);
}

/** A folder on the disk of a CI machine is gone with the job, and every key in it with it. */
export function requireLastingStores(
  { env }: Pick<Context, 'env'>,
  chosen: readonly ConfiguredCredential[],
): void {
  if (!inCi(env)) return;
  const lost = chosen.find(({ store }) => store.kind === 'file' && !isShared(store.settings));
  if (lost === undefined) return;
  throw new KeyturnError('CONFIG', 'a file store on the disk of a CI machine is gone with the job', {
    hint: 'use another kind of store, or say shared: true on a volume that is mounted and lasts; nothing was done',
    credential: lost.name,
  });
}

function inCi(env: Context['env']): boolean {
  return env.CI !== undefined && !['', '0', 'false'].includes(env.CI.toLowerCase());
}

function isShared(settings: unknown): boolean {
  return (
    typeof settings === 'object' && settings !== null && 'shared' in settings && settings.shared === true
  );
}

function usage(message: string, hint: string): KeyturnError {
  return new KeyturnError('USAGE', message, { hint });
}

/** The one credential that a command is about. */
export function selectOne(config: Config, { words }: Pick<Invocation, 'words'>): ConfiguredCredential {
  return oneCredential(config, words[0] ?? '');
}
