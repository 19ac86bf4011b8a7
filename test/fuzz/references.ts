import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type ReferenceContext, resolveReference } from '../../src/config/references.ts';
import { target } from './engine.ts';
import { cuts, mangle, mutants, textOf } from './mutate.ts';
import { holds, outcomeOf, secrets } from './outcome.ts';

let folder = '';

/** References, and what they lead to. */
export const references = target({
  name: 'reference',
  few: 200,
  share: 4,
  input: fc.record({
    reference: mutants(
      ['env:NAME', 'file:./here', 'store:wa-prod', 'file:~/here', 'file:folder', 'env:__proto__'],
      ['file:', 'env:', 'store:', 'here', '..', '\u0000', '/dev/zero', 'NAME', 'wa-prod', 'constructor'],
    ).map(textOf),
    secret: secrets,
    cuts: cuts([], 2),
    mode: fc.constantFrom(0o600, 0o600, 0o600, 0o640),
  }),
  prepare: async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyturn-fuzz-'));
    await mkdir(join(folder, 'folder'));
    return () => rm(folder, { recursive: true });
  },
  check: async ({ reference, secret, cuts: changes, mode }) => {
    const content = mangle(Buffer.from(`${secret}\n`), changes);
    const text = content.toString('utf8');
    const path = join(folder, 'here');
    await writeFile(path, content, { mode: 0o600 });
    if (mode !== 0o600) await rm(path).then(() => writeFile(path, content, { mode }));
    const context: ReferenceContext = {
      env: { NAME: text },
      folder,
      home: folder,
      readCredential: async () => text,
    };
    const { value, error } = await outcomeOf(
      () => resolveReference(reference, context),
      ['REFERENCE'],
      [secret],
    );
    await rm(path);
    if (error !== null) return;
    holds(value !== '', `${reference} leads to nothing, and no error says so`);
    if (!reference.startsWith('file:')) holds(value === text, `${reference} gives another value`);
    else if (/^file:(\.|~)\/here$/.test(reference)) {
      holds(Buffer.from(text).equals(content) || text.startsWith('\ufeff'), 'what is no text is a value');
      holds(text.replace(/^\ufeff/, '').replace(/\r?\n$/, '') === value, 'another value than the file has');
      holds(mode === 0o600, 'a file that others can read');
    }
  },
});
