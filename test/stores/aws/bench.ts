import type { PluginContext } from '../../../src/core/plugin.ts';
import { type AwsStore, createAwsStore } from '../../../src/stores/aws/index.ts';
import type { AwsSettings } from '../../../src/stores/aws/settings.ts';
import { contextIn } from '../plugin-context.ts';

export const REGION = 'eu-central-1';
export const ACCOUNT = '123456789012';

/** The SDK finds the identity in the environment, as it does for a user. */
export function useIdentity(): void {
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: ACCOUNT,
    AWS_SECRET_ACCESS_KEY: 'plainly-fake-words-of-aws',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  });
}

export function openStore(
  url: string,
  settings: Partial<AwsSettings> = {},
  context: Partial<PluginContext> = {},
): AwsStore {
  const all: AwsSettings = { kind: 'aws-secrets-manager', region: REGION, endpoint: url, ...settings };
  return createAwsStore(all, { ...contextIn('/nowhere', {}), ...context });
}
