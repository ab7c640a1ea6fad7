import type {KeyedEntry} from '../../utils/keyed-state.ts';
import type {Linked, LinkedList} from '../../utils/linked-list.ts';

/** How many of the last are looked at. */
const size = 128;
/** With fewer, nothing can be said of them. */
const least = 20;
/** How many come in before they are sorted again. */
const stale = 16;
/** After as long without any, in ms, they are history. */
const idleAfter = 60_000;

/** The last latencies of one host, and a percentile of them. */
export class Latencies implements KeyedEntry {
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
  list: LinkedList<Linked> | undefined = undefined;

  readonly key: string;
  readonly #share: number;
  readonly #last: number[] = [];
  #count = 0;
  #fresh = 0;
  #percentile: number | undefined = undefined;
  #at = 0;

  /** @param share - which percentile, 0 to 1 */
  constructor(key: string, share: number) {
    this.key = key;
    this.#share = share;
  }

  /** In ms; `undefined` while too few are known. */
  get percentile(): number | undefined {
    return this.#percentile;
  }

  add(latency: number, now: number): void {
    this.#last[this.#count++ % size] = latency;
    this.#at = now;
    if (this.#count < least || (this.#percentile !== undefined && ++this.#fresh < stale)) return;
    this.#fresh = 0;
    const sorted = Float64Array.from(this.#last).sort();
    this.#percentile = sorted[Math.max(0, Math.ceil(this.#share * sorted.length) - 1)];
  }

  isIdle(now: number): boolean {
    return now - this.#at > idleAfter;
  }
}
