import type { Issuer, Verification } from '../../core/issuer.ts';
import type { PluginContext } from '../../core/plugin.ts';
import { durationMs } from '../../core/setting.ts';
import { liveCheck } from '../../http/live-check.ts';
import { createInstructions, removeInstructions } from './instructions.ts';
import { type ManualSettings, partShapes } from './settings.ts';
import { checkParts } from './shape.ts';

const NOBODY_TO_ASK: Verification = {
  verdict: 'unknown',
  message: 'no test is configured for this issuer, so nothing can tell whether the key works',
};

/**
 * A provider whose keys a person makes and deletes at a page of its own. It has no way to revoke or to describe
 * a key: only the configured test speaks of one, and without a test nobody does.
 */
export function createManualIssuer(settings: ManualSettings, context: PluginContext): Issuer {
  const { console, test } = settings;
  const shapes = partShapes(settings);
  const proves = test !== undefined;
  return {
    kind: 'manual',
    traits: {
      secretFrom: 'operator',
      asksWith: 'own',
      maxLive: 'unknown',
      revokesBy: 'operator',
      proves,
      marks: false,
      lists: false,
      lastUsed: false,
      settles: durationMs(settings.settles) ?? 0,
      sweeps: false,
      longestLife: null,
    },
    parts: [...shapes.keys()],
    instructions: (what) =>
      what === 'create' ? createInstructions(console) : removeInstructions(console, proves),
    checkShape: (secret) => checkParts(secret, shapes, console),
    verify: async (secret, signal) =>
      test === undefined ? NOBODY_TO_ASK : liveCheck(test, secret, context, signal),
  };
}
