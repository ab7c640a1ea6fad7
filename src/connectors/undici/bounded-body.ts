import type {BodySource} from './incoming-body.ts';

/** A body that breaks off as soon as more than `limit` bytes of it have been read. */
export class BoundedBody implements BodySource {
  readonly #source: BodySource;
  readonly #limit: number;
  readonly #tooLarge: () => Error;
  #size = 0;
  #failure: Error | undefined = undefined;

  constructor(source: BodySource, limit: number, tooLarge: () => Error) {
    this.#source = source;
    this.#limit = limit;
    this.#tooLarge = tooLarge;
  }

  get ended(): boolean {
    return this.#source.ended;
  }

  // Piece by piece: decoded in one go, a bomb would have gone off by the time it's counted.
  async collect(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for (let chunk = await this.read(); chunk !== undefined; chunk = await this.read()) chunks.push(chunk);
    return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
  }

  takeNow(): undefined {
    return undefined;
  }

  async read(): Promise<Buffer | undefined> {
    if (this.#failure) throw this.#failure;
    const chunk = await this.#source.read();
    if (chunk === undefined) return undefined;
    this.#size += chunk.length;
    if (this.#size <= this.#limit) return chunk;
    this.#failure = this.#tooLarge();
    this.#source.cancel(this.#failure, true);
    throw this.#failure;
  }

  cancel(reason: unknown): void {
    this.#source.cancel(reason);
  }

  fork(): BodySource | undefined {
    const copy = this.#size === 0 ? this.#source.fork() : undefined;
    return copy && new BoundedBody(copy, this.#limit, this.#tooLarge);
  }
}
