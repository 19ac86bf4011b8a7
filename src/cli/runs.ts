import type { Config, ConfiguredCredential } from '../config/config.ts';
import type { TrailSink } from '../core/trail.ts';
import type { Progress, Run } from '../engine/run.ts';
import { openSinks } from '../trail/sinks.ts';
import type { Context } from './context.ts';
import { gatesFor, requireLastUse } from './gates.ts';
import { policyOf, requireFields } from './policy.ts';
import { runnerOf } from './runner.ts';
import { siblingsIn } from './siblings.ts';
import { writeErr } from './write.ts';

const TIMEOUT = 15 * 60_000;
const POST_DEADLINE = 20_000;
const NONCE_BYTES = 4;

/** How the runs of one command are made; everything has a default. */
export interface RunRequest {
  readonly takeLease?: boolean;
  /** Milliseconds after which no new effect starts; null: no limit. */
  readonly timeout?: number | null;
  readonly waitForOverlap?: boolean;
  /** What `--reason` says, where the order itself does not keep it. */
  readonly reason?: string | undefined;
  /** Nothing of other credentials stands in the way, and no sink is required. */
  readonly emergency?: boolean;
  /** Nothing is written, so that no place for the trail is needed. */
  readonly dry?: boolean;
  readonly report?: (progress: Progress) => void;
  /** Prints a line of the trail, for a sink that goes to stderr. */
  readonly print?: (text: string) => void;
}

/** Makes the runs of one command: one runner, one deadline and the same sinks for all of them. */
export async function runMaker(
  context: Context,
  request: RunRequest,
): Promise<(credential: ConfiguredCredential) => Promise<Run>> {
  const config = await context.config();
  const { world, signal } = context;
  const nonce = Buffer.from(world.random(NONCE_BYTES)).toString('hex');
  const runner = runnerOf(context.env, nonce, request.reason);
  const timeout = request.timeout === undefined ? TIMEOUT : request.timeout;
  const deadline = timeout === null ? Number.MAX_SAFE_INTEGER : world.now() + timeout;
  const sinks = request.dry === true ? [] : await sinksOf(config, context, request);
  const siblings = siblingsIn(config.credentials, context, request.emergency === true);
  return async (credential) => {
    const [issuer, store, ledgers] = await Promise.all([
      context.issuer(credential.issuer),
      context.store(credential),
      context.ledgers(credential),
    ]);
    requireFields(credential, issuer);
    requireLastUse(credential, issuer);
    return {
      credential,
      issuer,
      store,
      ledgers: siblings.watched(credential, ledgers),
      policy: policyOf(credential, config.issuers.get(credential.issuer), issuer, store),
      world,
      runner,
      signal,
      siblings: () => siblings.of(credential),
      effects: [],
      gates: gatesFor(credential, issuer, context),
      sinks,
      takeLease: request.takeLease === true,
      deadline,
      waitForOverlap: request.waitForOverlap === true,
      report: request.report ?? (() => undefined),
    };
  };
}

async function sinksOf(
  config: Config,
  context: Context,
  { emergency, print }: RunRequest,
): Promise<readonly TrailSink[]> {
  if (config.trail.sinks.length === 0) return [];
  const [{ resolvePath }, { createHttpClient }] = await Promise.all([
    import('../config/references.ts'),
    import('../http/client.ts'),
  ]);
  const http = createHttpClient({ ...context.world, userAgent: 'keyturn' });
  const sinks = openSinks(config.trail.sinks, {
    resolvePath: (path) => resolvePath(path, { folder: config.folder, home: context.home }),
    post: async ({ url, body, contentType, signal }) =>
      http.send({
        method: 'POST',
        url,
        what: 'post the trail',
        body: { text: body, type: contentType },
        deadlineMs: POST_DEADLINE,
        retry: 'never',
        signal,
      }),
    print: print ?? ((text) => writeErr(`${text}\n`)),
  });
  return emergency === true ? sinks.map((sink) => ({ ...sink, required: false })) : sinks;
}
