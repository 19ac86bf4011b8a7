import type { Progress } from '../engine/run.ts';
import { line, type Tone, toned } from './command.ts';
import type { Context } from './context.ts';
import { clean, createPainter } from './output.ts';
import { sayingOf } from './sayings.ts';
import { span } from './times.ts';
import { writeErr } from './write.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/** Shows on stderr what runs do, as they do it. */
export interface Display {
  readonly report: (progress: Progress) => void;
  /** A line of its own above the live ones. */
  readonly print: (text: string) => void;
  /** Leaves the lines that stay, and takes away the live ones. */
  readonly stop: () => void;
}

interface Wait {
  readonly reason: string;
  readonly until: number | null;
}

/**
 * On a terminal: a line for each thing that was done, and below them a live line per credential. Elsewhere: the same
 * lines, and one a minute while waiting. With `--quiet`: nothing but sinks that are down.
 */
export function createDisplay(
  context: Pick<Context, 'env' | 'flags' | 'terminal' | 'world'>,
  write: (text: string) => void = writeErr,
): Display {
  const { env, flags, terminal, world } = context;
  const { paint, render } = createPainter(env, terminal.err, terminal.err ? terminal.width : null);
  const live = new Map<string, string>();
  const waits = new Map<string, Wait>();
  let drawn = 0;

  const fitted = (text: string): string =>
    text.length < terminal.width ? text : `${text.slice(0, terminal.width - 2)}…`;
  const draw = (kept: readonly string[]): void => {
    if (!terminal.err) {
      if (kept.length > 0) write(`${kept.join('\n')}\n`);
      return;
    }
    const back = drawn > 0 ? `\x1b[${drawn}A\r\x1b[J` : '';
    const lines = [...live].map(([name, text]) => paint(fitted(`${name}  ${text}`), 'faint'));
    drawn = lines.length;
    write(`${back}${[...kept, ...lines].map((text) => `${text}\n`).join('')}`);
  };
  const keep = (name: string, text: string, tone?: Tone): string => {
    const shown = `  ${text.replaceAll('\n', ' ')}`;
    return render([line(toned(name, 'strong'), tone === undefined ? shown : toned(shown, tone))]).trimEnd();
  };
  const waitLine = ({ reason, until }: Wait): string => {
    const left = until === null ? '' : ` (${span(until - world.now())} left)`;
    return `waits: ${clean(reason)}${left}`;
  };
  const tick = (): void => {
    if (waits.size === 0) return;
    if (!terminal.err) {
      draw([...waits].map(([name, wait]) => keep(name, waitLine(wait))));
      return;
    }
    for (const [name, wait] of waits) live.set(name, waitLine(wait));
    draw([]);
  };
  const timer = flags.quiet ? null : setInterval(tick, terminal.err ? SECOND : MINUTE);
  timer?.unref();

  const report = (progress: Progress): void => {
    const { credential: name } = progress;
    if (progress.kind === 'sink-down') {
      draw([keep(name, `the trail sink ${progress.sink} is down: ${progress.message}`, 'warn')]);
      return;
    }
    if (flags.quiet) return;
    if (progress.kind === 'waiting') {
      const known = waits.get(name)?.reason === progress.reason;
      waits.set(name, progress);
      live.set(name, waitLine(progress));
      draw(terminal.err || known ? [] : [keep(name, waitLine(progress))]);
      return;
    }
    waits.delete(name);
    const saying = sayingOf(progress.note);
    if (saying.weight === 'passing') {
      live.set(name, saying.text);
      draw(flags.verbose ? [keep(name, saying.text)] : []);
      return;
    }
    live.delete(name);
    const shown = saying.weight === 'kept' || saying.weight === 'warning' || flags.verbose;
    draw(shown ? [keep(name, saying.text, saying.weight === 'warning' ? 'warn' : undefined)] : []);
  };

  return {
    report,
    print: (text) => draw([clean(text)]),
    stop: () => {
      if (timer !== null) clearInterval(timer);
      live.clear();
      waits.clear();
      if (drawn > 0) draw([]);
    },
  };
}
