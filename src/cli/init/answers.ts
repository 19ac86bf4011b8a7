import { KeyturnError } from '../../core/errors.ts';
import type { Options } from '../command.ts';
import { optionOf } from '../command.ts';
import type { Terminal } from '../terminal.ts';
import { type Answers, COMMON, type Question, STARTERS, STORES, type Starter } from './starters.ts';

/** Options that no question asks for. */
const EXTRA = ['waba', 'graphUrl'];

/**
 * What the starter needs to know: from options, else asked for on a terminal, else its default. Throws USAGE with all
 * that is missing.
 */
export async function collectAnswers(
  options: Options,
  terminal: Terminal,
): Promise<{ readonly starter: Starter; readonly answers: Answers }> {
  const answers: Record<string, string> = {};
  for (const name of EXTRA) {
    const given = optionOf(options, name);
    if (given !== undefined) answers[name] = given;
  }
  await answerAll(COMMON, options, terminal, answers);
  const { store = '', issuer = '' } = answers;
  if (!STORES.includes(store)) throw unknown('--store', store, STORES);
  const starter = Object.hasOwn(STARTERS, issuer) ? STARTERS[issuer] : undefined;
  if (starter === undefined) throw unknown('--issuer', issuer, Object.keys(STARTERS));
  // An account to read takes the place of a phone number.
  const questions = starter.questions.filter((one) => one.name !== 'phoneNumber' || !('waba' in answers));
  const phoneNumber = optionOf(options, 'phoneNumber');
  if (phoneNumber !== undefined) answers.phoneNumber = phoneNumber;
  await answerAll(questions, options, terminal, answers);
  return { starter, answers };
}

async function answerAll(
  questions: readonly Question[],
  options: Options,
  terminal: Terminal,
  answers: Record<string, string>,
): Promise<void> {
  const missing: string[] = [];
  for (const { name, flag, asks, fallback } of questions) {
    const given = optionOf(options, name);
    const answer = given ?? (terminal.asks ? await ask(asks, fallback, terminal) : fallback);
    if (answer === undefined) missing.push(flag);
    else answers[name] = answer;
  }
  if (missing.length === 0) return;
  throw new KeyturnError('USAGE', `${missing.join(', ')}: missing, and there is no terminal to ask at`, {
    hint: 'give each of them; nothing was written',
  });
}

async function ask(question: string, fallback: string | undefined, terminal: Terminal): Promise<string> {
  const suffix = fallback === undefined ? '' : ` [${fallback}]`;
  for (;;) {
    const typed = (await terminal.ask(`${question}${suffix}: `)).trim();
    if (typed !== '') return typed;
    if (fallback !== undefined) return fallback;
  }
}

function unknown(flag: string, value: string, known: readonly string[]): KeyturnError {
  return new KeyturnError('USAGE', `${flag}: init knows no ${JSON.stringify(value)}`, {
    hint: `use one of ${known.join(', ')}, or write the file by hand as docs/configuration.md says`,
  });
}
