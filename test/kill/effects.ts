/** One effect of a process, as the preload numbers it. */
export interface Effect {
  readonly n: number;
  /** `POST`, `rename`, `handle.sync`, ... */
  readonly what: string;
  /** The path of a file, or host and path of a request. */
  readonly at: string;
  /** Whether half of it can be done. */
  readonly tears?: boolean;
}

export interface Effects {
  readonly effects: readonly Effect[];
  /** The effect at which the process was struck; null: it was not, or not yet. */
  readonly struck: number | null;
}

/** Reads what the preload wrote. */
export function effectsIn(log: string): Effects {
  const lines: readonly (Effect | { readonly struck: number })[] = log
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
  const effects = lines.filter((line) => 'n' in line);
  return { effects, struck: lines.find((line) => 'struck' in line)?.struck ?? null };
}
