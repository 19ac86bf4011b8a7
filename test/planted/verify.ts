import { spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bug } from './bug.ts';
import { withBug } from './patch.ts';

/**
 * Folders of test whose tests are unit tests: they call a part and look at what it gives. Not among them are those that
 * drive the whole engine, those that run the command, and the exploration of all situations, which are there to find
 * what a unit test cannot; nor what is kept of schedules that once broke a promise: those show what the simulation finds.
 */
export const UNIT_FOLDERS = ['config', 'core', 'http', 'issuers', 'report', 'stores', 'trail'] as const;
const NOT_UNIT = [
  'test/core/exploration.test.ts',
  'test/core/late-and-stale.test.ts',
  'test/stores/aws/limits.test.ts',
];

/** Checks in a copy of the tree that each bug passes types and unit tests. Gives the tests by bug; null: one does not. */
export async function verify(
  root: string,
  bugs: readonly Bug[],
): Promise<ReadonlyMap<string, number> | null> {
  const copy = await mkdtemp(join(tmpdir(), 'keyturn-planted-'));
  const tests = new Map<string, number>();
  let failed = 0;
  const fail = (text: string): void => {
    failed += 1;
    console.log(text);
  };
  try {
    for (const part of ['src', 'test', 'bin', 'package.json', 'tsconfig.json'])
      await cp(join(root, part), join(copy, part), { recursive: true });
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
    for (const batch of apart(bugs)) {
      const wrong = await planted(copy, batch, () => typeErrors(copy));
      if (wrong !== '') fail(`types, of ${batch.map(({ name }) => name).join('; ')}:\n${wrong}`);
    }
    const unreached = new Set<string>();
    for (const bug of bugs) {
      // Which tests reach a file depends on what imports what, and no bug changes that.
      const { passed, finding } = unreached.has(bug.file)
        ? { passed: 0, finding: [] }
        : await planted(copy, [bug], () => unitTests(copy, bug.file));
      if (passed === 0 && finding.length === 0) unreached.add(bug.file);
      if (finding.length > 0) fail(`unit tests find "${bug.name}":\n  ${finding.join('\n  ')}`);
      else console.log(`${passed} unit tests pass: ${bug.name}`);
      tests.set(bug.name, passed);
    }
  } finally {
    await rm(copy, { recursive: true });
  }
  console.log(`${bugs.length - failed} passed, ${failed} failed`);
  return failed === 0 ? tests : null;
}

/** Bugs in groups that touch each file once: the types of a whole group are checked at a time. */
function apart(bugs: readonly Bug[]): readonly (readonly Bug[])[] {
  const groups: Bug[][] = [];
  for (const bug of bugs) {
    const free = groups.find((group) => !group.some(({ file }) => file === bug.file));
    if (free === undefined) groups.push([bug]);
    else free.push(bug);
  }
  return groups;
}

async function planted<T>(copy: string, bugs: readonly Bug[], check: () => Promise<T>): Promise<T> {
  const sound = new Map<string, string>();
  for (const bug of bugs) {
    const path = join(copy, bug.file);
    const text = await readFile(path, 'utf8');
    sound.set(path, text);
    await writeFile(path, withBug(bug, text));
  }
  try {
    return await check();
  } finally {
    for (const [path, text] of sound) await writeFile(path, text);
  }
}

/** Empty: there are none. */
async function typeErrors(copy: string): Promise<string> {
  const { code, output } = await run(copy, ['node_modules/typescript/bin/tsc', '--noEmit', '-p', '.']);
  return code === 0 ? '' : output;
}

interface Report {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** The unit tests that reach the file: how many pass, and which fail. */
async function unitTests(
  copy: string,
  file: string,
): Promise<{ readonly passed: number; readonly finding: readonly string[] }> {
  const folders = await readdir(join(copy, 'test'), { withFileTypes: true });
  const others = folders.filter(
    (one) => one.isDirectory() && !(UNIT_FOLDERS as readonly string[]).includes(one.name),
  );
  const left = [...others.map(({ name }) => `test/${name}/**`), 'test/*.test.ts', ...NOT_UNIT];
  const { code, output } = await run(copy, [
    'node_modules/vitest/vitest.mjs',
    'related',
    file,
    '--run',
    '--passWithNoTests',
    '--reporter=json',
    '--config',
    'test/vitest.config.ts',
    ...left.map((glob) => `--exclude=${glob}`),
  ]);
  const from = output.indexOf('{"numTotal');
  if (from < 0) return { passed: 0, finding: code === 0 ? [] : [output] };
  const { numPassedTests, testResults } = JSON.parse(output.slice(from)) as Report;
  const finding = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'failed')
    .map(({ fullName }) => fullName);
  return { passed: numPassedTests, finding: code !== 0 && finding.length === 0 ? [output] : finding };
}

function run(
  cwd: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
