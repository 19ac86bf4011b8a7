import { toInstant } from '../core/credential.ts';
import { ERROR_CODES, KeyturnError } from '../core/errors.ts';
import { line, type Report } from './command.ts';
import { createContext } from './context.ts';
import { envelopeOf } from './envelope.ts';
import { printErrors } from './errors.ts';
import { failureOf } from './failure.ts';
import { createPainter, loadColours } from './output.ts';
import { type Request, readRequest } from './request.ts';
import { watchSignals } from './signals.ts';
import { createTerminal, type Terminal } from './terminal.ts';
import { realWorld } from './world.ts';
import { writeErr, writeOut } from './write.ts';

/** Filled in by the build. */
declare const KEYTURN_VERSION: string;

/** Where a defect is to be told of. */
const BUGS = 'the place where you got keyturn from';
/** How long what is still open may keep the process from ending by itself. */
const LINGER = 1_000;

/** Runs one command line and gives its exit code. The only place that catches everything. */
export async function main(argv: readonly string[]): Promise<number> {
  const world = realWorld();
  const start = { now: world.now(), monotonic: world.monotonic() };
  const request = await readRequest(argv, KEYTURN_VERSION);
  if ('print' in request) {
    writeOut(request.print);
    return 0;
  }
  const { command, flags } = request;
  const finish = (report: Report, exitCode: number): void => {
    const meta = {
      version: KEYTURN_VERSION,
      startedAt: toInstant(start.now),
      durationMs: Math.round(world.monotonic() - start.monotonic),
    };
    const { env } = process;
    if (flags.json) writeOut(`${JSON.stringify(envelopeOf(command, report, exitCode, meta))}\n`);
    else
      writeOut(createPainter(env, terminal.out, terminal.out ? terminal.width : null).render(report.blocks));
    printErrors(report.errors ?? [], { flags, env, terminal });
  };
  const signals = watchSignals((exitCode) => finish(interruption(), exitCode));
  const terminal = createTerminal(flags.input, signals.signal);
  await loadColours(process.env, terminal.out || terminal.err);

  let report: Report;
  try {
    report = await carryOut(request, { world, terminal, signal: signals.signal });
  } catch (caught) {
    const failed = failureOf(caught, command, { verbose: flags.verbose, bugs: BUGS });
    report = request.failsWith === undefined ? failed : { ...failed, exitCode: request.failsWith };
  }
  const exitCode =
    report.exitCode === ERROR_CODES.INTERRUPTED ? (signals.exitCode() ?? 130) : (report.exitCode ?? 0);
  finish(report, exitCode);
  await addToJobPage(command, report, exitCode);
  signals.release();
  setTimeout(() => process.exit(exitCode), LINGER).unref();
  return exitCode;
}

interface Surroundings {
  readonly world: ReturnType<typeof realWorld>;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

async function carryOut(request: Request, around: Surroundings): Promise<Report> {
  const { asked, command, flags } = request;
  if (process.platform === 'win32') throw onWindows();
  if (asked instanceof KeyturnError) throw asked;
  const { terminal } = around;
  const mark = (tone: string, text: string): void => {
    if (flags.quiet) return;
    const width = terminal.err ? terminal.width : null;
    writeErr(createPainter(process.env, terminal.err, width).render([line(`${tone}${text}`)]));
  };
  const context = createContext({
    ...around,
    command,
    flags,
    say: (text) => mark('', text),
    warn: (text) => mark('keyturn: warning: ', text),
  });
  try {
    const { perform } = await asked.spec.load();
    return await perform(asked.invocation, context);
  } finally {
    await context.close();
  }
}

async function addToJobPage(command: string, report: Report, exitCode: number): Promise<void> {
  const page = process.env.GITHUB_STEP_SUMMARY;
  if (page === undefined || page === '') return;
  const { writeJobPage } = await import('./job-page.ts');
  writeJobPage(page, command, report, exitCode);
}

function interruption(): Report {
  const error = new KeyturnError('INTERRUPTED', 'interrupted twice', {
    hint: 'run again to resume; what was under way is in the ledger',
  });
  return { data: null, blocks: [], errors: [error] };
}

function onWindows(): KeyturnError {
  return new KeyturnError('UNSUPPORTED', 'keyturn does not run on native Windows', {
    hint: 'run it inside WSL (https://learn.microsoft.com/windows/wsl/install)',
  });
}
