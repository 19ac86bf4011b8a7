import { amount, choice, flag, type SwitchSpec, scopeName } from './switch-spec.ts';

type AnySpec = SwitchSpec<string | number | boolean>;

const minting = {
  requireExpiring: flag(
    false,
    'The business must use expiring tokens: a mint that does not ask for one is refused.',
  ),
  requireExpiringCode: choice([100, 200], 'The error code of that refusal.'),
  lifetimeDays: choice([60, 90], 'How long an expiring token lives.'),
  mintReturnsSameToken: flag(
    false,
    'A mint answers the live token of the same user, app and scopes, if there is one.',
  ),
  mintInvalidatesPrevious: flag(false, 'A mint kills every earlier token of the same user and app.'),
  mintCallers: choice(
    ['any', 'admin'],
    'Who may mint: any system user of the business, or only an admin one.',
  ),
  mintNeedsBusinessManagement: flag(false, 'The caller of a mint must hold business_management.'),
  maxLiveTokens: amount(
    0,
    0,
    'The most live tokens of one user and app; one more is refused with 100. 0: no limit.',
  ),
  extraScope: scopeName('A permission that Meta adds to every token it makes, asked for or not.'),
  manageEventsScope: flag(false, 'whatsapp_business_manage_events may be asked for (otherwise 3962).'),
  canonicalIdAccepted: flag(
    false,
    'Paths also take the id that the business settings show, not only the app-scoped one.',
  ),
} satisfies Record<string, AnySpec>;

const installing = {
  appInstalled: flag(true, 'The app is on every system user of its business without an install.'),
  appInstallable: flag(true, 'The app has the access level that an install needs (otherwise 3).'),
  notInstalledCode: choice([412, 200, 100], 'The error code of a mint for an app that is not installed.'),
  installDelayS: amount(0, 0, 'Seconds until an install is seen by a mint.'),
  installResponse: choice(['true', 'success'], 'An install answers the literal true, or {"success":true}.'),
} satisfies Record<string, AnySpec>;

const refreshing = {
  refreshReturnsSameToken: flag(false, 'A refresh answers the same string, with a later expiry.'),
  refreshWithoutFlag: choice(['expiring', 'refused'], 'A refresh without set_token_expires_in_60_days.'),
  refreshOfNeverExpiring: choice(
    ['newToken', 'converted', 'refused'],
    'A refresh of a token that never expires: answers an expiring one, or also puts the old one on the clock, or is refused.',
  ),
  postAccessTokenAllowed: flag(true, 'POST works on oauth/access_token (GET always does).'),
} satisfies Record<string, AnySpec>;

const revoking = {
  postRevokeAllowed: flag(false, 'POST works on oauth/revoke (GET always does).'),
  revokeTakesBearer: flag(true, 'oauth/revoke takes the caller in the Authorization header.'),
  revokeCallers: choice(
    ['sameApp', 'sameUser', 'admin'],
    'Whose token may revoke: any of the app, the same system user, or only an admin one.',
  ),
  appTokenMayRevoke: flag(false, 'oauth/revoke takes the app token as caller.'),
  selfRevokeAllowed: flag(true, 'A token may revoke itself.'),
  revokeOfDead: choice(['success', 'error190', 'error100'], 'Revoking a token that is dead or unknown.'),
  invalidateCallers: choice(['any', 'admin'], 'Who may end all tokens of a system user.'),
  invalidateSpansApps: flag(true, 'Ending all tokens ends those of other apps too.'),
  invalidateResponse: choice(['true', 'success'], 'Ending all tokens answers true, or {"success":true}.'),
  successAsString: flag(false, 'Where {"success":true} is answered, it is {"success":"true"}.'),
  secretResetKillsTokens: flag(false, 'A reset of the app secret kills every token of the app.'),
} satisfies Record<string, AnySpec>;

const settling = {
  newTokenDelayS: amount(0, 0, 'Seconds for which live calls refuse a new token.'),
  newTokenDebugDelayS: amount(0, 0, 'Seconds for which debug_token does not know a new token.'),
  newTokenRefusal: choice([190, 200], 'The error code of a live call with a token that is too new.'),
  deadTokenDelayS: amount(0, 0, 'Seconds for which live calls still accept a revoked token.'),
  deadTokenDebugDelayS: amount(0, 0, 'Seconds for which debug_token still calls a revoked token valid.'),
} satisfies Record<string, AnySpec>;

const inspecting = {
  debugTypePresent: flag(true, 'debug_token answers type.'),
  debugIssuedAtPresent: flag(true, 'debug_token answers issued_at.'),
  debugGranularScopesPresent: flag(true, 'debug_token answers granular_scopes.'),
  debugTargetIdsPresent: flag(true, 'granular_scopes carry target_ids for an employee system user.'),
  targetIdsAsNumbers: flag(false, 'target_ids are numbers.'),
  debugDeadIdsPresent: flag(true, 'debug_token answers app_id and user_id of a revoked token.'),
  idsAsNumbers: flag(false, 'All other ids are numbers.'),
} satisfies Record<string, AnySpec>;

const reading = {
  assetAssigned: flag(true, 'Employee system users have access to the WhatsApp account (otherwise 200).'),
  phoneReadScope: choice(
    ['either', 'management'],
    'Which permission reads a phone number: any of the two, or management.',
  ),
  permissionsEndpointSupported: flag(true, 'GET /me/permissions works.'),
  requireAppSecret: flag(false, 'The app demands appsecret_proof on every call with a user token.'),
  defaultVersion: choice(
    ['v25.0', 'v26.0', 'v24.0', 'v23.0', 'v22.0', 'v21.0'],
    'What serves a call without a version.',
  ),
} satisfies Record<string, AnySpec>;

const refusing = {
  statusFor190: choice(
    [401, 400],
    'HTTP status of 190, 102 and 104. With 400 comes a WWW-Authenticate header.',
  ),
  statusFor200: choice([403, 400], 'HTTP status of 3, 10 and 200 to 299.'),
  statusForRateLimit: choice([429, 400, 403], 'HTTP status of every rate limit.'),
  statusForTransient: choice([500, 503, 400], 'HTTP status of 1 and 2, when injected.'),
  missingObject: choice(['100/33', '803'], 'The error for an object that is not there.'),
  noTokenCode: choice([104, 190, 200], 'The error code of a call without a token.'),
  subcodePresent: flag(true, 'Errors carry error_subcode.'),
  revokeSubcode: choice(['none', 466, 467], 'The subcode of a revoked token.'),
  isTransientPresent: flag(true, 'Errors carry is_transient.'),
  errorDataAsString: flag(false, 'error_data is a JSON text instead of an object.'),
  retryAfterS: amount(0, 0, 'Retry-After of rate limits, in seconds. 0: the header is absent.'),
  regainMinutes: amount(1, 0, 'estimated_time_to_regain_access of rate limits.'),
  usageHeadersPresent: flag(true, 'X-Business-Use-Case-Usage (and X-App-Usage with error 4) are sent.'),
} satisfies Record<string, AnySpec>;

/** Every switch there is. What is not documented by Meta is a switch, with both answers. */
export const switchTable = {
  ...minting,
  ...installing,
  ...refreshing,
  ...revoking,
  ...settling,
  ...inspecting,
  ...reading,
  ...refusing,
};
