import type {Dispatcher} from 'undici';
import {isReplayable, isSmall} from '../../core/body.ts';
import type {Lifetime} from '../../core/call-lifetime.ts';
import type {ProgressReport} from '../../core/progress.ts';
import {isRedirectStatus, redirectedRequest} from '../../core/redirect.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {isIdempotent} from '../../core/request.ts';
import {isNullBodyStatus} from '../../core/status.ts';
import type {ConnectionDetail, Trace, TraceSignals} from '../../core/trace.ts';
import {codeOf} from '../../errors/error-code.ts';
import type {Phase} from '../../errors/index.ts';
import {ConnectionError, TimeoutError} from '../../errors/index.ts';
import {redactUrl} from '../../errors/redact-url.ts';
import type {Linked, LinkedList} from '../../utils/linked-list.ts';
import {urlParts} from '../../utils/url-parts.ts';
import {describeFailure, isUndiciRefusal} from './describe-failure.ts';
import type {DialSignal} from './dial/dial.ts';
import {Connection} from './http1/connection.ts';
import {StreamResetError, UnprocessedError} from './http2/errors.ts';
import {decodedBody} from './messages/decoded-body.ts';
import type {BodyOrigin} from './messages/incoming-body.ts';
import {IncomingBody} from './messages/incoming-body.ts';
import {tooLarge, watched} from './messages/limited-body.ts';
import {toSend} from './messages/outgoing-request.ts';
import {contentLengthOf, headerValue, locationOf} from './messages/raw-headers.ts';
import {createResponse, watchAbandoned} from './messages/response.ts';
import {Upload} from './messages/upload.ts';
import type {Pool} from './pool/pool.ts';
import type {PoolConnection, PoolHost, PoolMember} from './pool/pool-host.ts';
import type {SilenceWatcher} from './read-timer.ts';

/** How much of a redirect's body is read to keep its connection, in bytes, and for how long, in ms. */
const discardLimit = 64 * 1024;
const discardTime = 1_000;

// RFC 9110, section 7.6.1: connection options are a list.
const closeOption = /(?:^|,)[\t ]*close[\t ]*(?:,|$)/i;

// How often a request is sent again on another connection: a server may refuse each of many streams.
const maxResends = 3;

// What undici is aborted with; it never reaches a caller.
const aborted = new Error('aborted');

type State =
  /** Waits for a slot. */
  | 'queued'
  /** Has a slot, waits for a connection. */
  | 'dialling'
  /** Handed to its connection; nothing of the response is here. */
  | 'sent'
  /** The head has been handed on, the body is arriving. */
  | 'receiving'
  /** It was a redirect; its body is read to nobody's profit but the connection's. */
  | 'discarding'
  /** Over: its slot is given back. */
  | 'done';

/**
 * One request on one connection: from waiting for a slot to the end of the response's body. It is what waits in the
 * queue, what undici reports to, what the body pulls from and what an abort reaches, so that one request is one
 * object with one state.
 */
export class Exchange implements PoolMember, SilenceWatcher, BodyOrigin, Dispatcher.DispatchHandler {
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
  list: LinkedList<Linked> | undefined = undefined;

  readonly host: PoolHost;
  readonly #pool: Pool;
  readonly #request: ConnectorRequest;
  readonly #path: string;
  readonly #trace: Trace | undefined;
  readonly #redirects: number;
  // Dropped once called: through its promise, `resolve` holds the response, which then nobody could see collected.
  #resolve: (response: Response) => void;
  #reject: (error: unknown) => void;
  /** When the attempt's time is up, on the clock of `performance`; redirects share it. */
  #attemptEnd: number | undefined;

  #state: State = 'queued';
  #connection: PoolConnection | undefined = undefined;
  /** The connection had been used before. */
  #reused = false;
  #upload: Upload | undefined = undefined;
  #body: IncomingBody | undefined = undefined;
  #follow: ConnectorRequest | undefined = undefined;
  #discarded = 0;
  /** How many more bytes of the body may come; `undefined`: any number. */
  #room: number | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #attemptTimer: NodeJS.Timeout | undefined = undefined;
  /** undici has begun to write it. */
  #written = false;
  /** Something of the response is here. */
  #answered = false;
  /** All of the request has been handed to the socket. */
  #bodySent = false;
  /** All of it had left the socket when silence was last looked at. */
  #wasFlushed = true;
  /** The connection can't serve another request after this one. */
  #lastOnConnection = false;
  #resends = 0;
  /** Of the response's head. */
  #status: number | undefined = undefined;
  /** Where the limit adapts: when it was last sent, or began to dial. */
  #sentAt = 0;
  #abortDispatch: ((error: Error) => void) | undefined = undefined;
  #resumeDispatch: (() => void) | undefined = undefined;

