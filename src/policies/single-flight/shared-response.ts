import type {AbortListener, Lifetime} from '../../core/call-lifetime.ts';
import {cancelWhenCollected, NativeResponse} from '../../core/native-response.ts';

/** One caller's copy of a response that several share, with the members that its constructor can't set. */
class SharedResponse extends NativeResponse {
  readonly #from: Response;

  constructor(body: ReadableStream<Uint8Array<ArrayBuffer>> | null, from: Response) {
    const {status, statusText, headers} = from;
    super(body, {status, statusText, headers});
    this.#from = from;
  }

  override get url(): string {
    return this.#from.url;
  }

  override get redirected(): boolean {
    return this.#from.redirected;
  }

  override get type(): ResponseType {
    return this.#from.type;
  }

  override clone(): Response {
    return new SharedResponse(
      super.clone().body as ReadableStream<Uint8Array<ArrayBuffer>> | null,
      this.#from,
    );
  }
}

/**
 * A copy for one caller, whose call lasts as long as its body: an abort of the call fails the body, and no other.
 *
 * @param response - a clone that is this caller's
 * @param left - called once, when the caller is done with the body, one way or another
 */
export function sharedResponse(response: Response, lifetime: Lifetime, left: () => void): Response {
  const {body} = response;
  if (body === null) {
    left();
    return response;
  }
  const reader = body.getReader();
  let failed: {readonly reason: unknown} | undefined;
  // Set while somebody waits for a chunk only, so that a stream nobody holds can be collected.
  let failRead: ((reason: unknown) => void) | undefined;
  let isOver = false;
  lifetime.bodyOpened();

  function end(hasFailed: boolean, error?: unknown): void {
    if (isOver) return;
    isOver = true;
    lifetime.offAbort(listener);
    lifetime.bodyClosed(hasFailed, error);
    left();
  }

  function cancel(reason: unknown): void {
    end(false);
    reader.cancel(reason).catch(() => undefined);
  }

  const listener: AbortListener = {
    aborted(reason) {
      failed = {reason};
      failRead?.(reason);
      end(true);
      reader.cancel(reason).catch(() => undefined);
    },
  };
  lifetime.onAbort(listener);

  const source: UnderlyingDefaultSource<Uint8Array<ArrayBuffer>> = {
    async pull(controller) {
      if (failed) throw failed.reason;
      lifetime.bodyReadStarted();
      const failing = new Promise<never>((_resolve, reject) => {
        failRead = reject;
      });
      try {
        const {done, value} = await Promise.race([reader.read(), failing]);
        if (!done) return controller.enqueue(value);
        end(false);
        controller.close();
      } catch (error) {
        end(true, error);
        throw error;
      } finally {
        failRead = undefined;
      }
    },
    cancel,
  };
  // Not before somebody reads. The connection doesn't wait for that: what is not much is taken in before it's shared.
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>(source, {highWaterMark: 0});
  cancelWhenCollected(source, cancel);
  return new SharedResponse(stream, response);
}
