import { afterAll, beforeAll } from 'vitest';
import { openStore, REGION, useIdentity } from '../stores/aws/bench.ts';
import { type Others, othersAt } from './aws-others.ts';
import type { Reply } from './fault-proxy.ts';
import type { KnownBad } from './known-bad.ts';
import type { ScenarioBench } from './scenarios/bench.ts';
import { type Manners, startHttpFront } from './scenarios/http-front.ts';
import { scenarios } from './scenarios/scenarios.ts';
import { type RunningServer, started, type TestServer } from './server.ts';

let count = 0;

/** The scenarios of stores, on a server that somebody else wrote. */
export function awsScenarios(
  server: TestServer,
  knownBad: KnownBad,
  chance: { readonly losesRaces?: string } = {},
): void {
  let running: RunningServer;
  let others: Others;

  beforeAll(async () => {
    useIdentity();
    running = await started(server);
    others = othersAt(running.url);
  });
  afterAll(async () => {
    others?.close();
    await running?.stop();
  });

  const open = async (): Promise<ScenarioBench> => {
    const front = await startHttpFront(running.url, awsManners);
    return {
      front,
      store: `{ kind: aws-secrets-manager, region: ${REGION}, endpoint: "${front.url}" }`,
      env: Object.fromEntries(
        Object.entries(process.env).flatMap(([name, value]) =>
          name.startsWith('AWS_') && value !== undefined ? [[name, value]] : [],
        ),
      ),
      openStore: () => openStore(front.url),
      location: () => {
        count += 1;
        return `scenario/${process.pid}-${count}`;
      },
      consume: others.consume,
      overwrite: others.overwrite,
      denial: ({ name }) => {
        const [action, secret] = name.split(' ');
        return {
          says: `secretsmanager:${action}`,
          grant: `"Action":"secretsmanager:${action}","Resource":"arn:aws:secretsmanager:${REGION}:*:secret:${secret}-??????"`,
        };
      },
      close: front.close,
    };
  };

  scenarios({ name: `aws-secrets-manager on ${server.name}`, open, knownBad, ...chance });
}

export const awsManners: Manners = {
  nameOf: ({ headers, body }) => {
    const asked = JSON.parse(body) as { readonly SecretId?: string; readonly Name?: string };
    const action = String(headers['x-amz-target']).replace('secretsmanager.', '');
    return `${action} ${asked.SecretId ?? asked.Name ?? ''}`;
  },
  refuse: (verdict, { name, body }) => {
    if (verdict === 'busy') return awsError(400, 'ThrottlingException', 'Rate exceeded');
    if (verdict === 'broken')
      return awsError(500, 'InternalServiceError', 'An error occurred on the server side.');
    const [action, secret] = name.split(' ');
    // AWS repeats in its message who asked and for what. That it should repeat the request is the worst case.
    const message = `User: arn:aws:iam::123456789012:user/rotator is not authorized to perform: secretsmanager:${action} on resource: ${secret} because no identity-based policy allows the action; ${body}`;
    return awsError(400, 'AccessDeniedException', message);
  },
};

function awsError(status: number, type: string, message: string): Reply {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: JSON.stringify({ __type: type, Message: message }),
  };
}
