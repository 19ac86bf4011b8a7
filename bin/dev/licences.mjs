import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Licences that let their text be passed on inside another package. Another one needs a person's decision. */
const ALLOWED = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT']);

/**
 * The notice file for everything that the bundles took in.
 * @param {string} root
 * @param {readonly import('esbuild').Metafile[]} metafiles
 * @returns {Promise<string>}
 */
export async function licences(root, metafiles) {
  const folders = new Set();
  for (const { inputs } of metafiles) {
    for (const path of Object.keys(inputs)) {
      const found = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path);
      if (found !== null) folders.add(found[0]);
    }
  }
  const notices = await Promise.all([...folders].sort().map((folder) => notice(join(root, folder))));
  return `keyturn contains these libraries, each under its own licence.\n${notices.join('')}`;
}

/** @param {string} folder */
async function notice(folder) {
  const { name, version, license: stated } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const license = chosen(stated);
  if (!ALLOWED.has(license)) throw new Error(`${name} has the licence ${license}: may it be shipped?`);
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no licence file`);
  const text = await readFile(join(folder, file), 'utf8');
  return `\n${'-'.repeat(80)}\n${name} ${version} (${license})\n\n${text.trim()}\n`;
}

/**
 * Old packages list several licences, of which one may choose.
 * @param {string | readonly { readonly type: string }[]} stated
 */
function chosen(stated) {
  if (typeof stated === 'string') return stated;
  const types = stated.map(({ type }) => type);
  return types.find((type) => ALLOWED.has(type)) ?? types.join(' or ');
}
