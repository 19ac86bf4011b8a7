import type { PluginContext } from '../../core/plugin.ts';
import type { CallFailure, CallResult, Connection, Method } from './client.ts';
import { faultOf } from './faults.ts';

/** The reply, or the code of a failure that the caller expects. Every other failure is thrown. */
export type Called = { readonly reply: unknown } | { readonly code: number };

export type Call = (
  method: Method,
  /** The resource that the request is about. */
  on: string,
  request: object,
  signal: AbortSignal,
  ...expected: readonly number[]
) => Promise<Called>;

const READS: ReadonlySet<Method> = new Set([
  'accessSecretVersion',
  'getSecret',
  'getSecretVersion',
  'listSecrets',
  'listSecretVersions',
  'testIamPermissions',
]);
const RETRY_MS = 400;
/** A read that is repeated still ends within the time that the engine gives to a call of the store. */
const READ_MS = 10_000;
const CHANGE_MS = 15_000;
const UNAVAILABLE = 14;

/** The field of the request by which Google routes it; elsewhere it is `name`. */
const ROUTES: Partial<Record<Method, string>> = {
  addSecretVersion: 'parent',
  createSecret: 'parent',
  listSecrets: 'parent',
  listSecretVersions: 'parent',
  testIamPermissions: 'resource',
  updateSecret: 'secret.name',
};

/** Changes are sent once. A read is sent once more where no answer came. */
export function callsOver({ send }: Connection, context: PluginContext): Call {
  return async (method, on, request, signal, ...expected) => {
    const withinMs = READS.has(method) ? READ_MS : CHANGE_MS;
    const about = { [ROUTES[method] ?? 'name']: on };
    const ask = () => send({ method, request, about, withinMs }, signal);
    let result = await ask();
    if (READS.has(method) && hadNoAnswer(result) && !signal.aborted) {
      await context.sleep(RETRY_MS, signal).catch(() => undefined);
      result = await ask();
    }
    if (result.ok) return { reply: result.reply };
    const { failure } = result;
    const code = answeredCode(failure);
    // With a reason of its own it is about the project, not about the resource.
    const plain = typeof failure === 'object' && failure.reason === null;
    if (code !== null && plain && expected.includes(code)) return { code };
    throw faultOf(failure, method, on);
  };
}

function hadNoAnswer(result: CallResult): boolean {
  return !result.ok && (result.failure === 'late' || answeredCode(result.failure) === UNAVAILABLE);
}

/** Null where the call was given up, or never made. */
function answeredCode(failure: CallFailure | 'late' | 'aborted'): number | null {
  return typeof failure === 'string' || failure.before !== null ? null : failure.code;
}
