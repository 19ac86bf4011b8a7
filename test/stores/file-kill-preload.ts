import { constants, writeSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/*
 * Loaded into a child process before everything else: counts its calls to the file system and, at one of them, ends
 * or stops the process by a signal that it cannot catch. `STRIKE` is `<number>:<before|after>:<signal>`, or `count`.
 */

const [at = '', when = '', signal = ''] = (process.env.STRIKE ?? '').split(':');
const state = { on: false, count: 0, calls: [] as string[] };
(globalThis as { strike?: typeof state }).strike = state;

const strike = (): void => {
  writeSync(1, 'struck\n');
  process.kill(process.pid, signal as NodeJS.Signals);
};

type Call = (...args: never[]) => Promise<unknown>;

function watched(name: string, call: Call): Call {
  return async function (this: unknown, ...args: never[]): Promise<unknown> {
    if (!state.on) return await call.apply(this, args);
    state.count += 1;
    const mine = String(state.count) === at;
    const creates = name === 'open' && (Number(args[1] ?? 0) & constants.O_CREAT) !== 0;
    state.calls.push(creates ? 'create' : name);
    if (mine && when === 'before') strike();
    const result = await call.apply(this, args);
    if (name === 'open') watchClose(result as { close: Call });
    if (mine && when === 'after') strike();
    return result;
  };
}

/** Not in the prototype of handles, as their other methods are. */
function watchClose(handle: { close: Call }): void {
  handle.close = watched('handle.close', handle.close);
}

const calls = fs as unknown as Record<string, Call>;
for (const name of ['link', 'lstat', 'mkdir', 'open', 'readdir', 'rename', 'rmdir', 'stat', 'unlink']) {
  calls[name] = watched(name, calls[name] as Call);
}
const handle = await fs.open(process.execPath);
const prototype = Object.getPrototypeOf(handle) as Record<string, Call>;
await handle.close();
for (const name of ['chmod', 'chown', 'readFile', 'stat', 'sync', 'writeFile']) {
  prototype[name] = watched(`handle.${name}`, prototype[name] as Call);
}
syncBuiltinESMExports();
