import { charactersOf } from '../core/alphabet.ts';
import { inventText } from '../core/invent.ts';
import type { Issuer, Verification } from '../core/issuer.ts';
import type { PluginContext } from '../core/plugin.ts';
import { Secret } from '../core/secret.ts';
import { liveCheck } from '../http/live-check.ts';
import { checkDescribed } from './check.ts';
import { partsOf } from './consistency.ts';
import { createKey, registerKey } from './creating.ts';
import { endKey } from './ending.ts';
import type { Description } from './fields.ts';
import { describe, find, listed, slots, used } from './looking.ts';
import { type Described, idIn } from './provider.ts';
import { createSender } from './sender.ts';
import { checkShape } from './shape.ts';
import { identityOf, idPartOf, traitsOf } from './traits.ts';

/** The issuer behind a description. What the description does not say is a method that it does not have. */
export function createDescribedIssuer(
  kind: string,
  description: Description,
  context: PluginContext,
): Issuer {
  const described: Described = {
    description,
    sender: createSender(description, context),
    idPart: idPartOf(description),
  };
  const traits = traitsOf(description);
  const { secret, list, lastUsed, maxLive } = description;
  const parts = partsOf(description);
  return {
    kind,
    traits,
    parts,
    identity: identityOf(description),
    ...(secret === undefined
      ? { create: (request) => createKey(described, request) }
      : {
          invent: (random) =>
            Secret.of(inventText({ ...secret, characters: charactersOf(secret.alphabet) }, random)),
          register: (request) => registerKey(described, request),
        }),
    checkShape: (key) => checkShape(key, parts),
    verify: (key, signal) => verify(described, key, context, signal),
    ...(traits.revokesBy === 'replacement' ? {} : { revoke: (request) => endKey(described, request) }),
    ...(traits.marks ? { find: (mark, signal, caller) => find(described, mark, signal, caller) } : {}),
    ...(list === undefined ? {} : { list: (signal, caller) => listed(described, signal, caller) }),
    ...(traits.lastUsed
      ? { lastUsed: (id, signal, caller) => used(described, lastUsed, id, signal, caller) }
      : {}),
    ...(description.describe === undefined
      ? {}
      : { describe: (key, signal) => describe(described, key, signal) }),
    ...(list === undefined || maxLive === undefined || maxLive < 2
      ? {}
      : { slots: (signal, caller) => slots(described, maxLive, signal, caller) }),
    check: (signal) => checkDescribed(described, signal),
  };
}

async function verify(
  { description, idPart }: Described,
  key: Secret,
  context: PluginContext,
  signal: AbortSignal,
): Promise<Verification> {
  const said = await liveCheck(description.verify, key, context, signal);
  if (said.verdict !== 'works') return said;
  return { ...said, facts: { ...said.facts, ...idIn(key, idPart) } };
}
