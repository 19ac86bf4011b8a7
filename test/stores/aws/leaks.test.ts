import { beforeAll, describe, expect, test } from 'vitest';
import { type Answer, built, configuration, openBench } from '../../cli/harness.ts';
import { REGION } from './bench.ts';
import { type FakeAws, type Instead, startFakeAws } from './fake.ts';

const ID = 'plainly-fake-id-of-aws';
const KEY = 'plainly-fake-words-of-aws';
const SESSION = 'plainly-fake-session-of-aws';

/** What of Node and of the SDK could be told to talk. */
const LOUD = {
  DEBUG: '*',
  NODE_DEBUG: '*',
  AWS_SDK_LOG_LEVEL: 'trace',
  AWS_LOG_LEVEL: 'trace',
  AWS_ACCESS_KEY_ID: ID,
  AWS_SECRET_ACCESS_KEY: KEY,
  AWS_SESSION_TOKEN: SESSION,
  AWS_EC2_METADATA_DISABLED: 'true',
};

/** AWS answers with what it was asked. */
const echo: FakeAws['instead'] = (action, ask): Instead | null =>
  action === 'PutSecretValue' && ask.SecretId === 'prod/wa'
    ? { type: 'AccessDeniedException', message: `no: ${JSON.stringify(ask)}` }
    : null;

describe('what keyturn prints with an AWS store', () => {
  beforeAll(() => built());

  test.each<[string, FakeAws['instead']]>([
    ['when all goes well', () => null],
    ['when AWS repeats the request in its error', echo],
  ])('holds no secret %s', async (_, instead) => {
    const aws = await startFakeAws();
    const bench = await openBench();
    try {
      Object.assign(bench.env, LOUD);
      const store = `store: { kind: aws-secrets-manager, region: ${REGION}, endpoint: "${aws.url}" }`;
      const text = configuration(bench.simulator, 'overlap: 24h')
        .replace(/^store: .*$/m, store)
        .replace('{ issuer: meta,', '{ issuer: meta, location: prod/wa,');
      await bench.configure(text);
      const answers: Answer[] = [await bench.keyturn(['rotate', 'wa-prod', '--verbose'])];
      aws.instead = instead;
      for (const args of [['rotate', 'wa-prod', '--verbose'], ['status'], ['audit'], ['doctor', '--write']]) {
        answers.push(await bench.keyturn(args));
      }
      const said = answers.map(({ stdout, stderr }) => stdout + stderr).join('\n');
      const values = [...aws.secrets.values()].flatMap(({ name, versions }) =>
        name.includes('ledger') ? [] : [...versions.values()].flatMap((one) => one.text ?? []),
      );
      expect(values.length).toBeGreaterThan(0);
      const secrets = [ID, KEY, SESSION, ...values];
      const leaked = secrets.flatMap((secret, index) => (said.includes(secret) ? [`number ${index}`] : []));
      expect(leaked).toEqual([]);
      expect(said.includes('NodeVersionSupportWarning')).toBe(false);
      expect(answers[0]?.code, answers[0]?.stderr).toBe(0);
    } finally {
      await bench.close();
      await aws.close();
    }
  });
});
