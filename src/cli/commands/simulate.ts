import { quoted } from '../../config/wording.ts';
import { KeyturnError } from '../../core/errors.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';
import { defaultSwitches, type Switches, setSwitch } from '../../simulator/switches.ts';
import { type Options, optionOf, optionsOf, type Perform } from '../command.ts';
import { simulatedWorld } from '../simulated-world.ts';
import { writeOut } from '../write.ts';

const MAX_PORT = 65_535;

export const perform: Perform = async ({ options }, context) => {
  const simulator = await start(options);
  try {
    writeOut(simulatedWorld(simulator));
    if (!context.signal.aborted) {
      await new Promise((resolve) => context.signal.addEventListener('abort', resolve, { once: true }));
    }
  } finally {
    await simulator.close();
  }
  // It runs until it is stopped: which signal that was, main.ts knows.
  return { data: null, blocks: [], exitCode: 130 };
};

async function start(options: Options): Promise<Simulator> {
  const port = numberOf(options, 'port', MAX_PORT) ?? 0;
  const seed = numberOf(options, 'seed', Number.MAX_SAFE_INTEGER);
  try {
    return await startSimulator({
      clock: Date.now,
      port,
      switches: switchesOf(options),
      ...(seed === undefined ? {} : { seed }),
    });
  } catch (caught) {
    const code = (caught as NodeJS.ErrnoException).code;
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw caught;
    const why = code === 'EACCES' ? 'may not be used by this user' : 'is in use';
    throw usage(`port ${port} ${why}`, 'name another with --port, or leave it out for a free one');
  }
}

function switchesOf(options: Options): Switches {
  const switches = defaultSwitches();
  const problems = optionsOf(options, 'switch').flatMap((text) => {
    const at = text.indexOf('=');
    if (at < 1) return [`${quoted(text)} is not of the form name=value`];
    const problem = setSwitch(switches, text.slice(0, at), text.slice(at + 1));
    return problem === null ? [] : [problem];
  });
  if (problems.length === 0) return switches;
  throw usage(`--switch: ${problems.join('; ')}`, 'docs/simulator.md lists the switches with their values');
}

function numberOf(options: Options, name: string, most: number): number | undefined {
  const text = optionOf(options, name);
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value <= most) return value;
  throw usage(`--${name} is no whole number from 0 to ${most}`, `leave --${name} out, or give such a number`);
}

function usage(message: string, hint: string): KeyturnError {
  return new KeyturnError('USAGE', message, { hint });
}
