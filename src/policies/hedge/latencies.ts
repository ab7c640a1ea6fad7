import type {KeyedEntry} from '../../utils/keyed-state.ts';
import type {Linked, LinkedList} from '../../utils/linked-list.ts';

/** How many of the last latencies are kept. */
const sampleSize = 128;
/** With fewer latencies, a percentile would mean little. */
const minimumSamples = 20;
/** How many latencies are added before the percentile is calculated again, since that sorts all of them. */
const samplesPerUpdate = 16;
/** A host without a new latency for this long, in ms, is forgotten. */
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
  #sinceUpdate = 0;
  #percentile: number | undefined = undefined;
  #addedAt = 0;

  /** @param share - the percentile, as a number from 0 to 1 */
  constructor(key: string, share: number) {
    this.key = key;
    this.#share = share;
  }

  /** The percentile, in ms; `undefined` while too few latencies are known. */
  get percentile(): number | undefined {
    return this.#percentile;
  }

  add(latency: number, now: number): void {
    this.#last[this.#count++ % sampleSize] = latency;
    this.#addedAt = now;
    if (this.#count < minimumSamples) return;
    if (this.#percentile !== undefined && ++this.#sinceUpdate < samplesPerUpdate) return;
    this.#sinceUpdate = 0;
    const sorted = Float64Array.from(this.#last).sort();
    this.#percentile = sorted[Math.max(0, Math.ceil(this.#share * sorted.length) - 1)];
  }

  isIdle(now: number): boolean {
    return now - this.#addedAt > idleAfter;
  }
}
