/** The right that a call needs. */
export interface Right {
  /** Such as `secretsmanager:GetSecretValue`. */
  readonly permission: string;
  /** The name of the secret, or a star. */
  readonly on: string;
}

/** The statement of an IAM policy that gives a right, on one line. */
export function statementFor({ permission, on }: Right, region: string): string {
  const [service] = permission.split(':');
  const partition = partitionOf(region);
  const resource =
    on === '*'
      ? '*'
      : service === 'kms'
        ? `arn:${partition}:kms:${region}:*:key/*`
        : `arn:${partition}:secretsmanager:${region}:*:secret:${on}-??????`;
  return JSON.stringify({ Effect: 'Allow', Action: permission, Resource: resource });
}

function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}
