import { ERROR_CODES } from '../core/errors.ts';
import { OUTPUT_SCHEMA } from './envelope.ts';
import {
  ADOPT_DATA,
  AUDIT_DATA,
  DEFINITIONS,
  DOCTOR_DATA,
  IDENTIFY_DATA,
  INIT_DATA,
  ISSUER_TEST_DATA,
  type Json,
  KEYS_DATA,
  nullable,
  object,
  PLAN_DATA,
  ROTATION_DATA,
  STATUS_DATA,
  TRAIL_DATA,
  TRAIL_VERIFY_DATA,
  text,
} from './output-data.ts';

/** What `data` may be for each command; it is null where the command failed before it had any. */
const DATA: readonly (readonly [commands: readonly string[], data: readonly Json[]])[] = [
  [['status'], [STATUS_DATA]],
  [['plan'], [PLAN_DATA]],
  // With --dry-run these print what `plan` would.
  [
    ['rotate', 'run', 'provide', 'revoke', 'rollback', 'emergency', 'forget'],
    [ROTATION_DATA, PLAN_DATA],
  ],
  [['adopt'], [ADOPT_DATA, PLAN_DATA]],
  [['identify'], [IDENTIFY_DATA]],
  [['keys'], [KEYS_DATA]],
  [['issuer test'], [ISSUER_TEST_DATA]],
  [['doctor'], [DOCTOR_DATA]],
  [['trail'], [TRAIL_DATA]],
  [['trail verify'], [TRAIL_VERIFY_DATA]],
  [['init'], [INIT_DATA]],
  [['audit'], [AUDIT_DATA]],
  [['demo'], [{ type: 'object' }]],
  // A command line that was not understood.
  [['keyturn'], []],
];

const ERROR = object(
  {
    code: { enum: Object.keys(ERROR_CODES) },
    message: text('What failed.'),
    hint: text('What to do next.'),
    retryable: { type: 'boolean', description: 'Whether the same command may succeed later.' },
    credential: text('The credential that this is about.'),
  },
  ['code', 'message', 'hint', 'retryable'],
);

/** The JSON Schema of the document that every command prints with `--json`. */
export function outputSchema(): Json {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'keyturn --json',
    description: 'One document on standard output, at every exit code. More fields may be added.',
    ...object({
      schema: { const: OUTPUT_SCHEMA },
      command: { enum: DATA.flatMap(([commands]) => commands) },
      status: { enum: ['ok', 'waiting', 'partial', 'failed', 'unsafe', 'findings'] },
      data: {},
      errors: { type: 'array', items: ERROR },
      next: { type: 'array', items: text('A command that a person may want to run now.') },
      meta: object({
        version: text('The version of keyturn.'),
        startedAt: text('ISO 8601 in UTC.'),
        durationMs: { type: 'integer', minimum: 0 },
      }),
    }),
    definitions: DEFINITIONS,
    allOf: DATA.map(([commands, data]) => ({
      if: { properties: { command: { enum: commands } } },
      // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
      then: { properties: { data: nullable(...data) } },
    })),
  };
}
