import type {ClientHttp2Session, ClientHttp2Stream} from 'node:http2';
import {constants} from 'node:http2';
import type {Dispatcher} from 'undici';
import type {RequestHandler} from '../dispatch.ts';
import {contentLengthMismatch, drained, headerOf} from '../dispatch.ts';
import type {ReadTimeoutListener} from '../read-timer.ts';
import {ReadTimer} from '../read-timer.ts';
import {StreamResetError, UnprocessedError} from './errors.ts';
import type {Http2Body} from './headers.ts';
import {toHttp2Headers} from './headers.ts';

/** The connection that a stream is one of several of. */
export interface StreamOwner {
  /** What ":authority" is, unless the request says otherwise. */
  readonly authority: string;
  /** The address at the other end. */
  readonly address: string | undefined;
  /** How many streams are open. */
  readonly active: number;
  /** How many requests were sent on it, or are about to be. */
  sent: number;
  /** Whether the server has answered anything yet. */
  answered: boolean;
  /** When something last came from the server, on the clock of `performance`. */
  lastReceivedAt: number;
  /** Whether it was of use, or idle, before: the server may have closed it meanwhile. */
  readonly wasIdle: boolean;
  /** Whether nothing happened on it for so long that the server may be about to close it. */
  readonly wasIdleLong: boolean;
  /** A stream is over. */
  finished(stream: unknown): void;
  /** It is to take no further request. */
  retire(): void;
  /** Why a stream failed; `undefined`: it was reset, and only it. */
  failureOf(stream: ClientHttp2Stream): Error | undefined;
}

/** One request's stream on a connection that carries several: to whoever uses it, as a connection of its own. */
export class Http2Stream<Owner extends StreamOwner = StreamOwner> extends ReadTimer {
  /** How many requests the server has had on the connection before; 0 as long as it has answered none. */
  readonly sent: number;
  /** Whether the connection was of use, or idle, before this request. */
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
  /** The head of the response is here. */
  #hasHead = false;
  /** How much of the response's body is missing, in bytes, where it says. */
  #missing: number | undefined = undefined;
  /** The stream was closed before its end had come. */
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

  /** Its requests are told why they failed. */
  get error(): undefined {
    return undefined;
  }

  get address(): string | undefined {
    return this.connection.address;
  }

  /** It serves one request. */
  get isLast(): boolean {
    return false;
  }

  /** All that was written has left. */
  get isFlushed(): boolean {
    return this.#stream === undefined || this.#stream.writableLength === 0;
  }

  get isRetired(): boolean {
    return this.#isOver;
  }

  set isRetired(_value: true) {
    this.release();
  }

  /** As undici's `dispatch` does, telling the same handler. */
  dispatch(options: Dispatcher.DispatchOptions, handler: RequestHandler, isUnrepeatable: boolean): void {
    this.#handler = handler;
    this.#isDispatched = true;
    // All that has arrived is looked at first: the connection may be gone.
    if (isUnrepeatable && this.connection.wasIdleLong) setImmediate(() => this.#send(options));
    else this.#send(options);
  }

  /** As `dispatch`, of a request that waits for the server's word before its body. */
  dispatchExpectContinue(options: Dispatcher.DispatchOptions, handler: RequestHandler): void {
    this.#expects = true;
    this.dispatch(options, handler, false);
  }

  // Streams are ended by what the server says, not by what fails to leave.
  keepEarlyResponse(): void {}

  override startReadTimer(limit: number, watcher: ReadTimeoutListener): void {
    if (!this.#isOver) super.startReadTimer(limit, watcher);
  }

  protected override onReadTimeout(limit: number, watcher: ReadTimeoutListener): void {
    // Nothing came on any stream: the connection may be dead without anybody having said so.
    if (performance.now() - this.connection.lastReceivedAt >= limit) this.connection.retire();
    super.onReadTimeout(limit, watcher);
  }

  /** Gives its place on the connection back. What is still under way is ended. */
  release(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // Opened in advance, and not used.
    if (!this.#isDispatched) this.connection.sent--;
    this.clearReadTimer();
    this.#handler = undefined;
    const stream = this.#stream;
    if (stream?.pending) stream.destroy();
    else if (stream && !stream.closed && !(this.#hasEnded && stream.writableFinished)) {
      // To close it, Node would first write its end: a part of a body would look like all of it.
      stream._final = (done) => done();
      stream.close(constants.NGHTTP2_CANCEL);
    }
    this.connection.finished(this);
  }

  /** Ends the request at once; the connection goes on. */
  destroy(): void {
    this.release();
  }

  /** Ends the request as one the server didn't take, if nothing of it has left; false when something has. */
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

  // A stream that is reset without an error ends as one that is complete does (RFC 9113, section 8.1, allows it only after
  // that). Node tells them apart in the order of two steps: the end of what is read, and the closing of the stream.
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
    for (let index = 0; index < raw.length; index += 2) {
      const name = raw[index] as string;
      if (name.startsWith(':')) continue;
      headers.push(Buffer.from(name, 'latin1'), Buffer.from(raw[index + 1] as string, 'latin1'));
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
    // One that was cut off ends too, and fails when it closes.
    const isWhole = !this.#isCut && (this.#missing === undefined || this.#missing === 0);
    const isReset = stream.destroyed || stream.rstCode !== constants.NGHTTP2_NO_ERROR;
    if (this.#isCut) this.#closeAborted();
    if (this.#isOver || !this.#hasHead || isReset || !isWhole) return;
    this.#hasEnded = true;
    this.#handler?.onComplete?.([]);
    this.release();
  }

  // While something waits to be written, as it may for ever then, a stream that was reset doesn't close by itself.
  #closeAborted(): void {
    setImmediate(() => {
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
