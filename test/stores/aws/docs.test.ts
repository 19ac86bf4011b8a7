import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { policiesOfPage } from './policies.ts';

/* That the policies are enough and have no line too many is in test/servers/ministack-policies.server.ts. */

const ACTIONS = /^secretsmanager:[A-Z][A-Za-z]+$/;
const RESOURCES = /^arn:aws:secretsmanager:eu-central-1:123456789012:secret:[A-Za-z0-9/_+=.@*?-]+$/;

test('every policy of the page is one of IAM, for named secrets only', () => {
  for (const policy of Object.values(policiesOfPage())) {
    expect(policy.Version).toBe('2012-10-17');
    for (const { Effect, Action, Resource } of policy.Statement) {
      expect(Effect).toBe('Allow');
      for (const action of [Action].flat()) expect(action).toMatch(ACTIONS);
      for (const resource of [Resource].flat()) expect(resource).toMatch(RESOURCES);
    }
  }
});

test('whatever the store asks of AWS is in a policy or named on the page', () => {
  const client = readFileSync(new URL('../../../src/stores/aws/client.ts', import.meta.url), 'utf8');
  const page = readFileSync(new URL('../../../docs/stores/aws-secrets-manager.md', import.meta.url), 'utf8');
  const asked = [...client.matchAll(/^ {2}(\w+): \[\w+CommandInput, \w+CommandOutput\];$/gm)];
  expect(asked.length).toBe(7);
  for (const [, action] of asked) expect(page).toContain(`secretsmanager:${action}`);
});
