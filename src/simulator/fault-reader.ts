import type { FaultRule, FaultType } from './faults.ts';
import { REQUEST_KINDS } from './routes.ts';

const FIELDS: Readonly<Record<FaultType, readonly string[]>> = {
  error: ['code', 'status', 'subcode', 'message', 'retryAfterS'],
  'lost-before': [],
  'lost-after': [],
  reset: ['commit'],
  hang: ['commit'],
  delay: ['ms', 'commit'],
  late: ['ms'],
  html: ['status', 'commit'],
  cut: ['broken', 'commit'],
  foreign: ['body', 'commit'],
  redirect: ['to', 'commit'],
  oversized: ['bytes', 'commit'],
};

const REQUIRED: Partial<Record<FaultType, string>> = { error: 'code', delay: 'ms', late: 'ms' };

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const count = { check: isCount, what: 'a whole number from 0' };
const text = { check: (value: unknown) => typeof value === 'string', what: 'a text' };
const flag = { check: (value: unknown) => typeof value === 'boolean', what: 'true or false' };

const FIELD_CHECKS: Readonly<Record<string, { check: (value: unknown) => boolean; what: string }>> = {
  code: count,
  status: {
    check: (value) => isCount(value) && Number(value) >= 200 && Number(value) <= 599,
    what: 'from 200 to 599',
  },
  subcode: count,
  retryAfterS: count,
  ms: count,
  bytes: count,
  times: count,
  message: text,
  to: text,
  path: text,
  commit: flag,
  broken: flag,
  kind: {
    check: (value) => REQUEST_KINDS.some((kind) => kind === value),
    what: `one of ${REQUEST_KINDS.join(', ')}`,
  },
  nth: { check: (value) => [value].flat().every(isCount), what: 'a number from 1, or a list of them' },
  probability: {
    check: (value) => typeof value === 'number' && value >= 0 && value <= 1,
    what: 'from 0 to 1',
  },
};

/** Reads a rule from JSON. Returns what is wrong with it as text. */
export function readFaultRule(value: unknown): FaultRule | string {
  if (!isRecord(value) || !isRecord(value.fault)) return 'a rule is an object with a fault';
  const { fault, ...conditions } = value;
  const type = fault.type as FaultType;
  if (typeof type !== 'string' || !Object.hasOwn(FIELDS, type)) {
    return `fault.type is one of ${Object.keys(FIELDS).join(', ')}`;
  }
  const required = REQUIRED[type];
  if (required !== undefined && !(required in fault)) return `a fault of type ${type} needs ${required}`;
  return (
    problemIn(fault, ['type', ...FIELDS[type]], 'a fault of this type') ??
    problemIn(conditions, ['kind', 'path', 'nth', 'probability', 'times'], 'a rule') ??
    (value as unknown as FaultRule)
  );
}

function problemIn(record: Record<string, unknown>, known: readonly string[], of: string): string | null {
  for (const [name, value] of Object.entries(record)) {
    if (!known.includes(name)) return `${of} has no field ${JSON.stringify(name)}`;
    const takes = FIELD_CHECKS[name];
    if (takes !== undefined && !takes.check(value)) return `${name} is ${takes.what}`;
  }
  return null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
