import { parse } from 'yaml';
import { Secret } from '../../src/core/secret.ts';
import type { Provider } from './provider.ts';
import { type Ask, hex, keyring, type Say, startServer } from './server.ts';

/** What an operator writes after a look at the documentation that stands below. */
export const TAFEL = `kind: http
baseUrl: URL/api
secrets: { pass: env:TAFEL_PASS }
errorCode: /err
create:
  url: /newkey
  form: { user: u7, pass: "{secret.pass}", note: "keyturn {rotation.id}" }
  answers: { done: [{ pointer: /status, equals: OK }], full: [{ pointer: /err, equals: E33 }] }
  reply: { parts: { value: /key }, id: /no, issuedAt: /made }
list:
  method: POST
  url: /keys
  form: { user: u7, pass: "{secret.pass}" }
  answers: { done: [{ pointer: /status, equals: OK }] }
  items: /keys
  reply: { id: /no, name: /note, issuedAt: /made }
  next: { page: pg, first: 0, pages: /pages }
revoke:
  method: POST
  url: /endkey
  form: { user: u7, pass: "{secret.pass}", no: "{key.id}" }
  answers: { done: [{ pointer: /status, equals: OK }], already: [{ pointer: /err, equals: E40 }] }
maxLive: 5
verify:
  url: URL/api/credit
  header: "X-Key: {key.value}"
  worksIf: { pointer: /status, equals: OK }
  refusedIf: { pointer: /err, equals: E01 }
`;

const PAGE = 2;
const ok = (more: object = {}): Say => ({ status: 200, json: { status: 'OK', ...more } });
const no = (err: string): Say => ({ status: 200, json: { status: 'ERR', err } });

const two = (count: number): string => String(count).padStart(2, '0');
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function timeOf(at: Date): string {
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
}

/**
 * An invented provider: every call is a form with the password in it, every answer is 200, pages have numbers in the
 * query of a POST, ids are numbers, and times are text in two ways.
 */
export async function startTafel(): Promise<Provider> {
  const ring = keyring();
  const pass = hex(24);
  let count = 16;
  const make = (note: string) => {
    count += 1;
    return ring.add({ id: String(count), secret: `TG${hex(30)}`, name: note });
  };
  const isTry = ({ path }: Ask) => path === '/api/credit';
  const server = await startServer({
    denied: no('E12'),
    creates: ({ path }) => path === '/api/newkey',
    tries: isTry,
    route: (ask) => {
      const { method, path, form, query } = ask;
      if (isTry(ask)) return ring.accepted(ask.headers['x-key']) === null ? no('E01') : ok({ credit: 12 });
      if (method !== 'POST' || form.get('user') !== 'u7' || form.get('pass') !== pass) return no('E12');
      if (path === '/api/keys') {
        const page = Number(query.get('pg'));
        const keys = ring
          .live()
          .slice(page * PAGE, (page + 1) * PAGE)
          .map((key) => {
            const at = new Date(key.madeAt);
            const made = `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()} ${timeOf(at)}`;
            return { no: Number(key.id), note: key.name, made };
          });
        return ok({ pages: Math.ceil(ring.live().length / PAGE), keys });
      }
      if (path === '/api/newkey') {
        if (ring.live().length >= 5) return no('E33');
        const key = make(form.get('note') ?? '');
        const at = new Date(key.madeAt);
        const made = `${at.getUTCFullYear()}/${two(at.getUTCMonth() + 1)}/${two(at.getUTCDate())} ${timeOf(at)}`;
        return ok({ key: key.secret, no: Number(key.id), made });
      }
      return path === '/api/endkey' && ring.end(form.get('no') ?? '') ? ok() : no('E40');
    },
  });
  return {
    server,
    ring,
    settings: parse(TAFEL.replaceAll('URL', server.url)) as Provider['settings'],
    env: { TAFEL_PASS: pass },
    make: () => make('by hand'),
    secretOf: ({ secret }) => Secret.of(secret),
    strange: () => Secret.of(`TG${hex(30)}`),
    recordOf: (key) => ring.keys.find((one) => one.secret === key.open()) ?? null,
  };
}
