import fc from 'fast-check';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** Any text, halves of characters too. (What fast-check has for it costs a second to set up.) */
export const anyText: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0xffff })), { maxLength: 20 })
  .map((units) => String.fromCharCode(...units));

/** One change of a parsed document. `at` and `to` choose among its places. */
interface Twist {
  readonly how: 'drop' | 'set' | 'rename' | 'copy' | 'wrap' | 'text' | 'flip' | 'add' | 'deepen';
  readonly at: number;
  readonly to: number;
  readonly value: Json;
  readonly name: string;
}

/** One change of bytes. `at` and `length` are taken within what is there. */
export interface Cut {
  readonly how: 'cut' | 'keep' | 'put' | 'bit' | 'repeat' | 'swap';
  readonly at: number;
  readonly length: number;
  readonly bytes: Uint8Array;
}

/** A sample with what is done to it: first as a document, where it is one, then as bytes. */
export interface Mutant {
  readonly sample: string;
  readonly twists: readonly Twist[];
  readonly cuts: readonly Cut[];
}

const AWKWARD: readonly Json[] = [
  null,
  true,
  false,
  0,
  1,
  -1,
  0.5,
  1e308,
  2 ** 53,
  -(2 ** 31),
  '',
  ' ',
  'true',
  'false',
  'null',
  '0',
  '-1',
  '1e3',
  '__proto__',
  'constructor',
  'toString',
  '\u0000',
  '\u001b[2J',
  '\ud800',
  '\u2028',
  '٣',
  'ﬀ',
  [],
  {},
  [[]],
  { __proto__: null, toString: 1 },
  { length: 1 },
];

const JOINTS = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '\\',
  '\n',
  '\r\n',
  '\t',
  ' ',
  '\u0000',
  '\u001b',
  '\ufeff',
  '-',
  '.',
  'e',
  '0',
  '1',
  'null',
  'true',
  '//',
  '<html>',
  '%00',
  '{key.value}',
  '&',
  '*',
  '!',
  '|',
  '>',
  '#',
  '~1',
  '\u2028',
  '🂡',
];

/** Values to put into documents: awkward ones, those that matter to the target, and any. */
export const values = (words: readonly Json[]): fc.Arbitrary<Json> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...AWKWARD) },
    { weight: 4, arbitrary: fc.constantFrom(...(words.length === 0 ? AWKWARD : words)) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json> },
  );

const place = fc.nat({ max: 0xffff });

export const cuts = (words: readonly string[], most = 3): fc.Arbitrary<readonly Cut[]> =>
  fc.array(
    fc.record({
      how: fc.constantFrom('cut', 'keep', 'put', 'put', 'bit', 'bit', 'repeat', 'swap'),
      at: fc.nat({ max: 0xffffff }),
      length: fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 64 }), fc.nat({ max: 4096 })),
      bytes: fc.oneof(
        fc.constantFrom(...JOINTS, ...words).map((text) => Buffer.from(text)),
        fc.uint8Array({ maxLength: 8 }),
      ),
    }),
    { maxLength: most },
  );

export function mutants(
  samples: readonly string[],
  words: readonly Json[] = [],
  most: { readonly twists?: number; readonly cuts?: number } = {},
): fc.Arbitrary<Mutant> {
  const texts = words.filter((word): word is string => typeof word === 'string');
  return fc.record({
    sample: fc.constantFrom(...samples),
    twists: fc.array(
      fc.record({
        how: fc.constantFrom('drop', 'set', 'set', 'rename', 'copy', 'wrap', 'text', 'flip', 'add', 'deepen'),
        at: place,
        to: place,
        value: values(words),
        name: fc.oneof(
          fc.constantFrom('__proto__', 'constructor', '', 'error', 'data', ...texts),
          fc.string(),
        ),
      }),
      { maxLength: most.twists ?? 3 },
    ),
    cuts: fc.oneof(
      { weight: 2, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: cuts(texts, most.cuts ?? 3) },
    ),
  }) as fc.Arbitrary<Mutant>;
}

