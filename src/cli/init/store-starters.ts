import { type Answers, type Question, text } from './question.ts';

/** The start of a configuration for one kind of store. */
export interface StoreStarter {
  readonly questions: readonly Question[];
  /** The store's lines below `kind`. `identity` is where the identity lies, for a store that has one. */
  readonly settings: (answers: Answers, identity: string) => readonly string[];
  /** Whether an age identity opens it. */
  readonly hasIdentity: boolean;
  /** What git must not take in. */
  readonly ignored: readonly string[];
  /** What is left for a person to do before the first rotation. */
  readonly before: readonly string[];
}

const ELSEWHERE = { hasIdentity: false, ignored: [] };

const file: StoreStarter = {
  questions: [],
  settings: (_, identity) => ['path: ./secrets', `identity: file:${identity}`],
  hasIdentity: true,
  ignored: ['/secrets/'],
  before: [],
};

const aws: StoreStarter = {
  ...ELSEWHERE,
  questions: [{ name: 'region', flag: '--region', asks: 'Region of AWS' }],
  settings: ({ region = '' }) => [`region: ${text(region)}`],
  before: [
    'log in to AWS (aws sso login, AWS_PROFILE) with the rights that docs/stores/aws-secrets-manager.md lists',
  ],
};

const google: StoreStarter = {
  ...ELSEWHERE,
  questions: [{ name: 'project', flag: '--project', asks: 'Id of the project at Google Cloud' }],
  settings: ({ project = '' }) => [`project: ${text(project)}`],
  before: [
    'log in to Google Cloud (gcloud auth application-default login) with the rights that docs/stores/gcp-secret-manager.md lists',
  ],
};

const vault: StoreStarter = {
  ...ELSEWHERE,
  questions: [{ name: 'address', flag: '--address', asks: 'Address of Vault' }],
  settings: ({ address = '' }) => [
    `address: ${text(address)}`,
    'auth: { method: approle, roleId: env:VAULT_ROLE_ID, secretId: env:VAULT_SECRET_ID }',
  ],
  before: [
    'make a role as docs/stores/vault.md says, and put its ids into VAULT_ROLE_ID and VAULT_SECRET_ID; or set another auth',
  ],
};

/** By the kind of the store. Others are written by hand. */
export const STORE_STARTERS: Readonly<Record<string, StoreStarter>> = {
  file,
  'aws-secrets-manager': aws,
  'gcp-secret-manager': google,
  vault,
};
