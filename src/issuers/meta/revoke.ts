import { KeyturnError } from '../../core/errors.ts';
import type { App, GraphClient, GraphReply } from './client.ts';
import { type Caller, failure } from './errors.ts';
import type { Fault } from './faults.ts';
import { successOf } from './schema.ts';
import { debugWord } from './words.ts';

const WHAT = 'revoke the token';

/** Refusals that no other caller would be spared. */
const FINAL: ReadonlySet<Fault> = new Set(['rate-limited']);

/** Someone who may ask for a revocation. Its token is looked up when it is its turn. */
export interface RevokeCaller {
  readonly name: Caller;
  readonly token: () => Promise<string>;
}

/**
 * Ends one token. Meta does not say who may ask, so that each caller is tried until one is heard; first with its token
 * in a header, then where Meta's sample has it.
 * One that is dead already counts as ended: but only by the word of `debug_token` about the target itself, because the
 * same error also means that the caller is dead.
 */
export async function revoke(
  graph: GraphClient,
  app: App,
  target: string,
  callers: readonly RevokeCaller[],
  signal: AbortSignal,
): Promise<void> {
  let refused: KeyturnError | null = null;
  for (const caller of callers) {
    const token = await caller.token();
    for (const place of ['header', 'parameter'] as const) {
      const reply = await graph.revoke(app, token, target, place, signal);
      const success = reply.error === null ? successOf(reply.word) : false;
      if (success === true) return;
      const error = asFailure(reply, caller.name);
      if (success === null || (reply.error !== null && FINAL.has(reply.error.fault))) throw error;
      if (refused === null) {
        const word = await debugWord(graph, app, target, signal);
        if (word.says === 'dead') return;
        if (word.says === 'other-app') throw otherApp(word.because);
      }
      refused ??= error;
    }
  }
  if (refused === null)
    throw new KeyturnError('BUG', `${WHAT}: nobody to ask for it`, { hint: 'report this' });
  // Any other refusal is of what was sent with the question, or of the moment.
  const isRight = refused.code === 'DENIED' || refused.code === 'REFUSED';
  throw isRight ? unheard(refused, callers) : refused;
}

/** Who was asked stands in the message, because of a debt the ledger keeps no more than that. */
function unheard(refused: KeyturnError, callers: readonly RevokeCaller[]): KeyturnError {
  const admin = callers.some(({ name }) => name === 'adminToken');
  const heard = admin
    ? 'nobody was heard: not the new token, the app, the token itself or adminToken'
    : 'nobody was heard: not the new token, the app or the token itself, and mode exchange has no adminToken';
  const hint = admin
    ? 'make adminToken one of an admin system user of the same business, then run again; until then the token lives until it expires'
    : 'the token ends by itself when it expires; to end it sooner, set mode: mint with an adminToken, then run again';
  return new KeyturnError(refused.code, `${refused.message}; ${heard}`, { ...refused.detail, hint });
}

function asFailure(reply: GraphReply, caller: Caller): KeyturnError {
  if (successOf(reply.word) === false) {
    return new KeyturnError('REFUSED', `${WHAT}: Meta says that it was not done`, {
      hint: 'run again; if it goes on, end all tokens of the system user in Business settings > System users',
    });
  }
  return failure(WHAT, reply, { caller, effect: false });
}

function otherApp(because: string): KeyturnError {
  return new KeyturnError('REFUSED', `${WHAT}: ${because}`, {
    hint: 'configure the issuer with the app that made the token, or end it there',
  });
}
