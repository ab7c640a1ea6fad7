import {ProgressReport} from '../../../core/progress.ts';
import type {ConnectorRequest} from '../../../core/request.ts';
import {ResponseTooLargeError} from '../../../errors/index.ts';
import type {BodySource} from './incoming-body.ts';
import {contentLengthOf} from './raw-headers.ts';

/** A body with a size limit or a progress listener. Reading fails as soon as the body is larger than the limit. */
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
    createError: () => Error,
    report: ProgressReport | undefined,
  ) {
    this.#source = source;
    this.#limit = limit;
    this.#createError = createError;
    this.#report = report;
  }

  get ended(): boolean {
    return this.#source.ended;
  }

  // Chunk by chunk: if the body were decoded at once, a decompression bomb would fill the memory before it is counted.
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

  onFailure(listener: (error: unknown) => void): void {
    this.#source.onFailure(listener);
  }

  fork(): BodySource | undefined {
    // Two bodies with the same progress listener would report each byte twice.
    const copy = this.#size === 0 && !this.#report ? this.#source.fork() : undefined;
    return copy && new LimitedBody(copy, this.#limit, this.#createError, undefined);
  }
}

/** The body with its progress reported and its decoded size limited, if the call asks for that. */
export function limitedBody(
  source: BodySource,
  isCoded: boolean,
  {transfer, url, method, attempt}: ConnectorRequest,
  rawHeaders: readonly Buffer[],
): BodySource {
  const listener = transfer?.onDownloadProgress;
  // The exchange limits a body without Content-Encoding as it arrives.
  const {maxResponseSize: limit = Infinity} = (isCoded && transfer) || {};
  if (limit === Infinity && !listener) return source;
  const total = isCoded ? undefined : contentLengthOf(rawHeaders);
  return new LimitedBody(
    source,
    limit,
    // Holds no reference to the request, which would otherwise live as long as the response.
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

/** Makes the error of a call whose response is larger than `limit`, in bytes. */
export function tooLargeError(
  {url, method, attempt}: Pick<ConnectorRequest, 'url' | 'method' | 'attempt'>,
  limit: number,
): ResponseTooLargeError {
  return new ResponseTooLargeError(limit, {request: {url, method}, attempts: attempt});
}
