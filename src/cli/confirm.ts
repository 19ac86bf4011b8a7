import type { ConfiguredCredential } from '../config/config.ts';
import { flag, line, type Options } from './command.ts';
import type { Context } from './context.ts';
import { createPainter } from './output.ts';

/**
 * Has a person confirm what is destroyed, by the name of the credential, or by their number for several. With `--yes`
 * it is only said.
 */
export async function confirmFor(
  context: Context,
  chosen: readonly ConfiguredCredential[],
  options: Options,
  says: readonly string[],
): Promise<void> {
  const [first] = chosen;
  const one = chosen.length === 1 && first !== undefined;
  const yes = flag(options, 'yes');
  if (yes) for (const text of says) context.say(text);
  await context.terminal.confirm({
    yes,
    says: fitted(context, says),
    answer: one ? first.name : String(chosen.length),
    wanted: one ? 'the name of the credential' : 'the number of the credentials',
  });
}

function fitted({ env, terminal }: Context, says: readonly string[]): readonly string[] {
  const { render } = createPainter(env, terminal.err, terminal.err ? terminal.width : null);
  return says.map((text) => render([line(text)]).trimEnd());
}
