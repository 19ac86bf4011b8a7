import type { CommandSpec } from '../command.ts';
import { SELECTION, SELECTS } from './options.ts';

/** The commands around a credential: to begin with, to use it, to try things out. */
export const USE: readonly CommandSpec[] = [
  {
    name: 'demo',
    summary: 'the life of a credential against a built-in simulator',
    options: [{ flags: '--as-client <orders>', description: 'play the part of the client', hidden: true }],
    examples: [['demo', 'needs no account and no configuration']],
    json: true,
    load: () => import('../commands/demo.ts'),
  },
  {
    name: 'init',
    summary: 'write a starter configuration',
    description:
      'For the file store it makes a new identity too. Asks on a terminal for what is not given; elsewhere the options are needed.',
    options: [
      { flags: '--store <kind>', description: 'where keys are stored' },
      { flags: '--issuer <kind>', description: 'who makes them' },
      { flags: '--name <name>', description: 'name of the first credential' },
      { flags: '--region <region>', description: 'the region (aws-secrets-manager)' },
      { flags: '--project <id>', description: 'the project (gcp-secret-manager)' },
      { flags: '--address <url>', description: 'the address (vault)' },
      { flags: '--app-id <id>', description: 'the app at Meta' },
      { flags: '--system-user-id <id>', description: 'the app-scoped id of the system user at Meta' },
      { flags: '--phone-number <id>', description: 'the id of a phone number that the token can read' },
      { flags: '--waba <id>', description: 'the id of a WhatsApp Business account that it can read' },
      { flags: '--graph-url <url>', description: 'another Graph API, such as a simulator' },
      { flags: '--console <url>', description: 'the page where a person makes keys (manual)' },
      { flags: '--test-url <url>', description: 'what tells that a key works (manual)' },
      { flags: '--force', description: 'overwrite what is there' },
    ],
    examples: [
      ['init', 'asks for what it needs'],
      ['init --app-id 1 --system-user-id 2 --phone-number 3', 'asks for nothing'],
      ['init --store vault --address https://vault.example:8200', 'asks for the rest'],
    ],
    json: true,
    load: () => import('../commands/init.ts'),
  },
  {
    name: 'exec',
    summary: 'run a command with the current keys in its environment',
    description:
      'The keys are read once, at its start. Signals are handed to the command, and its exit code comes back. Needs only the right to read the store.',
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
    description: 'Prints its address and the two made-up secrets of its world, and runs until it is stopped.',
    options: [
      { flags: '--port <number>', description: 'the port on 127.0.0.1 (default: a free one)' },
      { flags: '--switch <name=value>', description: 'how it behaves; see docs/simulator.md', repeats: true },
      { flags: '--seed <number>', description: 'the same seed makes the same tokens' },
    ],
    examples: [
      ['simulate --port 4010', 'until Ctrl-C'],
      ['simulate --switch statusFor190=400 --switch newTokenDelayS=5', 'with two answers that Meta may give'],
    ],
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
