import type {ClientHttp2Session, ClientHttp2Stream} from 'node:http2';
import {constants} from 'node:http2';
import type {Dispatcher} from 'undici';
import type {RequestHandler} from '../dispatch.ts';
import {contentLengthMismatch, drained, headerOf} from '../dispatch.ts';
import {HeadTooLargeError} from '../head-size.ts';
import type {ReadTimeoutListener} from '../read-timer.ts';
import {ReadTimer} from '../read-timer.ts';
import {realSetImmediate} from '../real-timers.ts';
import {StreamResetError, UnprocessedError} from './errors.ts';
import type {Http2Body} from './headers.ts';
import {toHttp2Headers} from './headers.ts';

/** The connection that a stream belongs to. */
export interface StreamOwner {
  /** The value of ":authority" for a request without a Host header. */
  readonly authority: string;
  /** The IP address of the server or proxy. */
  readonly address: string | undefined;
  /** How many bytes the names and values of a head may have. */
  readonly maxHeaderSize: number;
  /** How many streams are open. */
  readonly active: number;
  /** How many requests were sent on the connection, or are about to be. */
  sent: number;
  /** Whether the server has answered a request yet. */
  answered: boolean;
  /** When data last came from the server, on the clock of `performance`. */
  lastReceivedAt: number;
  /** Whether the connection was used or idle before, so that the server may have closed it meanwhile. */
  readonly wasIdle: boolean;
  /** Whether the connection was idle for so long that the server may have closed it. */
  readonly wasIdleLong: boolean;
  /** Notified when the body of a stream waits for its reader, and when it goes on. */
  streamPaused(isPaused: boolean): void;
  /** Notified when a stream is over. */
  finished(stream: unknown): void;
  /** Lets the connection take no further request. */
  retire(): void;
  /** Why a stream failed; `undefined` when only this stream was reset. */
  failureOf(stream: ClientHttp2Stream): Error | undefined;
}

/**
 * The stream of one request on a connection that carries several. To the exchange it looks like a connection of its own.
 *
 * The class is long because `node:http2` ends a stream in many orders of events: every event has to be read together with
 * the flags that the other events set.
 */
export class Http2Stream<Owner extends StreamOwner = StreamOwner> extends ReadTimer {
  /** How many requests were sent on the connection before; 0 as long as the server has answered none. */
  readonly sent: number;
  /** Whether the connection was used or idle before this request. */
  readonly wasIdle: boolean;
  readonly connection: Owner;
  /** The version of HTTP. */
  readonly protocol = '2';

  readonly #session: ClientHttp2Session;
  #stream: ClientHttp2Stream | undefined = undefined;
  #handler: RequestHandler | undefined = undefined;
  #isDispatched = false;
  #expects = false;
  #isOver = false;
  #isPaused = false;
  /** Whether the head of the response has arrived. */
  #hasHead = false;
  /** How many bytes of the response's body are missing; `undefined` without a Content-Length. */
  #missing: number | undefined = undefined;
  /** Whether the stream was closed before its end arrived. */
  #isCut = false;
  #hasEnded = false;
  #error: Error | undefined = undefined;

  constructor(connection: Owner, session: ClientHttp2Session) {
    super();
    this.connection = connection;
    this.#session = session;
    this.sent = connection.answered ? connection.sent - 1 : 0;
    this.wasIdle = connection.wasIdle;
  }

  /** Always `undefined`: `onError` reports why a request failed. */
  get error(): undefined {
    return undefined;
  }

  get address(): string | undefined {
    return this.connection.address;
  }

  /** Always false: a stream serves one request, and its connection goes on. */
  get isLast(): boolean {
    return false;
  }

  /** Whether everything that was written has left the stream. */
  get isFlushed(): boolean {
    return this.#stream === undefined || this.#stream.writableLength === 0;
  }

  get isRetired(): boolean {
    return this.#isOver;
  }

  set isRetired(_value: true) {
    this.release();
  }

