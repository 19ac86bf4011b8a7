import { type GraphError, missingParameter } from '../errors.ts';
import type { Switches } from '../switches.ts';

const SCOPES: readonly string[] = [
  'ads_management',
  'ads_read',
  'business_management',
  'catalog_management',
  'commerce_account_manage_orders',
  'commerce_account_read_orders',
  'commerce_account_read_reports',
  'commerce_account_read_settings',
  'instagram_basic',
  'instagram_content_publish',
  'instagram_manage_comments',
  'instagram_manage_insights',
  'leads_retrieval',
  'pages_manage_ads',
  'pages_manage_metadata',
  'pages_manage_posts',
  'pages_messaging',
  'pages_read_engagement',
  'pages_show_list',
  'read_insights',
  'whatsapp_business_management',
  'whatsapp_business_messaging',
];

/** A list with commas, or the JSON list that Meta's own SDKs send. */
export function readScopes(text = ''): readonly string[] {
  const scopes = text.replace(/^\[(.*)\]$/, '$1').replaceAll('"', '');
  return [...new Set(scopes.split(',').map((scope) => scope.trim()))].filter(Boolean);
}

/** Only known permissions may be asked for, and at least one. */
export function checkScopes(switches: Switches, scopes: readonly string[]): GraphError | null {
  if (scopes.length === 0) return missingParameter('scope');
  const events = switches.manageEventsScope ? ['whatsapp_business_manage_events'] : [];
  const unknown = scopes.find((scope) => !SCOPES.includes(scope) && !events.includes(scope));
  if (unknown === undefined) return null;
  return { code: 3962, message: `(#3962) The permission ${unknown} cannot be requested` };
}

/** What a new token carries: what was asked for, and what Meta adds. */
export function withExtraScope(switches: Switches, scopes: readonly string[]): readonly string[] {
  const { extraScope } = switches;
  return extraScope === '' || scopes.includes(extraScope) ? scopes : [...scopes, extraScope];
}

export function sameScopes(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((scope) => right.includes(scope));
}
