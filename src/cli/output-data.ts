/** A JSON Schema. */
export type Json = Readonly<Record<string, unknown>>;

/** An object whose named fields are all there unless `required` says otherwise; it may have more. */
export function object(properties: Readonly<Record<string, Json>>, required = Object.keys(properties)): Json {
  return { type: 'object', properties, required };
}

export function nullable(...choices: readonly Json[]): Json {
  return { anyOf: [...choices, { type: 'null' }] };
}

export function text(description?: string): Json {
  return description === undefined ? { type: 'string' } : { type: 'string', description };
}

function list(items: Json): Json {
  return { type: 'array', items };
}

const STRING = nullable(text());
const COUNT: Json = { type: 'integer', minimum: 0 };
const INSTANT: Json = { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' };
const TIME = nullable(INSTANT);
const PHASE: Json = { enum: ['open', 'create', 'stage', 'verify', 'promote', 'overlap', 'done'] };

const KEY_FIELDS: Readonly<Record<string, Json>> = {
  id: text('Its row in the ledger.'),
  state: { enum: ['intended', 'possible', 'pending', 'current', 'retiring', 'revoked', 'settled'] },
  issuerKeyId: STRING,
  identity: STRING,
  fingerprints: nullable({
    type: 'object',
    additionalProperties: { type: 'string', pattern: '^[0-9a-f]{16}$' },
    description: 'Part -> first 16 hex digits of its SHA-256, for parts of 20 characters and more.',
  }),
  issuedAt: TIME,
  issuedAtFrom: { enum: ['issuer', 'store', 'operator', 'unknown'] },
  expiresAt: TIME,
  scopes: nullable(list(text())),
  usedAt: TIME,
  proof: nullable(
    object({ by: { enum: ['issuer', 'operator', 'expiry'] }, at: INSTANT, who: text() }, ['by', 'at']),
  ),
};

const KEY: Json = { $ref: '#/definitions/key' };

const ROTATION: Json = { $ref: '#/definitions/rotation' };

const ROTATION_FIELDS: Readonly<Record<string, Json>> = {
  id: text(),
  kind: { enum: ['scheduled', 'manual', 'emergency', 'rollback', 'adopt'] },
  reason: text(),
  by: text(),
  startedAt: INSTANT,
  phase: PHASE,
  attempt: COUNT,
  old: STRING,
  new: STRING,
  promotedAt: TIME,
  waiting: nullable(object({ for: { enum: ['operator'] }, since: INSTANT })),
  nextTry: TIME,
  lastError: STRING,
};

/** What the other schemas refer to. */
export const DEFINITIONS: Readonly<Record<string, Json>> = {
  key: object(KEY_FIELDS),
  rotation: object(ROTATION_FIELDS),
  plan: planData(),
};

const DEBT = object({
  kind: { enum: ['revocation', 'possible-orphan', 'hook', 'mirror'] },
  target: text('The key, or the name of the hook or mirror.'),
  since: TIME,
  tries: COUNT,
  nextTry: TIME,
  lastError: STRING,
  hint: STRING,
});

export const STATUS_DATA = object({
  credentials: list(
    object({
      name: text(),
      issuer: text(),
      store: text('The kind of its store.'),
      location: text(),
      current: nullable(KEY),
      keys: list(object({ ...KEY_FIELDS, overlapEnds: TIME, quietSince: TIME })),
      gates: list(text()),
      rotation: nullable(ROTATION),
      debts: list(DEBT),
      hold: nullable(object({ kind: text(), reason: text(), since: INSTANT, by: text() })),
      lease: nullable(object({ owner: text(), host: text(), since: INSTANT, until: INSTANT })),
      ageDays: nullable(COUNT),
      due: TIME,
    }),
  ),
});

export const PLAN_DATA: Json = { $ref: '#/definitions/plan' };

function planData(): Json {
  return object({
    credentials: list(
      object({
        name: text(),
        action: { enum: ['none', 'start', 'resume', 'wait', 'revoke', 'pay', 'refuse'] },
        phase: nullable(PHASE),
        reason: text(),
        at: TIME,
      }),
    ),
  });
}

export const ROTATION_DATA = object({
  credentials: list(
    object({
      name: text(),
      outcome: { enum: ['done', 'overlap', 'waiting', 'none', 'refused', 'failed', 'unsafe', 'held'] },
      rotation: nullable(ROTATION),
      old: nullable(KEY),
      new: nullable(KEY),
      times: object({ created: TIME, promoted: TIME, revoked: TIME, provenDead: TIME }),
      gapMs: nullable({
        ...COUNT,
        description: 'How long consumers may have read a dead key, where making the new one ended the old.',
      }),
      reason: text(),
      until: TIME,
    }),
  ),
  summary: object({ changed: COUNT }),
});

export const ADOPT_DATA = object({ credential: text(), key: nullable(KEY) });

export const IDENTIFY_DATA = object({
  matches: list(
    object({ credential: STRING, key: nullable(KEY), alive: { enum: ['yes', 'no', 'unknown'] } }),
  ),
});

export const KEYS_DATA = object({
  issuer: text('Its name in the configuration.'),
  keys: list(
    object({
      whose: { enum: ['ours', 'adopted', 'orphan', 'unclaimed', 'unknown', 'missing'] },
      issuerKeyId: text(),
      name: STRING,
      credential: STRING,
      key: nullable(text('Its row in the ledger of the credential.')),
      state: STRING,
      issuedAt: TIME,
      expiresAt: TIME,
      lastUsed: TIME,
      lastUsedKnown: { type: 'boolean', description: 'False: null in lastUsed means that nobody says.' },
    }),
  ),
});

export const ISSUER_TEST_DATA = object({
  issuer: text('Its name in the configuration.'),
  mark: text('What the throw-away key was named after.'),
  steps: list(
    object({
      operation: text(),
      outcome: { enum: ['ok', 'failed', 'skipped'] },
      message: text(),
      hint: text(),
    }),
  ),
});

export const DOCTOR_DATA = object({
  checks: list(
    object({
      name: text(),
      outcome: { enum: ['ok', 'warn', 'fail', 'skipped'] },
      message: STRING,
      hint: STRING,
    }),
  ),
});

export const TRAIL_DATA = object({
  entries: list(
    object({ at: INSTANT, event: text(), n: COUNT, credential: text(), prev: text(), hash: text() }),
  ),
  head: STRING,
  count: COUNT,
});

export const TRAIL_VERIFY_DATA = object({ ok: { type: 'boolean' }, checked: COUNT, firstBad: {} });

export const INIT_DATA = object({ file: text(), identityFile: STRING });

export const AUDIT_DATA = object({
  findings: list(
    object({
      rule: text(),
      severity: { enum: ['critical', 'high', 'medium', 'low', 'info'] },
      credential: STRING,
      key: STRING,
      message: text(),
      hint: text(),
      since: TIME,
      waiver: {},
    }),
  ),
  summary: { type: 'object' },
});
