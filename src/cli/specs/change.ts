import type { CommandSpec } from '../command.ts';
import { CHANGES, DESTROYS, NAME, SELECTION, SELECTS, STDIN } from './options.ts';

/** The commands that change something. */
export const CHANGE: readonly CommandSpec[] = [
  {
    name: 'run',
    summary: 'do all that is due: start, resume, finish, pay debts',
    description: 'Safe to run every hour from anywhere. Without a selection: every credential.',
    words: [SELECTION],
    options: [
      ...SELECTS,
      { flags: '--timeout <duration>', description: 'after this no new effect starts (default: 15m)' },
      ...CHANGES,
    ],
    examples: [
      ['run', 'everything that is due'],
      ["run 'wa-*' --timeout 5m", 'some of it, for five minutes at most'],
      ['run --dry-run', 'what would be done, with the issuers asked'],
    ],
    json: true,
    load: () => import('../commands/run.ts'),
  },
  {
    name: 'rotate',
    summary: 'replace the key now, due or not',
    description:
      'Makes the first key where there is none, and resumes a rotation that is open. Returns when the new key is in place and the overlap has begun.',
    words: [SELECTION],
    options: [
      ...SELECTS,
      { flags: '--wait', description: 'stay until the old key is dead' },
      { flags: '--overlap <duration>', description: 'how long the old key lives on, this time' },
      ...CHANGES,
      ...DESTROYS,
    ],
    examples: [
      ['rotate wa-prod', 'replace the key of wa-prod'],
      ['rotate wa-prod --overlap 2h --wait', 'let the old key live for two hours, and see it die'],
    ],
    json: true,
    load: () => import('../commands/rotate.ts'),
  },
  {
    name: 'provide',
    summary: 'hand over a key that was made at a dashboard',
    description:
      'Takes the key at a hidden prompt, or with --stdin; a key of several parts is a JSON object.',
    words: [NAME],
    options: [STDIN, ...CHANGES],
    examples: [
      ['provide chat-api-prod', 'asks for the key'],
      ['provide chat-api-prod --stdin < key.txt', 'reads it from a file'],
    ],
    json: true,
    load: () => import('../commands/provide.ts'),
  },
  {
    name: 'adopt',
    summary: 'take an existing key under management',
    description:
      'Touches nothing at the issuer. Takes the key in the store at the location of the credential; or, with --stdin or at a hidden prompt, one that is not there yet.',
    words: [NAME],
    options: [
      STDIN,
      { flags: '--issued-at <date>', description: 'when it was issued, where nobody else knows; or unknown' },
      { flags: '--key <id>', description: 'its id at the issuer, where the key itself does not tell' },
      ...CHANGES,
    ],
    examples: [
      ['adopt wa-prod', 'the key that is in the store'],
      ['adopt wa-prod --stdin --issued-at 2026-05-31 < key.txt', 'a key that is not there yet'],
    ],
    json: true,
    load: () => import('../commands/adopt.ts'),
  },
  {
    name: 'rollback',
    summary: 'make the previous key current again',
    description:
      'The new key retires with the normal overlap. Before the new key was in place, this ends the rotation.',
    words: [NAME],
    options: [
      { flags: '--now', description: 'kill the new key at once, without an overlap' },
      ...CHANGES,
      ...DESTROYS,
    ],
    examples: [['rollback wa-prod --reason "senders get error 190"', 'back to the key before']],
    json: true,
    load: () => import('../commands/rollback.ts'),
  },
  {
    name: 'revoke',
    summary: 'end an overlap now',
    words: [NAME],
    options: [
      {
        flags: '--attest',
        description: 'say that you removed the key yourself, where nothing can test it (needs --reason)',
      },
      { flags: '--key <id>', description: 'with --attest: which key, where several wait' },
      ...CHANGES,
      ...DESTROYS,
    ],
    examples: [
      ['revoke wa-prod', 'kill the old key without waiting'],
      ['revoke chat-api-prod --attest --reason "deleted at the dashboard"', 'on your word'],
    ],
    json: true,
    load: () => import('../commands/revoke.ts'),
  },
  {
    name: 'emergency',
    summary: 'replace the key and kill the old one at once',
    words: [SELECTION],
    options: [
      ...SELECTS,
      { flags: '--revoke-first', description: 'kill the old key before the new one exists' },
      { flags: '--issued-before <time>', description: 'leave out keys that were issued later' },
      { flags: '--again', description: 'start over where an emergency is open' },
      { flags: '--report <file>', description: 'write what was done and how long it took (.md or .json)' },
      ...CHANGES,
      ...DESTROYS,
    ],
    examples: [
      ['emergency wa-prod --reason "token in a public log"', 'one credential'],
      ['emergency --all --reason "laptop stolen" --report incident.md --yes', 'all of them, with a report'],
    ],
    json: true,
    load: () => import('../commands/emergency.ts'),
  },
  {
    name: 'forget',
    summary: 'settle a possible orphan that a person has dealt with',
    words: [NAME],
    options: [
      { flags: '--orphan <id>', description: 'the key, as audit and status name it' },
      ...CHANGES,
      ...DESTROYS,
    ],
    examples: [['forget wa-prod --orphan r20261122-0badcafe.1 --reason "removed by hand"', 'on your word']],
    json: true,
    load: () => import('../commands/forget.ts'),
  },
];
