/**
 * Numbers the effects of a process, and strikes it with a signal at one of them. Only tests load it; nothing of it is
 * in the program:
 *
 *     STRIKE_LOG=effects.jsonl node --require ./test/kill/preload.cjs bin/keyturn.js rotate wa-prod
 *     STRIKE_AT=17:after:SIGKILL STRIKE_LOG=... node --require ./test/kill/preload.cjs bin/keyturn.js rotate wa-prod
 *
 * An effect is
 *   - a change of a file system: `node:fs`, with promises, callbacks or without; each write, rename, link, flush, ...
 *     Reading is none, and neither is writing to standard output and error.
 *   - a request over HTTP: `fetch` and every undici, `node:http` and `node:https` (and so axios and the AWS SDK),
 *     `node:http2` (and so gRPC).
 *
 * `STRIKE_LOG` gets one line of JSON for each, written before it begins: `n` from 1, `what`, `at` (the path, or host and
 * path without the query) and `tears` where the effect can be cut in half. A line `{"struck":n}` follows when the signal
 * is about to be sent; whoever stops a process by SIGSTOP waits for that line.
 *
 * `STRIKE_AT` is `<n>:<moment>:<signal>`. `before`: nothing of it was done. `half`: half of what a write has to write
 * is in the file. `after`: it is done, and the process does not know it yet: a call has not returned, the head of a
 * reply has come and nobody has seen it. After a signal that can be caught the process goes on with the effect.
 *
 * A first run without `STRIKE_AT` gives the points; effects that run at the same time may trade numbers in the next.
 */
const { subscribe } = require('node:diagnostics_channel');
const fs = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');
const { isMainThread } = require('node:worker_threads');

/** @typedef {(this: unknown, ...args: any[]) => any} Call */
/** @typedef {{ n: number, mine: boolean, when: string }} Effect */

const [number, moment = '', signal = ''] = (process.env.STRIKE_AT ?? '').split(':');
const log = process.env.STRIKE_LOG === undefined ? null : fs.openSync(process.env.STRIKE_LOG, 'a', 0o600);
const writeSync = fs.writeSync;
let count = 0;

/** @param {Record<string, unknown>} line */
function note(line) {
  if (log !== null) writeSync(log, `${JSON.stringify(line)}\n`);
}

/**
 * @param {string} what
 * @param {unknown} at
 * @param {boolean} [tears]
 */
function begin(what, at, tears = false) {
  count += 1;
  const n = count;
  note({ n, what, at: typeof at === 'string' ? at : '', ...(tears ? { tears } : {}) });
  const mine = String(n) === number;
  const effect = { n, mine, half: mine && tears && moment === 'half' };
  reach(effect, 'before');
  return effect;
}

/**
 * @param {{ n: number, mine: boolean }} effect
 * @param {string} when
 */
function reach({ n, mine }, when) {
  if (!mine || when !== moment) return;
  note({ struck: n });
  process.kill(process.pid, signal);
}

const CHANGES = [
  'appendFile',
  'chmod',
  'chown',
  'copyFile',
  'cp',
  'fchmod',
  'fchown',
  'fdatasync',
  'fsync',
  'ftruncate',
  'lchown',
  'link',
  'mkdir',
  'mkdtemp',
  'open',
  'rename',
  'rm',
  'rmdir',
  'symlink',
  'truncate',
  'unlink',
  'utimes',
  'write',
  'writeFile',
  'writev',
];
const OF_HANDLES = [
  'appendFile',
  'chmod',
  'chown',
  'datasync',
  'sync',
  'truncate',
  'write',
  'writeFile',
  'writev',
];

/**
 * @param {string} name
 * @param {readonly any[]} args
 */
function changes(name, args) {
  if (name === 'write' || name === 'writev') return ![1, 2, log].includes(args[0]);
  if (name !== 'open') return true;
  const flags = args[1] ?? 'r';
  const writes = fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_TRUNC;
  return typeof flags === 'number' ? (flags & writes) !== 0 : /[wa+]/.test(String(flags));
}

/**
 * What can be cut in half.
 * @param {unknown} data
 */
function bytesOf(data) {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : null;
}

/**
 * @param {string} name
 * @param {Call} call
 * @returns {Call}
 */
function withPromise(name, call) {
  return async function (...args) {
    if (!changes(name, args)) return await watchHandle(call.apply(this, args));
    const effect = begin(name, args[0]);
    try {
      return await watchHandle(call.apply(this, args));
    } finally {
      reach(effect, 'after');
    }
  };
}

/**
 * @param {string} name
 * @param {Call} call
 * @returns {Call}
 */
function withCallback(name, call) {
  return function (...args) {
    const back = args.at(-1);
    if (!changes(name, args) || typeof back !== 'function') return call.apply(this, args);
    const effect = begin(name, args[0]);
    args[args.length - 1] = (/** @type {any[]} */ ...results) => {
      reach(effect, 'after');
      back(...results);
    };
    return call.apply(this, args);
  };
}

