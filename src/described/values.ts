import { KeyturnError } from '../core/errors.ts';
import type { PluginContext } from '../core/plugin.ts';
import type { Secret } from '../core/secret.ts';
import { REFERENCE } from '../core/setting.ts';
import { type Place, parsePlaces, placesIn } from './places.ts';

/** What the places of one operation can be filled with. */
export interface Values {
  readonly mark?: string | undefined;
  readonly id?: string | undefined;
  readonly key?: Secret | undefined;
  /** The key that is current. */
  readonly current?: Secret | undefined;
}

export interface Filler {
  /** The clear text of a place. */
  readonly textAt: (place: Place) => string;
  /** The clear text of a setting: as it is, behind a reference, or in a place. */
  readonly textOf: (setting: string) => string;
}

/**
 * Looks up everything that an operation and its auth refer to, so that the rest can be filled in at once.
 * Throws, before anything is sent, where something is not there.
 */
export async function fillerFor(
  operation: unknown,
  auth: unknown,
  secrets: Readonly<Record<string, string>>,
  values: Values,
  context: Pick<PluginContext, 'resolve'>,
): Promise<Filler> {
  const named = placesIn([operation, auth]).flatMap(({ from, name }) =>
    from === 'secret' ? [secrets[name] ?? ''] : [],
  );
  const references = new Set([...referencesIn(auth), ...named]);
  const resolved = new Map<string, string>();
  for (const reference of references) resolved.set(reference, await clearText(reference, context));
  const textAt = (place: Place): string => {
    const text = place.from === 'secret' ? resolved.get(secrets[place.name] ?? '') : own(place, values);
    if (text !== undefined && text !== null) return text;
    throw absent(place);
  };
  return {
    textAt,
    textOf: (setting) => {
      const known = resolved.get(setting);
      if (known !== undefined) return known;
      const [only, ...others] = parsePlaces(setting) ?? [];
      return others.length === 0 && only !== undefined && typeof only !== 'string' ? textAt(only) : setting;
    },
  };
}

function own({ from, name }: Place, { mark, id, key, current }: Values): string | null | undefined {
  if (from === 'rotation') return mark;
  if (from === 'current') return current?.open(name);
  return name === 'id' ? id : key?.open(name);
}

function referencesIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return REFERENCE.test(value) ? [value] : [];
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(referencesIn);
}

async function clearText(reference: string, context: Pick<PluginContext, 'resolve'>): Promise<string> {
  const text = await context.resolve(reference);
  if (/^[\x20-\x7e]+$/.test(text) && text.trim() === text) return text;
  throw new KeyturnError('BAD_VALUE', `what ${reference} leads to is empty, or holds what cannot be sent`, {
    hint: `put the value alone, in one line, where ${reference} points`,
    unsent: true,
  });
}

function absent({ from, name }: Place): KeyturnError {
  if (from === 'current') {
    return new KeyturnError('REFUSED', `there is no key in current whose ${name} could be sent`, {
      hint: 'make the first key at the provider and run keyturn adopt (keyturn keys --stdin shows its id), or give auth of this issuer a reference',
      unsent: true,
    });
  }
  const what = name === 'id' ? 'the id that the provider gave the key' : `the part ${name} of the key`;
  return new KeyturnError('PERSON', `${what} is not known`, {
    hint: 'end the key at the provider by hand and run keyturn forget, or keyturn revoke --attest',
    unsent: true,
  });
}
