import type { IssuerTraits } from '../../src/core/issuer.ts';
import type { Ledger } from '../../src/core/ledger.ts';
import type { Policy } from '../../src/core/policy.ts';
import type { Step } from '../../src/core/protocol/changes.ts';
import { rowOf } from '../../src/core/rows.ts';
import { type Bound, type Explored, explore, type Visit } from './exploration.ts';

const DAY = 86_400_000;

/** What is gone through for each class of issuer. */
export const BOUND: Bound = { rows: 3, rotations: 2, attempts: 3, states: 5_000 };

const PLAIN: IssuerTraits = {
  secretFrom: 'issuer',
  asksWith: 'own',
  maxLive: 'unknown',
  revokesBy: 'secret',
  proves: true,
  marks: false,
  lists: false,
  lastUsed: false,
  settles: 0,
  sweeps: false,
  longestLife: 400 * DAY,
};

/** Classes of issuer that the protocol treats differently, and what each changes of a plain one. */
export const CLASSES: Readonly<Record<string, Partial<IssuerTraits>>> = {
  'revokes by secret': {},
  'revokes by id, marks': { revokesBy: 'id', marks: true },
  'revokes by id, lists, two slots': { revokesBy: 'id', lists: true, maxLive: 2 },
  'client-made, registered': { secretFrom: 'client' },
  'client-made, nothing to revoke': {
    secretFrom: 'client',
    revokesBy: 'nothing',
    proves: false,
    longestLife: null,
  },
  'made and removed by a person': { secretFrom: 'operator', revokesBy: 'operator' },
  'two keys, revoked by promotion': { maxLive: 2, revokesBy: 'promotion' },
  'one key at a time, gap accepted': { maxLive: 1, revokesBy: 'replacement' },
};

export function policyFor(name: string): Policy {
  const issuer: IssuerTraits = { ...PLAIN, ...CLASSES[name] };
  const revokes = ['id', 'secret', 'promotion'].includes(issuer.revokesBy);
  return {
    maxAge: 90 * DAY,
    renewBefore: null,
    overlap: DAY,
    lead: 14 * DAY,
    acceptGap: issuer.maxLive === 1,
    scopes: ['messaging'],
    gates: issuer.secretFrom === 'issuer' && !issuer.marks && !issuer.lists ? ['idle'] : [],
    hooks: issuer.marks || !issuer.proves ? ['restart'] : [],
    mirrors: issuer.lists ? ['ci'] : [],
    shared: false,
    config: 'config-1',
    converges: 0,
    issuer: {
      ...issuer,
      can: {
        register: issuer.secretFrom === 'client' && issuer.revokesBy !== 'nothing',
        revoke: revokes,
        find: issuer.marks,
        list: issuer.lists,
        slots: issuer.maxLive === 2,
      },
    },
  };
}

interface Situation {
  readonly kinds: Set<string>;
  readonly steps: Set<string>;
  readonly ends: Set<string>;
}

export interface Search {
  readonly explored: Readonly<Record<string, Explored>>;
  readonly situations: ReadonlyMap<string, Situation>;
  readonly reasons: ReadonlyMap<string, Set<string>>;
}

export function searchAll(): Search {
  const explored: Record<string, Explored> = {};
  const situations = new Map<string, Situation>();
  const reasons = new Map<string, Set<string>>();
  for (const name of Object.keys(CLASSES)) {
    explored[name] = explore(policyFor(name), BOUND, (one) => note(one, situations, reasons));
  }
  return { explored, situations, reasons };
}

function note(
  { ledger, step }: Visit,
  situations: Map<string, Situation>,
  reasons: Map<string, Set<string>>,
): void {
  const key = situationOf(ledger);
  const found = situations.get(key) ?? { kinds: new Set(), steps: new Set(), ends: new Set() };
  situations.set(key, found);
  found.kinds.add(ledger.rotation?.kind ?? 'none');
  const end = endOf(step);
  if (end === null) {
    found.steps.add(nameOf(step));
    return;
  }
  found.ends.add(end);
  if (!('reason' in step)) return;
  const texts = reasons.get(end) ?? new Set();
  reasons.set(end, texts.add(plain(step.reason)));
}

