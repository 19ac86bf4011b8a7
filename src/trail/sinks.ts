import type { TrailSink } from '../core/trail.ts';
import { openFileSink } from './file-sink.ts';
import { openUrlSink, type Post } from './url-sink.ts';

/** One sink as the configuration declares it. */
export type SinkSettings = { readonly id: string; readonly required: boolean } & (
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'stderr' }
);

/** What sinks need of the world. */
export interface SinkDeps {
  /** The absolute path that a configured one means. */
  readonly resolvePath: (path: string) => string;
  /** Sends one request and gives the status of its answer; see `openUrlSink`. */
  readonly post: Post;
  /** Writes one line to stderr. */
  readonly print: (line: string) => void;
}

/**
 * The sinks of a configuration, in its order. Nothing is opened before the first entry is taken. Each keeps its
 * entries at least once and in order; `take` throws KeyturnError where it could not be sure of that.
 */
export function openSinks(settings: readonly SinkSettings[], deps: SinkDeps): readonly TrailSink[] {
  return settings.map((one) => ({ id: one.id, required: one.required, take: takeOf(one, deps) }));
}

function takeOf(sink: SinkSettings, { resolvePath, post, print }: SinkDeps): TrailSink['take'] {
  switch (sink.kind) {
    case 'file':
      return openFileSink(resolvePath(sink.path));
    case 'url':
      return openUrlSink(sink.url, post);
    case 'stderr':
      return async (entries) => {
        for (const entry of entries) print(JSON.stringify(entry));
      };
  }
}