  constructor(
    pool: Pool,
    request: ConnectorRequest,
    resolve: (response: Response) => void,
    reject: (error: unknown) => void,
    redirects = 0,
    attemptEnd: number | undefined = undefined,
  ) {
    const {origin, path} = urlParts(request.url);
    this.#pool = pool;
    this.#request = request;
    this.#path = path;
    this.#trace = request.lifetime.trace;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#redirects = redirects;
    this.#attemptEnd = attemptEnd;
    this.host = pool.limits.host(origin);
  }

  get connectTimeout(): number | undefined {
    return this.#request.timeouts.connect;
  }

  get lifetime(): Lifetime {
    return this.#request.lifetime;
  }

  start(): void {
    const {lifetime} = this.#request;
    if (lifetime.isAborted) {
      // After a redirect.
      this.#trace?.emit('attemptEnd', this.#request, {error: lifetime.reason});
      this.#pool.settle(this.host);
      this.#reject(lifetime.reason);
      return;
    }
    lifetime.onAbort(this);
    if (this.#attemptEnd !== undefined) this.#startAttemptTimer();
    if (this.#pool.limits.acquire(this.host, this)) {
      this.#begin();
      return;
    }
    this.#trace?.emit('connectionQueuedStart', this.#request);
    const {pool} = this.#request.timeouts;
    if (pool !== undefined) this.#timer = setTimeout(() => this.#timeOut('pool', pool), pool);
  }

  // Waiting for a slot and a connection

  granted(): void {
    this.#clearTimer();
    this.#trace?.emit('connectionQueuedEnd', this.#request);
    this.#begin();
  }

  #begin(): void {
    if (this.host.adaptive) this.#sentAt = performance.now();
    this.#pool.running.append(this);
    this.#startAttemptTimer();
    const connection = this.#take();
    if (connection) this.#reuse(connection);
    else this.#dial();
  }

