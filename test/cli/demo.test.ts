import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const program = join(root, 'bin/keyturn.js');
const page = readFileSync(join(root, 'docs/demo.md'), 'utf8');
const TIME = 60_000;
const run = promisify(execFile);
const ESCAPE = String.fromCharCode(27);

/** The transcript that docs/demo.md keeps. */
function kept(name: string): string {
  const found = new RegExp(
    `<!-- transcript:${name} -->\n\`\`\`\n([\\s\\S]*?)\`\`\`\n<!-- /transcript -->`,
  ).exec(page);
  if (found?.[1] === undefined) throw new Error(`docs/demo.md keeps no transcript ${name}`);
  return found[1];
}

/** Without what differs from run to run: times, counts, ids. */
function settled(text: string): string {
  return text
    .replace(/r\d{8}-[0-9a-f]{8}\.\d+/g, 'ROW')
    .replace(/ +\d+\.\ds /g, ' TIME ')
    .replace(/\d+\.\d s after/g, 'TIME after')
    .replace(/\d+ (messages )?sent/g, 'N $1sent')
    .replace(/ +\n/g, '\n');
}

// A command that ends with anything but 0 rejects, and the test fails with its output.
describe.concurrent('the demonstration', () => {
  it('in a pipe: exit 0, and the lines of docs/demo.md', { timeout: TIME }, async ({ expect }) => {
    const { stdout, stderr } = await run(process.execPath, [program, 'demo'], { env: plain() });
    expect(stderr).toBe('');
    expect(stdout).not.toContain(ESCAPE);
    expect(settled(stdout)).toBe(settled(kept('pipe')));
  });

  it('on a terminal: one line for each phase, within 80 x 24', { timeout: TIME }, async ({ expect }) => {
    const command = `stty cols 80 rows 24; ${process.execPath} ${program} demo`;
    const { stdout } = await run('script', ['-qec', command, '/dev/null'], { env: plain() });
    const seen = shownOn(stdout);
    expect(seen.length).toBeLessThanOrEqual(24);
    for (const line of seen) expect(line.length).toBeLessThanOrEqual(80);
    expect(settled(`${seen.join('\n')}\n`)).toBe(settled(kept('terminal')));
  });
});

function plain(): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _force, NO_COLOR: _no, ...env } = process.env;
  return { ...env, TERM: 'xterm' };
}

/** What a terminal shows in the end: a carriage return with an erase begins the line anew; colours do not count. */
function shownOn(output: string): readonly string[] {
  const lines = output.replaceAll('\r\n', '\n').split('\n');
  const shown = lines.map((line) => line.split(`\r${ESCAPE}[2K`).at(-1) ?? '');
  const colour = new RegExp(`${ESCAPE}\\[[0-9;]*m`, 'g');
  return shown
    .map((line) => line.replace(colour, '').trimEnd())
    .filter((line, index, all) => line !== '' || index < all.length - 1);
}
