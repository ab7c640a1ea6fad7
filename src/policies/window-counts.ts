/**
 * Counts events over a sliding window. The window is kept as two halves, so that the counts cover the last half window
 * at least and the last whole window at most.
 */
export class WindowCounts {
  readonly #window: number;
  #since: number;
  #all = 0;
  #marked = 0;
  #allBefore = 0;
  #markedBefore = 0;

  constructor(window: number) {
    this.#window = window;
    this.#since = performance.now();
  }

  get all(): number {
    return this.#all + this.#allBefore;
  }

  /** How many of the events were marked: the failures of a circuit. */
  get marked(): number {
    return this.#marked + this.#markedBefore;
  }

  add(all: number, marked: number): void {
    this.#all += all;
    this.#marked += marked;
  }

  /** Drops counts that are older than the window. To be called before each use. */
  forget(now: number): void {
    const age = now - this.#since;
    if (age < this.#window / 2) return;
    const isRecent = age < this.#window;
    this.#allBefore = isRecent ? this.#all : 0;
    this.#markedBefore = isRecent ? this.#marked : 0;
    this.#all = 0;
    this.#marked = 0;
    this.#since = now;
  }

  clear(): void {
    this.#all = 0;
    this.#marked = 0;
    this.#allBefore = 0;
    this.#markedBefore = 0;
  }

  isIdle(now: number): boolean {
    return now - this.#since >= this.#window;
  }
}
