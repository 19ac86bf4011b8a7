import { charactersOf } from '../../core/alphabet.ts';
import { KeyturnError } from '../../core/errors.ts';
import { inventText } from '../../core/invent.ts';
import type { Issuer, Verification } from '../../core/issuer.ts';
import { Secret } from '../../core/secret.ts';
import type { RandomSettings } from './settings.ts';

const MAX_LENGTH = 8192;
const SHAPE = 'printable ASCII without spaces or line breaks';

/**
 * A secret that keyturn invents and that becomes real by being stored: both sides read it from the store, so
 * there is nobody to register it with, to revoke it at, or to ask. The other side cannot be asked either: a new
 * value is tried before it is current, and is no key of anybody until then.
 */
export function createRandomIssuer(settings: RandomSettings): Issuer {
  const rule = {
    length: settings.length,
    characters: charactersOf(settings.alphabet),
    requires: settings.requires,
  };
  return {
    kind: 'random',
    traits: {
      secretFrom: 'client',
      asksWith: 'own',
      maxLive: 'unknown',
      revokesBy: 'nothing',
      proves: false,
      marks: false,
      lists: false,
      lastUsed: false,
      settles: 0,
      sweeps: false,
      longestLife: null,
    },
    invent: (random) => Secret.of(inventText(rule, random)),
    checkShape,
    verify: async (secret) => verifyByShape(secret),
  };
}

/**
 * A value that nobody hands out and nobody registers works as soon as both sides can read it: to be stored is all
 * that it needs. So a usable text *is* a working key, whatever its length: one that was made by hand, or by an
 * earlier rule, is no less valid. `proves: false` says that this answer cannot tell a live value from a dead one.
 */
function verifyByShape(secret: Secret): Verification {
  if (isUsable(secret)) return { verdict: 'works', facts: {}, findings: [] };
  return { verdict: 'refused', why: 'wrong-kind', message: `the value is not one part of ${SHAPE}` };
}

function checkShape(secret: Secret): void {
  if (isUsable(secret)) return;
  const length = secret.open()?.length ?? 0;
  throw new KeyturnError('BAD_VALUE', `the value is ${length} characters long; expected ${SHAPE}`, {
    hint: `hand over one value of 1 to ${MAX_LENGTH} characters, ${SHAPE}`,
  });
}

function isUsable(secret: Secret): boolean {
  const text = secret.open();
  return (
    text !== null && secret.partNames.length === 1 && text.length <= MAX_LENGTH && /^[\x21-\x7e]+$/.test(text)
  );
}
