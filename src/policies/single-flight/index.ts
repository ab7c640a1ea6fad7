import type {AbortListener} from '../../core/call-lifetime.ts';
import {Lifetime} from '../../core/call-lifetime.ts';
import {discard} from '../../core/discard-response.ts';
import {foreignMembers, nativeMembers} from '../../core/native-init.ts';
import type {Handler, PolicyDefinition} from '../../core/policy.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {lifetimeOf} from '../../core/request.ts';
import {checkFunction, checkKnown} from '../../utils/check-options.ts';
import {callNext} from '../call-next.ts';
import {sharedResponse} from './shared-response.ts';

/** Options of {@link singleFlightPolicy}: which requests are the same. */
export interface SingleFlightOptions {
  /**
   * Requests with the same key share one response, made with the credentials of the first caller. A request for which the
   * function returns `undefined` isn't shared.
   *
   * @default for GETs without a body and without `onDownloadProgress`: the URL, all headers, `redirect`,
   * `maxResponseSize` and options such as `cache` and `credentials` that a runtime's own `fetch` honours; other requests
   * aren't shared
   */
  readonly key?: ((request: ConnectorRequest) => string | undefined) | undefined;
}

/**
 * When several callers of a session make the same request at the same time, sends it once and gives each caller a
 * `Response` of its own. Aborting one caller doesn't affect the others; when all callers are aborted, so is the request.
 * A call that begins after the head of the response has arrived sends a new request. The body is buffered until the
 * slowest reader has read it. `timeout.total` is each caller's own; the other timeouts are those of the first caller.
 *
 * Without a `key`, nothing is shared where credentials are made for each call: with `auth` or an API key by a function,
 * with an auth scheme of one's own, and with a policy of one's own further in. Such a policy says `isShareable: true`, or
 * comes before this one, so that its headers are compared too.
 *
 * @throws InvalidOptionError; UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {createSession, singleFlightPolicy} from 'aiofetch';
 *
 * await using session = createSession({policies: [singleFlightPolicy()]});
 * const url = 'https://api.example.com/rates';
 * const [first, second] = await Promise.all([session.get(url).json(), session.get(url).json()]);
 * ```
 */
export function singleFlightPolicy(options: SingleFlightOptions = {}): PolicyDefinition {
  checkKnown('singleFlight', options, ['key']);
  const keyOf = checkFunction('singleFlight.key', options.key) ?? defaultKey;
  // Each session shares requests among its own calls only: other sessions have other policies and other credentials.
  return {
    name: 'singleFlight',
    rejectsOnAbort: true,
    isShareable: true,
    // A key of the caller's own says itself which requests are the same.
    wrap: (next, _context, inner = []) =>
      options.key || inner.every(({isShareable}) => isShareable)
        ? shareRequests(next, keyOf, new Map())
        : next,
  };
}

function shareRequests(
  next: Handler,
  keyOf: (request: ConnectorRequest) => string | undefined,
  pending: Map<string, SharedCall>,
): Handler {
  return (request) => {
    const key = keyOf(request);
    if (key === undefined) return next(request);
    return new Promise((resolve, reject) => {
      const lifetime = lifetimeOf(request);
      if (lifetime.isAborted) throw lifetime.reason;
      let call = pending.get(key);
      if (call) {
        call.addCaller(lifetime, resolve, reject);
        return;
      }
      call = new SharedCall(lifetime, () => pending.delete(key));
      pending.set(key, call);
      call.addCaller(lifetime, resolve, reject);
      call.start(callNext(next, request.with({headers: request.headers.copy(), lifetime: call})));
    });
  };
}

function isCompared(name: string): boolean {
  return [nativeMembers, foreignMembers].some((names: readonly string[]) => names.includes(name));
}

function defaultKey(request: ConnectorRequest): string | undefined {
  const {method, url, redirect, headers, native, body, transfer} = request;
  if (method !== 'GET' || body !== null || transfer?.onDownloadProgress) return undefined;
  // Other members, such as undici's `dispatcher`, can't be compared.
  if (native && Object.keys(native).some((name) => !isCompared(name))) return undefined;
  // One line for each part, because no part can contain a line break.
  return [
    url,
    redirect,
    native ? JSON.stringify(native) : '',
    transfer?.maxResponseSize,
    ...headers.flat,
  ].join('\n');
}

