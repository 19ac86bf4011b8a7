import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KeyturnError } from '../../src/core/errors.ts';
import type { CreateRequest, Issuer, Verification } from '../../src/core/issuer.ts';
import type { Secret } from '../../src/core/secret.ts';

/**
 * How the other side fails, for every request from now on: `silent` takes it and never answers; `reset` closes the
 * connection; `html` answers 502 with a page; `cut` answers with half of the reply after the effect; `lost` has the
 * effect and then closes the connection; `refused` says that keyturn's own credentials are wrong.
 */
export const FAILURES = ['silent', 'reset', 'html', 'cut', 'lost', 'refused'] as const;
export type Failure = (typeof FAILURES)[number];

/** One issuer with the other side behind it. Everything but `issuer` acts or looks there directly. */
export interface IssuerHarness {
  /** Configured so that the other side settles at once, and one request takes at most a second. */
  readonly issuer: Issuer;
  /** A key that is accepted, another one each time. */
  liveKey(): Promise<Secret>;
  /** A key that was accepted once and is no more. */
  deadKey(): Promise<Secret>;
  /** A value of the right shape that the other side never saw. */
  unknownKey(): Promise<Secret>;
  /** Whether the other side accepts a key. */
  accepts(key: Secret): Promise<boolean>;
  /** Everything that the other side remembers, counters of requests left out: equal means that nothing changed. */
  state(): string;
  /** The id that the other side gave a key; absent or null where it gives none, or the key itself tells. */
  keyId?(key: Secret): string | null;
  /** `verify` sends the key alone, so that what keyturn's own credentials are worth does not matter to it. */
  readonly verifiesAlone?: true;
  /** Requests for a key that reached the other side. */
  creates(): number;
  /** Requests of any kind that reached the other side. */
  requests(): number;
  /** The failures that can befall this issuer; none for one that talks to nobody. */
  readonly failures: readonly Failure[];
  /** `create`: only the request that makes a key fails. */
  fail(how: Failure, what: 'all' | 'create'): void;
  /** Clear texts that must show nowhere: keyturn's own credentials. Keys are looked for without being named here. */
  readonly canaries: readonly string[];
  close(): Promise<void>;
}

const MARK = 'r1abc.1';
/** Far above the harness's time limit for one request with its repetitions, far below a hang. */
const SOON_MS = 8_000;

