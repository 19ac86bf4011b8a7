import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Switches, USUAL } from './graph-switches.ts';
import { main } from './long.ts';
import { combination, LOSSES, UNKNOWNS } from './matrix.ts';
import { openRig } from './rig.ts';
import { type Scenario, tryOut } from './trial.ts';

/**
 * The real command line against a Graph server that shares nothing with the simulator: whatever Meta's documentation
 * leaves open may be either way, and a rotation ends well, or stops where nobody is harmed. This is a choice that fits
 * the gate; `npm run acceptance:long` has the whole matrix.
 */
const CHOSEN = [
  'as documented',
  'mintKills=true',
  'mintSame=true',
  'cap=1 evict',
  'exchange post=405',
  'requireExpiring, not expiring: {"status":403,"code":200}',
  'yes="trailing-comma"',
  'status190=401',
  'one limit, after one second',
  'revokers=["self"]',
  'revoke of a dead one: 100',
  'idKind="large-number"',
  'optional={"type":false,"issuedAt":false,"granular":false}',
  'deadAs="bare"',
  'life=0',
  'delay {"deadRead":3}',
  'not installed: {"status":400,"code":412}',
  'secretReset="before-kills"',
  'mint: reset-after x1',
  '{"mintKills":true} and a mint is lost',
  'revoke: reset-after x1',
];

/** Most of a scenario is waiting for its overlap. */
const AT_ONCE = 8;

beforeAll(async () => {
  if (process.env.KEYTURN_TEST_PROGRAM !== undefined) return;
  const root = join(import.meta.dirname, '../..');
  await promisify(execFile)(process.execPath, [join(root, 'bin/dev/ensure.mjs')], { cwd: root });
}, 120_000);

describe('a Graph server with each unknown at another value', { concurrent: false }, () => {
  const scenarios = CHOSEN.map((name) => {
    const found = [...UNKNOWNS, ...LOSSES].find((scenario) => scenario.name === name);
    if (found === undefined) throw new Error(`there is no scenario ${name}`);
    return found;
  });
  const running = new Map<Scenario, ReturnType<typeof tryOut>>();
  const waiting = [...scenarios, combination(3), combination(6)];
  const all = [...waiting];

  async function worker(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const trial = tryOut(next);
      running.set(next, trial);
      await trial.catch(() => undefined);
    }
  }

  let workers: Promise<unknown> = Promise.resolve();
  beforeAll(() => {
    workers = Promise.all(Array.from({ length: AT_ONCE }, worker));
  });

  it.each(all)('$name', { timeout: 120_000 }, async (scenario) => {
    while (running.get(scenario) === undefined) {
      await Promise.race([workers, new Promise((resolve) => setTimeout(resolve, 50))]);
    }
    const verdict = await running.get(scenario);
    expect(verdict?.faults, verdict?.transcript).toEqual([]);
    expect(verdict?.looks).toBeGreaterThan(10);
  });
});

describe('a new user', () => {
  it('comes from init to a finished rotation with nothing but what init wrote', {
    timeout: 60_000,
  }, async () => {
    const rig = await openRig({ switches: USUAL satisfies Switches });
    onTestFinished(rig.close);
    const { world, url } = rig.server;
    const init = ['init', '--no-input', '--force', '--app-id', world.appId, '--phone-number', world.phoneId];
    const made = await rig.keyturn([...init, '--system-user-id', world.userId, '--graph-url', url, '--json']);
    expect(made.code, made.stderr).toBe(0);
    expect(await readFile(join(rig.folder, '.gitignore'), 'utf8')).toContain('secrets');
    const adopted = await rig.keyturn(['adopt', 'wa-prod', '--stdin'], { input: world.first.value });
    expect(adopted.code, adopted.stderr).toBe(0);
    const rotated = await rig.keyturn(['rotate', 'wa-prod', '--overlap', '1s', '--yes', '--wait']);
    expect(rotated.code, rotated.stderr).toBe(0);
    const sent = await rig.keyturn(['exec', 'wa-prod', '--', 'node', '-p', 'process.env.WHATSAPP_TOKEN']);
    const living = world.tokens.living('client', Date.now()).map(({ value }) => value);
    expect(living).toEqual([sent.stdout.trim()]);
    expect((await rig.keyturn(['audit'])).code).toBe(0);
  });
});

describe('the whole matrix', () => {
  it.each([
    [['--filter', 'xyz'], "there is no scenario 'xyz'; there are as documented; "],
    [['--seeds', 'x'], "--seeds is a whole number from 0 on, not 'x'"],
    [['--workers', '0'], "--workers is a whole number from 1 on, not '0'"],
    [['--sedes', '1'], "Unknown option '--sedes'; there are --filter, --seeds"],
  ])('refuses %j', async (args, says) => {
    const lines: string[] = [];
    expect(await main(args, (line) => lines.push(line))).toBe(2);
    expect(lines).toEqual([expect.stringContaining(says)]);
  });
});