const allCallersLeft = () =>
  new DOMException('The shared request was aborted, because none of its callers waits for it', 'AbortError');

/** A caller that waits for the response of a shared call. */
class Caller implements AbortListener {
  readonly lifetime: Lifetime;
  readonly resolve: (response: Response) => void;
  readonly reject: (error: unknown) => void;
  readonly #call: SharedCall;

  constructor(
    call: SharedCall,
    lifetime: Lifetime,
    resolve: (response: Response) => void,
    reject: (error: unknown) => void,
  ) {
    this.#call = call;
    this.lifetime = lifetime;
    this.resolve = resolve;
    this.reject = reject;
  }

  aborted(reason: unknown): void {
    this.reject(reason);
    this.#call.removeCaller(this);
  }
}

/** The call that sends a request for several callers. It is aborted when its last caller is. */
class SharedCall extends Lifetime implements AbortListener {
  readonly #callers = new Set<Caller>();
  /** Removes this call from the map, so that the next request with the same key is sent anew. */
  readonly #forget: () => void;
  /** The call of the only caller, if no other one joined. The body then belongs to that call. */
  #only: Lifetime | undefined = undefined;
  #isOpen = false;

  constructor({cameFrom, trace}: Lifetime, forget: () => void) {
    super();
    this.cameFrom = cameFrom;
    // The trace listeners of the first caller are notified of the request.
    this.trace = trace;
    this.#forget = forget;
  }

  addCaller(
    lifetime: Lifetime,
    resolve: (response: Response) => void,
    reject: (error: unknown) => void,
  ): void {
    const caller = new Caller(this, lifetime, resolve, reject);
    this.#callers.add(caller);
    lifetime.onAbort(caller);
  }

  removeCaller(caller: Caller): void {
    this.#callers.delete(caller);
    if (this.#callers.size > 0) return;
    this.#forget();
    this.abort(allCallersLeft());
  }

  start(answered: Promise<Response>): void {
    answered.then(
      (response) => this.#share(response),
      (error) => {
        for (const {reject} of this.#takeCallers()) reject(error);
      },
    );
  }

  #share(response: Response): void {
    const callers = this.#takeCallers();
    const [first] = callers;
    if (!first) {
      discard(response);
      return;
    }
    if (callers.length === 1) {
      this.#only = first.lifetime;
      if (this.#isOpen) first.lifetime.bodyOpened();
      first.lifetime.onAbort(this);
      first.resolve(response);
      return;
    }
    let open = callers.length;
    const bodyEnded = () => {
      if (--open === 0) this.abort(allCallersLeft());
    };
    // The first caller gets the response itself, after the others have got their clones.
    for (const caller of callers.reverse()) {
      try {
        const own = caller === first ? response : response.clone();
        caller.resolve(sharedResponse(own, caller.lifetime, bodyEnded));
      } catch (error) {
        // An inner policy returned no response, or one whose body was read.
        caller.reject(error);
        bodyEnded();
      }
    }
  }

  /** Removes all callers from this call. From here on no other caller can join. */
  #takeCallers(): Caller[] {
    const callers = [...this.#callers];
    this.#callers.clear();
    // Without callers, this call was forgotten before, and the key may be that of another call by now.
    if (callers.length > 0) this.#forget();
    for (const caller of callers) {
      caller.lifetime.offAbort(caller);
      caller.lifetime.attempts = this.attempts;
    }
    return callers;
  }

  aborted(reason: unknown): void {
    this.abort(reason);
  }

  override bodyOpened(): void {
    this.#isOpen = true;
    this.#only?.bodyOpened();
  }

  override bodyReadStarted(): void {
    this.#only?.bodyReadStarted();
  }

  override bodyClosed(failed = false, error?: unknown): void {
    this.#isOpen = false;
    this.#only?.bodyClosed(failed, error);
  }
}
