import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A package that is a direct dependency of the project. */
export interface FoundPackage {
  readonly folder: string;
  /** The file that its name stands for. */
  readonly entry: string;
}

type Json = Readonly<Record<string, unknown>>;

const DEPENDENCIES = ['dependencies', 'devDependencies', 'optionalDependencies'] as const;
const CONDITIONS = ['node', 'import', 'module-sync', 'require', 'default'];

/**
 * Finds a package by its exact name among the own dependencies of the project that the configuration lies in: it must be
 * named in that project's package.json and installed in its node_modules. No other place is looked at, and no variable
 * is asked. A text says why there is none.
 */
export function findPackage(name: string, configFolder: string): FoundPackage | string {
  const project = projectOf(configFolder);
  if (project === null) return 'there is no package.json beside the configuration, nor in the folders above';
  const manifest = readJson(join(project, 'package.json'));
  const declared = DEPENDENCIES.some((kind) => Object.hasOwn(mapIn(manifest?.[kind]), name));
  if (!declared) return `it is no dependency in ${join(project, 'package.json')}`;
  const folder = join(project, 'node_modules', name);
  const own = readJson(join(folder, 'package.json'));
  if (own === null) return `it is not installed in ${join(project, 'node_modules')}`;
  if (own.name !== name) return 'what is installed under its name is another package';
  const entry = entryOf(own);
  return entry === null ? 'it has no main module' : { folder, entry: join(folder, entry) };
}

function projectOf(start: string): string | null {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (dirname(folder) === folder) return null;
  }
}

/** The main module by `exports`, or by `main`. Never a path out of the package. */
function entryOf({ exports, main }: Json): string | null {
  const named = exports === undefined ? (typeof main === 'string' ? main : 'index.js') : target(exports);
  if (named === null) return null;
  const inside = named.startsWith('./') ? named.slice(2) : named;
  return inside.split(/[/\\]/).includes('..') || inside.startsWith('/') ? null : inside;
}

function target(exported: unknown): string | null {
  if (typeof exported === 'string') return exported;
  const map = mapIn(exported);
  if (Object.hasOwn(map, '.')) return target(map['.']);
  const condition = CONDITIONS.find((one) => Object.hasOwn(map, one));
  return condition === undefined ? null : target(map[condition]);
}

function readJson(path: string): Json | null {
  try {
    return mapIn(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    // Not there, not readable or not JSON: in each case it is no package.
    return null;
  }
}

function mapIn(value: unknown): Json {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Json) : {};
}
