import { readFileSync } from 'node:fs';
import { ERROR_CODES, type ErrorCode } from '../../src/core/errors.ts';

/** The comment above a code in the list says what it means. */
const ENTRY = /\/\*\* ([^*]+) \*\/\n\s+([A-Z_]+): \d+,/g;

/** Every error code with its exit code and its meaning, from src/core/errors.ts. The project's root is the working directory. */
export function errorsPart(): string {
  const source = readFileSync('src/core/errors.ts', 'utf8');
  const meanings = new Map([...source.matchAll(ENTRY)].map(([, meaning, code]) => [code, meaning]));
  const rows = (Object.keys(ERROR_CODES) as ErrorCode[]).map((code) => {
    const meaning = meanings.get(code);
    if (meaning === undefined) throw new Error(`src/core/errors.ts does not say what ${code} means`);
    return `| \`${code}\` | ${ERROR_CODES[code]} | ${meaning} |`;
  });
  return ['| code | exit | meaning |', '|---|---|---|', ...rows].join('\n');
}
