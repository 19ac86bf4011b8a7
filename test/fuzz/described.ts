import type { CreatedKey } from '../../src/core/issuer.ts';
import { Secret } from '../../src/core/secret.ts';
import { MARK } from './described-providers.ts';
import { describedInput, type Scene, said, sceneOf, textIn } from './described-replies.ts';
import { target } from './engine.ts';
import { holds, type Outcome, outcomeOf, silent } from './outcome.ts';
import { member, type Reply } from './replies.ts';

const { signal } = new AbortController();
const fine = ({ status }: Reply): boolean => status >= 200 && status < 300;
/** Statuses after which nobody knows whether it was done. */
const isOpen = ({ status }: Reply): boolean =>
  status < 400 || status >= 500 || status === 408 || status === 425;
const isPage = (reply: Reply): boolean =>
  said(reply) === undefined && /<(html|head|body|!doctype\s+html)\b/i.test(textIn(reply).slice(0, 1024));
/** The mark as a word: `r1.1` is not in `r1.12`. */
const carries = (name: unknown): boolean => typeof name === 'string' && name.split(' ').includes(MARK);
const SENDABLE = /^[\x21-\x7e]{1,8192}$/;

/** Ids of more digits than a number holds are read as the text that they were. */
const same = (found: unknown, given: string | undefined): boolean =>
  found === given || (typeof found === 'number' && given !== undefined && Number(given) === found);

const of = (scene: Scene, route: string): readonly Reply[] =>
  scene.served.filter((one) => one.route === route).map(({ reply }) => reply);

export const describedCreate = target({
  name: 'described-create',
  few: 150,
  share: 6,
  input: describedInput,
  check: async (given) => {
    const scene = sceneOf(given);
    const { issuer, planted } = scene;
    const order = { mark: MARK, current: scene.key, signal };
    const own = Secret.of(scene.minted);
    const made = await outcomeOf<CreatedKey | undefined>(
      async () => {
        if (issuer.create !== undefined) return issuer.create(order);
        const facts = await issuer.register?.({ ...order, secret: own });
        return facts === undefined ? undefined : { secret: own, facts };
      },
      'any',
      planted,
    );
    const replies = of(scene, 'create');
    holds(replies.length <= 1, `asked for a key ${replies.length} times`);
    const [reply] = replies;
    if (reply === undefined) {
      holds(made.error !== null && !made.error.ambiguous, 'nobody was asked, and a key may have been made');
      return;
    }
    sound(scene, reply, made);
  },
});

/** What came of asking for a key, against the reply. */
function sound(
  { described, minted }: Scene,
  reply: Reply,
  { value, error }: Outcome<CreatedKey | undefined>,
): void {
  const document = said(reply);
  const parts = Object.entries(described.partsIn(document));
  if (error !== null) {
    const known = !isOpen(reply) && !isPage(reply);
    holds(error.ambiguous || known, `${reply.status} is taken for a no`);
    return;
  }
  holds(fine(reply), `${reply.status} is taken for a yes`);
  for (const [name, found] of parts) {
    const text = value?.secret.open(name) ?? '';
    holds(SENDABLE.test(text), `the part ${name} cannot be sent`);
    holds(same(found, text), `the part ${name} is not the one in the reply`);
  }
  const { facts, secret } = value ?? {};
  holds(facts?.issuerKeyId === undefined || same(described.idIn(document), facts.issuerKeyId), 'another id');
  // What the provider put into the part that is the id is shown with it; what it took for a key may be any text.
  const shown = secret?.open('sid') ?? '';
  const hidden = parts.flatMap(([name]) => secret?.open(name) ?? []).filter((text) => text.includes(minted));
  silent(facts, shown.includes(minted) ? [] : [...hidden, minted]);
}

