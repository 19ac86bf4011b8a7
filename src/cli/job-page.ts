import { appendFileSync } from 'node:fs';
import type { Block, Cell, Report } from './command.ts';
import { statusOf } from './envelope.ts';
import { clean } from './output.ts';

/** Adds what a command found to the summary page of a job of GitHub Actions. A page that cannot be written is left. */
export function writeJobPage(file: string, command: string, report: Report, exitCode: number): void {
  if (file === '') return;
  const parts = [
    `### keyturn ${command}: ${report.status ?? statusOf(exitCode)} (exit ${exitCode})\n`,
    ...report.blocks.map(toMarkdown),
    ...(report.errors ?? []).map(
      (error) => `- **${error.code}** ${inline(error.message)}: ${inline(error.hint)}\n`,
    ),
  ];
  try {
    appendFileSync(file, `${parts.join('\n')}\n`);
  } catch {
    // The page is a courtesy of the runner; what was done counts, and its exit code is the same.
  }
}

function toMarkdown(block: Block): string {
  switch (block.kind) {
    case 'verbatim':
      return `\`\`\`text\n${block.text.trimEnd()}\n\`\`\`\n`;
    case 'line':
      return `${inline(block.cells.map(textOf).join(''))}  \n`;
    case 'table': {
      const heading = block.columns.length > 0 ? block.columns : (block.rows[0] ?? []).map(() => '');
      return [
        heading,
        heading.map(() => '---'),
        ...block.rows.map((row) => row.map((cell) => inline(textOf(cell)))),
      ]
        .map((row) => `| ${row.join(' | ')} |\n`)
        .join('');
    }
  }
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}

/** Text from elsewhere must not become markup. */
function inline(text: string): string {
  return clean(text)
    .replaceAll('\n', ' ')
    .replace(/[\\`*_[\]<>|#]/g, (sign) => `\\${sign}`);
}
