import { describe, expect, it } from 'vitest';
import { describeSwitches, type Switches, setSwitch } from '../../src/simulator/switches.ts';
import { type Harness, startHarness } from './harness.ts';
import { errorProbes } from './probes/errors.ts';
import { mintingProbes } from './probes/minting.ts';
import { oauthProbes } from './probes/oauth.ts';
import type { Probes } from './probes/probe.ts';
import { tokenProbes } from './probes/tokens.ts';

/** The type makes it complete: a switch without a probe does not compile. */
const probes: Probes = { ...mintingProbes, ...oauthProbes, ...tokenProbes, ...errorProbes };

interface AnyProbe {
  readonly given?: Partial<Switches>;
  readonly observe: (harness: Harness) => Promise<unknown>;
  readonly sees: readonly (readonly [unknown, unknown])[];
}

const allProbes: readonly (readonly [string, AnyProbe])[] = Object.entries(probes);

describe.each(allProbes)('the switch %s', (name, probe) => {
  it.each(probe.sees)('%j', async (value, seen) => {
    const harness = await startHarness({ switches: { ...probe.given, [name]: value } });
    expect(await probe.observe(harness)).toEqual(seen);
  });

  it('acts on a simulator that runs already', async () => {
    const [value, seen] = probe.sees.at(-1) ?? [];
    const harness = await startHarness({ switches: probe.given ?? {} });
    expect(setSwitch(harness.simulator.switches, name, String(value))).toBeNull();
    expect(await probe.observe(harness)).toEqual(seen);
  });

  it('is probed at its default and at every value', () => {
    const spec = describeSwitches().find((each) => each.name === name);
    const probed = probe.sees.map(([value]) => (value === '' ? 'empty' : String(value)));
    expect(probed[0]).toBe(spec?.initial);
    expect(probed.length).toBeGreaterThan(1);
    if (!spec?.values.includes('from') && !spec?.values.includes('empty')) {
      expect(probed.toSorted()).toEqual(spec?.values.split(', ').toSorted());
    }
  });
});

describe('setting a switch from outside', () => {
  it('refuses unknown names and values, and says what is taken', async () => {
    const { switches } = (await startHarness()).simulator;
    expect(setSwitch(switches, 'constructor', 'true')).toMatch(/there is no switch "constructor"/);
    expect(setSwitch(switches, 'statusFor190', '404')).toBe('statusFor190 takes 401, 400');
    expect(setSwitch(switches, 'requireExpiring', 'yes')).toBe('requireExpiring takes true, false');
    expect(setSwitch(switches, 'newTokenDelayS', '-1')).toMatch(/a whole number from 0/);
    expect(setSwitch(switches, 'extraScope', 'a b')).toMatch(/a permission/);
    expect(switches.statusFor190).toBe(401);
  });
});
