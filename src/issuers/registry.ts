import type * as z from 'zod/mini';
import type { IssuerKind } from '../core/plugin.ts';

/** A kind of issuer whose settings only its own schema knows: what `settings` has parsed goes to what `load` gives. */
export interface AnyIssuerKind extends IssuerKind<unknown> {
  readonly settings: z.ZodMiniType;
}

/** A kind by its name; its settings are loaded when a configuration names it. */
export interface IssuerEntry {
  readonly kind: string;
  readonly open: () => Promise<AnyIssuerKind>;
}

/** Every issuer that a configuration can name. A new one is a line here, beside its folder. */
export const issuerKinds: readonly IssuerEntry[] = [
  { kind: 'meta-system-user', open: async () => any((await import('./meta/settings.ts')).metaSystemUser) },
  { kind: 'manual', open: async () => any((await import('./manual/settings.ts')).manualKind) },
  { kind: '360dialog', open: async () => any((await import('./360dialog/settings.ts')).dialog360Kind) },
  { kind: 'infobip', open: async () => any((await import('./infobip/settings.ts')).infobipKind) },
  { kind: 'sendgrid', open: async () => any((await import('./sendgrid/settings.ts')).sendgridKind) },
  { kind: 'sinch', open: async () => any((await import('./sinch/settings.ts')).sinchKind) },
  { kind: 'twilio', open: async () => any((await import('./twilio/settings.ts')).twilioKind) },
  {
    kind: 'twilio-auth-token',
    open: async () => any((await import('./twilio/settings.ts')).twilioTokenKind),
  },
  { kind: 'vonage', open: async () => any((await import('./vonage/settings.ts')).vonageKind) },
  { kind: 'http', open: async () => any((await import('./http.ts')).httpKind) },
  { kind: 'random', open: async () => any((await import('./random/settings.ts')).randomKind) },
];

function any<Settings>({ soleKeyOf, ...kind }: IssuerKind<Settings>): AnyIssuerKind {
  const load: AnyIssuerKind['load'] = async () => {
    const make = await kind.load();
    return (settings, context) => make(settings as Settings, context);
  };
  const sole: Pick<AnyIssuerKind, 'soleKeyOf'> =
    soleKeyOf === undefined ? {} : { soleKeyOf: (settings) => soleKeyOf(settings as Settings) };
  return { ...kind, ...sole, settings: kind.settings as z.ZodMiniType, load };
}
