/** Told when a server was silent for too long. */
export interface SilenceWatcher {
  silent(limit: number): void;
}

/**
 * What a server may be silent on. A base class, rather than a part: it is called several times for each request. One
 * timer serves for its life: making and clearing one costs five times what setting it back does.
 */
export class Watchable {
  #watcher: SilenceWatcher | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #limit = 0;
  /** The time ran out, and what has arrived meanwhile is being looked at. */
  #suspects = false;

  /** Tells the watcher when `limit` ms pass before this is called again or stopped. */
  watchSilence(limit: number, watcher: SilenceWatcher): void {
    this.#watcher = watcher;
    this.#suspects = false;
    if (this.#timer && this.#limit === limit) {
      this.#timer.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#limit = limit;
    this.#timer = setTimeout(() => {
      // After a blocked event loop, timers come before what has arrived in time.
      this.#suspects = true;
      setImmediate(() => {
        if (this.#suspects && this.#watcher) this.onSilence(limit, this.#watcher);
      });
    }, limit);
    // The socket holds the process while something is under way; what is left of a time that nobody waits for must not.
    this.#timer.unref();
  }

  /** Nobody waits any more. The timer runs on, for the next who does. */
  stopWatching(): void {
    this.#watcher = undefined;
  }

  /** Nobody will wait again. */
  protected endWatching(): void {
    this.#watcher = undefined;
    clearTimeout(this.#timer);
  }

  protected onSilence(limit: number, watcher: SilenceWatcher): void {
    watcher.silent(limit);
  }
}
