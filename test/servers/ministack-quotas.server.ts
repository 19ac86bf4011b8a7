import { expect, test } from 'vitest';
import { rotateMany } from '../stores/aws/rotations.ts';

/* No server holds to AWS's quotas, so this one runs on the rules alone; it is here because it takes long. */

const ROTATIONS = 1_000;

test('a thousand rotations stay within the labels and versions that AWS allows', async () => {
  const left = await rotateMany(ROTATIONS, 12);
  console.log(`after ${ROTATIONS} rotations: ${JSON.stringify(left)}`);
  expect(left).toMatchObject({ secrets: 2, livingKeys: 1 });
  expect(left.mostLabels).toBeLessThanOrEqual(5);
  expect(left.mostVersions).toBeLessThanOrEqual(100);
}, 600_000);
