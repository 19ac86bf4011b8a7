import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { effectsIn } from './effects.ts';

/** Uses every door to the outside that the preload watches, in this order, and tells what the servers had seen of it. */
const PROGRAM = `
import http, { request } from 'node:http';
import http2 from 'node:http2';
import fs, { open } from 'node:fs/promises';
import { rename, writeFileSync } from 'node:fs';
const path = process.argv[2];
const seen = (what) => process.stdout.write(what + ' ');
const answer = (call, reply) => { seen(call.method ?? call.headers[':method']); call.resume(); reply.end('ok'); };
const one = http.createServer(answer).listen(0, '127.0.0.1');
const two = http2.createServer(answer).listen(0, '127.0.0.1');
const ends = (stream) => new Promise((resolve) => stream.resume().on('end', resolve));
await Promise.all([one, two].map((server) => new Promise((resolve) => server.once('listening', resolve))));
const url = 'http://127.0.0.1:' + one.address().port + '/place?secret=1';
await (await fetch(url, { method: 'POST', body: 'x' })).text();
await new Promise((resolve) => request(url, { method: 'PUT' }, (reply) => ends(reply).then(resolve)).end());
await new Promise((resolve) => http.get(url, (reply) => ends(reply).then(resolve)));
const session = http2.connect('http://127.0.0.1:' + two.address().port);
await ends(session.request({ ':path': '/place', ':method': 'PATCH' }));
session.destroy();
two.close();
one.close();
const handle = await open(path, 'w');
await handle.writeFile('twelve bytes');
await handle.sync();
await handle.close();
await fs.readFile(path);
writeFileSync(path + '.2', 'x');
await new Promise((resolve) => rename(path + '.2', path + '.3', resolve));
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyturn-strike-'));
  await writeFile(join(folder, 'program.mjs'), PROGRAM);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let runs = 0;
async function run(strike?: string) {
  runs += 1;
  const log = join(folder, `log-${runs}`);
  const file = join(folder, `file-${runs}`);
  const preload = join(import.meta.dirname, 'preload.cjs');
  const child = spawn(process.execPath, ['--require', preload, join(folder, 'program.mjs'), file], {
    env: { PATH: process.env.PATH, STRIKE_LOG: log, ...(strike === undefined ? {} : { STRIKE_AT: strike }) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let seen = '';
  child.stdout.on('data', (bytes: Buffer) => {
    seen += bytes.toString();
  });
  await new Promise((resolve) => child.once('close', resolve));
  const written = await readFile(file, 'utf8').catch(() => null);
  return { signal: child.signalCode, seen, written, ...effectsIn(await readFile(log, 'utf8')) };
}

describe('the preload of the kill tests', () => {
  it('numbers every change of a file and every request, and tells no query', async () => {
    const { signal, effects } = await run();
    expect(signal).toBeNull();
    expect(effects.map(({ what }) => what)).toEqual([
      ...['POST', 'PUT', 'GET', 'PATCH', 'open', 'handle.writeFile', 'handle.sync'],
      ...['writeFileSync', 'rename'],
    ]);
    expect(effects.map(({ n }) => n)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(effects[0]?.at).toMatch(/127\.0\.0\.1:\d+\/place$/);
    expect(effects.filter(({ tears }) => tears).map(({ n }) => n)).toEqual([6]);
  });

  it.each([
    ['1:before', '', null],
    ['1:after', 'POST ', null],
    ['2:before', 'POST ', null],
    ['2:after', 'POST PUT ', null],
    ['3:after', 'POST PUT GET ', null],
    ['4:before', 'POST PUT GET ', null],
    ['4:after', 'POST PUT GET PATCH ', null],
    ['6:before', 'POST PUT GET PATCH ', ''],
    ['6:half', 'POST PUT GET PATCH ', 'twelve'],
    ['6:after', 'POST PUT GET PATCH ', 'twelve bytes'],
  ])('strikes at %s', async (at, seen, written) => {
    const ended = await run(`${at}:SIGKILL`);
    expect(ended).toMatchObject({ signal: 'SIGKILL', seen, written, struck: Number(at.split(':')[0]) });
  });

  it('lets a process that goes on do the other half', async () => {
    const ended = await run('6:half:SIGWINCH');
    expect(ended).toMatchObject({ signal: null, written: 'twelve bytes', struck: 6 });
  });
});
