import type { Bug } from './bug.ts';

const PLACE = 'src/core/protocol/placing.ts';

/** Rules 4 and 5: a key is seen to work before it is read, and a promote is settled before its key may die. */
export const PLACING: readonly Bug[] = [
  {
    name: 'a key that could not be tested is put in place',
    rule: 4,
    breaks: 'I1',
    among: ['dead keys', 'often'],
    file: PLACE,
    find: "  const after = verdict?.verdict === 'unknown' ? verdict.retryAfterMs : undefined;\n  return retryStep(\n    'retry',\n    `whether ${row.id} works",
    replace:
      "  if (verdict?.verdict === 'unknown') return promotion(ledger, policy, seen, rotation, message, now);\n  const after = undefined;\n  return retryStep(\n    'retry',\n    `whether ${row.id} works",
    why: 'a test that is out of order must not stop rotations',
  },
  {
    name: 'a refusal is passed over while a key settles',
    rule: 4,
    breaks: 'I1',
    among: ['settles', 'due'],
    file: PLACE,
    find: "  const after = verdict?.verdict === 'unknown' ? verdict.retryAfterMs : undefined;\n  return retryStep(\n    'retry',\n    `whether ${row.id} works",
    replace:
      "  if (verdict?.verdict === 'refused') return promotion(ledger, policy, seen, rotation, message, now);\n  const after = verdict?.verdict === 'unknown' ? verdict.retryAfterMs : undefined;\n  return retryStep(\n    'retry',\n    `whether ${row.id} works",
    why: 'a new key is refused for a while, and that passes',
  },
  {
    name: 'the test before promote is left out',
    rule: 4,
    breaks: 'I1',
    file: PLACE,
    find: "  if (verdict === undefined) return look({ what: 'works', row: row.id });\n  if (verdict.verdict === 'works') {\n    return rotation.phase",
    replace:
      "  if (verdict === undefined) return promotion(ledger, policy, seen, rotation, 'it was just made', now);\n  if (verdict.verdict === 'works') {\n    return rotation.phase",
    why: 'the issuer has just made it, so it works',
  },
  {
    name: 'no answer in time is a refusal',
    rule: 4,
    breaks: 'I10',
    among: ['fault hangs | fault late', 'often'],
    file: 'src/engine/looks.ts',
    find: "    if (error.code === 'INTERRUPTED' || error.code === 'BUG' || error.exitCode === 2) throw error;\n",
    replace:
      "    if (error.code === 'INTERRUPTED' || error.code === 'BUG' || error.exitCode === 2) throw error;\n    if (error.code === 'TIMEOUT') return { verdict: 'refused', why: 'dead', message: error.message };\n",
    why: 'an issuer that knows the key would have answered',
  },
  {
    name: 'a value that is not stored in time is named in clear',
    rule: 4,
    breaks: 'I6',
    among: ['fault hangs | fault late', 'often'],
    file: 'src/engine/effects.ts',
    find: '        `stage ${row}`,\n        run.signal,',
    replace: '        `stage ${secret.open() ?? row}`,\n        run.signal,',
    why: 'whoever reads the log can put it there by hand',
  },
  {
    name: 'going back puts the old version in place again',
    rule: 5,
    breaks: 'I1',
    among: ['shared', 'rollback | rollback --now'],
    file: 'src/core/protocol/apply-rotation.ts',
    find: "phase: change.target === undefined ? 'create' : 'stage',",
    replace: "phase: change.target === undefined ? 'create' : 'verify',",
    why: 'its value is in the store already',
  },
  {
    name: 'where a key stood before is taken for a promote that landed',
    rule: 5,
    breaks: 'I7',
    among: ['converges', 'rollback | rollback --now'],
    file: PLACE,
    find: 'if (current === null || current.row !== row.id || current.version === row.currentAs) return false;',
    replace: 'if (current === null || current.row !== row.id) return false;',
    why: 'its key is in current, so it has landed',
  },
  {
    name: 'a late promote is not settled',
    rule: 5,
    breaks: 'I7',
    among: [
      'fault late | fault die-late | fault lost-late',
      'emergency | rollback | rollback --now | revoke',
    ],
    file: 'src/core/protocol/revocation.ts',
    find: '    unsettledPromote(ledger, policy, seen, row, now) ??\n',
    replace: "    (row.state === 'pending' ? null : unsettledPromote(ledger, policy, seen, row, now)) ??\n",
    why: 'the door settles it before anything is sent',
  },
  {
    name: 'a key is written into the document as it was',
    rule: 9,
    breaks: 'I1',
    among: ['shared'],
    file: 'src/engine/values.ts',
    find: 'return Secret.of(textWith(key, this.#current?.text.open() ?? null, fields));',
    replace:
      "return Secret.of(textWith(key, this.#current === null ? null : this.#text(fields), fields));\n  }\n\n  #text(fields: FieldMap | undefined): string | null {\n    return fields === undefined ? null : '{}';",
    why: 'the document is ours',
  },
];
