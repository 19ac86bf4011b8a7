import { durationMs } from '../core/setting.ts';
import type { ConfiguredPolicy, QuietGate } from './config.ts';
import type { Mistakes } from './problems.ts';
import { POLICY_DEFAULTS, type PolicySettings } from './schema.ts';
import { dotted, type Path } from './wording.ts';

/** No duration of a policy is longer: dates computed from it stay dates. */
const LONGEST = '3650d';
const QUIET = '24h';
const LONGEST_QUIET = '14d';

/** The policy of one credential: its own settings over those of the file over the defaults, key by key. */
export function resolvePolicy(file: PolicySettings, own: PolicySettings): ConfiguredPolicy {
  const merged = { ...POLICY_DEFAULTS, ...file, ...own };
  const maxAge = ms(merged.maxAge);
  const lead = ms(merged.lead);
  const gates = (merged.gates ?? []).map(gateOf);
  const leadIsSet = file.lead !== undefined || own.lead !== undefined;
  return {
    maxAge,
    renewBefore: merged.renewBefore === undefined ? null : ms(merged.renewBefore),
    overlap: ms(merged.overlap),
    lead: leadIsSet ? lead : Math.min(lead, Math.floor(maxAge / 2)),
    acceptGap: merged.accept === 'gap',
    gates: gates.map((gate) => gate.name),
    quiet: gates[0] ?? null,
  };
}

function gateOf(gate: NonNullable<PolicySettings['gates']>[number]): QuietGate {
  const { gate: name, quiet = QUIET, longest = LONGEST_QUIET } = typeof gate === 'string' ? { gate } : gate;
  return { name, quiet: ms(quiet), longest: ms(longest) };
}

function ms(text: string | undefined): number {
  return durationMs(text ?? '') ?? 0;
}

/** Reports durations that contradict each other. `path` is where the policy, or the credential, stands. */
export function checkPolicy(policy: ConfiguredPolicy, path: Path, mistakes: Mistakes): void {
  if (['maxAge', 'overlap', 'lead'].some((key) => mistakes.has([...path, key]))) return;
  if (policy.overlap >= policy.maxAge) {
    const remedy = 'set a shorter overlap or a longer maxAge';
    mistakes.add(path, `the overlap of ${dotted(path)} is not shorter than its maxAge`, remedy, 'key');
  }
  if (policy.lead >= policy.maxAge) {
    const remedy = 'set a shorter lead or a longer maxAge';
    mistakes.add(path, `the lead of ${dotted(path)} is not shorter than its maxAge`, remedy, 'key');
  }
}

/** Reports single durations that no date can bear. */
export function checkDurations(settings: PolicySettings, path: Path, mistakes: Mistakes): void {
  for (const key of ['maxAge', 'renewBefore', 'overlap', 'lead'] as const) {
    const text = settings[key];
    if (text !== undefined && ms(text) > ms(LONGEST)) {
      mistakes.add([...path, key], `${dotted([...path, key])} is too long`, `use at most ${LONGEST}`);
    }
  }
}
