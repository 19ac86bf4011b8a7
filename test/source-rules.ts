import { posix } from 'node:path';
import type { Source } from './source-tree.ts';

/** What files of one layer (a folder below src) may import besides files of their own layer. */
export interface Layer {
  readonly layers: readonly string[];
  /** Packages and modules of Node, as they are written; `node:*` is every module of Node. */
  readonly packages: readonly string[];
  /** Clock, chance, environment and output that the layer may reach for itself; `*` is all of it. */
  readonly reaches?: readonly string[];
  /** The layer holds plugins that must not know each other; only its registry.ts knows them all. */
  readonly plugins?: { readonly sdks: Readonly<Record<string, readonly string[]>> };
}

export type Layers = Readonly<Record<string, Layer>>;

/** `src/core/secret.ts` is of `core`, `src/index.ts` of `index`. */
export function layerOf(path: string): string {
  return path.split('/')[1]?.replace(/\.ts$/, '') ?? '';
}

/** `src/stores/file/lock.ts` and `src/stores/file.ts` belong to the plugin `file`. */
function pluginOf(path: string): string {
  return path.split('/')[2]?.replace(/\.ts$/, '') ?? '';
}

/** Each rule gives one line for every place that breaks it. */
export function forbiddenImports(sources: readonly Source[], layers: Layers): string[] {
  const known = new Set(sources.map((source) => source.path));
  return sources.flatMap(({ path, imports }) => {
    const layer = layers[layerOf(path)];
    if (layer === undefined) return [`${path}: the table has no layer ${layerOf(path)}`];
    return imports.flatMap(({ specifier, target }) => {
      const allowed = target === null ? mayUse(path, specifier, layer) : mayImport(path, target, layer);
      if (target !== null && !known.has(target))
        return [`${path} imports ${specifier}, which is no source file`];
      return allowed ? [] : [`${path} must not import ${specifier}`];
    });
  });
}

function mayImport(path: string, target: string, layer: Layer): boolean {
  if (layerOf(path) !== layerOf(target)) return layer.layers.includes(layerOf(target));
  if (layer.plugins === undefined) return true;
  return pluginOf(path) === 'registry' || pluginOf(path) === pluginOf(target);
}

function mayUse(path: string, specifier: string, layer: Layer): boolean {
  if (layer.packages.includes(specifier)) return true;
  if (specifier.startsWith('node:') && layer.packages.includes('node:*')) return true;
  return layer.plugins?.sdks[pluginOf(path)]?.includes(specifier) ?? false;
}

/** Files that import each other in a ring. What is imported on first use closes no ring. */
export function rings(sources: readonly Source[]): string[] {
  const next = new Map(sources.map((source) => [source.path, targets(source, ['static', 'type'])]));
  const done = new Set<string>();
  const found: string[] = [];
  const follow = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) found.push([...trail.slice(at), path].join(' > '));
    if (at >= 0 || done.has(path)) return;
    for (const target of next.get(path) ?? []) follow(target, [...trail, path]);
    done.add(path);
  };
  for (const path of next.keys()) follow(path, []);
  return found;
}

/** Packages that load with `entry`, before anything is asked for by `import()`. */
export function loadedWith(sources: readonly Source[], entry: string): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const seen = new Set([entry]);
  const packages = new Set<string>();
  for (const path of seen) {
    const source = byPath.get(path);
    if (source === undefined) throw new Error(`${path} is no source file`);
    for (const target of targets(source, ['static'])) seen.add(target);
    for (const { specifier, target, kind } of source.imports) {
      if (target === null && kind === 'static') packages.add(specifier);
    }
  }
  return [...packages].sort();
}

function targets(source: Source, kinds: readonly string[]): string[] {
  return source.imports.flatMap(({ target, kind }) =>
    target !== null && kinds.includes(kind) ? [target] : [],
  );
}

export function forbiddenReaches(sources: readonly Source[], layers: Layers): string[] {
  return sources.flatMap(({ path, reaches }) => {
    const allowed = layers[layerOf(path)]?.reaches ?? [];
    if (allowed.includes('*')) return [];
    return reaches
      .filter((reach) => !allowed.includes(reach))
      .map((reach) => `${path} must not use ${reach}`);
  });
}

export function badShapes(sources: readonly Source[], reexporters: readonly string[]): string[] {
  return sources.flatMap(({ path, exportsDefault, onlyReexports }) => [
    ...(exportsDefault ? [`${path} has a default export`] : []),
    ...(onlyReexports && !reexporters.includes(path) ? [`${path} only passes on what others export`] : []),
  ]);
}

/** A test may say after a dot which part of its subject it is about: `file.kill.test.ts`. */
export function badNames(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const bare = path.replace(/\.ts$/, '');
    const names = bare.split(path.startsWith('test/') ? /[/.]/ : '/');
    const says = names.filter((name) => /^(utils?|helpers?|common|misc|shared)$/.test(name));
    const spelled = names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name));
    return [
      ...says.map((name) => `${path}: ${name} does not say what is in it`),
      ...spelled.map((name) => `${path}: ${name} is not kebab-case`),
    ];
  });
}

export function lonelyFiles(paths: readonly string[]): string[] {
  const entries = new Map<string, Set<string>>();
  for (const path of paths) {
    for (let below = path, folder = posix.dirname(path); folder !== '.'; folder = posix.dirname(folder)) {
      entries.set(folder, (entries.get(folder) ?? new Set()).add(below));
      below = folder;
    }
  }
  return [...entries].flatMap(([folder, inside]) => {
    const [only] = inside;
    return inside.size === 1 && only?.endsWith('.ts') ? [`${folder} holds one file`] : [];
  });
}

/** The smallest length that `share` of the files do not exceed. */
export function lengthAt(sources: readonly Source[], share: number): number {
  const lengths = sources.map((source) => source.lines).sort((a, b) => a - b);
  return lengths[Math.max(0, Math.ceil(lengths.length * share) - 1)] ?? 0;
}
