import { Readable } from 'node:stream';
import fc from 'fast-check';
import { readKey } from '../../src/cli/key-input.ts';
import { Secret } from '../../src/core/secret.ts';
import { checkParts } from '../../src/issuers/manual/shape.ts';
import { checkShape } from '../../src/issuers/meta/shape.ts';
import { target } from './engine.ts';
import { bytesOf, mutants } from './mutate.ts';
import { holds, outcomeOf, secrets } from './outcome.ts';

const SAMPLES = [
  'SECRET\n',
  'SECRET',
  '{"sid":"SECRET","secret":"SECRET"}\n',
  '"SECRET"',
  'Bearer SECRET',
  'export A_KEY=SECRET',
];
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not come through
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const { signal } = new AbortController();

/** What is piped into `--stdin`. */
export const keyInputs = target({
  name: 'key-input',
  few: 200,
  share: 6,
  input: fc.record({
    mutant: mutants(SAMPLES, ['sid', 'secret', 'SECRET', '\n', '\r\n', '\u0085', 'extra']),
    secret: secrets,
    parts: fc.constantFrom(undefined, ['sid', 'secret'], ['value']),
    large: fc.integer({ min: 0, max: 200 }),
  }),
  check: async ({ mutant, secret, parts, large }) => {
    const text = bytesOf(mutant).toString('latin1').replaceAll('SECRET', secret);
    const bytes = Buffer.from(large === 0 ? text + secret.repeat(2000) : text, 'latin1');
    const stdin = process.stdin;
    const put = (value: unknown) => Object.defineProperty(process, 'stdin', { value, configurable: true });
    put(Readable.from([bytes.subarray(0, 7), bytes.subarray(7)].filter((one) => one.length > 0)));
    const request = { stdin: true, parts, what: 'the key of wa-prod' };
    const given = await outcomeOf(() => readKey(request, false, signal), ['BAD_VALUE'], [secret]).finally(
      () => put(stdin),
    );
    if (given.error !== null) return;
    const key = given.value;
    for (const [name, part] of Object.entries(key.openAll())) {
      holds(part !== '' && !CONTROL.test(part), `a key with a control character in ${name}`);
      holds(bytes.includes(part) || parts?.length === 2, 'a key that was not handed over');
    }
    const wanted = parts?.length === 2 ? ['sid', 'secret'] : ['value'];
    holds(key.partNames.join() === wanted.join(), `the parts ${key.partNames.join()}`);
    await outcomeOf(() => checkShape(key), ['BAD_VALUE'], [secret]);
    const shapes = new Map(wanted.map((name) => [name, { prefix: 'sk_', pattern: '[a-z_0-9]+' }]));
    await outcomeOf(() => checkParts(key, shapes, 'https://p.example/'), ['BAD_VALUE'], [secret]);
    await outcomeOf(
      () => checkParts(Secret.of(secret), shapes, 'https://p.example/'),
      ['BAD_VALUE'],
      [secret],
    );
  },
});
