import { selectCredentials } from '../../config/select.ts';
import { audit, exitOfAudit, type Finding, summaryOf } from '../../core/audit.ts';
import { AUDIT_RULES, isAtLeast, SEVERITIES, type Severity } from '../../core/audit-rules.ts';
import { worst } from '../../engine/outcome.ts';
import { selectionOf } from '../change.ts';
import { flag, optionOf, type Perform } from '../command.ts';
import { findingBlocks } from '../findings-view.ts';
import { takeInventory } from '../inventory.ts';

export const perform: Perform = async ({ words, options }, context) => {
  const offline = flag(options, 'offline');
  const failOn = SEVERITIES.find((one) => one === optionOf(options, 'failOn')) ?? 'medium';
  const selection = selectionOf({ words, options });
  const chosen = selectCredentials(await context.config(), selection, 'optional');
  await context.requireReferences(chosen, offline ? 'read' : 'rotate');
  const narrowed = selection.names.length + selection.tags.length + selection.issuers.length > 0;
  const { inventory, ledgers, errors } = await takeInventory(chosen, context, {
    offline,
    strangers: !narrowed,
  });
  const findings = audit(inventory, ledgers, context.world.now());
  const unread = chosen.length - inventory.credentials.filter((one) => one.selected).length;
  const exitCode = worst([exitOfAudit(findings, failOn), ...errors.map((error) => error.exitCode)]);
  return {
    data: { findings, summary: summaryOf(findings) },
    blocks: findingBlocks(findings, { count: chosen.length, unread, complete: errors.length === 0 }, context),
    exitCode,
    errors,
    next: nextOf(findings, failOn),
  };
};

function nextOf(findings: readonly Finding[], failOn: Severity): readonly string[] {
  const commands = findings.flatMap(({ rule, severity, credential }) => {
    const { command } = AUDIT_RULES[rule];
    return credential === null || command === null || !isAtLeast(severity, failOn)
      ? []
      : [`keyturn ${command.replace('NAME', credential)}`];
  });
  return [...new Set(commands)];
}
