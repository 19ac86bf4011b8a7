import { execFile, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { completables, completionScript, SHELLS } from '../../src/cli/completion.ts';
import { createProgram } from '../../src/cli/program.ts';
import { GROUPS } from '../../src/cli/specs/groups.ts';
import { benchFor, built } from '../cli/harness.ts';

// Every test starts several processes, which take their time where many run at once.
vi.setConfig({ testTimeout: 60_000 });

beforeAll(built, 120_000);

const exec = promisify(execFile);

describe('simulate', () => {
  it('runs until it is stopped, with what is needed to use it', async () => {
    const bench = await benchFor();
    const args = ['simulate', '--seed', '7', '--switch', 'statusFor190=400', '--switch', 'newTokenDelayS=5'];
    const running = bench.start(args);
    await running.said('_simulator/state');
    running.child.kill('SIGINT');
    const { code, stdout, stderr } = await running.answer;
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
    expect(stdout).toMatch(/^# A simulator .* http:\/\/127\.0\.0\.1:\d+ until Ctrl-C\.$/m);
    expect(stdout).toMatch(/keyturn init --name wa-simulated/);
    // It is text that a shell reads without doing anything but two exports.
    await writeFile(join(bench.folder, 'world.sh'), stdout);
    const sourced = await exec(
      'sh',
      ['-c', '. ./world.sh; echo "$META_APP_SECRET"; echo "$META_ADMIN_TOKEN"'],
      {
        cwd: bench.folder,
      },
    );
    expect(sourced.stdout).toMatch(/^simulated-app-secret-\w+\nEAA\w*SIMULATED\w+\n$/);
  });

  it('takes its switches', async () => {
    const bench = await benchFor();
    const running = bench.start(['simulate', '--switch', 'statusFor190=400']);
    let text = '';
    running.child.stdout?.on('data', (bytes: Buffer) => {
      text += bytes.toString('utf8');
    });
    await running.said('_simulator/state');
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
    const state = (await (await fetch(`${url}/_simulator/state`)).json()) as {
      switches: Record<string, unknown>;
    };
    expect(state.switches.statusFor190).toBe(400);
    running.child.kill('SIGTERM');
    expect((await running.answer).code).toBe(143);
  });

  it('refuses a port that is taken, and what it does not know', async () => {
    const bench = await benchFor();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
    const { port } = server.address() as AddressInfo;
    const taken = await bench.keyturn(['simulate', '--port', String(port)]);
    expect(taken).toMatchObject({ code: 2, stdout: '' });
    expect(taken.stderr).toContain('in use');
    const wrong = await bench.keyturn([
      'simulate',
      '--switch',
      'nothing=1',
      '--switch',
      'lifetimeDays=x',
      '--switch',
      'y',
    ]);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain(
      'there is no switch "nothing"; lifetimeDays takes 60, 90; "y" is not of the form',
    );
    for (const args of [
      ['--port', '70000'],
      ['--port', '-1'],
      ['--seed', '1.5'],
    ]) {
      expect((await bench.keyturn(['simulate', ...args])).code).toBe(2);
    }
  });
});

/** What an interactive zsh reads before it is typed to. */
const ZSH_SETUP = `
PS1=
stty -echo
autoload -Uz compinit
compinit -u -D
source ./keyturn.zsh
show() { print -r -- "<<$BUFFER>>"; BUFFER= }
zle -N show
bindkey '^G' show
print is ready
`;
/** Types each line into it, presses Tab, and prints what then stands on the line. */
const ZSH_DRIVE = `
zmodload zsh/zpty
zpty typed "zsh -f -i"
zpty -w typed "source ./setup.zsh"
while zpty -r typed line; do [[ $line == *'is ready'* ]] && break; done
for text in "$@"; do
  zpty -w -n typed "$text"$'\\t'$'\\a'
  while zpty -r typed line; do [[ $line == *'<<'* ]] && { print -r -- "$line"; break; }; done
done
zpty -d typed
`;

function missing(shell: string): boolean {
  const { error } = spawnSync(shell, ['--version']);
  if (error !== undefined)
    process.stdout.write(`SKIPPED: completion in ${shell}; install it (apt-get install ${shell})\n`);
  return error !== undefined;
}

describe('completion', () => {
  async function complete(script: string, ...words: readonly string[]): Promise<readonly string[]> {
    const program = `${script}
COMP_WORDS=(keyturn ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
_keyturn; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await exec('bash', ['--norc', '-c', program]);
    return stdout.split('\n').filter((line) => line !== '');
  }

  it('completes commands, options and their values in bash', async () => {
    const bench = await benchFor();
    const { stdout: script } = await bench.keyturn(['completion', 'bash']);
    const commands = GROUPS.flatMap((group) => group.commands.map((spec) => spec.name)).filter(
      (name) => !name.includes(' '),
    );
    const first = await complete(script, '');
    for (const name of commands) expect(first).toContain(name);
    expect(await complete(script, 'rot')).toEqual(['rotate']);
    expect(await complete(script, 'audit', '--fail-on', '')).toEqual([
      'critical',
      'high',
      'medium',
      'low',
      'info',
    ]);
    expect(await complete(script, 'audit', '--off')).toEqual(['--offline']);
    expect(await complete(script, 'trail', 'v')).toEqual(['verify']);
    expect(await complete(script, '--quiet', 'completion', 'z')).toEqual(['zsh']);
    expect(await complete(script, 'status', 'wa-prod', '--no-i')).toEqual(['--no-input']);
  });

  it.skipIf(missing('zsh'))('completes in zsh', { timeout: 60_000 }, async () => {
    const bench = await benchFor();
    const { stdout: script } = await bench.keyturn(['completion', 'zsh']);
    await writeFile(join(bench.folder, 'keyturn.zsh'), script);
    await writeFile(join(bench.folder, 'setup.zsh'), ZSH_SETUP);
    await writeFile(join(bench.folder, 'drive.zsh'), ZSH_DRIVE);
    await writeFile(join(bench.folder, 'a-file'), '');
    const lines = {
      'keyturn rot': 'keyturn rotate ',
      'keyturn audit --fail-on cr': 'keyturn audit --fail-on critical ',
      'keyturn audit --off': 'keyturn audit --offline ',
      'keyturn trail v': 'keyturn trail verify ',
      'keyturn --quiet completion z': 'keyturn --quiet completion zsh ',
      'keyturn run --config a-f': 'keyturn run --config a-file ',
      'keyturn exec wa -- cat a-f': 'keyturn exec wa -- cat a-file ',
    };
    const { stdout } = await exec('zsh', ['-f', 'drive.zsh', ...Object.keys(lines)], {
      cwd: bench.folder,
      env: { PATH: process.env.PATH, HOME: bench.folder, TERM: 'dumb' },
      timeout: 50_000,
    });
    expect([...stdout.matchAll(/<<(.*)>>/g)].map(([, line]) => line)).toEqual(Object.values(lines));
  });

  it.skipIf(missing('fish'))('completes in fish', async () => {
    const bench = await benchFor();
    const { stdout: script } = await bench.keyturn(['completion', 'fish']);
    await writeFile(join(bench.folder, 'keyturn.fish'), script);
    await writeFile(join(bench.folder, 'a-file'), '');
    const completed = async (line: string): Promise<readonly string[]> => {
      const command = `source keyturn.fish; complete -C ${JSON.stringify(line)}`;
      const env = { PATH: process.env.PATH, HOME: bench.folder };
      const { stdout } = await exec('fish', ['--no-config', '-c', command], { cwd: bench.folder, env });
      return stdout.split('\n').flatMap((one) => (one === '' ? [] : [one.split('\t')[0] ?? '']));
    };
    expect(await completed('keyturn rot')).toEqual(['rotate']);
    expect(await completed('keyturn audit --fail-on cr')).toEqual(['critical']);
    expect(await completed('keyturn audit --off')).toEqual(['--offline']);
    expect(await completed('keyturn trail v')).toEqual(['verify']);
    expect(await completed('keyturn --quiet completion z')).toEqual(['zsh']);
    expect(await completed('keyturn run --config a-f')).toEqual(['a-file']);
    expect(await completed('keyturn exec wa -- cat a-f')).toEqual(['a-file']);
    expect(await completed('keyturn exec wa -- keyt')).not.toContain('status');
  });

  it('knows every command and option in every shell', async () => {
    const tree = completables(createProgram('', () => undefined));
    for (const shell of SHELLS) {
      const stdout = completionScript(shell, tree);
      const options = GROUPS.flatMap((group) => group.commands.flatMap((spec) => spec.options));
      const shown = options.filter((option) => option.hidden !== true);
      const names = shown.map(({ flags }) => flags.split(' ')[0]?.slice(2) ?? '');
      for (const name of names) expect(stdout, `${shell} ${name}`).toContain(name);
    }
    const bench = await benchFor();
    expect((await bench.keyturn(['completion', 'csh'])).code).toBe(2);
  });
});
