import { type Call, type FaultProxy, type Reply, startFaultProxy } from '../fault-proxy.ts';
import type { Front, Rule, Ruling } from './bench.ts';

/** How a service speaks: what a request does, and how it says that it did not do it. */
export interface Manners {
  readonly nameOf: Parameters<typeof startFaultProxy>[1];
  refuse(verdict: 'busy' | 'broken' | 'denied', call: Call): Reply;
}

/** A front for stores that speak HTTP: a proxy on loopback, in this process. */
export async function startHttpFront(
  upstream: string,
  manners: Manners,
): Promise<Front & Pick<FaultProxy, 'url' | 'close'>> {
  const { url, calls, rule, close } = await startFaultProxy(upstream, manners.nameOf);

  const decide = async (
    { verdict, after }: Ruling,
    call: Call,
    forward: () => Promise<Reply>,
  ): Promise<Reply | 'reset' | 'hang'> => {
    if (verdict === 'reset' || verdict === 'hang') return verdict;
    if (verdict !== 'pass' && verdict !== 'lost') return manners.refuse(verdict, call);
    const reply = await forward();
    await after?.();
    return verdict === 'pass' ? reply : 'reset';
  };

  return {
    url,
    calls,
    close,
    rule: (next: Rule | null) =>
      rule(
        next === null
          ? (_, forward) => forward()
          : async (call, forward) => decide(await next(call), call, forward),
      ),
  };
}
