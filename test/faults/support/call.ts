import {setImmediate as turn} from 'node:timers/promises';
import type {CallOptions, FetchInit, Session, TraceEvent} from '../../../src/index.ts';
import {AiofetchError} from '../../../src/index.ts';
import {largestResponse} from './content.ts';
import type {Draw} from './draw.ts';
import type {Log} from './log.ts';
import type {ReadFailure} from './reading.ts';
import {drawReading} from './reading.ts';
import type {Source} from './source.ts';
import {drawSource} from './source.ts';

/** What the calls of a scenario share. */
export interface Caller {
  readonly session: Session;
  readonly origin: string;
  readonly isBounded: boolean;
  readonly log: Log;
  /** Reports what must not happen. */
  readonly fail: (what: string) => void;
}

/** A call that was made. */
export interface MadeCall {
  /** Resolves when the caller is done with the call: with how it ended. */
  readonly ended: Promise<string>;
  /** Whether the caller left a body without reading it to its end. */
  readonly leavesBody: boolean;
  /** Checks what has to hold when the session is closed. */
  check(): void;
}

const moments = [
  'connectionQueuedStart',
  'connectionQueuedEnd',
  'connectionCreateStart',
  'connectionCreateEnd',
  'connectionReuse',
  'tlsStart',
  'tlsEnd',
  'attemptStart',
  'requestHeadersSent',
  'requestChunkSent',
  'requestSent',
  'requestResent',
  'responseHeadersReceived',
  'responseChunkReceived',
  'requestRedirect',
  'retryScheduled',
  'responseStart',
  'attemptEnd',
] as const;

const reasons: ReadonlyArray<() => unknown> = [
  () => undefined,
  () => new Error('given up'),
  () => Object.freeze(new Error('given up')),
  () => 'a text',
  () => null,
  () => new DOMException('late', 'TimeoutError'),
];

/** Decides when a call is aborted: at a moment, rather than after a time. */
class Aborter {
  readonly controller = new AbortController();
  readonly kind: 'never' | 'before' | 'at once' | 'turns' | 'event' | 'chunk' | 'response';
  readonly #draw: Draw;
  readonly #moment: (typeof moments)[number];
  readonly #reason: unknown;
  readonly #isLate: boolean;
  #skips: number;

  constructor(draw: Draw, share: number) {
    this.#draw = draw;
    this.kind = draw.chance(share)
      ? draw.weighted({before: 0.5, 'at once': 1, turns: 2, event: 5, chunk: 1.5, response: 1})
      : 'never';
    this.#moment = draw.pick(moments);
    this.#reason = draw.pick(reasons)();
    this.#isLate = draw.chance(0.4);
    this.#skips = draw.chance(0.3) ? draw.int(3) : 0;
  }

  get error(): unknown {
    return this.controller.signal.reason;
  }

  get isAborted(): boolean {
    return this.controller.signal.aborted;
  }

