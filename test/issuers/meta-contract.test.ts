import { Secret } from '../../src/core/secret.ts';
import { FAILURES, type Failure, type IssuerHarness, issuerContract } from '../contracts/issuer.ts';
import { freshToken, type Override, type Route, startGraphServer } from './meta-graph-server.ts';
import { issuerOn } from './meta-harness.ts';

for (const mode of ['mint', 'exchange'] as const) {
  issuerContract(`meta-system-user, ${mode}`, async (): Promise<IssuerHarness> => {
    const graph = await startGraphServer();
    const live = async () => Secret.of(graph.token());
    return {
      issuer: issuerOn(graph, mode === 'mint' ? {} : { mode, adminToken: undefined }),
      liveKey: live,
      deadKey: async () => Secret.of(graph.token({ alive: false })),
      unknownKey: async () => Secret.of(freshToken()),
      accepts: async (key) => graph.tokens.get(key.open() ?? '')?.alive === true,
      state: () => JSON.stringify([...graph.tokens, graph.installed]),
      creates: () => graph.callsTo(mode).length,
      requests: () => graph.calls.length,
      failures: FAILURES,
      fail: (how, what) => {
        graph.override = failing(how, what === 'all' ? null : mode);
      },
      canaries: [graph.appSecret, graph.adminToken],
      close: graph.close,
    };
  });
}

/** Every text of these answers repeats what the caller sent, so that a careless error would show it. */
function failing(how: Failure, only: Route | null): Override {
  return (call, usual) => {
    const echo = JSON.stringify({ ...call.params, bearer: call.bearer });
    if (only !== null && call.route !== only) return null;
    switch (how) {
      case 'silent':
        return { wire: 'silent' };
      case 'reset':
        return { wire: 'reset' };
      case 'html':
        return { status: 502, body: `<html>${echo}</html>`, headers: { 'content-type': 'text/html' } };
      case 'cut':
        return { ...usual(), wire: 'cut' };
      case 'lost':
        usual();
        return { wire: 'reset' };
      case 'refused':
        return {
          status: 401,
          body: { error: { message: echo, type: echo, code: 190, error_user_msg: echo, fbtrace_id: echo } },
        };
    }
  };
}
