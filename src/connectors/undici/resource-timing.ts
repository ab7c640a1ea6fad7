import type {BodySource} from './messages/incoming-body.ts';

/** What Node's own `fetch` hands to `performance.markResourceTiming`, which Node's types leave out. */
interface Performance {
  now(): number;
  markResourceTiming(
    timing: Readonly<Record<string, unknown>>,
    url: string,
    initiatorType: 'fetch',
    global: typeof globalThis,
    cacheMode: '',
    sizes: {readonly encodedBodySize: number; readonly decodedBodySize: number},
    status: number,
    deliveryType: '',
  ): void;
}

/** The timing of one request and the redirects that it followed, for one entry (Resource Timing, "PerformanceResourceTiming"). */
export class ResourceTiming {
  readonly #url: string;
  readonly #start = performance.now();
  #redirectEnd = 0;
  #requestStart = 0;
  #responseStart = 0;
  #status = 0;
  #encoded = 0;

  constructor(url: string) {
    this.#url = url;
  }

  redirected(): void {
    this.#redirectEnd = performance.now();
    this.#encoded = 0;
  }

  requestStarted(): void {
    this.#requestStart = performance.now();
  }

  responseStarted(status: number): void {
    this.#responseStart = performance.now();
    this.#status = status;
  }

  received(bytes: number): void {
    this.#encoded += bytes;
  }

  /**
   * Makes the entry.
   *
   * @param protocol - the version of HTTP: "1.1" or "2"
   */
  ended(protocol: string, decodedBodySize = this.#encoded): void {
    const fetchStart = this.#redirectEnd || this.#start;
    const connection = {
      domainLookupStartTime: fetchStart,
      domainLookupEndTime: fetchStart,
      connectionStartTime: fetchStart,
      connectionEndTime: fetchStart,
      secureConnectionStartTime: fetchStart,
      ALPNNegotiatedProtocol: protocol === '2' ? 'h2' : `http/${protocol}`,
    };
    const sizes = {encodedBodySize: this.#encoded, decodedBodySize};
    const timing = {
      startTime: this.#start,
      redirectStartTime: this.#redirectEnd && this.#start,
      redirectEndTime: this.#redirectEnd,
      postRedirectStartTime: fetchStart,
      finalServiceWorkerStartTime: 0,
      finalNetworkRequestStartTime: this.#requestStart,
      finalNetworkResponseStartTime: this.#responseStart,
      endTime: performance.now(),
      finalConnectionTimingInfo: connection,
      ...sizes,
    };
    const {markResourceTiming} = performance as unknown as Performance;
    markResourceTiming(timing, this.#url, 'fetch', globalThis, '', sizes, this.#status, '');
  }
}

/** A decoded body that tells its size when all of it was read. */
export class MeasuredBody implements BodySource {
  readonly #source: BodySource;
  readonly #whenRead: (size: number) => void;
  #size = 0;

  constructor(source: BodySource, whenRead: (size: number) => void) {
    this.#source = source;
    this.#whenRead = whenRead;
  }

  get ended(): boolean {
    return this.#source.ended;
  }

  async collect(): Promise<Buffer> {
    const bytes = await this.#source.collect();
    this.#whenRead(this.#size + bytes.length);
    return bytes;
  }

  takeNow(): Buffer | undefined {
    const bytes = this.#source.takeNow();
    if (bytes) this.#whenRead(this.#size + bytes.length);
    return bytes;
  }

  async read(): Promise<Buffer | undefined> {
    const chunk = await this.#source.read();
    if (chunk === undefined) this.#whenRead(this.#size);
    else this.#size += chunk.length;
    return chunk;
  }

  cancel(reason: unknown, failed?: boolean): void {
    this.#source.cancel(reason, failed);
  }

  /** Only one of two copies tells the size. */
  fork(): BodySource | undefined {
    return this.#source.fork();
  }

  onFailure(listener: (error: unknown) => void): void {
    this.#source.onFailure(listener);
  }
}
