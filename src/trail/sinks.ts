import type { TrailEntry, TrailSink } from '../core/trail.ts';
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
  return settings.map((one): TrailSink => {
    const { id, required } = one;
    switch (one.kind) {
      case 'file':
        return { id, required, take: openFileSink(deps.resolvePath(one.path)) };
      case 'url':
        return { id, required, take: openUrlSink(one.url, deps.post) };
      case 'stderr':
        return {
          id,
          required,
          take: async (entries) => {
            for (const entry of entries) deps.print(formatEntry(entry));
          },
        };
    }
  });
}

/** One entry as one line, without its end. */
export function formatEntry(entry: TrailEntry): string {
  return JSON.stringify(entry);
}
