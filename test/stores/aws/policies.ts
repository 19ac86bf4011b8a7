import { readFileSync } from 'node:fs';

/** One statement of an IAM policy. */
export interface Statement {
  readonly Sid: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: unknown;
}

export interface Policy {
  readonly Version: string;
  readonly Statement: readonly Statement[];
}

/** The policies that docs/stores/aws-secrets-manager.md shows, by their names. */
export function policiesOfPage(): Readonly<Record<'rotator' | 'doctor' | 'consumer', Policy>> {
  const page = readFileSync(new URL('../../../docs/stores/aws-secrets-manager.md', import.meta.url), 'utf8');
  const read = (name: string): Policy => {
    const [, text] = new RegExp(`\`\`\`json ${name}\\n(.*?)\`\`\``, 's').exec(page) ?? [];
    if (text === undefined) throw new Error(`the page has no policy ${name}`);
    return JSON.parse(text) as Policy;
  };
  return { rotator: read('rotator'), doctor: read('doctor'), consumer: read('consumer') };
}

/** The same policy without one action or one resource, for each of them. */
export function lessThan(policy: Policy): readonly { readonly without: string; readonly policy: Policy }[] {
  return policy.Statement.flatMap((statement, index) =>
    (['Action', 'Resource'] as const).flatMap((part) => {
      const all = [statement[part]].flat();
      return all.map((one) => ({
        without: `${statement.Sid}: ${one}`,
        policy: {
          ...policy,
          Statement: policy.Statement.flatMap((other, at) => {
            if (at !== index) return [other];
            const left = all.filter((each) => each !== one);
            return left.length === 0 ? [] : [{ ...other, [part]: left }];
          }),
        },
      }));
    }),
  );
}
