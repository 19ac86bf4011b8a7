import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .map((name) => posix.join('docs', name.replaceAll('\\', '/')))
    .filter((name) => name.endsWith('.md'))
    .sort(),
];

/** What a page links to inside the project: `[text](target)` and `[name]: target`, outside of code. */
function targets(page: string): readonly string[] {
  const prose = page.replace(/^ *(`{3,})[\s\S]*?^ *\1/gm, '').replace(/`[^`\n]*`/g, 'code');
  const found = [...prose.matchAll(/\]\(<?([^)\s>]+)|^\[[^\]]+\]: *(\S+)/gm)];
  return found.flatMap(([, inline, named]) => inline ?? named ?? []).filter((to) => !/^[a-z]+:/i.test(to));
}

/** The anchors of a page: its headings, as GitHub writes them, and every `id`. */
function anchors(page: string): readonly string[] {
  const headings = [...page.matchAll(/^#{1,6} +(.+?) *$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return [...headings, ...[...page.matchAll(/\bid="([^"]+)"/g)].map(([, id = '']) => id)];
}

function broken(path: string, page: string): readonly string[] {
  return targets(page).filter((to) => {
    const [file = '', anchor] = to.split('#');
    const target = file === '' ? path : posix.join(posix.dirname(path), decodeURI(file));
    if (!existsSync(join(root, target))) return true;
    if (anchor === undefined) return false;
    return !anchors(file === '' ? page : readFileSync(join(root, target), 'utf8')).includes(anchor);
  });
}

describe('every link inside the project leads somewhere', () => {
  it.each(pages)('%s', (path) => {
    expect(broken(path, readFileSync(join(root, path), 'utf8'))).toEqual([]);
  });

  it('and one that does not is seen', () => {
    const page = [
      '# A heading, with `code`',
      '[page](errors.md), [here](#a-heading-with-code), [folder](stores), [out](https://example.com/x)',
      '[gone](no-such-page.md), [no anchor](errors.md#no-such-heading), [not here](#nowhere)',
      '`[no link](in-code.md)`',
      '```sh\n[no link](in-a-fence.md)\n```',
      '[named]: no-such-name.md',
    ].join('\n');
    const seen = ['no-such-page.md', 'errors.md#no-such-heading', '#nowhere', 'no-such-name.md'];
    expect(broken('docs/trail.md', page)).toEqual(seen);
  });
});
