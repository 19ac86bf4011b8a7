import { Worker } from 'node:worker_threads';

/** Longer than three tries at the longest deadline, and that on a machine which mostly does something else. */
const SILENT_MS = 120_000;
const STARVED_MS = 900_000;

/** A thread beside this one, which can still speak and act when this one turns in circles. */
const WATCHMAN = `
const { workerData: { running, text } } = require('node:worker_threads');
let seen = -1, since = 0, used = process.cpuUsage();
setInterval(() => {
  const [on, count, length] = running;
  if (on === 0 || count !== seen) { seen = count; since = performance.now(); used = process.cpuUsage(); return; }
  const { user, system } = process.cpuUsage(used);
  const silent = Math.round(performance.now() - since);
  if ((user + system) / 1000 < ${SILENT_MS} && silent < ${STARVED_MS}) return;
  const what = Buffer.from(text).toString('utf8', 0, length);
  require('node:fs').writeSync(2, 'no end after ' + silent + ' ms; replay: node test/fuzz/run.mjs ' + what + '\\n');
  process.kill(process.pid, 'SIGKILL');
}, 1000);
`;

interface Watch {
  begins(target: string, seed: number, path: string): void;
  ends(): void;
}

/** Ends this process where one input never ends, after naming that input. */
export const watch: Watch = startWatch();

function startWatch(): Watch {
  const running = new Int32Array(new SharedArrayBuffer(12));
  const text = new Uint8Array(new SharedArrayBuffer(256));
  let thread: Worker | null = null;
  return {
    begins(target, seed, path) {
      if (thread === null) {
        thread = new Worker(WATCHMAN, { eval: true, workerData: { running, text } });
        thread.unref();
      }
      running[2] = Buffer.from(text.buffer).write(`${target} ${seed} ${path}`);
      running[1] = ((running[1] ?? 0) + 1) | 0;
      running[0] = 1;
    },
    ends() {
      running[0] = 0;
    },
  };
}
