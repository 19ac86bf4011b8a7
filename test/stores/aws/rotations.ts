import { adopt } from '../../../src/engine/adopt.ts';
import { drive } from '../../../src/engine/rotate.ts';
import type { Answer, Client } from '../../../src/stores/aws/client.ts';
import { meaningOf } from '../../../src/stores/aws/faults.ts';
import { ledgersIn } from '../../../src/stores/aws/ledgers.ts';
import { namesWith } from '../../../src/stores/aws/names.ts';
import { secretsOf } from '../../../src/stores/aws/secrets.ts';
import { TRAITS, valuesIn } from '../../../src/stores/aws/values.ts';
import { fakeIssuer } from '../../engine/fake-issuer.ts';
import { runFor } from '../../servers/scenarios/trial.ts';
import { type Ask, countLabels, secretsManagerRules } from './rules.ts';

const DAY = 86_400_000;

/** The client without its network: the quotas of AWS are in the rules, and a refused one is an error here. */
function clientOf(rules: ReturnType<typeof secretsManagerRules>, calls: Record<string, number>): Client {
  return {
    call: async (name, on, input) => {
      calls[name] = (calls[name] ?? 0) + 1;
      const about = { permission: name, on, region: 'eu-central-1', host: 'nowhere' };
      try {
        const reply = rules.answer(name, input as Ask) as Record<string, unknown>;
        const created = reply.CreatedDate;
        if (typeof created === 'number') reply.CreatedDate = new Date(created * 1_000);
        return { reply } as Answer<never>;
      } catch (caught) {
        const meaning = meaningOf(caught, about);
        if (typeof meaning !== 'string') throw meaning;
        return { refused: meaning, about };
      }
    },
    close: () => undefined,
  };
}

/** What is left after many rotations. Throws where one is refused or AWS's quotas would be passed. */
export interface Left {
  readonly mostLabels: number;
  readonly mostVersions: number;
  readonly secrets: number;
  readonly livingKeys: number;
  /** Of the last rotation, by action. */
  readonly calls: Readonly<Record<string, number>>;
}

/** Rotates one credential again and again, on the quotas of AWS and with a clock of its own. */
export async function rotateMany(times: number, aDay: number): Promise<Left> {
  let now = Date.parse('2026-11-25T00:00:00.000Z');
  const rules = secretsManagerRules(() => now);
  const calls: Record<string, number> = {};
  const secrets = secretsOf(clientOf(rules, calls), undefined);
  const names = namesWith('keyturn/');
  let drawn = 0;
  const random = (count: number): Uint8Array => {
    drawn += 1;
    return Buffer.from(String(drawn).padStart(count * 2, '0'), 'hex');
  };
  const store = {
    kind: 'aws-secrets-manager',
    traits: TRAITS,
    ...valuesIn(secrets, names),
    ledgers: ledgersIn({ secrets, names, random, writes: () => undefined }),
  };
  const issuer = fakeIssuer({ now: () => now });
  const location = 'prod/token';
  const run = () => runFor({ store, issuer, location, overlap: 0, now: () => now, owner: `run-${now}` });
  const token = 'by-hand'.padEnd(32, '-');
  rules.answer('CreateSecret', {
    Name: location,
    SecretString: issuer.make().value,
    ClientRequestToken: token,
  });
  await adopt(run(), {});

  let mostLabels = 0;
  let mostVersions = 0;
  for (let count = 0; count < times; count += 1) {
    now += DAY / aDay;
    for (const action of Object.keys(calls)) calls[action] = 0;
    const { outcome, reason } = await drive(run(), { do: 'rotate', reason: 'again' });
    if (outcome !== 'done') throw new Error(`rotation ${count + 1} ended as ${outcome}: ${reason}`);
    for (const secret of rules.secrets.values()) {
      mostLabels = Math.max(mostLabels, countLabels(secret));
      mostVersions = Math.max(mostVersions, secret.versions.size);
    }
  }
  return {
    mostLabels,
    mostVersions,
    secrets: rules.secrets.size,
    livingKeys: issuer.keys.filter(({ diedAt }) => diedAt === null).length,
    calls,
  };
}
