import util from 'node:util';

/** The sections of NODE_DEBUG in which Node's fetch prints the address of every request. */
const SECTIONS = /^(fetch|undici|websocket)$/i;

/**
 * Keeps Node's fetch from printing addresses when NODE_DEBUG says so: Meta is asked about a token in the query of one.
 * Has to run before the first fetch, which asks once whether it is to print.
 */
export function quietFetch(): void {
  const { debuglog } = util;
  const silent = Object.assign(() => undefined, { enabled: false });
  const quiet: typeof debuglog = (section, callback) =>
    SECTIONS.test(section) ? silent : debuglog(section, callback);
  Object.assign(util, { debuglog: quiet });
}
