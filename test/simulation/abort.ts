/**
 * Stands in for the platform's AbortController while a simulation runs. That one costs some 30 µs for each guarded
 * call, which is more than all the rest of a call; this one does the part of it that keyturn uses.
 */
class LightSignal {
  aborted = false;
  reason: unknown;
  #listeners: { readonly run: () => void; readonly until: LightSignal | undefined }[] | null = null;

  addEventListener(_type: 'abort', run: () => void, options?: { readonly signal?: LightSignal }): void {
    // A listener on something that lives long is swept out once there are many.
    const kept = this.#listeners ?? [];
    this.#listeners = kept.length > 64 ? kept.filter((one) => one.until?.aborted !== true) : kept;
    this.#listeners.push({ run, until: options?.signal });
  }

  fire(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    for (const { run, until } of this.#listeners ?? []) if (until?.aborted !== true) run();
    this.#listeners = null;
  }
}

class LightController {
  readonly signal = new LightSignal();

  abort(reason?: unknown): void {
    this.signal.fire(reason);
  }
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
