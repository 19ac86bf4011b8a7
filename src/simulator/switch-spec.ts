type Scalar = string | number | boolean;

/** What one switch may be set to, and what it changes. */
export interface SwitchSpec<T extends Scalar> {
  readonly initial: T;
  /** The values it takes, for people. */
  readonly values: string;
  readonly about: string;
  /** Reads a value of this switch, given as itself or as text. Null: not one of its values. */
  readonly read: (value: unknown) => T | null;
}

export function flag(initial: boolean, about: string): SwitchSpec<boolean> {
  const read = (value: unknown) =>
    value === true || value === 'true' ? true : value === false || value === 'false' ? false : null;
  return { initial, values: 'true, false', about, read };
}

/** One of several values; the first is the default. */
export function choice<const T extends readonly [string | number, ...(string | number)[]]>(
  values: T,
  about: string,
): SwitchSpec<T[number]> {
  const read = (value: unknown) =>
    values.find((each) => typeof value !== 'object' && String(each) === String(value)) ?? null;
  return { initial: values[0], values: values.join(', '), about, read };
}

/** A whole number from `least` on. */
export function amount(initial: number, least: number, about: string): SwitchSpec<number> {
  const read = (value: unknown) => {
    const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
    return typeof number === 'number' && Number.isSafeInteger(number) && number >= least ? number : null;
  };
  return { initial, values: `a whole number from ${least}`, about, read };
}

/** The name of a permission, or nothing. */
export function scopeName(about: string): SwitchSpec<string> {
  const read = (value: unknown) => (typeof value === 'string' && /^[a-z_]*$/.test(value) ? value : null);
  return { initial: '', values: 'a permission, or empty', about, read };
}