/** Phase, whether its effect was entered, and what has become of the two keys. */
function situationOf(ledger: Ledger): string {
  const { rotation } = ledger;
  const current = ledger.keys.some((key) => key.state === 'current');
  if (rotation === undefined) return `no rotation||${current ? 'current' : 'none'}|`;
  const fresh = rowOf(ledger, rotation.new)?.state ?? 'none';
  const old = rowOf(ledger, rotation.old)?.state ?? 'none';
  return `${rotation.phase}|${rotation.entered === undefined ? '' : 'entered'}|${old}|${fresh}`;
}

function nameOf(step: Step): string {
  if (step.do === 'look') return `look ${step.at.what}`;
  if (step.do === 'record') return `record ${step.change.type}`;
  if (step.do === 'intend' || step.do === 'act') return `${step.do} ${step.effect.kind}`;
  return step.do;
}

function endOf(step: Step): string | null {
  if (step.do === 'wait') return `wait: ${step.for}`;
  if (step.do === 'stop') return `stop: ${step.code}`;
  return step.do === 'nothing' ? 'nothing' : null;
}

/** The text without what is different every time. */
function plain(reason: string): string {
  return reason
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/\br\d+\.\d+\b/g, 'KEY')
    .replace(/\b\d+ (days|slots)/g, 'N $1')
    .replaceAll('wa-test', 'NAME');
}

/** The part of docs/protocol.md that this search makes. */
export function situationsPart(search: Search): string {
  const of = Object.values(search.explored);
  const sum = (pick: (one: Explored) => number): string =>
    of.reduce((total, one) => total + pick(one), 0).toLocaleString('en');
  const lines = [
    `Explored: ${of.length} classes of issuer, up to ${BOUND.rows} rows, ${BOUND.rotations} rotations and ` +
      `${BOUND.attempts} attempts each, ${sum((one) => one.states)} states with ${sum((one) => one.ledgers)} ` +
      'different ledgers (times and ids left aside). Every one of them has a step or a reason for none.',
    '',
    '| phase | entered | old key | new key | of rotations | steps | or ends with |',
    '|---|---|---|---|---|---|---|',
  ];
  for (const [key, { kinds, steps, ends }] of [...search.situations].sort(byPhase)) {
    const cells = key.split('|').map((cell) => (cell === '' ? '' : cell));
    lines.push(`| ${cells.join(' | ')} | ${inOrder(kinds)} | ${grouped(steps)} | ${inOrder(ends)} |`);
  }
  lines.push('', '| a run ends with | because |', '|---|---|');
  for (const [end, texts] of [...search.reasons].sort())
    lines.push(`| ${end} | ${[...texts].sort().join('<br>')} |`);
  return lines.join('\n');
}

function inOrder(names: ReadonlySet<string>): string {
  return [...names].sort().join(', ');
}

/** Steps of one sort together: `look current, works; record staged`. */
function grouped(steps: ReadonlySet<string>): string {
  const sorts = ['look', 'record', 'intend', 'act'];
  return sorts
    .map((sort) => {
      const names = [...steps]
        .filter((step) => step.startsWith(`${sort} `))
        .map((step) => step.slice(sort.length + 1));
      return names.length === 0 ? '' : `${sort} ${names.sort().join(', ')}`;
    })
    .filter((text) => text !== '')
    .join('; ');
}

const PHASES = ['no rotation', 'create', 'stage', 'verify', 'promote', 'overlap', 'done'];

function byPhase([a]: readonly [string, Situation], [b]: readonly [string, Situation]): number {
  const place = (key: string): number => PHASES.indexOf(key.slice(0, key.indexOf('|')));
  return place(a) - place(b) || (a < b ? -1 : 1);
}
