import { KeyturnError } from '../../core/errors.ts';
import type { Version } from '../../core/store.ts';
import { CURRENT, isOwnLabel } from './names.ts';

/** How a secret is, without its values. */
export interface Standing {
  /** The version that consumers read; null: none. */
  readonly current: Version | null;
  /** Labels of each version that has any. */
  readonly labels: ReadonlyMap<Version, readonly string[]>;
  /** Why keyturn must leave it alone; null: it need not. */
  readonly obstacle: KeyturnError | null;
}

/** What AWS says of a secret, so far as it matters here. */
interface Description {
  readonly VersionIdsToStages?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly DeletedDate?: Date | undefined;
  readonly RotationEnabled?: boolean | undefined;
  readonly OwningService?: string | undefined;
  readonly Type?: string | undefined;
  readonly PrimaryRegion?: string | undefined;
  readonly ARN?: string | undefined;
}

/** AWS allows this many labels over all versions of a secret. */
const MOST_LABELS = 20;

export function standingOf(name: string, description: Description): Standing {
  const labels = new Map(
    Object.entries(description.VersionIdsToStages ?? {}).filter(([, held]) => held.length > 0),
  );
  const current = holderOf({ labels }, CURRENT);
  return { current, labels, obstacle: obstacleIn(name, description) };
}

export function holderOf({ labels }: Pick<Standing, 'labels'>, label: string): Version | null {
  for (const [version, held] of labels) if (held.includes(label)) return version;
  return null;
}

export function ownLabelsOf({ labels }: Pick<Standing, 'labels'>, version: Version): readonly string[] {
  return (labels.get(version) ?? []).filter(isOwnLabel);
}

/** Throws where keyturn must leave the secret alone. */
export function refuseObstacle(standing: Standing | null): void {
  if (standing !== null && standing.obstacle !== null) throw standing.obstacle;
}

/** Throws FULL where no label can be added any more. */
export function refuseFullOfLabels(name: string, { labels }: Standing): void {
  const count = [...labels.values()].reduce((sum, held) => sum + held.length, 0);
  if (count < MOST_LABELS) return;
  throw new KeyturnError('FULL', `${name} has ${count} labels, and AWS allows ${MOST_LABELS}`, {
    hint: 'keyturn status shows which keys are owed; take labels off that nobody needs (aws secretsmanager update-secret-version-stage)',
    unsent: true,
  });
}

function obstacleIn(name: string, description: Description): KeyturnError | null {
  const { DeletedDate, RotationEnabled, OwningService, Type, PrimaryRegion, ARN } = description;
  const leave = (what: string, hint: string) =>
    new KeyturnError('PERSON', `the secret ${name} ${what}`, { hint, unsent: true });
  if (DeletedDate !== undefined) {
    return leave(
      'is scheduled for deletion',
      `aws secretsmanager restore-secret --secret-id ${name} takes that back; or use another location`,
    );
  }
  if (OwningService !== undefined && OwningService !== '') {
    return leave('belongs to another AWS service', 'let that service rotate it; use another location');
  }
  if (Type !== undefined && Type !== '') {
    return leave('is one that AWS manages for an outside service', 'let AWS rotate it; use another location');
  }
  if (RotationEnabled === true) {
    return leave(
      'is rotated by AWS itself',
      `let one of the two do it: aws secretsmanager cancel-rotate-secret --secret-id ${name}, or another location`,
    );
  }
  const region = ARN?.split(':')[3];
  if (PrimaryRegion !== undefined && region !== undefined && PrimaryRegion !== region) {
    return leave(
      'is a replica, which cannot be written',
      `let region be ${PrimaryRegion}, where it comes from`,
    );
  }
  return null;
}
