import type {Dispatcher} from 'undici';
import {isReplayable, isSmall} from '../../core/body.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {isNullBodyStatus} from '../../core/status.ts';
import {isUndiciRefusal} from './describe-failure.ts';
import {exchangeError, requestError} from './exchange-error.ts';
import type {FollowUp} from './follow-up.ts';
import * as followUp from './follow-up.ts';
import {addInformational} from './head-size.ts';
import {Connection} from './http1/connection.ts';
import {UnprocessedError} from './http2/errors.ts';
import type {BodyOrigin, BodySource} from './messages/incoming-body.ts';
import {IncomingBody} from './messages/incoming-body.ts';
import {exceedsLimit, tooLargeError} from './messages/limited-body.ts';
import {outgoingRequest} from './messages/outgoing-request.ts';
import {announcesClose, headerValue} from './messages/raw-headers.ts';
import {cancelWhenCollected, createResponse} from './messages/response.ts';
import {responseBody} from './messages/response-body.ts';
import {Upload} from './messages/upload.ts';
import type {Pool} from './pool/pool.ts';
import type {PoolConnection} from './pool/pool-host.ts';
import {PooledRequest} from './pooled-request.ts';
import type {ReadTimeoutListener} from './read-timer.ts';
import {realQueueMicrotask, realSetImmediate} from './real-timers.ts';
import {MeasuredBody, ResourceTiming} from './resource-timing.ts';

// The error that undici is aborted with. It never reaches a caller.
const aborted = new Error('aborted');

/**
 * One request on one connection, from the wait for a slot to the end of the response's body. `PooledRequest` gets the
 * connection; this class sends the request on it, receives the response, and starts what follows.
 *
 * The class is long because it is the only owner of this state: undici, the body, the read timer and the abort all report
 * to this one object. Whatever needs no state is in the modules beside it: `follow-up.ts` decides on redirects and resends,
 * `exchange-error.ts` makes the errors, and `messages/` makes what is sent and what the caller gets.
 */
