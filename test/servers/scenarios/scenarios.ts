import { describe } from 'vitest';
import { expectKnownBad } from '../known-bad.ts';
import type { ScenarioStore } from './bench.ts';
import { denialScenarios } from './denials.ts';
import { documentScenarios } from './documents.ts';
import { faultScenarios } from './faults.ts';
import { killScenarios } from './kills.ts';
import { raceScenarios } from './races.ts';
import { strangerScenarios } from './strangers.ts';

/** What every store must stand on its server, on top of its contract. */
export function scenarios(store: ScenarioStore): void {
  describe(`scenarios: ${store.name}`, { timeout: 900_000 }, () => {
    expectKnownBad(store.knownBad ?? {});
    faultScenarios(store);
    strangerScenarios(store);
    killScenarios(store);
    raceScenarios(store);
    documentScenarios(store);
    denialScenarios(store);
  });
}
