import { grpc } from 'google-gax';
import { describe } from 'vitest';
import { openGcp } from '../stores/gcp-bench.ts';
import { PERMISSIONS } from './google-fake/access.ts';
import type { Fault } from './google-fake/faults.ts';
import type { GoogleFake } from './google-fake/server.ts';
import type { Front, Rule, ScenarioBench, Verdict } from './scenarios/bench.ts';
import { documentScenarios } from './scenarios/documents.ts';
import { faultScenarios } from './scenarios/faults.ts';
import { killScenarios } from './scenarios/kills.ts';
import { raceScenarios } from './scenarios/races.ts';
import { strangerScenarios } from './scenarios/strangers.ts';

/* The fake is ours: what passes here is not evidence of Google's behaviour. */

const FAULTS: Readonly<Record<Verdict, Fault | null>> = {
  pass: null,
  lost: { do: 'reset', when: 'after' },
  reset: { do: 'reset', when: 'before' },
  hang: { do: 'hang', when: 'before' },
  busy: { do: 'fail', when: 'before', code: grpc.status.RESOURCE_EXHAUSTED },
  broken: { do: 'fail', when: 'before', code: grpc.status.INTERNAL },
  denied: { do: 'fail', when: 'before', code: grpc.status.PERMISSION_DENIED },
};

function frontOf(fake: GoogleFake): Front {
  const calls: { readonly n: number; readonly name: string }[] = [];
  let standing: Rule | null = null;
  fake.rule = async ({ method, secret }) => {
    const call = { n: calls.length + 1, name: `${method} ${secret}` };
    calls.push(call);
    const { verdict, after } = (await standing?.(call)) ?? { verdict: 'pass' };
    return { fault: FAULTS[verdict], ...(after === undefined ? {} : { after }) };
  };
  return {
    calls,
    rule: (rule) => {
      standing = rule;
    },
  };
}

let count = 0;

async function open(): Promise<ScenarioBench> {
  const { fake, open: openStore, consume, overwrite, close } = await openGcp('alias');
  const settings = `kind: gcp-secret-manager, project: ${fake.project}, endpoint: "${fake.url}"`;
  return {
    front: frontOf(fake),
    // The fake shows every change at once.
    store: `{ ${settings}, converges: 0s }`,
    env: {},
    openStore: () => openStore({ converges: '0s' }),
    location: () => {
      count += 1;
      return `scenario-${count}`;
    },
    consume,
    overwrite,
    denial: ({ name }) => ({ says: PERMISSIONS[name.split(' ')[0] ?? ''] ?? '', grant: 'keyturnRotator' }),
    close,
  };
}

/* Missing rights are told before a key is made, so they have tests of their own: google-rotation.server.ts. */
describe('scenarios: gcp-secret-manager on a fake of ours', { timeout: 900_000 }, () => {
  const store = { name: 'google', open };
  faultScenarios(store);
  strangerScenarios(store);
  killScenarios(store);
  raceScenarios(store);
  documentScenarios(store);
});