  /**
   * Sends a request and calls the handler as undici's `dispatch` does.
   *
   * @param isUnrepeatable - whether the request can't be sent again, so that a connection that is already dead must be
   *   noticed before it is sent
   */
  dispatch(options: Dispatcher.DispatchOptions, handler: RequestHandler, isUnrepeatable: boolean): void {
    this.#handler = handler;
    this.#isDispatched = true;
    // Everything that has arrived is read first, since it may be the end of the connection.
    if (isUnrepeatable && this.connection.wasIdleLong) realSetImmediate(() => this.#send(options));
    else this.#send(options);
  }

  /** Sends a request whose body waits for the server's 100 (Continue). */
  dispatchExpectContinue(options: Dispatcher.DispatchOptions, handler: RequestHandler): void {
    this.#expects = true;
    this.dispatch(options, handler, false);
  }

  /** The reader of a body is slower than the server, or there is none. */
  paused(): void {
    this.stopReadTimer();
    this.#setPaused(true);
  }

  /** The reader of the body goes on. */
  resumed(): void {
    this.#setPaused(false);
  }

  #setPaused(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    this.connection.streamPaused(isPaused);
  }

  // Does nothing: a stream ends when the server ends it, and not when a write fails.
  keepEarlyResponse(): void {}

  override startReadTimer(limit: number, watcher: ReadTimeoutListener): void {
    if (!this.#isOver) super.startReadTimer(limit, watcher);
  }

  protected override onReadTimeout(limit: number, watcher: ReadTimeoutListener): void {
    // If no stream has received anything, the connection may be dead without an error.
    if (performance.now() - this.connection.lastReceivedAt >= limit) this.connection.retire();
    super.onReadTimeout(limit, watcher);
  }

  /** Gives the stream's place on the connection back. A request that is under way is ended. */
  release(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // The stream was opened in advance and not used.
    if (!this.#isDispatched) this.connection.sent--;
    this.clearReadTimer();
    this.#setPaused(false);
    this.#handler = undefined;
    const stream = this.#stream;
    if (stream?.pending) stream.destroy();
    else if (stream && !stream.closed && !(this.#hasEnded && stream.writableFinished)) {
      // Node would end the stream before it closes it, and the server would take a part of the body for the whole.
      stream._final = (done) => done();
      stream.close(constants.NGHTTP2_CANCEL);
    }
    this.connection.finished(this);
  }

  /** Ends the request at once; the connection goes on. */
  destroy(): void {
    this.release();
  }

  /** Ends the request as one that the server didn't process. Returns false when a part of it has been sent already. */
  withdraw(): boolean {
    const stream = this.#stream;
    if (!stream || (!stream.pending && stream.state.state !== constants.NGHTTP2_STREAM_STATE_IDLE))
      return false;
    this.#fail(new UnprocessedError());
    return true;
  }

  #send(options: Dispatcher.DispatchOptions): void {
    const handler = this.#handler;
    if (!handler) return;
    const body = options.body as Http2Body | null;
    let stream: ClientHttp2Stream;
    try {
      const headers = toHttp2Headers(options, body, this.connection.authority);
      if (this.#expects) headers['expect'] = '100-continue';
      if (closesConnection(options)) this.connection.retire();
      handler.onConnect?.((error) => this.#fail(error as Error));
      stream = this.#session.request(headers, {endStream: body === null});
    } catch (error) {
      this.#fail(error as Error);
      return;
    }
    this.#stream = stream;
    this.#watchEnd(stream);
    stream.on('headers', (headers, _flags, raw: string[]) => this.#onHead(Number(headers[':status']), raw));
    stream.once('response', (headers, _flags, raw: string[]) => {
      if (this.#isOver) return;
      this.connection.answered = true;
      this.#hasHead = true;
      const length = headers['content-length'];
      if (length !== undefined && options.method !== 'HEAD' && headers[':status'] !== 304) {
        this.#missing = Number(length);
      }
      handler.onResponseStarted?.();
      this.#onHead(Number(headers[':status']), raw);
      stream.on('data', (chunk: Buffer) => this.#onData(chunk));
    });
    stream.once('end', () => this.#onEnd());
    stream.once('error', (error) => {
      this.#error = error;
    });
    stream.once('aborted', () => {
      if (!this.#hasHead) this.#closeAborted();
    });
    stream.once('close', () => this.#onClose());
    if (body === null) {
      handler.onRequestSent?.();
    } else {
      stream.once('finish', () => this.#handler?.onRequestSent?.());
      this.#write(stream, body, options.headers as string[]).catch((error) => this.#fail(error));
    }
  }

  // Node reports the end of data also for a stream that is reset without an error before the response is complete (RFC 9113,
  // section 8.1, allows that reset only after a complete response). In that case Node closes the stream before it pushes the
  // end of the data.
  #watchEnd(stream: ClientHttp2Stream): void {
    const {push} = stream;
    let hasEnded = false;
    stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
      if (chunk === null && !hasEnded) {
        hasEnded = true;
        this.#isCut = stream.closed && !stream.endAfterHeaders;
      }
      return push.call(stream, chunk, encoding);
    };
  }

  #onHead(status: number, raw: string[]): void {
    this.connection.lastReceivedAt = performance.now();
    const headers: Buffer[] = [];
    let size = 0;
    for (let index = 0; index < raw.length; index += 2) {
      const name = raw[index] as string;
      if (name.startsWith(':')) continue;
      const value = raw[index + 1] as string;
      size += name.length + value.length;
      headers.push(Buffer.from(name, 'latin1'), Buffer.from(value, 'latin1'));
    }
    const {maxHeaderSize} = this.connection;
    if (size >= maxHeaderSize) {
      this.#fail(HeadTooLargeError.ofHead(maxHeaderSize));
      return;
    }
    const stream = this.#stream as ClientHttp2Stream;
    if (this.#handler?.onHeaders?.(status, headers, () => stream.resume(), '') === false) stream.pause();
  }

  #onData(chunk: Buffer): void {
    this.connection.lastReceivedAt = performance.now();
    if (this.#missing !== undefined) this.#missing -= chunk.length;
    if (this.#handler?.onData?.(chunk) === false) this.#stream?.pause();
  }

  #onEnd(): void {
    const stream = this.#stream as ClientHttp2Stream;
    // A stream that was cut off reports its end too. It fails when it closes.
    const isWhole = !this.#isCut && (this.#missing === undefined || this.#missing === 0);
    const isReset = stream.destroyed || stream.rstCode !== constants.NGHTTP2_NO_ERROR;
    if (this.#isCut) this.#closeAborted();
    if (this.#isOver || !this.#hasHead || isReset || !isWhole) return;
    this.#hasEnded = true;
    this.#handler?.onComplete?.([]);
    this.release();
  }

  // A stream that was reset doesn't close by itself while a write is pending, and that write may be pending for ever.
  #closeAborted(): void {
    realSetImmediate(() => {
      if (!this.#isOver) this.#stream?.destroy();
    });
  }

  #onClose(): void {
    if (this.#isOver) return;
    const stream = this.#stream as ClientHttp2Stream;
    const error = this.#error as NodeJS.ErrnoException | undefined;
    const isReset = error === undefined || error.code === 'ERR_HTTP2_STREAM_ERROR';
    this.#fail(
      this.connection.failureOf(stream) ??
        (isReset ? new StreamResetError(error?.message ?? `code ${stream.rstCode}`) : error),
    );
  }

  #fail(error: Error): void {
    const handler = this.#handler;
    if (this.#isOver || !handler) return;
    this.release();
    handler.onError?.(error);
  }

  async #write(stream: ClientHttp2Stream, body: Http2Body, headers: readonly string[]): Promise<void> {
    if (typeof body === 'string' || body instanceof Uint8Array) {
      this.#handler?.onBodySent?.(body as never, 0);
      stream.end(body);
      return;
    }
    const announced = headerOf(headers, 'content-length');
    let size = 0;
    for await (const chunk of body instanceof Blob ? body.stream() : body) {
      if (this.#isOver) return;
      size += Buffer.byteLength(chunk);
      this.#handler?.onBodySent?.(chunk as never, 0);
      if (!stream.write(chunk)) await drained(stream);
    }
    if (this.#isOver) return;
    if (announced !== undefined && Number(announced) !== size) throw contentLengthMismatch();
    stream.end();
  }
}

function closesConnection(options: Dispatcher.DispatchOptions): boolean {
  return options.reset === true || headerOf(options.headers as readonly string[], 'connection') === 'close';
}
