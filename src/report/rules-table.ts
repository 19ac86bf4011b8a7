import { AUDIT_RULES, SEVERITIES } from '../core/audit-rules.ts';

/** The rules of the audit as a table in Markdown, the most serious first. */
export function rulesTable(): string {
  const rows = SEVERITIES.flatMap((severity) =>
    Object.entries(AUDIT_RULES)
      .filter(([, rule]) => rule.severity === severity)
      .map(([name, { means, remedy }]) => [severity, `\`${name}\``, means, remedy]),
  );
  const columns = ['severity', 'rule', 'means that', 'what to do'];
  return [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
