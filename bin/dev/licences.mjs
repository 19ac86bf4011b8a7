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
  const packages = await Promise.all([...folders].sort().map((folder) => read(join(root, folder))));
  const notices = packages.map((one) => notice(one, packages));
  return `keyturn contains these libraries, each under its own licence.\n${notices.join('')}`;
}

/**
 * @typedef {{ name: string, version: string, license: string, source: string | undefined, text: string | null }} Package
 * @param {string} folder
 * @returns {Promise<Package>}
 */
async function read(folder) {
  const {
    name,
    version,
    license: stated,
    repository,
  } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? await inReadme(folder) : await readFile(join(folder, file), 'utf8');
  return { name, version, license: chosen(stated), source: repository?.url, text };
}

/**
 * The part of the readme under the heading License, where that holds the text itself.
 * @param {string} folder
 */
async function inReadme(folder) {
  const file = (await readdir(folder)).find((entry) => /^readme/i.test(entry));
  const readme = file === undefined ? '' : await readFile(join(folder, file), 'utf8');
  const part = /^(?:#+ *Licen[cs]e *|Licen[cs]e\n-+)\n([\s\S]*)$/im.exec(readme)?.[1];
  return part?.includes('Permission is hereby granted') ? part : null;
}

/**
 * @param {Package} one
 * @param {readonly Package[]} all
 */
function notice({ name, version, license, source, text }, all) {
  if (!ALLOWED.has(license)) throw new Error(`${name} has the licence ${license}: may it be shipped?`);
  // Some packages of a repository leave the file out that their neighbours hold.
  const neighbour = all.find((one) => one.text !== null && one.source === source && one.license === license);
  const own = text ?? (source === undefined ? null : (neighbour?.text ?? null));
  if (own === null) throw new Error(`${name} has no licence file`);
  return `\n${'-'.repeat(80)}\n${name} ${version} (${license})\n\n${own.trim()}\n`;
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
