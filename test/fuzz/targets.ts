import { ageFiles, ageStore, bech32, identities } from './age-files.ts';
import { commandLines } from './command-lines.ts';
import { configuration } from './configuration.ts';
import { configurationSize } from './configuration-size.ts';
import { describedCreate, describedLook, describedRevoke, describedVerify } from './described.ts';
import { documentSize, documents } from './documents.ts';
import type { Target } from './engine.ts';
import { keyInputs } from './key-inputs.ts';
import { ledgerRoundTrip, ledgers } from './ledgers.ts';
import { liveReplies, liveSettings } from './live-checks.ts';
import { metaCreate, metaDescribe, metaRevoke, metaVerify } from './meta.ts';
import { references } from './references.ts';
import { addresses, dates, durations, limits, pointers, templates } from './small-texts.ts';
import { trails } from './trails.ts';
import { vaultReplies } from './vault-replies.ts';
import { wire } from './wire.ts';

/** Every door through which something comes in from outside. */
export const TARGETS: readonly Target[] = [
  commandLines,
  configuration,
  configurationSize,
  references,
  dates,
  durations,
  pointers,
  templates,
  addresses,
  limits,
  ledgerRoundTrip,
  ledgers,
  trails,
  documents,
  documentSize,
  ageFiles,
  ageStore,
  identities,
  bech32,
  keyInputs,
  metaVerify,
  metaCreate,
  metaRevoke,
  metaDescribe,
  describedCreate,
  describedLook,
  describedRevoke,
  describedVerify,
  liveReplies,
  liveSettings,
  vaultReplies,
  wire,
];
