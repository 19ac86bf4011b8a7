import type { Config, ConfiguredCredential } from '../../config/config.ts';
import { guarded } from '../../engine/guard.ts';
import { missingRights } from '../../engine/rights.ts';
import type { Context } from '../context.ts';
import { attempt, type Check, fail, fromPlugin, ok, skipped } from './check.ts';

/** One credential for each store of the configuration, to reach it by. */
export function storeUsers(config: Config): readonly ConfiguredCredential[] {
  return config.stores.flatMap((store) => {
    const user = config.credentials.find((one) => one.store === store);
    return user === undefined ? [] : [user];
  });
}

/** What each store says of itself, without writing. */
export async function checkStores(config: Config, context: Context): Promise<readonly Check[]> {
  const checks = await Promise.all(
    storeUsers(config).map((user) => {
      const name = `store ${user.store.kind}`;
      return attempt(name, async () => {
        const store = await context.store(user);
        if (store.check === undefined) return [skipped(name, 'this kind has no check of its own')];
        const found = await guarded(context.world, `check the ${name}`, context.signal, async (signal) =>
          store.check === undefined ? [] : store.check(signal),
        );
        const checks = found.map((one) => fromPlugin(name, one));
        return checks.some((one) => one.outcome === 'fail')
          ? checks
          : [ok(name, 'it can be used'), ...checks];
      });
    }),
  );
  return checks.flat();
}

/** Whether each store allows all that a rotation does, where it can tell without writing. */
export async function checkRights(config: Config, context: Context): Promise<readonly Check[]> {
  const checks = await Promise.all(
    config.credentials.map((credential) => {
      const name = `rights of ${credential.name}`;
      return attempt(name, async () => {
        const { world, signal } = context;
        const missing = await missingRights({
          store: await context.store(credential),
          credential,
          world,
          signal,
        });
        if (missing === null)
          return [skipped(name, 'the store cannot tell them; keyturn doctor --write tries what they allow')];
        if (missing.length === 0) return [ok(name, 'the store allows what a rotation does')];
        return missing.map(({ permission, on, grant }) =>
          fail(name, `${permission} on ${on} is not allowed`, `grant it: ${grant}`),
        );
      });
    }),
  );
  return checks.flat();
}

/** Whether each ledger can be read. */
export async function checkLedgers(config: Config, context: Context): Promise<readonly Check[]> {
  const checks = await Promise.all(
    config.credentials.map((credential) => {
      const name = `ledger of ${credential.name}`;
      return attempt(name, async () => {
        const { keys } = await context.ledger(credential);
        const known = keys.length === 0 ? 'there is none yet' : `it can be read: ${keys.length} keys`;
        return [ok(name, known)];
      });
    }),
  );
  return checks.flat();
}

/** Whether the credentials that keyturn itself uses at each issuer are accepted, and what time it is there. */
export async function checkIssuers(config: Config, context: Context): Promise<readonly Check[]> {
  const names = [...config.issuers.keys()].filter((name) =>
    config.credentials.some((one) => one.issuer === name),
  );
  const checks = await Promise.all(
    names.map((issuerName) => {
      const name = `issuer ${issuerName}`;
      return attempt(name, async () => {
        const issuer = await context.issuer(issuerName);
        if (issuer.check === undefined) return [skipped(name, 'nothing of it can be tried without a key')];
        const found = await guarded(context.world, `check the ${name}`, context.signal, async (signal) =>
          issuer.check === undefined ? [] : issuer.check(signal),
        );
        return found.map((one) => fromPlugin(name, one));
      });
    }),
  );
  return checks.flat();
}
