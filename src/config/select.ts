import { KeyturnError } from '../core/errors.ts';
import type { Config, ConfiguredCredential } from './config.ts';
import { nearest } from './nearest.ts';
import { quoted } from './wording.ts';

export interface Selection {
  /** Names and globs, where `*` is any text and `?` one character: a union. */
  readonly names: readonly string[];
  /** Each as `key=value`: all must hold. */
  readonly tags: readonly string[];
  /** Names of issuers: any. */
  readonly issuers: readonly string[];
  readonly all: boolean;
}

/**
 * The credentials that a command is about, in the order of the configuration.
 * Nothing given means all where the rule is `optional`, and is an error where it is `required`.
 * Throws USAGE for a name, a glob or an issuer without a match, and for an empty selection.
 */
export function selectCredentials(
  config: Config,
  selection: Selection,
  rule: 'optional' | 'required',
): readonly ConfiguredCredential[] {
  const { names, tags, issuers, all } = selection;
  if (all && names.length > 0) throw usage('--all and a name exclude each other', 'give one of the two');
  const given = all || names.length + tags.length + issuers.length > 0;
  if (rule === 'required' && !given) {
    throw usage('no credential is selected', 'name one, or say --all');
  }
  checkNames(config, names);
  checkIssuers(config, issuers);
  const wanted = tags.map(parseTag);
  const chosen = config.credentials.filter(
    (one) =>
      (names.length === 0 || names.some((pattern) => matches(pattern, one.name))) &&
      wanted.every(([key, value]) => Object.hasOwn(one.tags, key) && one.tags[key] === value) &&
      (issuers.length === 0 || issuers.includes(one.issuer)),
  );
  if (chosen.length > 0) return chosen;
  throw config.credentials.length === 0
    ? usage('the configuration has no credentials', `add one to ${config.file}`)
    : usage('no credential fits the selection', 'run keyturn status to see all of them');
}

/** The one credential of this name. A glob is no name. Throws USAGE. */
export function oneCredential(config: Config, name: string): ConfiguredCredential {
  const found = config.credentials.find((one) => one.name === name);
  if (found !== undefined) return found;
  if (isGlob(name)) throw usage(`${quoted(name)} is a pattern`, 'give the name of one credential');
  throw unknown([name], config);
}

function checkNames(config: Config, names: readonly string[]): void {
  const missing = names.filter((pattern) => !config.credentials.some((one) => matches(pattern, one.name)));
  if (missing.length > 0) throw unknown(missing, config);
}

function unknown(missing: readonly string[], config: Config): KeyturnError {
  const known = config.credentials.map((one) => one.name);
  const near = missing.filter((one) => !isGlob(one)).map((one) => nearest(one, known));
  const meant = [...new Set(near.filter((one) => one !== null))];
  return usage(
    `no credential matches ${missing.map(quoted).join(', ')}`,
    meant.length > 0 ? `try ${meant.join(', ')}` : 'run keyturn status to see all of them',
  );
}

function checkIssuers(config: Config, issuers: readonly string[]): void {
  const missing = issuers.find((name) => !config.issuers.has(name));
  if (missing === undefined) return;
  const known = [...config.issuers.keys()];
  const near = nearest(missing, known);
  throw usage(
    `there is no issuer ${quoted(missing)}`,
    near === null ? `use one of: ${known.join(', ')}` : `try ${near}`,
  );
}

function parseTag(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw usage('a tag is not of the form key=value', 'write --tag key=value');
  return [text.slice(0, at), text.slice(at + 1)];
}

function isGlob(pattern: string): boolean {
  return pattern.includes('*') || pattern.includes('?');
}

/** Whether a name fits a pattern of `*` and `?`. Linear but for the last `*`, which is the only one it goes back to. */
export function matches(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let i = 0; i < name.length; ) {
    const sign = pattern[at];
    if (sign === '*') {
      star = at;
      at += 1;
      resume = i;
    } else if (sign === '?' || sign === name[i]) {
      at += 1;
      i += 1;
    } else if (star >= 0) {
      at = star + 1;
      resume += 1;
      i = resume;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}

function usage(message: string, hint: string): KeyturnError {
  return new KeyturnError('USAGE', message, { hint });
}
