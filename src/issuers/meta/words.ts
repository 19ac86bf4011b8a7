import { KeyturnError } from '../../core/errors.ts';
import type { App, GraphClient, GraphReply } from './client.ts';
import { APP_SECRET_HINT, becauseOf, codeText, failure } from './errors.ts';
import { faultOf, subcodeOf } from './faults.ts';
import { type DebugData, debugDataOf, objectIdOf } from './schema.ts';

/** What one way of asking says about a token. `nothing`: it could not tell, and why. */
export type Word = { readonly version?: string } & (
  | { readonly says: 'alive' | 'dead' | 'other-app'; readonly because: string; readonly data?: DebugData }
  | { readonly says: 'forbidden'; readonly because: string }
  | {
      readonly says: 'nothing';
      readonly because: string;
      readonly retryAfterMs?: number;
      /** Meta refused the proof that goes with the token: the app secret is wrong, or not that of the token's app. */
      readonly proofRefused?: boolean;
    }
);

/** What `debug_token` says. An error beside its data is about the asking app, never about the token. */
export async function debugWord(
  graph: GraphClient,
  app: App,
  token: string,
  signal: AbortSignal,
): Promise<Word> {
  const reply = await askedFor(() => graph.debug(app, token, signal));
  if (reply instanceof KeyturnError) return nothing(reply);
  const data = debugDataOf(reply.word);
  if (data === null) return nothing(debugFailure(reply));
  return { ...wordOfData(data, app), ...drift(reply) };
}

export function debugFailure(reply: GraphReply): KeyturnError {
  return failure('ask Meta about a token', reply, { caller: 'appSecret', effect: false });
}

/** What the data of `debug_token` say of the token. */
export function wordOfData(data: DebugData, app: App): Word {
  if (data.app_id !== undefined && data.app_id !== app.id) {
    return { says: 'other-app', because: `debug_token: it is a token of the app ${data.app_id}`, data };
  }
  if (data.is_valid === true && data.app_id === undefined) {
    return { says: 'nothing', because: 'debug_token does not say of which app it is' };
  }
  if (data.is_valid === true) return { says: 'alive', because: 'debug_token: valid', data };
  if (data.is_valid === undefined) {
    return { says: 'nothing', because: 'debug_token does not say whether it is valid' };
  }
  if (data.error === undefined) return { says: 'dead', because: 'debug_token: not valid', data };
  const fault = faultOf(data.error);
  const code = codeText({ code: data.error.code, subcode: subcodeOf(data.error) });
  if (fault === 'dead-token')
    return { says: 'dead', because: `debug_token: not valid (error ${code})`, data };
  if (data.error.code === 100) {
    return { says: 'other-app', because: `debug_token: it is no token of this app (error ${code})`, data };
  }
  return { says: 'nothing', because: `debug_token: not valid, for a reason that may pass (error ${code})` };
}

/** What a harmless read with the token itself says. */
export async function liveWord(
  graph: GraphClient,
  app: App,
  token: string,
  check: { readonly id: string; readonly fields: string; readonly setting: string },
  signal: AbortSignal,
): Promise<Word> {
  const what = `read of ${check.setting} ${check.id}`;
  const reply = await askedFor(() => graph.read(app, token, check.id, check.fields, signal));
  if (reply instanceof KeyturnError) return nothing(reply);
  const { error } = reply;
  if (error === null) {
    return objectIdOf(reply.word) === check.id
      ? { says: 'alive', because: `${what}: answered`, ...drift(reply) }
      : nothing(failure(what, reply, { caller: 'the key', effect: false }));
  }
  const because = `${what}: ${becauseOf(error)}`;
  if (error.fault === 'dead-token') return { says: 'dead', because };
  if (error.fault === 'permission') return { says: 'forbidden', because };
  const proofRefused = error.fault === 'app-secret';
  return {
    says: 'nothing',
    because: proofRefused ? `${because}; ${APP_SECRET_HINT}` : because,
    proofRefused,
    ...(reply.retryAfterMs === null ? {} : { retryAfterMs: reply.retryAfterMs }),
  };
}

/** What several reads say together: all must work, and one that was refused as dead stands only unopposed. */
export function together(words: readonly Word[]): Word {
  const first = (says: Word['says']) => words.find((word) => word.says === says);
  const alive = first('alive');
  const dead = first('dead');
  if (alive !== undefined && dead !== undefined) {
    return { says: 'nothing', because: `${alive.because}, but ${dead.because}` };
  }
  const weightiest = dead ?? first('nothing') ?? first('forbidden') ?? alive;
  return weightiest ?? { says: 'nothing', because: 'no live read is configured' };
}

/** The error that stands for no answer. */
async function askedFor(ask: () => Promise<GraphReply>): Promise<GraphReply | KeyturnError> {
  try {
    return await ask();
  } catch (caught) {
    return noAnswer(caught);
  }
}

/** A failure that leaves open what a token is. An abort, a defect and a wrong configuration are none: they are thrown on. */
export function noAnswer(caught: unknown): KeyturnError {
  const own = caught instanceof KeyturnError ? caught : null;
  if (own === null || own.code === 'INTERRUPTED' || own.code === 'BUG' || own.exitCode === 2) throw caught;
  return own;
}

function nothing(error: KeyturnError): Word {
  const { retryAfterMs } = error.detail;
  const hint = error.code === 'ADMIN_REFUSED' ? `; ${error.hint}` : '';
  return {
    says: 'nothing',
    because: `${error.message}${hint}`,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

function drift({ version }: GraphReply): { readonly version?: string } {
  return version === null ? {} : { version };
}
