/**
 * Runs a program that must not outlive whoever started it: `node leash.mjs SECONDS PROGRAM ARGS…`. It is ended when
 * standard input closes, which the system does for a starter that was killed, and when its time is over.
 */
import { spawn } from 'node:child_process';
import { argv, exit, stdin, stdout } from 'node:process';

const GRACE_MS = 2_000;
const [seconds = '', program = '', ...args] = argv.slice(2);
const child = spawn(program, args, { stdio: ['pipe', 'inherit', 'inherit'] });
child.once('error', (error) => {
  stdout.write(`leash: ${error.message}\n`);
  exit(127);
});
child.once('close', (code) => exit(code ?? 1));

function end() {
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
}
stdin.once('end', end).resume();
setTimeout(end, Number(seconds) * 1_000);
