import type { CommandSpec } from '../../src/cli/command.ts';
import { createProgram, helpOf } from '../../src/cli/program.ts';
import { GROUPS } from '../../src/cli/specs/groups.ts';

/** The help of every command, and its examples, as one page. */
export function commandsPart(): string {
  const program = createProgram('0.0.0', () => undefined);
  const list = GROUPS.flatMap(({ commands }) => commands);
  const index = list.map(
    (spec) => `| [\`${spec.name}\`](#${spec.name.replace(' ', '-')}) | ${spec.summary} |`,
  );
  const sections = list.map((spec) => section(spec, helpOf(program, spec.name)));
  return ['| command | does |', '|---|---|', ...index, '', ...sections].join('\n').trimEnd();
}

function section(spec: CommandSpec, help: string): string {
  const examples = spec.examples.map(([line, does]) => `keyturn ${line}    # ${does}`);
  return [`### ${spec.name}`, '', '```text', help.trimEnd(), '```', '', '```sh', ...examples, '```', ''].join(
    '\n',
  );
}
