import { writeFileSync } from 'node:fs';
import type { ConfiguredCredential } from '../../config/config.ts';
import { parseDate } from '../../config/date.ts';
import { selectCredentials } from '../../config/select.ts';
import { KeyturnError } from '../../core/errors.ts';
import { reasonOf, requireLastingStores, selectionOf } from '../change.ts';
import {
  type Block,
  flag,
  line,
  type Options,
  optionOf,
  type Perform,
  type Report,
  table,
} from '../command.ts';
import { confirmFor } from '../confirm.ts';
import { driveEmergency, type EmergencyOrder } from '../emergency.ts';
import { type Incident, incidentOf, incidentPage, timesOf } from '../incident.ts';
import { planReport } from '../plan-report.ts';
import { reportPath } from '../report-file.ts';
import { rotationReport } from '../rotation-report.ts';
import { actor } from '../runner.ts';

/** Replaces and kills at once. Every credential is tried; the failure of one stops no other. */
export const perform: Perform = async (invocation, context) => {
  const { options } = invocation;
  const reason = reasonOf(options);
  if (reason === undefined) throw usage('an emergency needs a reason', 'say it with --reason TEXT');
  const file = reportPath(optionOf(options, 'report'), context.cwd);
  const before = optionOf(options, 'issuedBefore');
  const issuedBefore = before === undefined ? null : parseDate(before, context.startedAt, '--issued-before');
  const chosen = selectCredentials(await context.config(), selectionOf(invocation), 'required');
  const order: EmergencyOrder = {
    do: 'emergency',
    reason,
    ...(flag(options, 'revokeFirst') ? { revokeFirst: true } : {}),
    ...(flag(options, 'again') ? { again: true } : {}),
  };
  if (flag(options, 'dryRun')) {
    await context.requireReferences(chosen, 'rotate');
    return planReport(context, chosen, order, { live: true, dry: true });
  }
  requireLastingStores(context, chosen);
  await confirmFor(context, chosen, options, saysOf(chosen, options));
  const results = await driveEmergency(context, chosen, { order, issuedBefore });
  const by = actor(context.env);
  const incident = incidentOf(results, {
    reason,
    by,
    startedAt: context.startedAt,
    endedAt: context.world.now(),
  });
  const report = withMeasures(rotationReport(results), incident);
  return file === null ? report : withFile(report, file, incident);
};

function saysOf(chosen: readonly ConfiguredCredential[], options: Options): readonly string[] {
  if (!flag(options, 'revokeFirst')) {
    return chosen.map(
      ({ name }) => `${name} gets a new key; every other key of it is revoked at once, without an overlap.`,
    );
  }
  return [
    ...chosen.map(({ name }) => `The key of ${name} is revoked before a new one exists.`),
    'From then on everything that uses it is refused, until it reads the new key. If no new key',
    'can be made, it stays refused.',
  ];
}

function withMeasures(report: Report, incident: Incident): Report {
  const { credentials, measured } = incident;
  const row = (name: string, of: Incident['measured']): readonly string[] => [name, ...timesOf(of)];
  const rows = credentials.map((one) => row(one.name, one.measured));
  const all = rows.length > 1 ? [...rows, row('all', measured)] : rows;
  const blocks: readonly Block[] = [
    ...report.blocks,
    line(''),
    table(['credential', 'in place', 'revoked', 'proven dead'], all),
  ];
  const changed = (report.data as { summary: { changed: number } }).summary.changed;
  return { ...report, blocks, data: { credentials, summary: { changed, measured } } };
}

/** The rotations are what counts: a report that cannot be written changes nothing of what they did. */
function withFile(report: Report, file: string, incident: Incident): Report {
  const text = file.endsWith('.json') ? `${JSON.stringify(incident, null, 2)}\n` : incidentPage(incident);
  try {
    writeFileSync(file, text);
    return report;
  } catch (caught) {
    const code = (caught as NodeJS.ErrnoException).code ?? 'unknown fault';
    const error = new KeyturnError('UNREACHABLE', `the report ${file} could not be written (${code})`, {
      hint: 'keep what stands here; what was done is in the trail as well',
    });
    return {
      ...report,
      errors: [...(report.errors ?? []), error],
      exitCode: report.exitCode === 0 ? 3 : (report.exitCode ?? 3),
    };
  }
}

function usage(message: string, hint: string): KeyturnError {
  return new KeyturnError('USAGE', message, { hint });
}
