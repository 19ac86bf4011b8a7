import { describe, expect, it } from 'vitest';
import { candidatesOf, type Match, together } from '../../src/cli/identify/matches.ts';
import { inParallel } from '../../src/cli/parallel.ts';

const TOKEN = 'FAKEWORD'.repeat(6);

describe('what may be a leaked key in a text', () => {
  it.each([
    ['itself', TOKEN],
    ['with blanks around', `  ${TOKEN}\n`],
    ['a header', `Authorization: Bearer ${TOKEN}`],
    ['a line of a shell', `export WHATSAPP_TOKEN='${TOKEN}'`],
    ['a variable', `WHATSAPP_TOKEN=${TOKEN}`],
    ['JSON', `{"token": "${TOKEN}", "n": 1}`],
    ['a URL', `https://host.example/v25.0/me?fields=id&access_token=${TOKEN}&x=1`],
  ])('%s', (_what, text) => {
    expect(candidatesOf(text)).toContain(TOKEN);
  });

  it('is the whole text where it is short, and nothing where there is none', () => {
    expect(candidatesOf('short')).toEqual(['short']);
    expect(candidatesOf('a few short words')).toEqual(['a few short words']);
    expect(candidatesOf(' \n')).toEqual([]);
  });

  it('is no more than can be looked at', () => {
    const words = Array.from({ length: 1000 }, (_, at) => `${TOKEN}${at}`);
    expect(candidatesOf(words.join(' ')).length).toBeLessThanOrEqual(200);
  });
});

describe('what ledger and issuer say', () => {
  const match = (patch: Partial<Match>): Match => ({
    credential: 'wa-prod',
    key: null,
    alive: 'no',
    issuer: 'meta',
    identity: null,
    issuedAt: null,
    expiresAt: null,
    ...patch,
  });
  const described = (alive: Match['alive']) => [match({ credential: null, alive })];

  it.each([
    ['no', 'yes', 'yes'],
    ['yes', 'no', 'yes'],
    ['unknown', 'no', 'no'],
    ['unknown', 'unknown', 'unknown'],
    ['no', 'unknown', 'no'],
  ] as const)('%s and %s is %s', (ledger, issuer, both) => {
    expect(together([match({ alive: ledger })], described(issuer))).toEqual([match({ alive: both })]);
  });

  it('stand apart where no ledger knows the key', () => {
    expect(together([], described('yes'))).toEqual(described('yes'));
    expect(together([match({ issuer: 'other' })], described('yes'))).toHaveLength(2);
  });
});

describe('work in parallel', () => {
  it('gives the answers in order, with a few under way at a time', async () => {
    let now = 0;
    let most = 0;
    const answers = await inParallel([5, 1, 4, 2, 3, 0, 6], async (ms) => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, ms));
      now -= 1;
      return ms * 2;
    });
    expect(answers).toEqual([10, 2, 8, 4, 6, 0, 12]);
    expect(most).toBe(4);
    expect(await inParallel([], async () => 1)).toEqual([]);
  });

  it('fails as its work fails', async () => {
    const broken = inParallel([1, 2], async (item) => {
      if (item === 2) throw new Error('broken');
      return item;
    });
    await expect(broken).rejects.toThrow('broken');
  });
});
