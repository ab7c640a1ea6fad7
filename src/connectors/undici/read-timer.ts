import {realSetImmediate} from './real-timers.ts';

/** Notified when the server has sent nothing for too long. */
export interface ReadTimeoutListener {
  readTimedOut(limit: number): void;
}

/**
 * The read timeout of a connection or stream. It is a base class rather than a part because it is called several times
 * for each request. One timer serves for the whole life of a connection: making and clearing a timer costs five times what
 * `refresh` does.
 */
export class ReadTimer {
  #listener: ReadTimeoutListener | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #limit = 0;
  /** Whether the timer has fired, and data that has already arrived may still be handed on in this turn. */
  #isFiring = false;

  /** Notifies `listener` after `limit` ms, unless the timer is started anew or stopped before. */
  startReadTimer(limit: number, listener: ReadTimeoutListener): void {
    this.#listener = listener;
    this.#isFiring = false;
    if (this.#timer && this.#limit === limit) {
      this.#timer.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#limit = limit;
    this.#timer = setTimeout(() => {
      // After the event loop was blocked, timers run before data that arrived in time is read.
      this.#isFiring = true;
      realSetImmediate(() => {
        if (this.#isFiring && this.#listener) this.onReadTimeout(limit, this.#listener);
      });
    }, limit);
    // The socket keeps the process alive while a request is under way. A timer that was stopped must not.
    this.#timer.unref();
  }

  /** Notifies nobody any more. The timer itself runs on, and the next request refreshes it. */
  stopReadTimer(): void {
    this.#listener = undefined;
  }

  /** Clears the timer when the connection or stream is closed. */
  protected clearReadTimer(): void {
    this.#listener = undefined;
    clearTimeout(this.#timer);
  }

  protected onReadTimeout(limit: number, listener: ReadTimeoutListener): void {
    listener.readTimedOut(limit);
  }
}
