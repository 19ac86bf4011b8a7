import { secretListed } from '../../core/listed-secrets.ts';
import { type Block, flag, line, type Perform, table, toned } from '../command.ts';
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
  const keys = compareKeys(listed, ledgers);
  const odd = keys.filter(({ whose }) => whose === 'orphan' || whose === 'missing');
  return {
    data: { issuer: name, keys },
    blocks: blocksOf(keys, issuer.traits.lastUsed, context.startedAt),
    exitCode: odd.length > 0 ? 7 : 0,
    next: odd.length > 0 ? ['keyturn audit'] : [],
  };
};

const TONES = { ours: 'good', adopted: 'good', orphan: 'bad', missing: 'bad', unknown: 'faint' } as const;
const MEANS: Readonly<Record<Whose, string>> = {
  ours: 'keyturn made it',
  adopted: 'a person handed it over',
  orphan: 'keyturn made it, or may have, and it should be gone: keyturn audit says more',
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
