import { KeyturnError } from '../../core/errors.ts';
import { type Block, line, optionOf, type Perform, table } from '../command.ts';
import { DemoFailure, type SimulatedKey } from '../demo/checks.ts';
import { type ClientOrders, runClient } from '../demo/client.ts';
import { createScreen, type Phase } from '../demo/screen.ts';
import { buildSet } from '../demo/set.ts';
import { type Ending, tell } from '../demo/story.ts';

/** The life of a credential against the built-in simulator, every claim of it checked. */
export const perform: Perform = async ({ options }, context) => {
  const orders = optionOf(options, 'asClient');
  if (orders !== undefined) {
    const report = await runClient(JSON.parse(orders) as ClientOrders);
    return { data: null, blocks: [{ kind: 'verbatim', text: `${JSON.stringify(report)}\n` }] };
  }
  const program = process.argv[1];
  if (program === undefined)
    throw new KeyturnError('BUG', 'the program does not know its own path', { hint: 'report this' });
  const terminal = process.stdout.isTTY === true;
  const write = (text: string): void => {
    if (!context.flags.json) process.stdout.write(text);
  };
  const screen = createScreen(write, terminal, () => performance.now());
  const set = await buildSet(() => Date.now());
  try {
    write('A simulated Meta app, an encrypted folder, and the real command line.\n');
    const ending = await tell(set, program, screen.show);
    return { data: dataOf(ending, screen.phases), blocks: endingBlocks(ending) };
  } catch (caught) {
    if (!(caught instanceof DemoFailure)) throw caught;
    throw new KeyturnError('FOUND', `the demonstration failed: ${caught.message}`, {
      hint: 'run keyturn demo again; if it fails again, report this with its output',
    });
  } finally {
    await set.close();
  }
};

function endingBlocks(ending: Ending): readonly Block[] {
  const { client, first, second, third, lost, lostRow } = ending;
  return [
    line(''),
    table(
      ['what', 'how it ended'],
      [
        ['messages', `${client.sent} sent, ${client.failed} failed`],
        [
          'first token',
          `${fate(first)}, ${ending.overlapSeconds.toFixed(1)} s after its successor was in place`,
        ],
        ['second token', `${fate(second)}: in place through the crash, then revoked`],
        ['lost token', `${fate(lost)} at the issuer; accounted for as ${lostRow}`],
        ['third token', `${fate(third)}, in use`],
      ],
    ),
  ];
}

function fate(key: SimulatedKey): string {
  return key.diedAt === null ? 'alive' : 'dead';
}

function dataOf(ending: Ending, phases: readonly Phase[]): unknown {
  const { client, first, second, third, lost, lostRow } = ending;
  const keyOf = (key: SimulatedKey) => ({
    id: key.id,
    fingerprint: key.fingerprint,
    alive: key.diedAt === null,
  });
  return {
    phases,
    messages: client,
    keys: {
      first: keyOf(first),
      second: keyOf(second),
      lost: { ...keyOf(lost), row: lostRow },
      third: keyOf(third),
    },
  };
}