/**
 * @param {string} name
 * @param {Call} call
 * @returns {Call}
 */
function atOnce(name, call) {
  return function (...args) {
    if (!changes(name, args)) return call.apply(this, args);
    const effect = begin(`${name}Sync`, args[0]);
    try {
      return call.apply(this, args);
    } finally {
      reach(effect, 'after');
    }
  };
}

/**
 * @param {string} name
 * @param {Call} call
 * @returns {Call}
 */
function onHandle(name, call) {
  return async function (...args) {
    const { fd } = /** @type {{ fd: number }} */ (this);
    const bytes = name === 'writeFile' || name === 'appendFile' ? bytesOf(args[0]) : null;
    const effect = begin(`handle.${name}`, paths.get(this), bytes !== null);
    if (effect.half && bytes !== null) {
      const middle = Math.floor(bytes.length / 2);
      writeSync(fd, bytes.subarray(0, middle));
      reach(effect, 'half');
      args[0] = bytes.subarray(middle);
    }
    try {
      return await call.apply(this, args);
    } finally {
      reach(effect, 'after');
    }
  };
}

/** @type {WeakMap<any, string>} */
const paths = new WeakMap();
let handlesAreWatched = false;

/**
 * The class of handles is not exported; the first handle shows it.
 * @param {Promise<unknown>} opening
 */
async function watchHandle(opening) {
  const result = await opening;
  if (handlesAreWatched || result?.constructor?.name !== 'FileHandle') return result;
  handlesAreWatched = true;
  const prototype = Object.getPrototypeOf(result);
  for (const name of OF_HANDLES) prototype[name] = onHandle(name, prototype[name]);
  return result;
}

function watchFiles() {
  const calls = /** @type {Record<string, any>} */ (/** @type {unknown} */ (fs));
  for (const name of CHANGES) {
    calls[name] = withCallback(name, calls[name]);
    if (`${name}Sync` in calls) calls[`${name}Sync`] = atOnce(name, calls[`${name}Sync`]);
    if (name in calls.promises) calls.promises[name] = withPromise(name, calls.promises[name]);
  }
  const open = calls.promises.open;
  calls.promises.open = async (/** @type {any[]} */ ...args) => {
    const handle = await open(...args);
    paths.set(handle, String(args[0]));
    return handle;
  };
}

/** Of Node's own fetch and of every undici in a package: both tell their requests to these channels. */
function watchFetch() {
  /** @type {WeakMap<object, { n: number, mine: boolean }>} */
  const open = new WeakMap();
  subscribe('undici:request:create', (message) => {
    const { request } = /** @type {{ request: any }} */ (message);
    open.set(request, begin(request.method, place(request.origin, request.path)));
  });
  for (const name of ['headers', 'error']) {
    subscribe(`undici:request:${name}`, (message) => {
      const effect = open.get(/** @type {{ request: object }} */ (message).request);
      if (effect !== undefined) reach(effect, 'after');
    });
  }
}

/**
 * @param {unknown} origin
 * @param {unknown} path
 */
function place(origin, path) {
  return `${origin ?? ''}${String(path ?? '').split('?')[0]}`;
}

function watchHttp() {
  for (const name of ['node:http', 'node:https']) {
    const module = require(name);
    for (const method of ['request', 'get']) {
      const call = module[method];
      module[method] = function (/** @type {any[]} */ ...args) {
        // What it is asked for is known for sure only when the request is there; nothing is sent in this turn.
        const request = call.apply(this, args);
        const effect = begin(request.method, place(request.getHeader('host'), request.path));
        strikeAtReply(request, effect);
        return request;
      };
    }
  }
  const http2 = /** @type {any} */ (require('node:http2'));
  const connect = http2.connect;
  http2.connect = function (/** @type {any[]} */ ...args) {
    const session = connect.apply(this, args);
    const call = session.request;
    session.request = function (/** @type {any[]} */ ...given) {
      const headers = given[0] ?? {};
      const effect = begin(headers[':method'] ?? 'GET', place(args[0], headers[':path']));
      const stream = call.apply(this, given);
      strikeAtReply(stream, effect);
      return stream;
    };
    return session;
  };
}

/**
 * @param {import('node:events').EventEmitter} request
 * @param {{ n: number, mine: boolean }} effect
 */
function strikeAtReply(request, effect) {
  const emit = request.emit;
  request.emit = function (/** @type {any} */ name, /** @type {any[]} */ ...args) {
    if (name === 'response' || name === 'error') reach(effect, 'after');
    return emit.call(this, name, ...args);
  };
}

if (isMainThread) {
  watchFiles();
  watchFetch();
  watchHttp();
  syncBuiltinESMExports();
}