export function bytesOf({ sample, twists, cuts: changes }: Mutant): Buffer {
  return mangle(Buffer.from(twists.length === 0 ? sample : twisted(sample, twists)), changes);
}

export function textOf(mutant: Mutant): string {
  return bytesOf(mutant).toString('utf8');
}

export function mangle(bytes: Uint8Array, changes: readonly Cut[]): Buffer {
  return changes.reduce<Buffer>(changed, Buffer.from(bytes));
}

function changed(bytes: Buffer, { how, at, length, bytes: put }: Cut): Buffer {
  const from = bytes.length === 0 ? 0 : at % (bytes.length + 1);
  const to = Math.min(bytes.length, from + length);
  const [head, middle, tail] = [bytes.subarray(0, from), bytes.subarray(from, to), bytes.subarray(to)];
  switch (how) {
    case 'cut':
      return Buffer.concat([head, tail]);
    case 'keep':
      return Buffer.from(head);
    case 'put':
      return Buffer.concat([head, put, bytes.subarray(from)]);
    case 'repeat':
      return Buffer.concat([head, middle, middle, tail]);
    case 'swap':
      return Buffer.concat([head, put, tail]);
    case 'bit': {
      const copy = Buffer.from(bytes);
      if (from < copy.length) copy.writeUInt8((copy[from] ?? 0) ^ (1 << (length & 7)), from);
      return copy;
    }
  }
}

/** Text that is no JSON stays as it is. */
function twisted(sample: string, twists: readonly Twist[]): string {
  try {
    const box: Box = { root: JSON.parse(sample) };
    for (const twist of twists) apply(box, twist);
    return JSON.stringify(box.root) ?? '';
  } catch (caught) {
    if (caught instanceof SyntaxError) return sample;
    throw caught;
  }
}

type Box = { [name: string]: unknown };
type Spot = readonly [inside: Box, name: string];

function apply(box: Box, { how, at, to, value, name }: Twist): void {
  const all = spots(box);
  const [inside, key] = all[at % all.length] as Spot;
  const here = inside[key];
  const put = (what: unknown, where = key) => {
    Object.defineProperty(inside, where, {
      value: what,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  };
  const copyOf = (what: unknown): unknown => (what === undefined ? null : JSON.parse(JSON.stringify(what)));
  if (how === 'drop') {
    if (Array.isArray(inside)) inside.splice(Number(key), 1);
    else delete inside[key];
  } else if (how === 'set') put(copyOf(value));
  else if (how === 'rename' && !Array.isArray(inside) && inside !== box) {
    delete inside[key];
    put(here, name);
  } else if (how === 'copy') {
    const [from, which] = all[to % all.length] as Spot;
    put(copyOf(from[which]));
  } else if (how === 'wrap') put(to % 2 === 0 ? [here] : { [name]: here });
  else if (how === 'text')
    put(typeof here === 'string' && here !== '' ? Number(here) : (JSON.stringify(here) ?? ''));
  else if (how === 'flip')
    put(typeof here === 'boolean' ? !here : typeof here === 'number' ? here + 1 : null);
  else if (how === 'add') {
    if (Array.isArray(here)) here.push(copyOf(value));
    else if (here !== null && typeof here === 'object') {
      Object.defineProperty(here, name, {
        value: copyOf(value),
        configurable: true,
        enumerable: true,
        writable: true,
      });
    }
  } else if (how === 'deepen' && to % 16 === 0) {
    let deep: unknown = here;
    for (let level = 0; level < 200; level += 1) deep = [deep];
    put(deep);
  }
}

function spots(box: Box): readonly Spot[] {
  const found: Spot[] = [];
  const visit = (inside: Box): void => {
    for (const key of Object.keys(inside)) {
      if (found.length > 400) return;
      found.push([inside, key]);
      const here = inside[key];
      if (here !== null && typeof here === 'object') visit(here as Box);
    }
  };
  visit(box);
  return found.length === 0 ? [[box, 'root']] : found;
}
