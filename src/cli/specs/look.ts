import type { CommandSpec } from '../command.ts';
import { SELECTION, SELECTS, STDIN } from './options.ts';

const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'];

/** The commands that only look. */
export const LOOK: readonly CommandSpec[] = [
  {
    name: 'plan',
    summary: 'what run would do now, and why',
    description: 'From store and ledger. Writes nothing.',
    words: [SELECTION],
    options: [...SELECTS, { flags: '--live', description: 'ask the issuers as well' }],
    examples: [
      ['plan', 'every credential'],
      ['plan wa-prod --live', 'one, as far as the issuer can tell'],
    ],
    json: true,
    load: () => import('../commands/plan.ts'),
  },
  {
    name: 'status',
    summary: 'keys, ages, open rotations, overlap left, debts',
    description: 'From the ledger alone: no issuer is asked, nothing is written.',
    words: [SELECTION],
    options: [...SELECTS],
    examples: [
      ['status', 'every credential'],
      ['status wa-prod --json', 'one, for a program'],
    ],
    json: true,
    load: () => import('../commands/status.ts'),
  },
  {
    name: 'audit',
    summary: 'age, expiry, scopes, orphans, strangers, debts',
    description: 'Asks the issuers, unless --offline. Exits with 7 where it found something.',
    words: [SELECTION],
    options: [
      ...SELECTS,
      { flags: '--offline', description: 'ask no issuer' },
      {
        flags: '--fail-on <severity>',
        description: 'the least severity that counts (default: medium)',
        choices: SEVERITIES,
      },
    ],
    examples: [['audit --fail-on high', 'exit 7 only for what is high or critical']],
    json: true,
    load: () => import('../commands/audit.ts'),
  },
  {
    name: 'keys',
    summary: 'what a provider lists, against what keyturn knows',
    description:
      'Ours, adopted, unknown, unclaimed, orphans; age and last use where the provider says so. Changes nothing. Exits with 7 where a key is there that should be gone or that no ledger here knows, or gone that should be there.',
    words: [{ name: '<issuer>', description: 'name of an issuer in the configuration' }],
    options: [{ flags: '--stdin', description: 'read a key to ask with, where none is stored yet' }],
    examples: [['keys twilio', 'every key of the account']],
    json: true,
    load: () => import('../commands/keys.ts'),
  },
  {
    name: 'issuer test',
    summary: 'try an issuer on a throw-away key',
    description:
      'Makes a key at the real provider, runs every operation on it, shows what was understood from each reply and no secret, and ends the key again. Refused where making a key would end the one in use.',
    words: [{ name: '<issuer>', description: 'name of an issuer in the configuration' }],
    options: [
      { flags: '--stdin', description: 'read a key to ask with, where none is stored yet' },
      { flags: '--yes', description: 'do it without being asked for the name' },
    ],
    examples: [['issuer test acme --yes', 'after its description was written']],
    json: true,
    load: () => import('../commands/issuer-test.ts'),
  },
  {
    name: 'identify',
    summary: 'whose key is this leaked string, and is it alive?',
    description: 'Reads the string from standard input, or at a hidden prompt.',
    options: [STDIN],
    examples: [['identify --stdin < found.txt', 'exit 7 where a live key matches']],
    json: true,
    load: () => import('../commands/identify.ts'),
  },
  {
    name: 'trail',
    summary: 'the audit trail',
    words: [SELECTION],
    options: [...SELECTS],
    examples: [['trail wa-prod', 'what was done to wa-prod']],
    json: true,
    load: () => import('../commands/trail.ts'),
  },
  {
    name: 'trail verify',
    summary: 'whether the audit trail is whole',
    words: [SELECTION],
    options: [...SELECTS],
    examples: [['trail verify', 'exit 7 where a chain is broken']],
    json: true,
    load: () => import('../commands/trail-verify.ts'),
  },
  {
    name: 'doctor',
    summary: 'check configuration, permissions, clock, store',
    description: 'Names the remedy for each failure.',
    options: [{ flags: '--write', description: 'also try the store for real, on a throw-away name' }],
    examples: [['doctor', 'before the first rotation']],
    json: true,
    load: () => import('../commands/doctor.ts'),
  },
];
