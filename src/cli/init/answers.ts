import { KeyturnError } from '../../core/errors.ts';
import type { Options } from '../command.ts';
import { optionOf } from '../command.ts';
import type { Terminal } from '../terminal.ts';
import type { Answers, Question } from './question.ts';
import { COMMON, STARTERS, type Starter } from './starters.ts';
import { STORE_STARTERS, type StoreStarter } from './store-starters.ts';

/** Options that no question asks for. */
const EXTRA = ['waba', 'graphUrl'];

/**
 * What the starter needs to know: from options, else asked for on a terminal, else its default. Throws USAGE with all
 * that is missing.
 */
export async function collectAnswers(
  options: Options,
  terminal: Terminal,
): Promise<{ readonly store: StoreStarter; readonly issuer: Starter; readonly answers: Answers }> {
  const answers: Record<string, string> = {};
  for (const name of EXTRA) {
    const given = optionOf(options, name);
    if (given !== undefined) answers[name] = given;
  }
  await answerAll(COMMON, options, terminal, answers);
  const store = starterOf('--store', answers.store, STORE_STARTERS);
  const issuer = starterOf('--issuer', answers.issuer, STARTERS);
  // An account to read takes the place of a phone number.
  const questions = [...store.questions, ...issuer.questions].filter(
    (one) => one.name !== 'phoneNumber' || !('waba' in answers),
  );
  const phoneNumber = optionOf(options, 'phoneNumber');
  if (phoneNumber !== undefined) answers.phoneNumber = phoneNumber;
  await answerAll(questions, options, terminal, answers);
  return { store, issuer, answers };
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

function starterOf<Kind>(flag: string, kind = '', starters: Readonly<Record<string, Kind>>): Kind {
  const starter = Object.hasOwn(starters, kind) ? starters[kind] : undefined;
  if (starter !== undefined) return starter;
  throw new KeyturnError('USAGE', `${flag}: init knows no ${JSON.stringify(kind)}`, {
    hint: `use one of ${Object.keys(starters).join(', ')}, or write the file by hand as docs/configuration.md says`,
  });
}
