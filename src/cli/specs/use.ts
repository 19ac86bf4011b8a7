import type { CommandSpec } from '../command.ts';
import { SELECTION, SELECTS } from './options.ts';

/** The commands around a credential: to begin with, to use it, to try things out. */
export const USE: readonly CommandSpec[] = [
  {
    name: 'demo',
    summary: 'the life of a credential against a built-in simulator',
    options: [],
    examples: [['demo', 'needs no account and no configuration']],
    json: true,
    load: () => import('../commands/demo.ts'),
  },
  {
    name: 'init',
    summary: 'write a starter configuration',
    options: [
      { flags: '--store <kind>', description: 'where keys are stored' },
      { flags: '--issuer <kind>', description: 'who makes them' },
      { flags: '--name <name>', description: 'name of the first credential' },
      { flags: '--app-id <id>', description: 'the app at Meta' },
      { flags: '--system-user-id <id>', description: 'the app-scoped id of the system user at Meta' },
      { flags: '--force', description: 'overwrite what is there' },
    ],
    examples: [['init', 'asks for what it needs']],
    json: true,
    load: () => import('../commands/init.ts'),
  },
  {
    name: 'exec',
    summary: 'run a command with the current keys in its environment',
    description: 'The keys are read once, at its start. Needs only the right to read the store.',
    words: [SELECTION],
    options: [
      ...SELECTS,
      { flags: '--keep-env <name>', description: 'a variable that the child keeps', repeats: true },
      { flags: '--mask', description: 'register the values with the runner of GitHub Actions' },
    ],
    examples: [['exec wa-prod -- node send.js', 'with WHATSAPP_TOKEN set']],
    json: false,
    takesRest: true,
    failsWith: 125,
    load: () => import('../commands/exec.ts'),
  },
  {
    name: 'simulate',
    summary: 'the simulator in the foreground',
    options: [],
    examples: [['simulate', 'until Ctrl-C']],
    json: false,
    load: () => import('../commands/simulate.ts'),
  },
  {
    name: 'completion',
    summary: 'shell completion',
    words: [{ name: '<shell>', description: 'bash, zsh or fish' }],
    options: [],
    examples: [['completion bash', 'prints the script to source']],
    json: false,
    load: () => import('../commands/completion.ts'),
  },
];
