import type { IssuerCheck } from '../../core/issuer.ts';
import { CLOCK_SKEW } from '../../core/policy.ts';
import { type App, appToken, type GraphClient, type GraphReply } from './client.ts';
import { type DebugData, debugDataOf } from './schema.ts';
import { debugFailure, wordOfData } from './words.ts';

/**
 * Whether Meta accepts the app secret and the admin token, by asking the one about the other. Without an admin token
 * the app asks about itself. Throws where Meta could not be asked.
 */
export async function checkAccess(
  graph: GraphClient,
  app: App,
  admin: string | null,
  { now, signal }: { readonly now: () => number; readonly signal: AbortSignal },
): Promise<readonly IssuerCheck[]> {
  const reply = await graph.debug(app, admin ?? appToken(app), signal);
  const data = reply.error === null ? debugDataOf(reply.body) : null;
  if (data === null) {
    const failure = debugFailure(reply);
    if (failure.code !== 'ADMIN_REFUSED') throw failure;
    return [
      { name: 'app secret', ok: false, message: failure.message, hint: failure.hint },
      clock(reply, now()),
    ];
  }
  return [
    { name: 'app secret', ok: true, message: `Meta accepts the secret of the app ${app.id}`, hint: '' },
    ...(admin === null ? [] : [adminToken(data, app)]),
    clock(reply, now()),
  ];
}

function adminToken(data: DebugData, app: App): IssuerCheck {
  const name = 'admin token';
  const { says, because } = wordOfData(data, app);
  if (says === 'alive') {
    const ends = data.expires_at;
    const until = ends === undefined || ends === 0 ? '' : ` until ${new Date(ends * 1000).toISOString()}`;
    return { name, ok: true, message: `Meta accepts it${until}`, hint: '' };
  }
  const hint =
    says === 'nothing'
      ? 'run keyturn doctor again later'
      : 'put a working token of an admin system user of the same app where adminToken points';
  return { name, ok: false, message: because, hint };
}

function clock({ date }: GraphReply, now: number): IssuerCheck {
  const name = 'clock';
  if (date === null) return { name, ok: true, message: 'Meta did not say what time it is', hint: '' };
  const off = Math.round((now - date) / 1000);
  const message = `it is ${Math.abs(off)} s ${off < 0 ? 'behind' : 'ahead of'} that of Meta`;
  return Math.abs(now - date) <= CLOCK_SKEW
    ? { name, ok: true, message, hint: '' }
    : { name, ok: false, message, hint: 'set the clock of this machine: leases, ages and overlaps go by it' };
}
