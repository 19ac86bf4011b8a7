import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseSync } from 'rolldown/utils';

/** One import, re-export or `import()` of a source file. */
export interface Import {
  /** As it is written: `./secret.ts`, `node:crypto`, `zod/mini`. */
  readonly specifier: string;
  /** The file it means, where it is one of ours: `src/core/secret.ts`. */
  readonly target: string | null;
  /** `type`: nothing is left of it at run time. `dynamic`: loaded when that line is reached. */
  readonly kind: 'static' | 'type' | 'dynamic';
}

/** What the rules need to know of a file. */
export interface Source {
  /** From the repository's root, with `/`. */
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  /** Clock, chance, environment and output, where the file reaches for them itself: `Date.now`, `process.env`. */
  readonly reaches: readonly string[];
  readonly exportsDefault: boolean;
  readonly onlyReexports: boolean;
}

interface Node {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Every TypeScript file below a folder of the repository. */
export function readSources(root: string, folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => posix.join(folder, name.replaceAll('\\', '/')))
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map((path) => parseSource(path, readFileSync(join(root, path), 'utf8')));
}

export function parseSource(path: string, text: string): Source {
  const { program, errors } = parseSync(path, text, { lang: 'ts', sourceType: 'module' });
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`);
  const body = program.body as unknown as readonly Node[];
  const imports: Import[] = [];
  const reaches: string[] = [];
  walk(program as unknown as Node, null, (node, parent) => {
    const found = importOf(path, node);
    if (found !== null) imports.push(found);
    const reach = reachOf(node, parent);
    if (reach !== null) reaches.push(reach);
  });
  return {
    path,
    lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    imports,
    reaches,
    exportsDefault: body.some(isDefaultExport),
    onlyReexports:
      body.length > 0 && body.every(passesOn) && body.some((node) => node.type.startsWith('Export')),
  };
}

function walk(node: Node, parent: Node | null, visit: (node: Node, parent: Node | null) => void): void {
  visit(node, parent);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) walk(child, node, visit);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}

function importOf(path: string, node: Node): Import | null {
  const source = node.source as { readonly value?: unknown } | null | undefined;
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      if (source === null || source === undefined) return null;
      return toImport(path, source.value, isTypeOnly(node) ? 'type' : 'static');
    case 'TSImportType':
      return toImport(path, source?.value, 'type');
    case 'ImportExpression':
      return toImport(path, source?.value, 'dynamic');
    default:
      return null;
  }
}

function isTypeOnly(node: Node): boolean {
  if (node.importKind === 'type' || node.exportKind === 'type') return true;
  const names = (node.specifiers ?? []) as readonly Node[];
  return names.length > 0 && names.every((name) => name.importKind === 'type' || name.exportKind === 'type');
}

function toImport(path: string, specifier: unknown, kind: Import['kind']): Import {
  if (typeof specifier !== 'string')
    throw new Error(`${path} imports something that is known only at run time`);
  const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : null;
  return { specifier, target, kind };
}

/** `Date` may parse and hold a time that it is given; it must not ask for the present one. */
const DATE_MEMBERS: ReadonlySet<string | null> = new Set(['parse', 'UTC']);
/** What tells of the machine, not of the user's environment. */
const PROCESS_MEMBERS: ReadonlySet<string | null> = new Set(['platform', 'arch', 'getuid', 'pid', 'kill']);
/** Methods of the console; a setting may be called `console` (a provider's dashboard). */
const CONSOLE_MEMBERS: ReadonlySet<string | null> = new Set(Object.keys(console));
const GLOBALS: ReadonlySet<unknown> = new Set(['console', 'process', 'Date', 'Math', 'performance', 'fetch']);
const CHANCE: ReadonlySet<string> = new Set([
  'getRandomValues',
  'randomBytes',
  'randomFill',
  'randomFillSync',
  'randomInt',
  'randomUUID',
]);
/** Modules that are the same globals by another name. */
const MODULES: ReadonlySet<unknown> = new Set(
  ['console', 'perf_hooks', 'process'].flatMap((name) => [name, `node:${name}`]),
);
/** Below every other node of TypeScript's own, a name is that of a type or of a parameter in one. */
const VALUE_PARENTS: ReadonlySet<string> = new Set([
  'TSAsExpression',
  'TSNonNullExpression',
  'TSSatisfiesExpression',
]);

function reachOf(node: Node, parent: Node | null): string | null {
  switch (node.type) {
    case 'ImportDeclaration':
      return MODULES.has(nameOf(node.source)) ? nameOf(node.source) : null;
    case 'ImportSpecifier':
      return CHANCE.has(nameOf(node.imported)) ? nameOf(node.imported) : null;
    case 'MemberExpression':
      return memberReach(nameOf(node.object), nameOf(node.property));
    case 'Identifier':
      return parent === null ? null : globalReach(node, parent);
    default:
      return null;
  }
}

function memberReach(object: string, member: string): string | null {
  if (CHANCE.has(member)) return member;
  return object === 'globalThis' && GLOBALS.has(member) ? `globalThis.${member}` : null;
}

function globalReach(node: Node, parent: Node): string | null {
  if (!GLOBALS.has(node.name) || isKey(node, parent)) return null;
  if (parent.type.startsWith('TS') && !VALUE_PARENTS.has(parent.type)) return null;
  const member =
    parent.type === 'MemberExpression' && parent.object === node ? nameOf(parent.property) : null;
  switch (node.name) {
    case 'Math':
      return member === 'random' || member === null ? 'Math.random' : null;
    case 'Date':
      return dateReach(node, parent, member);
    case 'console':
      return CONSOLE_MEMBERS.has(member) ? `console.${member}` : null;
    case 'process':
      return PROCESS_MEMBERS.has(member) ? null : `process.${member ?? '*'}`;
    default:
      return String(node.name);
  }
}

function dateReach(node: Node, parent: Node, member: string | null): string | null {
  if (DATE_MEMBERS.has(member)) return null;
  if (parent.type === 'BinaryExpression' && parent.operator === 'instanceof') return null;
  if (parent.type === 'NewExpression' && parent.callee === node) {
    return (parent.arguments as readonly unknown[]).length === 0 ? 'new Date()' : null;
  }
  return `Date.${member ?? '*'}`;
}

/** The name of a property or a parameter's key, not a value of that name. */
function isKey(node: Node, parent: Node): boolean {
  if (parent.type === 'MemberExpression') return parent.property === node && parent.computed !== true;
  if (parent.type === 'Property') return parent.key === node && parent.shorthand !== true;
  return parent.key === node;
}

function nameOf(node: unknown): string {
  return isNode(node) ? String(node.name ?? node.value ?? '') : '';
}

function isDefaultExport(node: Node): boolean {
  if (node.type === 'ExportDefaultDeclaration') return true;
  const names = node.type === 'ExportNamedDeclaration' ? (node.specifiers as readonly Node[]) : [];
  return names.some((name) => nameOf(name.exported) === 'default');
}

/** Imports, and exports that declare nothing of their own. */
function passesOn(node: Node): boolean {
  if (node.type === 'ImportDeclaration' || node.type === 'ExportAllDeclaration') return true;
  return node.type === 'ExportNamedDeclaration' && (node.declaration ?? null) === null;
}
