import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { benchFor, built } from './harness.ts';

beforeAll(built, 120_000);

const ESCAPE = '\u001b';

function hasScript(): boolean {
  try {
    return execFileSync('script', ['--version'], { encoding: 'utf8' }).includes('util-linux');
  } catch {
    // Not installed, or the one of BSD, which takes other options.
    return false;
  }
}

/** What a terminal shows after the text: without colours, and with the lines that were written over gone. */
function shown(text: string): readonly string[] {
  const lines: string[] = [];
  for (const part of text.replaceAll('\r\n', '\n').split(new RegExp(`(\\n|${ESCAPE}\\[\\d*[A-Z])`))) {
    const up = new RegExp(`^${ESCAPE}\\[(\\d+)A$`).exec(part);
    if (up !== null) lines.splice(lines.length - Number(up[1]));
    else if (part !== '\n' && !part.startsWith(ESCAPE)) lines.push(part);
    else if (part === '\n' && lines.at(-1) === undefined) lines.push('');
  }
  return lines.map((line) => line.replace(new RegExp(`${ESCAPE}\\[\\d*m`, 'g'), '').replaceAll('\r', ''));
}

describe('a terminal', { timeout: 60_000 }, () => {
  it('is there for these tests', () => {
    expect(hasScript(), 'install script of util-linux: without it nothing here is tested').toBe(true);
  });

  it('gets colours and no line over 80 columns', async () => {
    const bench = await benchFor();
    const rotated = await bench.onTerminal([
      'rotate',
      'wa-prod',
      '--reason',
      'a long reason '.repeat(12).trim(),
    ]);
    expect(rotated.code).toBe(0);
    expect(rotated.stdout).toContain(`${ESCAPE}[32mdone${ESCAPE}[39m`);
    for (const line of shown(rotated.stdout)) expect(line.length).toBeLessThanOrEqual(80);
    const mistake = await bench.onTerminal(['status', '--config', `${'long-name/'.repeat(3)}keyturn.yaml`]);
    for (const line of shown(mistake.stdout)) expect(line.length).toBeLessThanOrEqual(80);
    const status = await bench.onTerminal(['status']);
    expect(status.stdout).toContain(`${ESCAPE}[`);
    for (const line of [...shown(status.stdout), ...shown((await bench.onTerminal(['plan'])).stdout)]) {
      expect(line.length).toBeLessThanOrEqual(80);
    }
    expect((await bench.onTerminal(['status'], [], { env: { NO_COLOR: '1' } })).stdout).not.toContain(
      `${ESCAPE}[2m`,
    );
    expect((await bench.keyturn(['status'])).stdout).not.toContain(ESCAPE);
    expect((await bench.keyturn(['status'], { env: { FORCE_COLOR: '1' } })).stdout).toContain(`${ESCAPE}[`);
  });

  it('is asked for the name of what is destroyed', async () => {
    const bench = await benchFor();
    await bench.keyturn(['rotate', 'wa-prod', '--quiet']);
    const args = ['emergency', 'wa-prod', '--reason', 'leak'];
    const wrong = await bench.onTerminal(args, [['to go on', 'wa-test\r']]);
    expect(wrong.code).toBe(2);
    expect(wrong.stdout).toContain('the name of the credential was not typed');
    expect(bench.simulator.keys()).toHaveLength(2);
    const never = await bench.onTerminal([...args, '--no-input']);
    expect(never.code).toBe(2);
    // Corrected with backspace and Ctrl-W on the way.
    const right = await bench.onTerminal(args, [['to go on', 'wrong\u0017wa-prof\u007fd\r']]);
    expect(right.code).toBe(0);
    expect(right.stdout).toContain('every other key of it is revoked at once');
    expect(bench.simulator.keys()).toHaveLength(3);
  });

  it('is asked for a key without showing it', async () => {
    const bench = await benchFor();
    const token = bench.simulator.issue({ ageDays: 3 });
    const pasted = `${ESCAPE}[200~${token}${ESCAPE}[201~\r`;
    const adopted = await bench.onTerminal(['adopt', 'wa-prod'], [['(not shown)', pasted]]);
    expect(adopted.code).toBe(0);
    expect(adopted.stdout).not.toContain(token);
    expect(adopted.stdout).toContain('is under management now');
  });

  it.each([
    ['Ctrl-C', '\u0003', 130],
    ['the end of input', '\u0004', 130],
  ])('ends a question with %s, and nothing is done', async (_, typed, code) => {
    const bench = await benchFor();
    const ended = await bench.onTerminal(['adopt', 'wa-prod'], [['(not shown)', typed]]);
    expect(ended.code).toBe(code);
    expect(bench.simulator.requests()).toEqual([]);
  });
});
