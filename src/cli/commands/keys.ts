import type { ConfiguredCredential } from '../../config/config.ts';
import { toKeyturnError } from '../../core/errors.ts';
import type { Ledger } from '../../core/ledger.ts';
import { secretListed } from '../../core/listed-secrets.ts';
import { type Block, flag, line, type Perform, table, toned } from '../command.ts';
import type { Context } from '../context.ts';
import { callerOf, credentialsOf, listKeys } from '../keys/listing.ts';
import { compareKeys, type KnownKey, type Whose } from '../keys/whose.ts';
import { inParallel } from '../parallel.ts';
import { minutes, span } from '../times.ts';

/** What an issuer lists, against what the ledgers of its credentials know. Changes nothing. */
export const perform: Perform = async ({ words, options }, context) => {
  const [name = ''] = words;
  const credentials = credentialsOf(await context.config(), name);
  await context.requireReferences(credentials, 'rotate');
  const issuer = await context.issuer(name);
  const caller = flag(options, 'stdin')
    ? await context.terminal.readKey({ stdin: true, parts: issuer.parts, what: `a key of ${name}` })
    : await callerOf(credentials, context);
  const listed = await listKeys(name, issuer, caller, context);
  const ledgers = await inParallel(credentials, (credential) => context.ledger(credential));
  const leak = secretListed(
    listed,
    ledgers.flatMap((ledger) => ledger.keys),
  );
  if (leak !== null) throw leak;
  const others = await otherLedgers(credentials, context);
  const keys = compareKeys(listed, ledgers, others.read);
  const odd = keys.filter(({ whose }) => whose === 'orphan' || whose === 'unclaimed' || whose === 'missing');
  const unread = keys.some(({ whose }) => whose === 'unclaimed') ? others.unread : [];
  return {
    data: { issuer: name, keys },
    blocks: [
      ...blocksOf(keys, issuer.traits.lastUsed, context.startedAt),
      ...unread.map((credential) => line(`the ledger of ${credential} could not be read; it may know more`)),
    ],
    exitCode: odd.length > 0 ? 7 : 0,
    next: odd.length > 0 ? ['keyturn audit'] : [],
  };
};

/** The ledgers of the credentials of other issuers: a store that does not answer for them does not hide the list. */
async function otherLedgers(
  own: readonly ConfiguredCredential[],
  context: Context,
): Promise<{ readonly read: readonly Ledger[]; readonly unread: readonly string[] }> {
  const unread: string[] = [];
  const { credentials } = await context.config();
  const others = credentials.filter(({ name }) => !own.some((one) => one.name === name));
  const read = await inParallel(others, async (credential) => {
    try {
      return [await context.ledger(credential)];
    } catch (caught) {
      const { code } = toKeyturnError(caught, `read the ledger of ${credential.name}`);
      if (code === 'BUG' || code === 'INTERRUPTED') throw caught;
      unread.push(credential.name);
      return [];
    }
  });
  return { read: read.flat(), unread };
}

const TONES = {
  ours: 'good',
  adopted: 'good',
  orphan: 'bad',
  unclaimed: 'bad',
  missing: 'bad',
  unknown: 'faint',
} as const;
const MEANS: Readonly<Record<Whose, string>> = {
  ours: 'keyturn made it',
  adopted: 'a person handed it over',
  orphan: 'keyturn made it, or may have, and it should be gone: keyturn audit says more',
  unclaimed:
    'made by keyturn, and no ledger that this configuration names knows it: before you remove it, look for a credential that was taken out of the configuration, for another configuration, and at when it was last used',
  missing: 'a ledger says that it lives, and the issuer does not list it',
  unknown: 'keyturn knows nothing of it and never touches it',
};

function blocksOf(keys: readonly KnownKey[], tellsUse: boolean, now: number): readonly Block[] {
  if (keys.length === 0) return [line('the issuer lists no keys')];
  const ago = (at: string | null) => (at === null ? '-' : `${span(now - Date.parse(at))} ago`);
  const rows = keys.map((key) => [
    toned(key.whose, TONES[key.whose]),
    key.issuerKeyId,
    key.credential ?? '-',
    key.state ?? '-',
    ago(key.issuedAt),
    key.expiresAt === null ? '-' : minutes(key.expiresAt),
    ...(tellsUse ? [key.lastUsedKnown ? (key.lastUsed === null ? 'never' : ago(key.lastUsed)) : '-'] : []),
    key.name ?? '-',
  ]);
  const columns = [
    'whose',
    'id',
    'credential',
    'state',
    'made',
    'expires',
    ...(tellsUse ? ['used'] : []),
    'name',
  ];
  const present = (Object.keys(MEANS) as Whose[]).filter((whose) => keys.some((key) => key.whose === whose));
  return [table(columns, rows), line(''), ...present.map((whose) => line(`${whose}: ${MEANS[whose]}`))];
}