export const describedLook = target({
  name: 'described-look',
  few: 150,
  share: 6,
  input: describedInput,
  check: async (given) => {
    const scene = sceneOf(given);
    const { described, issuer, key, planted } = scene;
    const listed = await outcomeOf(async () => issuer.list?.(signal, key), 'any', planted);
    const pages = of(scene, 'list');
    if (listed.value !== null && listed.value !== undefined) whole(scene, pages, listed.value);
    const asked = scene.served.length;
    const found = await outcomeOf(async () => issuer.find?.(MARK, signal, key), 'any', planted);
    const seen = scene.served.slice(asked).filter(({ route }) => route === 'list');
    const keys = seen.flatMap(({ reply }) => described.keysIn(said(reply)) ?? []);
    if (found.value !== null && found.value !== undefined) {
      const { issuerKeyId } = found.value;
      const mine = keys.filter(({ name }) => typeof name === 'string' && name.includes(MARK));
      const own = mine.find(({ id }) => same(id, issuerKeyId));
      holds(own !== undefined, 'found a key that does not carry the mark');
      for (const other of [`x${MARK}`, `${MARK}2`])
        holds(own.name !== other, 'found the key of another mark');
    }
    if (found.value === null && found.error === null && issuer.find !== undefined) {
      holds(!keys.some(({ name }) => carries(name)), 'called absent, and it is listed');
      const last = seen.at(-1)?.reply;
      holds(last !== undefined && fine(last), 'called absent, and nobody said so');
    }
    await facts(scene);
  },
});

/** A list that is cut short would hide keys. */
function whole(
  { described }: Scene,
  pages: readonly Reply[],
  listed: readonly { readonly issuerKeyId: string }[],
): void {
  // A reply that was asked for again is not a page.
  const read = pages.filter((page) => fine(page));
  const keys = read.flatMap((page) => described.keysIn(said(page)) ?? []);
  for (const { id } of keys)
    holds(
      listed.some(({ issuerKeyId }) => same(id, issuerKeyId)),
      `the key ${String(id)} is left out`,
    );
  for (const { issuerKeyId } of listed)
    holds(
      keys.some(({ id }) => same(id, issuerKeyId)),
      `the key ${issuerKeyId} is in no reply`,
    );
  const last = read.at(-1);
  holds(last !== undefined && described.endsAt(said(last), read.length), 'the list is cut short');
}

/** The last use of a key, and whether it lives. */
async function facts(scene: Scene): Promise<void> {
  const { issuer, key, planted } = scene;
  if (issuer.describe === undefined) return;
  const use = await outcomeOf(async () => issuer.lastUsed?.('k1', signal, key), 'any', planted);
  const told = of(scene, 'use').at(-1);
  if (use.error === null) {
    holds(told !== undefined && fine(told), 'a last use that nobody told');
    const used = member(said(told as Reply), 'used');
    if (use.value === null) holds(used === null || used === 0 || used === '0', 'called never used');
  }
  const state = await outcomeOf(async () => issuer.describe?.(key, signal), 'any', planted);
  const reply = of(scene, 'describe').at(-1);
  if (state.error !== null) return;
  const gone = reply !== undefined && [404, 410].includes(reply.status) && !isPage(reply);
  if (state.value === null || state.value === undefined) holds(gone, 'called unknown, and nobody said so');
  else if (state.value.alive === true)
    holds(reply !== undefined && fine(reply) && member(said(reply), 'live') === true, 'a wrong alive');
}

export const describedRevoke = target({
  name: 'described-revoke',
  few: 100,
  share: 4,
  input: describedInput,
  check: async (given) => {
    const scene = sceneOf(given);
    const { issuer, key, planted } = scene;
    const ended = await outcomeOf(
      async () => issuer.revoke?.({ issuerKeyId: 'k1', secret: key, role: 'old', caller: key, signal }),
      'any',
      planted,
    );
    if (ended.error !== null || issuer.revoke === undefined) return;
    const reply = of(scene, 'revoke').at(-1);
    const rules = scene.described.description.revoke?.answers?.done;
    // A description that says what success is means any status by it.
    const done =
      reply !== undefined && (rules === undefined ? fine(reply) : member(said(reply), 'ok') === true);
    const gone = reply !== undefined && [404, 410].includes(reply.status);
    holds((done || gone) && !isPage(reply as Reply), 'called ended, and nobody said so');
  },
});

export const describedVerify = target({
  name: 'described-verify',
  few: 100,
  share: 3,
  input: describedInput,
  check: async (given) => {
    const scene = sceneOf(given);
    const { value } = await outcomeOf(() => scene.issuer.verify(scene.key, signal), [], scene.planted);
    silent(value, scene.planted);
    const reply = (of(scene, 'verify').at(-1) ?? of(scene, 'list').at(-1)) as Reply;
    const works = scene.described.description.verify.works ?? [200, 201, 202, 203, 204, 205, 206];
    if (value?.verdict === 'works') holds(works.includes(reply.status) && !isPage(reply), 'a wrong works');
    const dead = reply.status >= 400 || member(said(reply), 'code') === 20003;
    if (value?.verdict === 'refused') holds(dead, 'a wrong dead');
  },
});
