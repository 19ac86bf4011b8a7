import type { Node, ParsedNode } from 'yaml';
import { isAlias, isMap, isScalar, isSeq, type LineCounter } from 'yaml';
import type { Place } from './problems.ts';
import type { Path } from './wording.ts';

/** A value of the file together with the places it came from. */
export interface SourceNode {
  /** Text, number, boolean, null, array, or an object without a prototype. */
  readonly value: unknown;
  readonly at: Place;
  /** Place of the key (or list item) that holds it. */
  readonly keyAt: Place;
  /** Keys of a map in the order of the file. Absent where it is no map and no list. */
  readonly children?: ReadonlyMap<string | number, SourceNode>;
}

export type Complain = (place: Place, reason: string, remedy: string) => void;

/** Deeper nesting is refused, in the text and through aliases. */
export const MAX_DEPTH = 64;
/** How many nodes aliases may stand for in all: no honest file comes near, and a bomb goes off here. */
const ALIASED_NODES = 10_000;

/** Turns composed YAML into plain values. Duplicate keys, keys that are no text, and aliases that do not end are mistakes. */
export function toSource(root: ParsedNode, lines: LineCounter, complain: Complain): SourceNode {
  const anchors = new Map<string, Node>();
  const open = new Set<Node>();
  let aliased = 0;
  let depth = 0;

  const placeOf = (node: unknown, otherwise: Place): Place => {
    const range = (node as { range?: readonly number[] | null } | null)?.range;
    return range?.[0] === undefined ? otherwise : placeAt(lines, range[0]);
  };

  const convert = (node: unknown, keyAt: Place, inAlias: boolean): SourceNode => {
    const at = placeOf(node, keyAt);
    if (inAlias) aliased += 1;
    if (depth > MAX_DEPTH) {
      complain(at, `it is nested deeper than ${MAX_DEPTH}`, 'write it flatter');
      return { value: null, at, keyAt };
    }
    if (isAlias(node)) return follow(node.source, at, keyAt);
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor !== undefined) anchors.set(anchor, node as Node);
    if (isMap(node)) return mapOf(node, at, keyAt, inAlias);
    if (isSeq(node)) return listOf(node, at, keyAt, inAlias);
    const value = isScalar(node) ? node.value : null;
    if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return { value, at, keyAt };
    complain(at, 'a value of this type is not supported', 'write text, a number, true or false');
    return { value: null, at, keyAt };
  };

  const follow = (name: string, at: Place, keyAt: Place): SourceNode => {
    const target = anchors.get(name);
    if (target === undefined) {
      complain(at, 'this alias has no anchor before it', 'write the value itself');
    } else if (open.has(target)) {
      complain(at, 'this alias stands inside what it names', 'write the value itself');
    } else if (aliased > ALIASED_NODES) {
      complain(at, `aliases stand for more than ${ALIASED_NODES} values`, 'write the values themselves');
    } else {
      return { ...convert(target, keyAt, true), at, keyAt };
    }
    return { value: null, at, keyAt };
  };

  const mapOf = (node: unknown, at: Place, keyAt: Place, inAlias: boolean): SourceNode => {
    open.add(node as Node);
    depth += 1;
    const value: Record<string, unknown> = Object.create(null);
    const children = new Map<string | number, SourceNode>();
    for (const pair of (node as { items: readonly { key: unknown; value: unknown }[] }).items) {
      const place = placeOf(pair.key, at);
      const key = keyText(pair.key);
      if (key === null) {
        complain(place, 'this key is not plain text', 'write a name');
      } else if (children.has(key)) {
        complain(place, 'this key stands twice in the same map', 'keep one of the two');
      } else {
        const child = convert(pair.value, place, inAlias);
        children.set(key, child);
        value[key] = child.value;
      }
    }
    open.delete(node as Node);
    depth -= 1;
    return { value, at, keyAt, children };
  };

  const listOf = (node: unknown, at: Place, keyAt: Place, inAlias: boolean): SourceNode => {
    open.add(node as Node);
    depth += 1;
    const items = (node as { items: readonly unknown[] }).items.map((item) =>
      convert(item, placeOf(item, at), inAlias),
    );
    open.delete(node as Node);
    depth -= 1;
    return { value: items.map((item) => item.value), at, keyAt, children: new Map(items.entries()) };
  };

  return convert(root, { line: 1, column: 1 }, false);
}

function keyText(key: unknown): string | null {
  if (!isScalar(key) || key.value === null || key.value === '__proto__') return null;
  return typeof key.value === 'string' ? key.value : (key.source ?? null);
}

export function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** Where a path stands. One that is not in the file stands at the last of its keys that is. */
export function locate(root: SourceNode | null, path: Path, which: 'key' | 'value'): Place {
  let node = root;
  if (node === null) return { line: 1, column: 1 };
  for (const step of path) {
    const child: SourceNode | undefined = node.children?.get(step);
    if (child === undefined) return node.keyAt;
    node = child;
  }
  return which === 'key' ? node.keyAt : node.at;
}
