import {ProgressReport} from '../../../core/progress.ts';
import type {ConnectorRequest} from '../../../core/request.ts';
import {ResponseTooLargeError} from '../../../errors/index.ts';
import type {BodySource} from './incoming-body.ts';
import {contentLengthOf} from './raw-headers.ts';

/** A body whose size and progress somebody cares about: it breaks off as soon as there is more of it than may be. */
class LimitedBody implements BodySource {
  readonly #source: BodySource;
  readonly #limit: number;
  readonly #createError: () => Error;
  readonly #report: ProgressReport | undefined;
  #size = 0;
  #failure: {readonly error: unknown} | undefined = undefined;

  constructor(
    source: BodySource,
    limit: number,
    tooLargeError: () => Error,
    report: ProgressReport | undefined,
  ) {
    this.#source = source;
    this.#limit = limit;
    this.#createError = tooLargeError;
    this.#report = report;
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
    if (this.#failure) throw this.#failure.error;
    const chunk = await this.#source.read();
    try {
      this.#count(chunk);
    } catch (error) {
      this.#failure = {error};
      this.#source.cancel(error, true);
      throw error;
    }
    return chunk;
  }

  #count(chunk: Buffer | undefined): void {
    if (chunk === undefined) {
      this.#report?.end();
      return;
    }
    this.#size += chunk.length;
    if (this.#size > this.#limit) throw this.#createError();
    this.#report?.add(new Uint8Array(chunk.buffer as ArrayBuffer, chunk.byteOffset, chunk.length));
  }

  cancel(reason: unknown): void {
    this.#source.cancel(reason);
  }

  fork(): BodySource | undefined {
    // Two that tell how far they are would tell it twice.
    const copy = this.#size === 0 && !this.#report ? this.#source.fork() : undefined;
    return copy && new LimitedBody(copy, this.#limit, this.#createError, undefined);
  }
}

/** The body, looked at as it is read: how far it has come, and whether that is too much of what was decoded. */
export function limitedBody(
  source: BodySource,
  isCoded: boolean,
  {transfer, url, method, attempt}: ConnectorRequest,
  rawHeaders: readonly Buffer[],
): BodySource {
  const listener = transfer?.onDownloadProgress;
  // What isn't coded is bounded as it arrives.
  const {maxResponseSize: limit = Infinity} = (isCoded && transfer) || {};
  if (limit === Infinity && !listener) return source;
  const total = isCoded ? undefined : contentLengthOf(rawHeaders);
  return new LimitedBody(
    source,
    limit,
    // Not the request itself, which a response that is kept would hold on to.
    () => tooLargeError({url, method, attempt}, limit),
    listener && new ProgressReport(listener, total),
  );
}

/** Whether Content-Length announces more bytes than `limit`. An error status matters more to the caller than the size. */
export function exceedsLimit(
  limit: number | undefined,
  status: number,
  rawHeaders: readonly Buffer[],
): boolean {
  return limit !== undefined && status < 400 && contentLengthOf(rawHeaders) > limit;
}

/** What a call fails with whose response is larger than `limit`, in bytes. */
export function tooLargeError(
  {url, method, attempt}: Pick<ConnectorRequest, 'url' | 'method' | 'attempt'>,
  limit: number,
): ResponseTooLargeError {
  return new ResponseTooLargeError(limit, {request: {url, method}, attempts: attempt});
}
