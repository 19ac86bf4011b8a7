import type {
  ConfiguredCredential,
  IssuerConfig,
  KnownIssuerKind,
  PluginSettings,
  ReferenceUse,
} from './config.ts';
import type { Mistakes } from './problems.ts';
import { choice, type Path, quoted } from './wording.ts';

/** A credential as far as it could be read. */
export type Draft = Omit<ConfiguredCredential, 'store' | 'digest'> & {
  readonly store: PluginSettings | null;
};

/** Reports credentials that would overwrite one another: the same location, and not fields of their own in it. */
export function checkLocations(drafts: readonly Draft[], mistakes: Mistakes): void {
  const places = new Map<PluginSettings | null, Map<string, Draft[]>>();
  for (const draft of drafts) {
    const locations = places.get(draft.store) ?? new Map<string, Draft[]>();
    places.set(draft.store, locations);
    const others = locations.get(draft.location) ?? [];
    const rival = others.find((other) => overlap(draft, other));
    if (rival !== undefined) {
      const what = draft.fields !== undefined && rival.fields !== undefined ? 'field' : 'location';
      const reason = `${quoted(draft.name)} and ${quoted(rival.name)} have the same ${what} in the store`;
      mistakes.add(place(draft, what), reason, `give each its own ${what}`);
    }
    others.push(draft);
    locations.set(draft.location, others);
  }
}

function overlap(a: Draft, b: Draft): boolean {
  if (a.fields === undefined || b.fields === undefined) return true;
  const taken = Object.values(b.fields);
  return Object.values(a.fields).some((field) => taken.includes(field));
}

function place(draft: Draft, what: 'field' | 'location'): Path {
  return ['credentials', draft.name, what === 'field' ? 'fields' : 'location'];
}

/** Reports credentials whose keys would end one another: where making a key ends the one before, there is room for one. */
export function checkSoleKeys(
  drafts: readonly Draft[],
  issuers: ReadonlyMap<string, IssuerConfig>,
  kinds: readonly KnownIssuerKind[],
  mistakes: Mistakes,
): void {
  const owners = new Map<string, Draft>();
  for (const draft of drafts) {
    const issuer = issuers.get(draft.issuer);
    if (issuer === undefined) continue;
    const sole =
      kinds.find(({ kind }) => kind === issuer.kind)?.soleKeyOf?.(issuer.settings as never) ?? null;
    if (sole === null) continue;
    const owner = owners.get(`${issuer.kind} ${sole}`);
    owners.set(`${issuer.kind} ${sole}`, owner ?? draft);
    if (owner === undefined) continue;
    const reason = `a key for ${quoted(draft.name)} would end the one of ${quoted(owner.name)}: the issuer has room for one`;
    const remedy = 'let all consumers read one credential, or give each an account or number of its own';
    mistakes.add(['credentials', draft.name, 'issuer'], reason, remedy);
  }
}

/** Reports `store:` references to credentials that are not there or have no single value, and cycles of them. */
export function checkReferences(
  drafts: readonly Draft[],
  uses: readonly ReferenceUse[],
  mistakes: Mistakes,
): void {
  const byName = new Map(drafts.map((draft) => [draft.name, draft]));
  const names = [...byName.keys()];
  for (const use of uses) {
    const target = targetOf(use);
    if (target === null) continue;
    const draft = byName.get(target);
    if (draft === undefined) {
      const reason = `${use.setting} refers to ${quoted(target)}, which is no credential here`;
      mistakes.add(use.path, reason, choice(mistakes.nearest(target, names), names, 'credentials'));
    } else if (Object.keys(draft.fields ?? {}).length > 1) {
      const reason = `${use.setting} refers to ${quoted(target)}, which has several parts`;
      mistakes.add(use.path, reason, 'refer to a credential of one part');
    }
  }
  checkCycles(byName, uses, mistakes);
}

/** Depth first with a stack of its own: a long chain of references must not exhaust the call stack. */
function checkCycles(
  byName: ReadonlyMap<string, Draft>,
  uses: readonly ReferenceUse[],
  mistakes: Mistakes,
): void {
  const done = new Set<string>();
  const links = linksOf(uses);
  for (const start of byName.keys()) {
    const trail: { readonly name: string; readonly next: Iterator<ReferenceUse> }[] = [];
    const onTrail = new Set<string>();
    const enter = (name: string): void => {
      const draft = byName.get(name);
      onTrail.add(name);
      trail.push({ name, next: (draft === undefined ? [] : links(draft))[Symbol.iterator]() });
    };
    if (!done.has(start)) enter(start);
    for (let top = trail.at(-1); top !== undefined; top = trail.at(-1)) {
      const { value: use, done: ended } = top.next.next();
      if (ended === true) {
        trail.pop();
        onTrail.delete(top.name);
        done.add(top.name);
        continue;
      }
      const target = targetOf(use) ?? '';
      if (onTrail.has(target)) reportCycle(use, target, trail, mistakes);
      else if (!done.has(target) && byName.has(target)) enter(target);
    }
  }
}

function reportCycle(
  use: ReferenceUse,
  target: string,
  trail: readonly { readonly name: string }[],
  mistakes: Mistakes,
): void {
  const names = trail.map((one) => one.name);
  const cycle = [...names.slice(names.indexOf(target)), target].map(quoted);
  const shown = cycle.length > 8 ? [...cycle.slice(0, 4), '…', ...cycle.slice(-3)] : cycle;
  const reason = `${use.setting} makes a cycle of references: ${shown.join(' -> ')}`;
  mistakes.add(use.path, reason, 'break it with env:NAME or file:PATH');
}

/** The `store:` references that stand between a credential and its rotation: its issuer's and its store's. */
function linksOf(uses: readonly ReferenceUse[]): (draft: Draft) => readonly ReferenceUse[] {
  const of = new Map<string | PluginSettings, ReferenceUse[]>();
  for (const use of uses.filter((one) => targetOf(one) !== null)) {
    const owner = 'issuer' in use.owner ? use.owner.issuer : use.owner.store;
    const known = of.get(owner) ?? [];
    known.push(use);
    of.set(owner, known);
  }
  return (draft) => [
    ...(of.get(draft.issuer) ?? []),
    ...(draft.store === null ? [] : (of.get(draft.store) ?? [])),
  ];
}

function targetOf(use: ReferenceUse): string | null {
  return use.reference.startsWith('store:') ? use.reference.slice('store:'.length) : null;
}