  #reuse(connection: PoolConnection): void {
    this.#trace?.emit('connectionReuse', this.#request, describeConnection(connection));
    this.#dispatch(connection);
  }

  dialTold<Type extends DialSignal>(type: Type, detail: TraceSignals[Type]): void {
    this.#trace?.emit(type, this.#request, detail);
  }

  #take(): PoolConnection | undefined {
    const connection = this.#pool.take(this.host);
    if (!this.#expects || !(connection instanceof Connection) || connection.takesExpecting) return connection;
    // Its place is needed.
    connection.close();
    return undefined;
  }

  /** The body waits for the server's word. */
  get #expects(): boolean {
    const {transfer, body} = this.#request;
    return transfer?.expectContinue !== undefined && body !== null;
  }

  connected(connection: PoolConnection): void {
    this.#trace?.emit('connectionCreateEnd', this.#request, describeConnection(connection));
    this.#dispatch(connection);
  }

  dialFailed(error: Error, phase: Phase): void {
    this.#fail(this.#connectionError(error, phase));
  }

  dialTimedOut(limit: number, cause: Error | undefined): void {
    this.#fail(new TimeoutError('connect', limit, {...this.#details(), cause}));
  }

  #dial(): void {
    this.#state = 'dialling';
    this.#trace?.emit('connectionCreateStart', this.#request);
    // While it waits to dial it is a member of the pool's list for that.
    this.#pool.running.remove(this);
    this.#pool.open(this);
  }

  #dispatch(connection: PoolConnection): void {
    this.#state = 'sent';
    this.#connection = connection;
    this.#reused = connection.sent > 0;
    this.#lastOnConnection = connection.isLast;
    this.#written = false;
    this.#bodySent = false;
    if (this.host.adaptive) this.#sentAt = performance.now();
    if (this.list === undefined) this.#pool.running.append(this);
    let options: Dispatcher.DispatchOptions;
    try {
      options = this.#dispatchOptions();
    } catch (error) {
      this.#spareConnection();
      this.#fail(error);
      return;
    }
    const {body} = this.#request;
    if (body !== null && !isSmall(body)) connection.hearAnswerFirst();
    if (!this.#expects) {
      connection.dispatch(options, this, !this.#isRepeatable);
    } else {
      if (connection instanceof Connection) this.#lastOnConnection = true;
      connection.dispatchExpecting(options, this);
    }
  }

  #dispatchOptions(): Dispatcher.DispatchOptions {
    const {headers, body} = toSend(this.#request, this.host, this.#upload, this.#expects);
    if (body instanceof Upload) this.#upload = body;
    const {prefix} = this.host;
    return {
      path: prefix === '' ? this.#path : prefix + this.#path,
      method: this.#request.method as Dispatcher.HttpMethod,
      headers,
      body: body as Buffer,
      // Left to itself, undici gives up a connection after a HEAD, and after a body on a method that seldom has one.
      reset: this.#lastOnConnection,
    };
  }

  // What undici reports

  onConnect(abort: (error?: Error) => void): void {
    // Aborted between dispatch and here: thrown, it ends the request and spares the connection.
    if (this.#state !== 'sent') throw aborted;
    this.#written = true;
    this.#abortDispatch = abort;
    const {totals} = this.#pool;
    totals.sent++;
    if (this.#reused) totals.reused++;
    this.#trace?.emit('requestHeadersSent', this.#request);
    if (this.#upload?.isWaiting) {
      this.#timer = setTimeout(() => this.#upload?.goAhead(), this.#request.transfer?.expectContinue);
    }
  }

  onResponseStarted(): void {
    this.#answered = true;
  }

  onBodySent(chunk: unknown): void {
    const bytes = typeof chunk === 'string' ? Buffer.byteLength(chunk) : (chunk as Buffer).length;
    this.#pool.totals.bytesSent += bytes;
    this.#trace?.emit('requestChunkSent', this.#request, {bytes});
    if (this.#upload?.report) this.#tell((report) => report.add(toBytes(chunk as string | Uint8Array)));
  }

  onRequestSent(): void {
    this.#bodySent = true;
    this.#trace?.emit('requestSent', this.#request);
    if (this.host.adaptive && this.#upload) this.#sentAt = performance.now();
    if (this.#upload?.report) this.#tell((report) => report.end());
    if (this.#state === 'sent' || (this.#state === 'receiving' && !this.#body?.paused))
      this.#startReadTimer();
  }

  /** The server has made up its mind before it had all of the body: the rest is not sent. */
  #stopSending(): void {
    this.#clearTimer();
    this.#upload?.halt(new Error('The server answered before it had the whole body'));
  }

  // What a listener throws is not undici's to judge.
  #tell(tell: (report: ProgressReport) => void): void {
    try {
      tell(this.#upload?.report as ProgressReport);
    } catch (error) {
      this.#cut(error);
    }
  }

  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void, statusText: string): boolean {
    this.#startReadTimer();
    if (status < 200) {
      if (status === 100 && this.#upload?.isWaiting) {
        this.#clearTimer();
        this.#upload.goAhead();
      }
      return true;
    }
    // An answer before the end of the upload tells nothing of how long the host takes.
    if (this.host.adaptive && (this.#bodySent || status === 429 || status === 503)) {
      this.#pool.limits.observe(this.host, this.#sentAt, status);
    }
    if (this.#upload && !this.#bodySent && (status >= 300 || this.#upload.isWaiting)) this.#stopSending();
    this.#resumeDispatch = resume;
    const connection = headerValue(rawHeaders, 'connection');
    if (connection !== undefined && closeOption.test(connection)) this.#lastOnConnection = true;
    const request = this.#request;
    if (isRedirectStatus(status) && request.redirect !== 'manual') {
      const location = locationOf(rawHeaders);
      if (location !== undefined || request.redirect === 'error') {
        const head = {status, statusText, rawHeaders, url: request.url, redirected: false};
        this.#trace?.emit('responseHeadersReceived', request, {status}, createResponse(head, undefined));
        return this.#redirect(status, location ?? '');
      }
    }
    if (status === 417 && this.#expects && isReplayable(request.body)) return this.#sendUnasked();
    return this.#receive(status, rawHeaders, statusText);
  }

  #receive(status: number, rawHeaders: Buffer[], statusText: string): boolean {
    const request = this.#request;
    const hasBody = request.method !== 'HEAD' && !isNullBodyStatus(status);
    const contentEncoding = headerValue(rawHeaders, 'content-encoding');
    if (request.transfer && hasBody && contentEncoding === undefined) {
      this.#room = request.transfer.maxResponseSize;
      // What an error's status says goes before how large its body is.
      if (this.#room !== undefined && status < 400 && contentLengthOf(rawHeaders) > this.#room) {
        this.#cut(tooLarge(request, this.#room));
        return true;
      }
    }
    const head = {status, statusText, rawHeaders, url: request.url, redirected: this.#redirects > 0};
    this.#state = 'receiving';
    request.lifetime.bodyOpened();
    if (!hasBody) {
      this.#deliver(createResponse(head, undefined));
      return true;
    }
    const body = new IncomingBody(this);
    this.#body = body;
    try {
      let source = contentEncoding === undefined ? body : decodedBody(body, contentEncoding, request);
      if (request.transfer) source = watched(source, contentEncoding !== undefined, request, rawHeaders);
      this.#deliver(createResponse(head, source));
    } catch (error) {
      this.#state = 'sent';
      request.lifetime.bodyClosed();
      this.#cut(error);
    }
    return true;
  }

  onData(chunk: Buffer): boolean {
    // The parser's, when it goes on after a pause and nothing has come: a stream that is handed nothing asks no more.
    if (chunk.length === 0) return true;
    this.#pool.totals.bytesReceived += chunk.length;
    this.#trace?.emit('responseChunkReceived', this.#request, {bytes: chunk.length});
    if (this.#state === 'discarding') {
      this.#discarded += chunk.length;
      if (this.#discarded > discardLimit) this.#cut(aborted);
      return true;
    }
    if (this.#room !== undefined) {
      this.#room -= chunk.length;
      if (this.#room < 0) {
        this.#cut(tooLarge(this.#request, this.#request.transfer?.maxResponseSize as number));
        return true;
      }
    }
    const goOn = this.#body === undefined || this.#body.push(chunk);
    if (goOn) this.#startReadTimer();
    // The server isn't silent while the reader is the slow one.
    else (this.#connection as PoolConnection).stopWatching();
    return goOn;
  }

  onComplete(): void {
    const connection = this.#connection as PoolConnection;
    const wasReceiving = this.#state === 'receiving';
    this.#finish();
    // An answer before the end of the upload leaves the rest of it in the way. What had no body was read before it was answered.
    const isLast = this.#lastOnConnection || !this.#bodySent;
    const isFlushed = this.#request.body === null || connection.isFlushed;
    if (isLast || isFlushed) this.#letGo(connection, isLast);
    if (!wasReceiving) this.#followRedirect();
    if (isLast || isFlushed) this.#giveBack();
    else setImmediate(() => this.#letGoLater(connection));
    if (wasReceiving) {
      this.#trace?.emit('attemptEnd', this.#request, {status: this.#status});
      this.#body?.end();
      this.#request.lifetime.bodyClosed();
    }
  }

  // Over TLS, a socket hears only a turn later that what it wrote has left.
  #letGoLater(connection: PoolConnection): void {
    this.#letGo(connection, !connection.isFlushed);
    this.#giveBack();
  }

  #letGo(connection: PoolConnection, isLast: boolean): void {
    if (!isLast) {
      this.#pool.putBack(connection);
      return;
    }
    connection.spent = true;
    // undici closes most of these itself, once it is through with the response: it must not lose the socket before.
    queueMicrotask(() => connection.destroy());
  }

  onError(error: Error): void {
    if (this.#state === 'done') return;
    if (this.#state === 'discarding') {
      this.#finish();
      this.#followRedirect();
      this.#giveBack();
      return;
    }
    if (isUndiciRefusal(error)) {
      if (!this.#written) this.#spareConnection();
      this.#fail(new TypeError(`Request could not be sent: ${error.message}`, {cause: error}));
    } else if (this.#upload?.failure?.error === error) {
      this.#fail(this.#connectionError(error, 'send', 'Request body failed'));
    } else if (error instanceof TypeError) {
      this.#fail(error);
    } else if (this.#state === 'sent' && this.#canSendAgain(error)) {
      this.#sendAgain(error, error instanceof UnprocessedError);
    } else {
      const cause = this.#connection?.error ?? error;
      // An alert of TLS may come after its handshake: in TLS 1.3, a client's certificate is looked at only then.
      const isTls = codeOf(cause)?.startsWith('ERR_SSL_');
      this.#fail(this.#connectionError(cause, isTls ? 'tls' : this.#bodySent ? 'receive' : 'send'));
    }
  }

  silent(limit: number): void {
    // The end of the request is still on its way, or was when last looked at: the server has its time from then on.
    const {isFlushed} = this.#connection as PoolConnection;
    if (this.#upload?.isHalted || (isFlushed && this.#wasFlushed)) this.#timeOut('read', limit);
    else this.#startReadTimer();
    this.#wasFlushed = isFlushed;
  }

  // What the body asks for, and tells

  touched(): void {
    this.#request.lifetime.bodyReadStarted();
  }

  resume(): void {
    if (this.#state !== 'receiving') return;
    this.#startReadTimer();
    this.#resumeDispatch?.();
  }

  cancel(reason: unknown, failed = false): void {
    if (this.#state !== 'receiving') return;
    this.#fail(reason ?? new DOMException('The body was cancelled', 'AbortError'), failed);
  }

  // Ends

  /** The call was aborted: by its caller, a timeout, or its session. */
  aborted(reason: unknown): void {
    this.#cut(reason);
  }

  /** Ends the exchange at once, in whichever state it is; the caller gets `reason` as it is. */
  #cut(reason: unknown): void {
    if (this.#state === 'done') return;
    const follow = this.#state === 'discarding' && reason === aborted;
    if (follow) {
      this.#finish();
      this.#cutConnection();
      this.#followRedirect();
      this.#giveBack();
      return;
    }
    this.#fail(reason);
  }

  #fail(reason: unknown, isFailure = true): void {
    const state = this.#state;
    if (state === 'done') return;
    if (this.host.adaptive && (state === 'dialling' || state === 'sent') && !this.#upload?.failure) {
      this.#pool.limits.observe(this.host, this.#sentAt, undefined, reason);
    }
    this.#finish(reason);
    if (state === 'queued') {
      this.#pool.limits.leave(this.host, this);
      this.#pool.settle(this.host);
    } else {
      if (state === 'dialling') this.#pool.cancel(this);
      else this.#cutConnection();
      this.#giveBack();
    }
    this.#trace?.emit('attemptEnd', this.#request, {status: this.#status, ...(isFailure && {error: reason})});
    if (state === 'receiving') {
      this.#body?.fail(reason);
      this.#request.lifetime.bodyClosed(isFailure, reason);
    } else {
      this.#reject(reason);
    }
  }

  #timeOut(phase: 'pool' | 'read' | 'attempt', limit: number): void {
    this.#cut(new TimeoutError(phase, limit, this.#details()));
  }

  #finish(reason?: unknown): void {
    this.#state = 'done';
    this.#clearTimer();
    if (this.#attemptTimer) clearTimeout(this.#attemptTimer);
    this.#connection?.stopWatching();
    this.#request.lifetime.offAbort(this);
    this.#upload?.stop(reason);
    if (this.list === this.#pool.running) this.#pool.running.remove(this);
  }

  #cutConnection(): void {
    const connection = this.#connection;
    if (!connection) return;
    // Through undici first: it has a request under way on that socket.
    this.#abortDispatch?.(aborted);
    connection.destroy();
  }

  /** Nothing of the request went out: what served before can go on. */
  #spareConnection(): void {
    const connection = this.#connection as PoolConnection;
    this.#connection = undefined;
    if (this.#reused) this.#pool.putBack(connection);
    // undici has not begun to watch a socket without a request.
    else connection.destroy();
  }

  #giveBack(): void {
    this.#pool.limits.release(this.host);
    this.#pool.settle(this.host);
  }

  #redirect(status: number, location: string): boolean {
    this.#status = status;
    try {
      this.#follow = redirectedRequest(this.#request, status, location, this.#redirects);
    } catch (error) {
      this.#cut(error);
      return true;
    }
    return this.#discard();
  }

  // RFC 9110, section 10.1.1: the server, or one on the way to it, doesn't know of `Expect`.
  #sendUnasked(): boolean {
    const {transfer} = this.#request;
    const error = new Error('The server does not know of Expect: 100-continue');
    this.#trace?.emit('requestResent', this.#request, {error});
    this.#follow = this.#request.with({transfer: transfer && {...transfer, expectContinue: undefined}});
    return this.#discard();
  }

  #discard(): boolean {
    this.#state = 'discarding';
    (this.#connection as PoolConnection).stopWatching();
    this.#timer = setTimeout(() => this.#cut(aborted), discardTime);
    return true;
  }

  // Before the slot is given back: a pool that closes is not to take the gap for the end.
  #followRedirect(): void {
    const request = this.#follow as ConnectorRequest;
    // What is sent again, unasked, is no redirect, and has no status to tell of.
    const status = this.#status;
    const redirects = this.#redirects + (status === undefined ? 0 : 1);
    if (status !== undefined) {
      this.#trace?.emit('requestRedirect', request, {status, url: redactUrl(request.url)});
    }
    new Exchange(this.#pool, request, this.#resolve, this.#reject, redirects, this.#attemptEnd).start();
  }

  #deliver(response: Response): void {
    const {status} = response;
    this.#status = status;
    this.#trace?.emit('responseHeadersReceived', this.#request, {status}, response);
    const resolve = this.#resolve;
    this.#resolve = ignore;
    this.#reject = ignore;
    resolve(response);
    // Most bodies are all here by the end of this turn, and need no watching: it burdens the garbage collector.
    if (this.#body) {
      queueMicrotask(() => {
        if (this.#state === 'receiving') watchAbandoned(response);
      });
    }
  }

  // RFC 9112, section 9.3.1, and RFC 9110, section 9.2.2: a connection may close at any moment, and a request that
  // met with that is sent again where nothing is lost by it: it never left, or it left on a connection that had
  // been idle before, no answer came, and sending it twice is the same as once.
  #canSendAgain(error: Error): boolean {
    if (error instanceof UnprocessedError || error instanceof StreamResetError) {
      const isWhole = !this.#written || isReplayable(this.#request.body);
      return error instanceof UnprocessedError && isWhole && this.#resends < maxResends;
    }
    const {hasRested} = this.#connection as PoolConnection;
    if (!hasRested || this.#answered || this.#resends >= maxResends) return false;
    return !this.#written || this.#isRepeatable;
  }

  get #isRepeatable(): boolean {
    return isIdempotent(this.#request) && isReplayable(this.#request.body);
  }

  #sendAgain(error: Error, isRefused: boolean): void {
    this.#resends++;
    this.#trace?.emit('requestResent', this.#request, {error});
    this.#clearTimer();
    if (this.#written || isReplayable(this.#request.body)) {
      this.#upload?.stop();
      this.#upload = undefined;
    }
    this.#abortDispatch = undefined;
    (this.#connection as PoolConnection).stopWatching();
    (this.#connection as PoolConnection).spent = true;
    this.#connection = undefined;
    // One that died may not have died alone; one that refused says nothing of others.
    const another = isRefused ? this.#take() : undefined;
    if (another) this.#reuse(another);
    else this.#dial();
  }

  #startAttemptTimer(): void {
    const {attempt} = this.#request.timeouts;
    if (attempt === undefined || this.#attemptTimer) return;
    const now = performance.now();
    this.#attemptEnd ??= now + attempt;
    this.#attemptTimer = setTimeout(
      () => this.#timeOut('attempt', attempt),
      Math.max(0, this.#attemptEnd - now),
    );
  }

  // Or sets it back, when something came. A server that is still being sent to may be silent.
  #startReadTimer(): void {
    const {read} = this.#request.timeouts;
    if (read !== undefined && (this.#bodySent || this.#upload?.isHalted))
      (this.#connection as PoolConnection).watchSilence(read, this);
  }

  #clearTimer(): void {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #connectionError(cause: Error, phase: Phase, what?: string): ConnectionError {
    const code = codeOf(cause);
    // undici's parser shows what it could not parse: the response.
    delete (cause as {data?: string}).data;
    return new ConnectionError(describeFailure(cause, phase, what), phase, {
      ...this.#details(),
      code,
      cause,
    });
  }

  #details(): {request: ConnectorRequest; attempts: number} {
    return {request: this.#request, attempts: this.#request.attempt};
  }
}

function ignore(): void {}

function describeConnection({protocol, address}: PoolConnection): ConnectionDetail {
  return {protocol, address};
}

function toBytes(chunk: string | Uint8Array): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}