export class Exchange
  extends PooledRequest
  implements ReadTimeoutListener, BodyOrigin, Dispatcher.DispatchHandler
{
  readonly #redirects: number;
  // Replaced once one of them was called: through its promise, `resolve` holds the response, which could then never be
  // garbage-collected while the exchange exists.
  #resolve: (response: Response) => void;
  #reject: (error: unknown) => void;
  #upload: Upload | undefined = undefined;
  #body: IncomingBody | undefined = undefined;
  #followUp: FollowUp | undefined = undefined;
  /** How many bytes of a discarded body have arrived. */
  #discarded = 0;
  /** How many more bytes of the body may arrive; `undefined` is no limit. */
  #bytesAllowed: number | undefined = undefined;
  /** Whether undici has begun to write the request. */
  #isWritten = false;
  /** Whether a part of the response has arrived. */
  #isAnswered = false;
  /** Whether the whole request has been handed to the socket. */
  #isSent = false;
  /** Whether the whole request had left the socket when the read timer last fired. */
  #wasFlushed = true;
  /** Whether the connection can't serve another request after this one. */
  #isLastOnConnection = false;
  #resends = 0;
  /** Whether the body has a Content-Encoding. */
  #isCoded = false;
  /** Only set where entries of `performance` are wanted. Redirects share it. */
  readonly #timing: ResourceTiming | undefined;
  /** How large the informational heads were together. */
  #informationalSize = 0;
  /** The status of the response. */
  #status: number | undefined = undefined;
  #abortDispatch: ((error: Error) => void) | undefined = undefined;
  #resumeDispatch: (() => void) | undefined = undefined;

  constructor(
    pool: Pool,
    request: ConnectorRequest,
    resolve: (response: Response) => void,
    reject: (error: unknown) => void,
    redirects = 0,
    attemptEnd: number | undefined = undefined,
    timing: ResourceTiming | undefined = undefined,
  ) {
    super(pool, request, attemptEnd);
    this.#timing = timing ?? (pool.options.resourceTiming ? new ResourceTiming(request.url) : undefined);
    this.#resolve = resolve;
    this.#reject = reject;
    this.#redirects = redirects;
  }

  override start(): void {
    const {lifetime} = this;
    if (!lifetime.isAborted) {
      super.start();
      return;
    }
    // The call was aborted while the redirect before this request was discarded.
    this.trace?.emit('attemptEnd', this.request, {error: lifetime.reason});
    this.pool.settle(this.host);
    this.#reject(lifetime.reason);
  }

  // Sending

  protected override dispatch(connection: PoolConnection): void {
    const request = this.request;
    this.state = 'sent';
    this.connection = connection;
    this.isReused = connection.sent > 0;
    this.#isLastOnConnection = connection.isLast;
    this.#isWritten = false;
    this.#isSent = false;
    if (this.host.adaptive) this.sentAt = performance.now();
    if (this.list === undefined) this.pool.running.append(this);
    const expectsContinue = followUp.waitsForContinue(request);
    if (expectsContinue && connection instanceof Connection) this.#isLastOnConnection = true;
    let options: Dispatcher.DispatchOptions;
    try {
      const isLast = this.#isLastOnConnection;
      options = outgoingRequest(request, this.host, this.path, this.#upload, expectsContinue, isLast);
    } catch (error) {
      this.returnUnusedConnection();
      this.fail(error);
      return;
    }
    const body: unknown = options.body;
    if (body instanceof Upload) this.#upload = body;
    if (request.body !== null && !isSmall(request.body)) connection.keepEarlyResponse();
    if (expectsContinue) connection.dispatchExpectContinue(options, this);
    else connection.dispatch(options, this, !followUp.isRepeatable(request));
  }

  onConnect(abort: (error?: Error) => void): void {
    // The call was aborted between the dispatch and this event. A throw ends the request and keeps the connection.
    if (this.state !== 'sent') throw aborted;
    this.#isWritten = true;
    this.#abortDispatch = abort;
    this.#timing?.requestStarted();
    const {totals} = this.pool;
    totals.sent++;
    if (this.isReused) totals.reused++;
    this.trace?.emit('requestHeadersSent', this.request);
    this.#upload?.proceedAfter(this.request.transfer?.expectContinue);
  }

  // Events may arrive in any state: a server sends a second head, or none, and an aborted request is over before its
  // connection knows. Each event is ignored or fails the call where its state doesn't expect it.

  onBodySent(chunk: unknown): void {
    if (this.state === 'done') return;
    const bytes = typeof chunk === 'string' ? Buffer.byteLength(chunk) : (chunk as Buffer).length;
    this.pool.totals.bytesSent += bytes;
    this.trace?.emit('requestChunkSent', this.request, {bytes});
    this.#reportSent(chunk as string | Uint8Array);
  }

  onRequestSent(): void {
    if (this.state === 'done') return;
    this.#isSent = true;
    this.trace?.emit('requestSent', this.request);
    if (this.host.adaptive && this.#upload) this.sentAt = performance.now();
    this.#reportSent(undefined);
    if (this.state === 'sent' || (this.state === 'receiving' && !this.#body?.paused)) this.#startReadTimer();
  }

  // What the caller's progress listener throws fails the call, and must not reach undici.
  #reportSent(chunk: string | Uint8Array | undefined): void {
    try {
      this.#upload?.reportSent(chunk);
    } catch (error) {
      this.fail(error);
    }
  }

  // Receiving

  onResponseStarted(): void {
    this.#isAnswered = true;
  }

  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void, statusText: string): boolean {
    if (this.state !== 'sent') return true;
    if (status < 200) {
      this.#receiveInformational(status, rawHeaders);
      return true;
    }
    this.#startReadTimer();
    this.#timing?.responseStarted(status);
    // A response that comes before the end of the upload doesn't show how long the host takes, except when it is overloaded.
    if (this.host.adaptive && (this.#isSent || status === 429 || status === 503)) {
      this.pool.limits.observe(this.host, this.sentAt, status);
    }
    if (this.#upload && !this.#isSent && (status >= 300 || this.#upload.isWaiting)) this.#upload.halt();
    this.#resumeDispatch = resume;
    if (announcesClose(rawHeaders)) this.#isLastOnConnection = true;
    const location = followUp.redirectLocation(this.request, status, rawHeaders);
    if (location !== undefined) return this.#redirect(status, location, rawHeaders, statusText);
    if (followUp.refusesExpectation(this.request, status)) return this.#resendWithoutExpectation();
    return this.#receive(status, rawHeaders, statusText);
  }

  // Doesn't start the read timer anew: a server that sends nothing else would hold the slot for ever.
  #receiveInformational(status: number, rawHeaders: Buffer[]): void {
    try {
      if (status === 101)
        throw new Error('The server switched protocols, though the request did not ask for it');
      if (status < 100) throw new Error('The server sent a status below 100, which HTTP does not have');
      this.#informationalSize = addInformational(this.#informationalSize, rawHeaders);
    } catch (error) {
      this.#isAnswered = true;
      this.onError(error as Error);
      return;
    }
    if (status === 100 && this.#upload?.isWaiting) this.#upload.proceed();
  }

  #receive(status: number, rawHeaders: Buffer[], statusText: string): boolean {
    const request = this.request;
    const hasBody = request.method !== 'HEAD' && !isNullBodyStatus(status);
    const contentEncoding = headerValue(rawHeaders, 'content-encoding');
    if (request.transfer && hasBody && contentEncoding === undefined) {
      this.#bytesAllowed = request.transfer.maxResponseSize;
      if (exceedsLimit(this.#bytesAllowed, status, rawHeaders)) {
        this.#failTooLarge();
        return true;
      }
    }
    const {url, method} = request;
    const head = {status, statusText, rawHeaders, url, redirected: this.#redirects > 0, method};
    this.state = 'receiving';
    this.lifetime.bodyOpened();
    if (!hasBody) {
      this.#deliver(createResponse(head, undefined));
      return true;
    }
    const body = new IncomingBody(this);
    this.#body = body;
    try {
      const source = responseBody(body, contentEncoding, request, rawHeaders);
      this.#isCoded = contentEncoding !== undefined;
      this.#deliver(createResponse(head, this.#isCoded && this.#timing ? this.#measured(source) : source));
    } catch (error) {
      this.state = 'sent';
      this.lifetime.bodyClosed();
      this.fail(error);
    }
    return true;
  }

  #measured(source: BodySource): BodySource {
    const timing = this.#timing as ResourceTiming;
    const {protocol} = this.connection as PoolConnection;
    return new MeasuredBody(source, (size) => timing.ended(protocol, size));
  }

  #deliver(response: Response): void {
    const {status} = response;
    this.#status = status;
    this.trace?.emit('responseHeadersReceived', this.request, {status}, response);
    const resolve = this.#resolve;
    this.#resolve = ignore;
    this.#reject = ignore;
    resolve(response);
    // Most bodies have arrived by the end of this turn. Those are not registered: a registration burdens the garbage collector.
    if (this.#body) {
      realQueueMicrotask(() => {
        if (this.state === 'receiving') cancelWhenCollected(response);
      });
    }
  }

  /** Whether the head of the response has arrived, and its body is arriving. */
  get #isReading(): boolean {
    return this.state === 'receiving' || this.state === 'discarding';
  }

  onData(chunk: Buffer): boolean {
    // undici's parser hands on an empty chunk when it resumes. A stream that gets an empty chunk asks for no other.
    if (chunk.length === 0 || !this.#isReading) return true;
    this.pool.totals.bytesReceived += chunk.length;
    this.#timing?.received(chunk.length);
    this.trace?.emit('responseChunkReceived', this.request, {bytes: chunk.length});
    if (this.state === 'discarding') {
      this.#discarded += chunk.length;
      if (this.#discarded > followUp.discardLimit) this.#stopDiscarding();
      return true;
    }
    if (this.#bytesAllowed !== undefined) {
      this.#bytesAllowed -= chunk.length;
      if (this.#bytesAllowed < 0) {
        this.#failTooLarge();
        return true;
      }
    }
    const hasRoom = this.#body === undefined || this.#body.push(chunk);
    if (hasRoom) this.#startReadTimer();
    else this.#pause();
    return hasRoom;
  }

  // While the reader is slower than the server, the read timeout doesn't run, and nothing keeps the process alive.
  #pause(): void {
    (this.connection as PoolConnection).paused();
    this.lifetime.totalTimer?.unref?.();
  }

  onComplete(): void {
    if (!this.#isReading) {
      this.onError(new Error('The response ended before its head had arrived'));
      return;
    }
    const connection = this.connection as PoolConnection;
    const wasReceiving = this.state === 'receiving';
    this.finish();
    // After a response that came before the end of the upload, the rest of the upload is in the way of the next request.
    const isLast = this.#isLastOnConnection || !this.#isSent;
    // A request without a body was read by the server before it answered.
    const isFlushed = this.request.body === null || connection.isFlushed;
    if (isLast || isFlushed) this.releaseConnection(connection, isLast);
    if (!wasReceiving) this.#startFollowUp();
    if (isLast || isFlushed) this.releaseSlot();
    else realSetImmediate(() => this.#releaseLater(connection));
    if (wasReceiving) {
      this.trace?.emit('attemptEnd', this.request, {status: this.#status});
      if (this.#timing && !this.#isCoded) this.#timing.ended(connection.protocol);
      this.#body?.end(this.lifetime.followed);
      this.lifetime.bodyClosed();
    }
  }

  // A TLS socket learns one turn late that the written data has left.
  #releaseLater(connection: PoolConnection): void {
    this.releaseConnection(connection, !connection.isFlushed);
    this.releaseSlot();
  }

  bodyReadStarted(): void {
    this.lifetime.bodyReadStarted();
  }

  resume(): void {
    if (this.state !== 'receiving') return;
    (this.connection as PoolConnection).resumed();
    this.lifetime.totalTimer?.ref?.();
    this.#startReadTimer();
    this.#resumeDispatch?.();
  }

  cancel(reason: unknown, failed = false): void {
    if (this.state !== 'receiving') return;
    this.fail(reason ?? new DOMException('The body was cancelled', 'AbortError'), failed);
  }

  // Follow-ups

  #redirect(status: number, location: string, rawHeaders: Buffer[], statusText: string): boolean {
    const request = this.request;
    const {url, method} = request;
    const head = {status, statusText, rawHeaders, url, redirected: false, method};
    this.trace?.emit('responseHeadersReceived', request, {status}, createResponse(head, undefined));
    this.#status = status;
    try {
      this.#followUp = followUp.redirectFollowUp(request, status, location, this.#redirects, rawHeaders);
    } catch (error) {
      this.fail(error);
      return true;
    }
    return this.#discard();
  }

  #resendWithoutExpectation(): boolean {
    const error = new Error('The server does not support Expect: 100-continue');
    this.trace?.emit('requestResent', this.request, {error});
    this.#followUp = followUp.withoutExpectation(this.request, this.#redirects);
    return this.#discard();
  }

  #discard(): boolean {
    this.state = 'discarding';
    (this.connection as PoolConnection).stopReadTimer();
    this.timer = setTimeout(() => this.#stopDiscarding(), followUp.discardTime);
    return true;
  }

  #stopDiscarding(): void {
    this.finish();
    this.#destroyConnection();
    this.#startFollowUp();
    this.releaseSlot();
  }

  // Called before the slot is given back: a pool that is closing would otherwise take this exchange for the last one.
  #startFollowUp(): void {
    this.inContext(this.#follow);
  }

  #follow(): void {
    const next = this.#followUp as FollowUp;
    followUp.traceFollowUp(this.trace, next);
    const {request, redirects} = next;
    const timing = this.#timing;
    timing?.redirected();
    new Exchange(this.pool, request, this.#resolve, this.#reject, redirects, this.attemptEnd, timing).start();
  }

  #sendAgain(error: Error): void {
    this.inContext(this.#resend, error);
  }

  #resend(error: Error): void {
    const {body} = this.request;
    this.#resends++;
    this.trace?.emit('requestResent', this.request, {error});
    this.clearTimer();
    if (this.#isWritten || isReplayable(body)) {
      this.#upload?.stop();
      this.#upload = undefined;
    }
    this.#abortDispatch = undefined;
    (this.connection as PoolConnection).stopReadTimer();
    (this.connection as PoolConnection).isRetired = true;
    this.connection = undefined;
    // When one idle connection was dead, others may be dead too. A refusal shows nothing about other connections.
    const another = error instanceof UnprocessedError ? this.takeIdle() : undefined;
    if (another) this.reuse(another);
    else this.dial();
  }

  // Failures and aborts

  onError(error: Error): void {
    if (this.state === 'done') return;
    if (this.state === 'discarding') {
      this.finish();
      this.#startFollowUp();
      this.releaseSlot();
      return;
    }
    const request = this.request;
    const connection = this.connection;
    const failure = requestError(request, error, this.#upload?.failure?.error);
    if (failure) {
      if (!this.#isWritten && isUndiciRefusal(error)) this.returnUnusedConnection();
      this.fail(failure);
    } else if (this.state === 'sent' && this.#canSendAgain(error)) {
      this.#sendAgain(error);
    } else {
      this.fail(exchangeError(request, connection?.error ?? error, this.#isSent));
    }
  }

  #canSendAgain(error: Error): boolean {
    return followUp.canSendAgain({
      request: this.request,
      error,
      resends: this.#resends,
      isWritten: this.#isWritten,
      isAnswered: this.#isAnswered,
      wasIdle: (this.connection as PoolConnection).wasIdle,
    });
  }

  readTimedOut(limit: number): void {
    // The server's time begins when the whole request has left the socket. The timer runs once more if the request had not
    // left when the timer last fired.
    const {isFlushed} = this.connection as PoolConnection;
    if (this.#upload?.isHalted || (isFlushed && this.#wasFlushed)) this.timeOut('read', limit);
    else this.#startReadTimer();
    this.#wasFlushed = isFlushed;
  }

  #failTooLarge(): void {
    const {transfer} = this.request;
    this.fail(tooLargeError(this.request, transfer?.maxResponseSize as number));
  }

  /**
   * Ends the exchange at once, whatever its state. The caller gets `reason` itself.
   *
   * @param isFailure - false when the caller no longer wants the body, which is no failure of the call
   */
  protected override fail(reason: unknown, isFailure = true): void {
    const state = this.state;
    if (state === 'done') return;
    if (this.host.adaptive && (state === 'dialling' || state === 'sent') && !this.#upload?.failure) {
      this.pool.limits.observe(this.host, this.sentAt, undefined, reason);
    }
    this.finish(reason);
    if (state === 'queued') {
      this.pool.limits.leave(this.host, this);
      this.pool.settle(this.host);
    } else {
      if (state === 'dialling') this.pool.cancel(this);
      else this.#destroyConnection();
      this.releaseSlot();
    }
    this.trace?.emit('attemptEnd', this.request, {status: this.#status, ...(isFailure && {error: reason})});
    if (state === 'receiving') {
      this.#body?.fail(reason);
      this.lifetime.bodyClosed(isFailure, reason);
    } else {
      this.#reject(reason);
    }
  }

  // Release

  protected override finish(reason?: unknown): void {
    super.finish();
    this.#upload?.stop(reason);
  }

  #destroyConnection(): void {
    const connection = this.connection;
    if (!connection) return;
    // undici is told first, because it has a request under way on that socket.
    this.#abortDispatch?.(aborted);
    connection.destroy();
  }

  // Timers

  /** Starts the read timer, or starts it anew. It doesn't run while the request is being sent. */
  #startReadTimer(): void {
    const {read} = this.request.timeouts;
    if (read !== undefined && (this.#isSent || this.#upload?.isHalted))
      (this.connection as PoolConnection).startReadTimer(read, this);
  }
}

function ignore(): void {}
