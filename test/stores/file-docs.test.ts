import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { type Bench, makeBench } from './file-store.ts';

/* What docs/stores/file.md tells consumers to do is done here, word for word. */

const page = readFileSync(new URL('../../docs/stores/file.md', import.meta.url), 'utf8');
const blocks = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map(([, code]) => code ?? '');
const has = (program: string) => spawnSync(program, ['--version']).status === 0;
const AGE = has('age');
if (!AGE)
  console.log('SKIPPED: the documented commands with the age program; install it (apt-get install age)');

const { signal } = new AbortController();
const location = 'prod/whatsapp/token';
const TEXT = 'plain words \u{1f511}';

describe('docs/stores/file.md', () => {
  let bench: Bench;
  let environment: NodeJS.ProcessEnv;

  beforeAll(async () => {
    bench = await makeBench();
    const IDENTITY_FILE = join(bench.folder, 'identity');
    await writeFile(IDENTITY_FILE, `# created by hand\n${bench.identity}\n`, { mode: 0o600 });
    environment = { ...process.env, IDENTITY_FILE, RECIPIENT: bench.recipient, NEW_VALUE: 'other words' };
    const { version } = await bench.store.stage({ location, mark: 'r1.1', text: Secret.of(TEXT) }, signal);
    await bench.store.promote({ location, version, base: null }, signal);
  });
  afterAll(() => bench.close());

  const run = (program: string, args: readonly string[]) =>
    execFileSync(program, args, { env: environment, cwd: bench.folder, encoding: 'utf8' });

  test('reads in Node', async () => {
    const [code = ''] = blocks('js');
    const root = fileURLToPath(new URL('../../node_modules/age-encryption/dist/index.js', import.meta.url));
    const file = join(bench.folder, 'consumer.mjs');
    await writeFile(
      file,
      `${code.replace("'age-encryption'", `'${root}'`)}\nprocess.stdout.write(await currentToken());`,
    );
    expect(run(process.execPath, [file])).toBe(TEXT);
  });

  test.skipIf(!AGE)('reads in a shell, and writes by hand', async () => {
    const [read = '', write = ''] = blocks('sh');
    expect(run('sh', ['-ec', `${read}\nprintf %s "$WHATSAPP_TOKEN"`])).toBe(TEXT);
    run('sh', ['-ec', write]);
    expect((await bench.store.read(location, 'current', signal))?.text.open()).toBe('other words');
  });

  test.skipIf(!AGE || !has('python3'))('reads in Python', async () => {
    await bench.overwrite(location, TEXT);
    const [code = ''] = blocks('python');
    const script = `${code}\nimport sys\nsys.stdout.buffer.write(current_token().encode())`;
    expect(run('python3', ['-c', script])).toBe(TEXT);
  });
});
