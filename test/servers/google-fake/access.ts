import { grpc } from 'google-gax';
import { Failure } from './status.ts';

/** The permission that each method asks for, as Google's page on access control lists them. */
export const PERMISSIONS: Readonly<Record<string, string>> = {
  ListSecrets: 'secretmanager.secrets.list',
  CreateSecret: 'secretmanager.secrets.create',
  AddSecretVersion: 'secretmanager.versions.add',
  GetSecret: 'secretmanager.secrets.get',
  UpdateSecret: 'secretmanager.secrets.update',
  DeleteSecret: 'secretmanager.secrets.delete',
  ListSecretVersions: 'secretmanager.versions.list',
  GetSecretVersion: 'secretmanager.versions.get',
  AccessSecretVersion: 'secretmanager.versions.access',
  DisableSecretVersion: 'secretmanager.versions.disable',
  EnableSecretVersion: 'secretmanager.versions.enable',
  DestroySecretVersion: 'secretmanager.versions.destroy',
};

/** Whether a caller has a permission on a secret (the last step of its name; empty: on the project). */
export type May = (permission: string, secret: string) => boolean;

/** Whoever lacks the permission is not told either whether the thing is there. */
export function requirePermission(method: string, name: string, secret: string, may: May): void {
  const permission = PERMISSIONS[method];
  if (permission === undefined || may(permission, secret)) return;
  throw new Failure(
    grpc.status.PERMISSION_DENIED,
    `Permission '${permission}' denied for resource '${name}' (or it may not exist).`,
    'IAM_PERMISSION_DENIED',
  );
}
