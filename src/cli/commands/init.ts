import { dirname, resolve } from 'node:path';
import { readConfig } from '../../config/load.ts';
import { configProblems } from '../../config/problems.ts';
import { KeyturnError } from '../../core/errors.ts';
import { type Block, flag, line, type Perform, toned } from '../command.ts';
import { collectAnswers } from '../init/answers.ts';
import { withFileErrors } from '../init/file-errors.ts';
import { identityPath, ignore, placeConfig, placeIdentity, refuseExisting } from '../init/files.ts';
import { starterText } from '../init/starters.ts';
import { catalogue } from '../kinds.ts';

const TRAIL = '/trail.jsonl';

export const perform: Perform = async ({ options }, context) => {
  const named = context.flags.config ?? context.env.KEYTURN_CONFIG;
  const file = resolve(context.cwd, named === undefined || named === '' ? 'keyturn.yaml' : named);
  const force = flag(options, 'force');
  if (!force) await withFileErrors(() => refuseExisting(file));
  const { store, issuer, answers } = await collectAnswers(options, context.terminal);
  const { path, written } = identityPath(file, context.home);
  const text = starterText({ store, issuer }, answers, written);
  await check(text, file);
  const identity = await withFileErrors(async () => {
    const placed = store.hasIdentity ? await makeIdentity(path) : null;
    await placeConfig(file, text, force);
    await ignore(dirname(file), [...store.ignored, TRAIL]);
    return placed;
  });
  const name = answers.name ?? '';
  const blocks: Block[] = [
    line(toned('written: ', 'good'), file),
    ...(identity === null ? [] : identityLines(path, identity)),
    ...[...store.before, ...issuer.before].map((step) => line('next: ', step)),
    line('next: keyturn doctor'),
    line(`next: keyturn rotate ${name}, or keyturn adopt ${name} --stdin for a key that you have`),
  ];
  return {
    data: {
      file,
      identityFile: identity === null ? null : path,
      recipient: identity?.recipient ?? null,
    },
    blocks,
    next: ['keyturn doctor', `keyturn rotate ${name}`],
  };
};

type Identity = Awaited<ReturnType<typeof placeIdentity>>;

async function makeIdentity(path: string): Promise<Identity> {
  const { generateIdentity, recipientOf } = await import('../../stores/file/identity.ts');
  return await placeIdentity(path, generateIdentity, recipientOf);
}

function identityLines(path: string, { recipient, made }: Identity): readonly Block[] {
  return [
    line(toned(made ? 'written: ' : 'kept: ', 'good'), path),
    line('recipient: ', recipient),
    line(
      toned(
        'Without this identity every secret in the store is lost: keep a copy of it in a safe place.',
        'warn',
      ),
    ),
  ];
}

/** What is written can be read: whatever was typed, it is refused before anything is there. */
async function check(text: string, file: string): Promise<void> {
  try {
    await readConfig(text, file, catalogue);
  } catch (caught) {
    const problems = caught instanceof KeyturnError ? configProblems(caught) : [];
    if (problems.length === 0) throw caught;
    const reasons = problems.map(({ reason, remedy }) => `${reason}; ${remedy}`);
    throw new KeyturnError('USAGE', reasons.join('\n'), { hint: 'give another value; nothing was written' });
  }
}
