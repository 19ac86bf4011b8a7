import { expect, test } from 'vitest';
import { rotateMany } from './rotations.ts';

/* A thousand of them are rotated in test/servers/ministack-quotas.server.ts. */

test('rotations stay within the labels and versions that AWS allows', async () => {
  const left = await rotateMany(60, 12);
  expect(left).toMatchObject({ secrets: 2, livingKeys: 1 });
  expect(left.mostLabels).toBeLessThanOrEqual(5);
  expect(left.mostVersions).toBeLessThanOrEqual(100);
  // The page says 29: three more look for what stands in the way before a key is made.
  expect(Object.values(left.calls).reduce((sum, one) => sum + one, 0)).toBe(26);
});

test('more of them in a day than AWS keeps versions for are refused', async () => {
  await expect(rotateMany(40, 40)).rejects.toThrow('a quota of Secrets Manager is reached');
});
