/** One step of a path into the configuration: a key, or the place in a list. */
export type Path = readonly (string | number)[];

const NAME_LIKE = /^[A-Za-z0-9_][A-Za-z0-9_ .*?-]{0,62}$/;

/**
 * Whether a text could be a secret in the place of a name. Such a text is never repeated in a message.
 * It errs on the side of silence: the line and column say where it is.
 */
export function looksSecret(text: string): boolean {
  if (/^[A-Za-z]+$/.test(text)) return text.length > 28;
  if (text.length < 20 || !/[0-9]/.test(text) || !/[A-Za-z]/.test(text)) return text.length > 40;
  const upper = /[A-Z]/.test(text);
  if (upper && /[a-z]/.test(text)) return true;
  return (
    text.split(/[._-]/).some((run) => run.length >= 16 && /[0-9]/.test(run)) || /[0-9a-f]{8}-/i.test(text)
  );
}

function showable(text: string): boolean {
  return NAME_LIKE.test(text) && !looksSecret(text);
}

/** The text in quotes where it can be shown, and words for it where it cannot. */
export function quoted(text: string): string {
  return showable(text) ? `"${text}"` : 'a text that is not shown here';
}

/** `issuers.meta.appId`, `trail.sinks[0].url`; the empty path is the whole file. */
export function dotted(path: Path): string {
  if (path.length === 0) return 'the file';
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += `${text === '' ? '' : '.'}${showable(step) ? step : '(…)'}`;
  }
  return text;
}

const CHOICES_SHOWN = 12;
/** There may be thousands, and as many mistakes. */
const CHOICES_LOOKED_AT = 50;

/** What to write in the place of a name that is not known: the nearest one, or any of them. */
export function choice(near: string | null, known: readonly string[], what: string): string {
  if (near !== null && showable(near)) return `write "${near}", if that is what you meant`;
  if (known.length === 0) return `remove it: there are no ${what}`;
  const shown = known.slice(0, CHOICES_LOOKED_AT).filter(showable).slice(0, CHOICES_SHOWN);
  return `use one of the ${what}: ${shown.join(', ')}${shown.length < known.length ? ', …' : ''}`;
}
