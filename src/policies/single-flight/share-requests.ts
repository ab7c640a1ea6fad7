import type {AbortListener} from '../../core/call-lifetime.ts';
import {Lifetime} from '../../core/call-lifetime.ts';
import {discard} from '../../core/discard-response.ts';
import type {Handler} from '../../core/policy.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {lifetimeOf} from '../../core/request.ts';
import {callNext} from '../call-next.ts';
import {sharedResponse} from './shared-response.ts';

/**
 * Sends requests with the same key once while they run at the same time. `#share-requests` leads to this function, and in
 * Cloudflare's workers to the one of `worker-share-requests.ts`.
 *
 * @param keyOf - returns `undefined` for a request that is not shared
 */
export function shareRequests(
  next: Handler,
  keyOf: (request: ConnectorRequest) => string | undefined,
): Handler {
  const pending = new Map<string, SharedCall>();
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

  constructor({cameFrom, trace, sender}: Lifetime, forget: () => void) {
    super();
    this.cameFrom = cameFrom;
    // The trace listeners of the first caller are notified of the request.
    this.trace = trace;
    this.sender = sender;
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
