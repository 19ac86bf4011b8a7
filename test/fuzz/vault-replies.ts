import fc from 'fast-check';
import * as z from 'zod/mini';
import { connect } from '../../src/stores/vault/client.ts';
import { kvOn } from '../../src/stores/vault/kv.ts';
import { layoutOf } from '../../src/stores/vault/layout.ts';
import { ledgersOn } from '../../src/stores/vault/ledgers.ts';
import { mountCheck } from '../../src/stores/vault/mount.ts';
import { openSession } from '../../src/stores/vault/session.ts';
import { vaultSettings } from '../../src/stores/vault/settings.ts';
import { valuesOn } from '../../src/stores/vault/values.ts';
import type { Wire } from '../../src/stores/vault/wire.ts';
import { target } from './engine.ts';
import type { Json } from './mutate.ts';
import { holds, outcomeOf, secrets, silent } from './outcome.ts';
import {
  contextWith,
  documentOf,
  member,
  type Provider,
  providerOf,
  type Reply,
  replies,
} from './replies.ts';

const metadata = {
  created_time: '2026-11-25T19:46:51.697641083Z',
  custom_metadata: null,
  deletion_time: '',
  destroyed: false,
  version: 3,
};
const envelope = (data: unknown, more: object = {}) =>
  JSON.stringify({
    request_id: '2a7b6b4e-6f2f-5f0c-9d4e-0b6c8d7a1f00',
    lease_id: '',
    renewable: false,
    lease_duration: 0,
    data,
    wrap_info: null,
    warnings: null,
    auth: null,
    mount_type: 'kv',
    ...more,
  });
const entry = (data: unknown, more: object = {}) => envelope({ data, metadata: { ...metadata, ...more } });

const VALUES = [
  entry({ value: 'VALUE' }),
  entry({ value: 'VALUE' }),
  entry({ value: 'VALUE', other: 1 }),
  entry({ document: 'VALUE' }),
  entry(null, { deletion_time: '2026-11-25T20:00:00Z' }),
  entry({ value: 'VALUE' }, { deletion_time: '2027-11-25T20:00:00Z' }),
];
const REFUSALS = [
  '{"errors":[]}',
  '{"errors":["permission denied"]}',
  '{"errors":["1 error occurred:\\n\\t* permission denied\\n\\n"]}',
  '{"errors":["check-and-set parameter did not match the current version"]}',
  '{"errors":["no handler for route \\"secret/data/prod\\". route entry not found."]}',
  '{"errors":["Vault is sealed"]}',
  '{"errors":["VALUE"]}',
  '<html>VALUE</html>',
  '',
];
const MOUNT = envelope({ path: 'secret/', type: 'kv', options: { version: '2' }, uuid: 'u' });
const WORDS: readonly Json[] = [
  'VALUE',
  'value',
  'document',
  'data',
  'metadata',
  2,
  '2',
  'kv',
  'secret/',
  'errors',
];

const near = (samples: readonly string[]) => replies(samples, WORDS, 'near').map((one) => [one]);
const wild = (samples: readonly string[]) =>
  fc.array(replies([...samples, ...REFUSALS], WORDS), { minLength: 1, maxLength: 3 });
const routes = fc.oneof(...[near, wild].map((how) => fc.record({ mount: how([MOUNT]), data: how(VALUES) })));

const settings = z.parse(vaultSettings, {
  kind: 'vault',
  address: 'https://vault.example:8200',
  auth: { method: 'token', token: 'env:T' },
});
const { signal } = new AbortController();
const fine = ({ status }: Reply): boolean => status >= 200 && status < 300;
const routeOf = ({ pathname }: URL): string => (pathname.startsWith('/v1/sys/') ? 'mount' : 'data');

/** The store as it is, but for the sockets: `http-wire` has bytes on those. */
function storeOn(provider: Provider, token: string) {
  const context = contextWith(provider, { 'env:T': token });
  const wire: Wire = async ({ url, method }) => {
    const response = await provider.fetch(url, { method });
    const text = await response.text();
    return { status: response.status, text, json: parsed(text) };
  };
  const send = connect({ address: settings.address }, wire);
  const session = openSession(settings.auth, send, context);
  const kv = kvOn({ mount: settings.mount, send, session, sleep: context.sleep }, mountCheck(settings));
  const { ownPath } = settings;
  return { ...valuesOn(kv, layoutOf(settings), ownPath), ledgers: ledgersOn(kv, ownPath) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (caught) {
    if (caught instanceof SyntaxError) return undefined;
    throw caught;
  }
}

/** Whatever Vault answers, a value is one that it gave, and nothing is only where it says so. */
export const vaultReplies = target({
  name: 'vault-replies',
  few: 150,
  share: 7,
  input: fc.record({
    routes,
    doing: fc.constantFrom('current', 'mark', 'load', 'save'),
    secrets: fc.tuple(secrets, secrets),
  }),
  check: async ({ routes: answers, doing, secrets: planted }) => {
    const [token, value] = planted;
    const spoken = (one: Reply) => ({
      ...one,
      bytes: Buffer.from(one.bytes.toString('latin1').replaceAll('VALUE', value), 'latin1'),
    });
    const provider = providerOf(routeOf, {
      mount: answers.mount.map(spoken),
      data: answers.data.map(spoken),
    });
    const store = storeOn(provider, token);
    const last = (route: string) => provider.served.findLast((one) => one.route === route)?.reply;
    const at = { credential: 'wa-prod', location: 'prod/token' };
    const held = (name: string): unknown => {
      const reply = last('data');
      const data = reply !== undefined && fine(reply) ? member(documentOf(reply), 'data') : undefined;
      return member(member(data, 'data'), name);
    };
    /** Not there: it said 404, and it is an engine that knows versions, by its own word or by that of the mount. */
    const absent = (): boolean => {
      const [reply, mount] = [last('data'), last('mount')];
      if (reply?.status !== 404) return false;
      const deleted = member(documentOf(reply), 'data');
      return (typeof deleted === 'object' && deleted !== null) || (mount !== undefined && fine(mount));
    };
    if (doing === 'current' || doing === 'mark') {
      const which = doing === 'current' ? 'current' : { mark: 'r1.1' };
      const read = await outcomeOf(() => store.read(at.location, which, signal), 'any', planted);
      silent(read.value, planted);
      if (read.error !== null) return;
      if (read.value === null) holds(absent(), 'called absent, and it did not say so');
      else holds(read.value.text.open() === held('value'), 'another value than it gave');
    } else if (doing === 'load') {
      const read = await outcomeOf(() => store.ledgers.load(at, signal), 'any', [token]);
      if (read.error !== null) return;
      if (read.value === null) holds(absent(), 'called absent, and it did not say so');
      else holds(read.value.document === held('document'), 'another document than it gave');
    } else {
      const saved = await outcomeOf(() => store.ledgers.save(at, '{}', null, signal), 'any', planted);
      const writes = provider.served.filter(({ route }) => route === 'data');
      const done = writes.filter(({ reply }) => fine(reply)).map(({ url }) => url.pathname);
      const kept =
        done.some((path) => path.includes('/data/')) && !done.some((path) => path.includes('/metadata/'));
      if (saved.error?.detail.unsent === true) holds(!kept, 'called unsent, and it was written');
      if (saved.error !== null) return;
      holds(writes.length > 0 && writes.every(({ reply }) => fine(reply)), 'called saved, and it was not');
    }
  },
});
