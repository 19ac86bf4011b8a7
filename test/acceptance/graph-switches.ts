/** How the server answers `yes` where the documentation only says "a boolean". */
export type Yes = 'true' | 'success' | 'success-text' | 'trailing-comma' | 'text';

/** Everything that Meta does not document, or documents in two ways. One value of each is chosen per run. */
export interface Switches {
  /** What a mint does to the tokens that the same system user has of the same app. */
  readonly mintKills: boolean;
  /** A mint answers with a token that lives already, where there is one. */
  readonly mintSame: boolean;
  /** The most tokens that may live at once, and whether one too many is refused or pushes out the oldest. */
  readonly cap: number;
  readonly capDoes: 'refuse' | 'evict';
  readonly requireExpiring: boolean;
  readonly requireExpiringError: {
    readonly status: number;
    readonly code: number;
    readonly subcode?: number;
  };
  /** Seconds; 0: for ever, whatever was asked for. */
  readonly life: number;
  readonly exchangeSame: boolean;
  readonly exchangeKills: boolean;
  readonly exchangeExpiresIn: 'number' | 'string' | 'absent';
  readonly yes: Yes;
  readonly mintReply: 'plain' | 'more' | 'script';
  readonly status190: number;
  readonly statusDenied: number;
  readonly statusLimit: number;
  readonly subcodes: boolean;
  readonly isTransient: boolean;
  readonly bareErrors: boolean;
  readonly limitCode: number;
  /** Seconds; as a header, as a date, or not at all. */
  readonly retryAfter: 'absent' | 'seconds' | 'date';
  readonly usage: 'absent' | 'buc' | 'buc-full' | 'app' | 'broken';
  readonly revokers: readonly ('sibling' | 'app' | 'self' | 'admin')[];
  readonly revokerRefusal: { readonly status: number; readonly code: number };
  readonly revokeDead: 'yes' | 'no' | 190 | 100;
  readonly revokeBearer: boolean;
  readonly postExchange: 'works' | '100/33' | '405' | '404' | 'code1' | 'code101';
  readonly postRevoke: boolean;
  readonly deadAs:
    | 'invalidated-466'
    | 'logged-out-467'
    | 'plain'
    | 'expired-words'
    | 'bare'
    | 'garbage'
    | 'code-0';
  readonly idKind: 'text' | 'number' | 'large-text' | 'large-number';
  /** What an operator writes as the system user: the id that the API uses, or the one that the pages show. */
  readonly operatorId: 'scoped' | 'canonical';
  readonly canonicalAccepted: boolean;
  readonly optional: { readonly type: boolean; readonly issuedAt: boolean; readonly granular: boolean };
  readonly targets: 'absent' | 'text' | 'number';
  readonly extraScopes: readonly string[];
  readonly missingScope: boolean;
  readonly installed: boolean;
  readonly notInstalled: { readonly status: number; readonly code: number; readonly subcode?: number };
  readonly reinstall: 'yes' | 'error';
  /** Seconds until an effect is seen by the edge that is named. */
  readonly delay: {
    readonly mintDebug: number;
    readonly mintRead: number;
    readonly install: number;
    readonly asset: number;
    readonly deadDebug: number;
    readonly deadRead: number;
  };
  readonly delayedAs: { readonly status: number; readonly code: number; readonly subcode?: number };
  readonly proofRequired: boolean;
  readonly secretReset: 'never' | 'before' | 'before-kills' | 'after-mint' | 'after-mint-kills';
  readonly servedVersion: string | null;
  readonly permissionsEdge: boolean;
  readonly wwwAuthenticate: boolean;
  readonly contentType: string;
}

export const USUAL: Switches = {
  mintKills: false,
  mintSame: false,
  cap: Number.POSITIVE_INFINITY,
  capDoes: 'refuse',
  requireExpiring: false,
  requireExpiringError: { status: 400, code: 100 },
  life: 5_184_000,
  exchangeSame: false,
  exchangeKills: false,
  exchangeExpiresIn: 'number',
  yes: 'success',
  mintReply: 'plain',
  status190: 400,
  statusDenied: 403,
  statusLimit: 400,
  subcodes: true,
  isTransient: true,
  bareErrors: false,
  limitCode: 80007,
  retryAfter: 'absent',
  usage: 'absent',
  revokers: ['sibling', 'app', 'self', 'admin'],
  revokerRefusal: { status: 400, code: 100 },
  revokeDead: 190,
  revokeBearer: true,
  postExchange: 'works',
  postRevoke: false,
  deadAs: 'invalidated-466',
  idKind: 'text',
  operatorId: 'scoped',
  canonicalAccepted: true,
  optional: { type: true, issuedAt: true, granular: true },
  targets: 'text',
  extraScopes: [],
  missingScope: false,
  installed: true,
  notInstalled: { status: 400, code: 100 },
  reinstall: 'yes',
  delay: { mintDebug: 0, mintRead: 0, install: 0, asset: 0, deadDebug: 0, deadRead: 0 },
  delayedAs: { status: 400, code: 190 },
  proofRequired: true,
  secretReset: 'never',
  servedVersion: 'v25.0',
  permissionsEdge: true,
  wwwAuthenticate: true,
  contentType: 'application/json; charset=UTF-8',
};

export type Edge = 'install' | 'mint' | 'exchange' | 'debug' | 'read' | 'revoke';

/** What goes wrong on the way. `before`: nothing was done; `after`: it was, and the answer is lost. */
export interface Fault {
  readonly edge: Edge;
  readonly kind:
    | 'reset-before'
    | 'reset-after'
    | 'hang-before'
    | 'hang-after'
    | 'html-before'
    | 'html-after'
    | 'cut-after'
    | 'empty-after'
    | 'transient-before'
    | 'transient-after'
    | 'unknown-before'
    | 'unknown-after'
    | 'limit'
    | 'blocked'
    | 'echo'
    | 'redirect'
    | 'slow';
  readonly times: number;
  /** Requests that pass first. */
  readonly skip?: number;
}
