import { configProblems } from '../config/problems.ts';
import type { KeyturnError } from '../core/errors.ts';
import { line, toned } from './command.ts';
import type { Context } from './context.ts';
import { clean, createPainter } from './output.ts';
import { writeErr } from './write.ts';

/**
 * Says on stderr what failed and what to do. In GitHub Actions each error becomes an annotation, except with `--json`,
 * where the document has them.
 */
export function printErrors(
  errors: readonly KeyturnError[],
  { flags, env, terminal }: Pick<Context, 'flags' | 'env' | 'terminal'>,
): void {
  if (flags.json) return;
  if (env.GITHUB_ACTIONS === 'true') {
    writeErr(errors.flatMap(annotations).join(''));
    return;
  }
  if (errors.length === 0) return;
  const { render } = createPainter(env, terminal.err, terminal.err ? terminal.width : null);
  const blocks = errors.flatMap((error) => [
    line(toned('keyturn: error:', 'bad'), ` ${subjectOf(error)}${error.message}`),
    line(toned('hint:', 'strong'), ` ${error.hint}`),
  ]);
  writeErr(render(blocks));
}

function subjectOf(error: KeyturnError): string {
  const { credential } = error.detail;
  return credential === undefined || error.message.includes(credential) ? '' : `${credential}: `;
}

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
function annotations(error: KeyturnError): readonly string[] {
  const problems = configProblems(error);
  if (problems.length === 0) {
    const text = `${subjectOf(error)}${error.message}\nhint: ${error.hint}`;
    return [annotation({ title: `keyturn ${error.code}` }, text)];
  }
  return problems.map(({ file, line, column, reason, remedy }) =>
    annotation({ title: `keyturn ${error.code}`, file, line, col: column }, `${reason}\nhint: ${remedy}`),
  );
}

function annotation(properties: Readonly<Record<string, string | number>>, text: string): string {
  const pairs = Object.entries(properties).map(([name, value]) => `${name}=${property(String(value))}`);
  return `::error ${pairs.join(',')}::${data(clean(text))}\n`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