  abort(): void {
    this.controller.abort(this.#reason);
  }

  started(): void {
    if (this.kind === 'at once') this.abort();
    if (this.kind === 'turns') void this.#afterTurns(this.#draw.int(12));
  }

  reached(moment: string): void {
    if (this.kind !== 'event' || moment !== this.#moment || this.#skips-- > 0) return;
    if (this.#isLate) void this.#afterTurns(this.#draw.int(2));
    else this.abort();
  }

  async #afterTurns(count: number): Promise<void> {
    for (let left = count; left > 0; left--) await turn();
    this.abort();
  }
}

/** Makes one call, and does with its response what a caller may do. */
export function makeCall(draw: Draw, caller: Caller, index: number): MadeCall {
  const {session, log, fail} = caller;
  const aborter = new Aborter(draw.fork('abort'), 0.3);
  const reading = drawReading(draw);
  const method = draw.weighted({GET: 8, POST: 4, PUT: 2, HEAD: 1, DELETE: 1, PATCH: 1, OPTIONS: 0.5});
  const takesBody = method !== 'GET' && method !== 'HEAD';
  const source: Source = takesBody && draw.chance(0.8) ? drawSource(draw.fork('source')) : {body: undefined};
  const listenerError = new Error('listener failed');
  let starts = 0;
  let ends = 0;
  const onEvent = ({type}: TraceEvent) => {
    if (type === 'requestStart') starts++;
    if (type === 'requestEnd' || type === 'requestError') ends++;
    aborter.reached(type);
  };
  const isTraced = aborter.kind === 'event' || draw.chance(0.5);
  const options: FetchInit & CallOptions = {
    method,
    ...(source.body !== undefined && {body: source.body}),
    ...((aborter.kind !== 'never' || draw.chance(0.3)) && {signal: aborter.controller.signal}),
    ...(isTraced && {trace: [onEvent]}),
    ...transferOptions(draw, caller.isBounded, takesBody, listenerError),
    ...(draw.chance(0.15) && {redirect: draw.pick(['manual', 'error'] as const)}),
    ...(draw.chance(0.2) && {retry: draw.int(3)}),
    ...(draw.chance(0.1) && {idempotencyKey: true}),
    ...(draw.chance(0.1) && {
      headers: draw.pick([{'content-length': '3'}, {connection: 'close'}, {range: 'bytes=0-9'}]),
    }),
  } as FetchInit & CallOptions;
  const isInvalid = source.isInvalid === true || options.headers !== undefined;
  const usesVerb = draw.chance(0.4) && method !== 'OPTIONS';
  const url = `${caller.origin}/${index}`;

  if (aborter.kind === 'before') aborter.abort();

  function outcomeOf(error: unknown, mayThrow: ReadFailure): string {
    if (aborter.isAborted && error === aborter.error) return 'aborted';
    if (error instanceof AiofetchError) {
      if (isBug(error.cause))
        fail(`call ${index} (${reading.name}) failed by a bug: ${describe(error.cause)}`);
      return error.code === 'ERR_TIMEOUT' ? `timeout ${error.phase}` : error.code;
    }
    if (error === listenerError) return 'listener failed';
    if (mayThrow !== undefined && (error as Error | undefined)?.name === mayThrow) return mayThrow;
    if (isInvalid && error instanceof TypeError) return 'invalid request';
    fail(`call ${index} (${reading.name}) threw ${describe(error)}`);
    return 'untyped';
  }

  async function use(response: Response): Promise<string> {
    if (aborter.kind === 'response') aborter.abort();
    const isOdd = !(response instanceof Response) || response.status < 200 || response.status > 999;
    if (isOdd) fail(`call ${index} got no proper response`);
    await reading.read(response, draw, () => {
      if (aborter.kind === 'chunk') aborter.abort();
    });
    return String(response.status);
  }

  async function run(): Promise<string> {
    let mayThrow: ReadFailure;
    try {
      // `fetch` and verbs must not throw, whatever they are given.
      const promise = start();
      aborter.started();
      const response = await promise;
      mayThrow = reading.mayThrow;
      return await use(response);
    } catch (error) {
      return outcomeOf(error, mayThrow);
    }
  }

  function start(): Promise<Response> {
    if (!usesVerb) return session.fetch(url, options);
    const {method: _, ...others} = options as FetchInit;
    const verb = method.toLowerCase() as 'get';
    return session[verb](url, {...(others as CallOptions), throwHttpErrors: draw.chance(0.5)});
  }

  log(
    `call ${index}: ${usesVerb ? 'verb' : 'fetch'} ${method}, reads by ${reading.name}, aborts ${aborter.kind}`,
  );
  return {
    ended: run().then((how) => {
      log(`call ${index} ended: ${how}`);
      return how;
    }),
    leavesBody: reading.leavesBody === true,
    check() {
      if (isTraced && starts !== ends) fail(`call ${index} began ${starts} times and ended ${ends} times`);
      if (isTraced && starts > 1) fail(`call ${index} began ${starts} times`);
    },
  };
}

function transferOptions(
  draw: Draw,
  isBounded: boolean,
  takesBody: boolean,
  listenerError: Error,
): FetchInit {
  const listen = () => {
    const throwsAt = draw.chance(0.2) ? draw.int(3) : Infinity;
    let count = 0;
    return () => {
      if (count++ >= throwsAt) throw listenerError;
    };
  };
  return {
    ...(isBounded && {maxResponseSize: draw.pick([0, 10, 5_000, largestResponse])}),
    ...(draw.chance(0.15) && {onDownloadProgress: listen()}),
    ...(takesBody && draw.chance(0.15) && {onUploadProgress: listen()}),
    ...(takesBody && draw.chance(0.15) && {expectContinue: draw.pick([true, 5, 50])}),
  };
}

/** Whether an error shows that a program went wrong rather than a server. */
function isBug(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const isThrownByEngine = /Cannot (?:read|set) properties|is not (?:a function|iterable|defined)/.test(
    cause.message,
  );
  return (
    cause.name === 'AssertionError' ||
    cause instanceof RangeError ||
    cause instanceof ReferenceError ||
    isThrownByEngine ||
    isBug(cause.cause)
  );
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? String(error)) : `a ${typeof error}: ${String(error)}`;
}
