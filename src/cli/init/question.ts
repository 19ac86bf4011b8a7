/** What was given or typed, by the name of its option. */
export type Answers = Readonly<Record<string, string>>;

/** Something that a starter configuration needs to know. */
export interface Question {
  /** The option in camel case, and as it is written. */
  readonly name: string;
  readonly flag: string;
  readonly asks: string;
  /** What counts where nothing is given. Absent: it must be given. */
  readonly fallback?: string;
}

/** A text as YAML reads it, whatever is in it. */
export function text(value: string): string {
  return JSON.stringify(value);
}
