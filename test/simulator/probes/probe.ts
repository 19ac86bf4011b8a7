import type { Switches } from '../../../src/simulator/switches.ts';
import { type Harness, proofOf, type Reply } from '../harness.ts';

/** What a client sees of a switch: for each value, the default first, what `observe` returns. */
export interface Probe<Name extends keyof Switches> {
  readonly given?: Partial<Switches>;
  readonly observe: (harness: Harness) => Promise<unknown>;
  readonly sees: readonly (readonly [value: Switches[Name], seen: unknown])[];
}

export type Probes = { readonly [Name in keyof Switches]: Probe<Name> };

export const code = (reply: Reply): unknown => reply.body.error?.code ?? reply.status;
export const status = (reply: Reply): number => reply.status;
export const BAD = 'EAANOTATOKEN';

export async function employeeMint(harness: Harness): Promise<Reply> {
  const { simulator } = harness;
  const caller = simulator.issue({ scopes: ['business_management'] });
  return harness.mint({ appsecret_proof: proofOf(simulator.world.appSecret, caller) }, caller);
}

export async function injected(harness: Harness, error: number): Promise<Reply> {
  harness.simulator.faults.once('read', { type: 'error', code: error });
  return harness.readPhone(harness.simulator.issue());
}

export async function killed(harness: Harness): Promise<string> {
  const token = harness.simulator.issue();
  await harness.revoke(token, harness.simulator.world.adminToken);
  return token;
}

export async function debugData(harness: Harness): Promise<Reply['body']> {
  return (await harness.debug(harness.simulator.issue())).body.data;
}