/** The promises of `src/core/issuer.ts`, for the author of an issuer. Call it in a test file of vitest. */
export function issuerContract(name: string, start: () => Promise<IssuerHarness>): void {
  describe(`issuer contract: ${name}`, () => {
    let harness: IssuerHarness;
    let issuer: Issuer;
    const { signal } = new AbortController();
    const seen: Secret[] = [];
    const outputs: unknown[] = [];

    beforeEach(async () => {
      harness = await start();
      issuer = harness.issuer;
      seen.length = 0;
      outputs.length = 0;
    });
    // Whatever came out of a test, good or bad, is searched for secrets.
    afterEach(async () => {
      const texts = outputs.map(everyTextOf);
      await harness.close();
      for (const clear of clearTexts(harness, seen)) {
        expect(
          texts.some((text) => text.includes(clear)),
          'a secret came out',
        ).toBe(false);
      }
    });

    const live = async () => remember(await harness.liveKey());
    const remember = (key: Secret) => {
      seen.push(key);
      return key;
    };
    const verify = async (key: Secret, by = signal): Promise<Verification> => {
      const verification = await issuer.verify(key, by);
      outputs.push(verification);
      return verification;
    };
    const caught = async (doing: Promise<unknown> | undefined): Promise<KeyturnError> => {
      const error = await Promise.resolve(doing).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      outputs.push(error);
      expect(error).toBeInstanceOf(KeyturnError);
      const own = error as KeyturnError;
      expect(own.hint).not.toBe('');
      expect(own.cause).toBeUndefined();
      return own;
    };
    const createRequest = async (by = signal): Promise<CreateRequest> => ({
      mark: MARK,
      current: await live(),
      signal: by,
    });

    const revocation = (key: Secret) => {
      const id = harness.keyId?.(key) ?? null;
      return { secret: key, role: 'old', ...(id === null ? {} : { issuerKeyId: id }) } as const;
    };
    const makeKey = async (current: Secret) => {
      if (issuer.create !== undefined) {
        const created = await issuer.create({ mark: MARK, current, signal });
        remember(created.secret);
        return created.facts;
      }
      const secret = remember(issuer.invent?.(randomBytes) as Secret);
      return (await issuer.register?.({ mark: MARK, secret, current, signal })) ?? {};
    };

    test('has the methods that its traits speak of, and no others', () => {
      const { traits } = issuer;
      expect(issuer.create !== undefined).toBe(traits.secretFrom === 'issuer');
      expect(issuer.invent !== undefined).toBe(traits.secretFrom === 'client');
      const byPerson = traits.secretFrom === 'operator' || traits.revokesBy === 'operator';
      expect(issuer.instructions !== undefined).toBe(byPerson);
      const byCall = traits.revokesBy === 'id' || traits.revokesBy === 'secret';
      if (byCall) expect(issuer.revoke).toBeDefined();
      if (traits.revokesBy === 'operator' || traits.revokesBy === 'nothing') {
        expect(issuer.revoke).toBeUndefined();
      }
      expect(issuer.find !== undefined).toBe(traits.marks);
      expect(issuer.list !== undefined).toBe(traits.lists);
      expect(issuer.lastUsed !== undefined).toBe(traits.lastUsed);
      expect(issuer.sweep !== undefined).toBe(traits.sweeps);
      expect(traits.settles).toBeGreaterThanOrEqual(0);
      outputs.push(traits, issuer, issuer.instructions?.('create'), issuer.instructions?.('remove'));
    });

    test('create makes one key that works, and hands out its facts without it', async ({ skip }) => {
      if (issuer.create === undefined) return skip();
      const created = await issuer.create(await createRequest());
      remember(created.secret);
      outputs.push(created.facts, created);
      expect(harness.creates()).toBe(1);
      expect(await harness.accepts(created.secret)).toBe(true);
      expect(() => issuer.checkShape?.(created.secret)).not.toThrow();
      expect((await verify(created.secret)).verdict).toBe('works');
    });

    test('invent makes secrets that differ, and has no effect', ({ skip }) => {
      const { invent } = issuer;
      if (invent === undefined) return skip();
      const before = harness.state();
      let byte = 0;
      const random = (bytes: number) =>
        Uint8Array.from({ length: bytes }, () => (byte = (byte * 73 + 41) % 256));
      const [one, other] = [remember(invent(random)), remember(invent(random))];
      expect(one.equals(other)).toBe(false);
      expect(() => issuer.checkShape?.(one)).not.toThrow();
      expect(harness.state()).toBe(before);
      expect(harness.requests()).toBe(0);
    });

    test('verify tells living from dead, and changes nothing', async ({ skip }) => {
      if (!issuer.traits.proves) return skip();
      const key = await live();
      const gone = remember(await harness.deadKey());
      const stranger = remember(await harness.unknownKey());
      const before = harness.state();
      expect((await verify(key)).verdict).toBe('works');
      expect(await verify(gone)).toMatchObject({ verdict: 'refused', why: 'dead' });
      expect((await verify(stranger)).verdict).not.toBe('works');
      expect((await verify(key)).verdict).toBe('works');
      expect(harness.state()).toBe(before);
    });

    test('describe agrees with that, and changes nothing', async ({ skip }) => {
      if (issuer.describe === undefined) return skip();
      const key = await live();
      const gone = remember(await harness.deadKey());
      const before = harness.state();
      const described = [await issuer.describe(key, signal), await issuer.describe(gone, signal)];
      outputs.push(described);
      expect(described[0]).toMatchObject({ alive: true });
      expect(described[1]?.alive ?? null).not.toBe(true);
      expect(harness.state()).toBe(before);
    });

    test('register makes an invented secret known, once', async ({ skip }) => {
      if (issuer.register === undefined) return skip();
      const secret = remember(issuer.invent?.(randomBytes) as Secret);
      const facts = await issuer.register({ ...(await createRequest()), secret });
      outputs.push(facts);
      expect(harness.creates()).toBe(1);
      expect(await harness.accepts(secret)).toBe(true);
      expect((await verify(secret)).verdict).toBe('works');
    });

    test('list and find know the key that was just made, and tell nothing of it that is secret', async ({
      skip,
    }) => {
      const { list, find, slots } = issuer;
      if (list === undefined && find === undefined) return skip();
      const caller = await live();
      expect(await find?.(MARK, signal, caller)).toBe(find === undefined ? undefined : null);
      const made = await makeKey(caller);
      const listed = await list?.(signal, caller);
      const found = await find?.(MARK, signal, caller);
      outputs.push(listed, found);
      if (listed !== undefined) expect(listed.map((key) => key.issuerKeyId)).toContain(made.issuerKeyId);
      if (find !== undefined) expect(found?.issuerKeyId).toBe(made.issuerKeyId);
      const taken = await slots?.(signal, caller);
      outputs.push(taken);
      if (taken !== undefined)
        expect([taken.used, taken.max]).toEqual([listed?.length, issuer.traits.maxLive]);
    });

    test('promotion ends the older key, or takes the newer one back', async ({ skip }) => {
      if (issuer.revoke === undefined || issuer.traits.revokesBy !== 'promotion') return skip();
      const [older, newer] = [await live(), await live()];
      await issuer.revoke({ secret: older, role: 'old', caller: newer, signal });
      expect([await harness.accepts(older), await harness.accepts(newer)]).toEqual([false, true]);
      const next = await live();
      await issuer.revoke({ secret: next, role: 'new', caller: newer, signal });
      expect([await harness.accepts(newer), await harness.accepts(next)]).toEqual([true, false]);
    });

    test('revoke ends one key and no other, and succeeds again', async ({ skip }) => {
      if (issuer.revoke === undefined || issuer.traits.revokesBy === 'promotion') return skip();
      const [target, caller] = [await live(), await live()];
      const facts = await issuer.describe?.(target, signal);
      const id = facts?.issuerKeyId ?? harness.keyId?.(target) ?? null;
      const request = {
        secret: target,
        ...(id === null ? {} : { issuerKeyId: id }),
        caller,
        signal,
      } as const;
      await issuer.revoke({ ...request, role: 'old' });
      expect(await harness.accepts(target)).toBe(false);
      expect(await harness.accepts(caller)).toBe(true);
      expect((await verify(target)).verdict).not.toBe('works');
      await issuer.revoke({ ...request, role: 'old' });
      await issuer.revoke({ ...request, role: 'new' });
      expect(await harness.accepts(caller)).toBe(true);
    });

    test('revoke needs no caller', async ({ skip }) => {
      if (issuer.revoke === undefined || issuer.traits.revokesBy !== 'secret') return skip();
      const target = await live();
      await issuer.revoke({ secret: target, role: 'new', signal });
      expect(await harness.accepts(target)).toBe(false);
    });

    test('revoke of the dead and of the unknown succeeds', async ({ skip }) => {
      if (issuer.revoke === undefined || issuer.traits.revokesBy !== 'secret') return skip();
      const caller = await live();
      for (const secret of [await harness.deadKey(), await harness.unknownKey()]) {
        await issuer.revoke({ secret: remember(secret), role: 'old', caller, signal });
      }
      expect(await harness.accepts(caller)).toBe(true);
    });

    test('revoke with a caller that is dead does not take that for the death of the target', async ({
      skip,
    }) => {
      if (issuer.revoke === undefined || issuer.traits.revokesBy !== 'secret') return skip();
      const target = await live();
      const caller = remember(await harness.deadKey());
      const error = await issuer
        .revoke({ secret: target, role: 'old', caller, signal })
        .catch((e: unknown) => e);
      outputs.push(error);
      expect(await harness.accepts(target)).toBe(error !== undefined);
    });

    test('checkShape takes what works and refuses what cannot be a key', async ({ skip }) => {
      const { checkShape } = issuer;
      if (checkShape === undefined) return skip();
      expect(checkShape(await live())).toBeUndefined();
      const { Secret } = await import('../../src/core/secret.ts');
      const bad = remember(Secret.of('planted canary with spaces\nand a line break'));
      const error = await caught(Promise.resolve().then(() => checkShape(bad)));
      expect(error.code).toBe('BAD_VALUE');
    });

    test('an abort before the call sends nothing', async () => {
      const aborted = AbortSignal.abort();
      const [key, request] = [await live(), await createRequest(aborted)];
      const [before, asked] = [harness.state(), harness.requests()];
      const calls = [
        issuer.create?.(request),
        issuer.traits.proves ? issuer.verify(key, aborted) : undefined,
        issuer.register?.({ ...request, secret: key }),
        issuer.revoke?.({ ...revocation(key), signal: aborted }),
        issuer.describe?.(key, aborted),
        issuer.list?.(aborted, key),
        issuer.find?.(MARK, aborted, key),
      ].filter((call) => call !== undefined);
      for (const call of calls) {
        const error = await caught(call);
        expect([error.code, error.ambiguous]).toEqual(['INTERRUPTED', false]);
      }
      expect(harness.requests()).toBe(asked);
      expect(harness.state()).toBe(before);
    });

    test('an abort in the middle ends the call at once', async ({ skip }) => {
      if (!harness.failures.includes('silent')) return skip();
      const [key, current] = [await live(), await live()];
      harness.fail('silent', 'all');
      const doings = [
        (by: AbortSignal) => issuer.verify(key, by),
        (by: AbortSignal) => issuer.create?.({ mark: MARK, current, signal: by }),
        (by: AbortSignal) => issuer.register?.({ mark: MARK, secret: key, current, signal: by }),
        (by: AbortSignal) => issuer.revoke?.({ ...revocation(key), caller: current, signal: by }),
      ];
      for (const doing of doings) {
        const controller = new AbortController();
        const call = doing(controller.signal);
        if (call === undefined) continue;
        const ended = caught(call);
        setTimeout(() => controller.abort(new Error('an ending of the caller')), 50);
        const started = performance.now();
        expect((await ended).code).toBe('INTERRUPTED');
        expect(performance.now() - started).toBeLessThan(1_000);
      }
    });

    for (const failure of FAILURES) {
      describe(`while the other side is ${failure}`, () => {
        test('verify could not tell', { timeout: SOON_MS }, async ({ skip }) => {
          if (!harness.failures.includes(failure) || !issuer.traits.proves) return skip();
          if (failure === 'refused' && harness.verifiesAlone === true) return skip();
          const [key, gone] = [await live(), remember(await harness.deadKey())];
          harness.fail(failure, 'all');
          const verifications = await Promise.all([verify(key), verify(gone)]);
          expect(verifications.map(({ verdict }) => verdict)).toEqual(['unknown', 'unknown']);
        });

        test('create is sent at most once and says whether a key may exist', { timeout: SOON_MS }, async ({
          skip,
        }) => {
          if (!harness.failures.includes(failure) || issuer.create === undefined) return skip();
          const request = await createRequest();
          harness.fail(failure, failure === 'refused' ? 'all' : 'create');
          const before = harness.creates();
          const error = await caught(issuer.create(request));
          expect(harness.creates() - before).toBeLessThanOrEqual(1);
          if (failure === 'refused') expect([error.exitCode, error.ambiguous]).toEqual([4, false]);
          else if (harness.creates() > before) expect(error.ambiguous).toBe(true);
        });

        test('register is sent at most once and says whether the key may be known', {
          timeout: SOON_MS,
        }, async ({ skip }) => {
          if (!harness.failures.includes(failure) || issuer.register === undefined) return skip();
          const request = {
            ...(await createRequest()),
            secret: remember(issuer.invent?.(randomBytes) as Secret),
          };
          harness.fail(failure, failure === 'refused' ? 'all' : 'create');
          const before = harness.creates();
          const error = await caught(issuer.register(request));
          expect(harness.creates() - before).toBeLessThanOrEqual(1);
          if (failure === 'refused') expect([error.exitCode, error.ambiguous]).toEqual([4, false]);
          else if (harness.creates() > before) expect(error.ambiguous).toBe(true);
        });

        test('revoke and the looks fail with our own error', { timeout: SOON_MS }, async ({ skip }) => {
          if (!harness.failures.includes(failure)) return skip();
          const key = await live();
          harness.fail(failure, 'all');
          const calls = [
            issuer.revoke?.({ ...revocation(key), caller: key, signal }),
            issuer.describe?.(key, signal),
            issuer.list?.(signal, key),
            issuer.find?.(MARK, signal, key),
          ];
          await Promise.all(calls.map((call) => (call === undefined ? call : caught(call))));
        });
      });
    }
  });
}

/** Each secret as it is, and as it would stand in an address or in a header. A part that is the key's id is none. */
function clearTexts(harness: IssuerHarness, keys: readonly Secret[]): readonly string[] {
  const parts = keys.flatMap((key) =>
    Object.values(key.openAll()).filter((part) => part !== harness.keyId?.(key)),
  );
  return [...harness.canaries, ...parts].flatMap((clear) => [
    clear,
    encodeURIComponent(clear),
    Buffer.from(clear).toString('base64').replace(/=+$/, ''),
  ]);
}

/** All that a log, a debugger or a reporter could make of a value. */
function everyTextOf(value: unknown): string {
  const stack = value instanceof Error ? `${value.message}\n${value.stack}\n${String(value.cause)}` : '';
  return [String(value), stack, JSON.stringify(value), inspect(value, { depth: 10, showHidden: true })].join(
    '\n',
  );
}
