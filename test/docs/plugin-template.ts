import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The files of the example, which test/plugin compiles and runs, in the order in which they are read. */
const FILES = [
  ['package.json', 'json', 'the package'],
  ['index.ts', 'ts', 'the issuer'],
  ['server.ts', 'ts', 'a simulated provider, for the tests'],
  ['contract.ts', 'ts', 'the suite of the contract; as `contract.test.ts` in a package of your own'],
] as const;

export function pluginTemplate(): string {
  const parts = FILES.map(([name, language, what]) => {
    const path = fileURLToPath(new URL(`../plugin/example/${name}`, import.meta.url));
    return `\`${name}\`: ${what}\n\n\`\`\`${language}\n${readFileSync(path, 'utf8').trimEnd()}\n\`\`\``;
  });
  return parts.join('\n\n');
}
