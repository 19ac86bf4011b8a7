import { fingerprint } from '../core/secret.ts';
import type { Sink } from './config.ts';
import type { Mistakes } from './problems.ts';
import { type SinkSettings, trailSchema } from './schema.ts';
import { validate } from './validate.ts';
import { dotted } from './wording.ts';

export function readSinks(value: unknown, mistakes: Mistakes): readonly Sink[] {
  const read = validate(trailSchema, value, ['trail'], mistakes);
  const sinks = (read?.value.sinks ?? []).map(toSink);
  sinks.forEach((sink, at) => {
    const path = ['trail', 'sinks', at];
    if (sinks.findIndex((other) => other.id === sink.id) < at) {
      mistakes.add(path, `${dotted(path)} is there twice`, 'keep one of the two');
    }
  });
  return sinks;
}

/** Ids are short: a ledger holds one per sink. */
function toSink(settings: SinkSettings): Sink {
  const required = settings.required === true;
  if (settings.file !== undefined) {
    return {
      kind: 'file',
      id: `file-${fingerprint(settings.file).slice(0, 8)}`,
      path: settings.file,
      required,
    };
  }
  if (settings.url !== undefined) {
    return { kind: 'url', id: `url-${fingerprint(settings.url).slice(0, 8)}`, url: settings.url, required };
  }
  return { kind: 'stderr', id: 'stderr', required };
}
