/**
 * Stands in for the platform's AbortController while a simulation runs: that one costs some 30 µs for each guarded
 * call, more than all the rest of the call. It does the part that keyturn uses.
 */
class LightSignal {
  aborted = false;
  reason: unknown;
  #listeners: { readonly run: () => void; readonly until: LightSignal | undefined }[] = [];

  addEventListener(_type: 'abort', run: () => void, options?: { readonly signal?: LightSignal }): void {
    // What has ended is swept out of the list of a signal that lives long.
    if (this.#listeners.length > 64) this.#listeners = this.#listeners.filter(({ until }) => !until?.aborted);
    this.#listeners.push({ run, until: options?.signal });
  }

  fire(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    for (const { run, until } of this.#listeners) if (until?.aborted !== true) run();
    this.#listeners = [];
  }
}

class LightController {
  readonly signal = new LightSignal();
  abort = (reason?: unknown): void => this.signal.fire(reason);
}

/** Runs with the light controller in the platform's place. */
export async function withLightAbort<T>(work: () => Promise<T>): Promise<T> {
  const platform = globalThis.AbortController;
  globalThis.AbortController = LightController as unknown as typeof AbortController;
  try {
    return await work();
  } finally {
    globalThis.AbortController = platform;
  }
}
