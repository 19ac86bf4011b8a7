import type * as z from 'zod/mini';
import type { Issuer } from '../core/issuer.ts';
import type { IssuerKind, PluginKind } from '../core/plugin.ts';
import { manualKind } from './manual/settings.ts';
import { metaSystemUser } from './meta/settings.ts';
import { randomKind } from './random/settings.ts';

/** A kind of issuer whose settings only its own schema knows: what `settings` has parsed goes to what `load` gives. */
export interface AnyIssuerKind extends PluginKind<unknown, Issuer> {
  readonly settings: z.ZodMiniType;
}

/** Every issuer that a configuration can name. A new one is a line here, beside its folder. */
export const issuerKinds: readonly AnyIssuerKind[] = [any(metaSystemUser), any(manualKind), any(randomKind)];

function any<Settings>(kind: IssuerKind<Settings>): AnyIssuerKind {
  const load: AnyIssuerKind['load'] = async () => {
    const make = await kind.load();
    return (settings, context) => make(settings as Settings, context);
  };
  return { ...kind, settings: kind.settings as z.ZodMiniType, load };
}
