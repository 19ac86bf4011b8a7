import type { Simulator } from '../../simulator/simulator.ts';
import type { Answer } from './process.ts';

/** A claim of the story that did not hold. */
export class DemoFailure extends Error {}

/** Goes on only where a claim holds; the story never assumes one. */
export function must(claim: boolean, what: string): asserts claim {
  if (!claim) throw new DemoFailure(what);
}

export function mustExit(answer: Answer, code: number, what: string): void {
  const said = answer.document?.errors[0]?.message ?? answer.stderr.trim().split('\n').at(-1) ?? '';
  must(
    answer.code === code,
    `${what} ended with ${answer.code ?? answer.signal}, not with ${code}${said === '' ? '' : `: ${said}`}`,
  );
}

type Keys = ReturnType<Simulator['keys']>;
export type SimulatedKey = Keys[number];

/** The keys of the credential, in the order of making; the admin token is none of them. */
export function keysOf(simulator: Simulator): readonly SimulatedKey[] {
  return simulator.keys().filter((key) => key.userId === simulator.world.systemUserId);
}

interface Row {
  readonly id: string;
  readonly state: string;
  readonly fingerprints?: Readonly<Record<string, string>> | null;
  readonly proof?: { readonly by: string } | null;
}

/** The rows that `status --json` shows for the one credential. */
export function rowsOf(answer: Answer): readonly Row[] {
  const data = answer.document?.data as
    | { readonly credentials?: readonly { readonly keys?: readonly Row[] }[] }
    | undefined;
  return data?.credentials?.[0]?.keys ?? [];
}

export function rowFor(answer: Answer, key: SimulatedKey | undefined): Row | null {
  return rowsOf(answer).find((row) => row.fingerprints?.value === key?.fingerprint) ?? null;
}

export function findingsOf(
  answer: Answer,
): readonly { readonly rule: string; readonly severity: string; readonly key: unknown }[] {
  const data = answer.document?.data as
    | { readonly findings?: readonly { rule: string; severity: string; key: unknown }[] }
    | undefined;
  return data?.findings ?? [];
}

/** How the one credential came out of a command that changes it. */
export function resultOf(
  answer: Answer,
): { readonly outcome: string; readonly times: Readonly<Record<string, string | null>> } | null {
  const data = answer.document?.data as
    | {
        readonly credentials?: readonly {
          readonly outcome: string;
          readonly times: Readonly<Record<string, string | null>>;
        }[];
      }
    | undefined;
  return data?.credentials?.[0] ?? null;
}
