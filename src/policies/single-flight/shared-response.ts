import type {AbortListener, Lifetime} from '../../core/call-lifetime.ts';
import {CopiedResponse, cancelWhenCollected} from '../../core/native-response.ts';

/**
 * Makes one caller's copy of a shared response. The caller's call lasts until the copy's body ends. Aborting the call
 * fails that body, and no other caller's.
 *
 * @param response - a clone for this caller alone
 * @param bodyEnded - called once, when the body was read to its end, cancelled, aborted or has failed
 */
export function sharedResponse(response: Response, lifetime: Lifetime, bodyEnded: () => void): Response {
  const {body} = response;
  if (body === null) {
    bodyEnded();
    return response;
  }
  const reader = body.getReader();
  let failed: {readonly reason: unknown} | undefined;
  // Set only during a read, so that a stream without any other reference to it can be garbage-collected.
  let failRead: ((reason: unknown) => void) | undefined;
  let isOver = false;
  lifetime.bodyOpened();

  function end(hasFailed: boolean, error?: unknown): void {
    if (isOver) return;
    isOver = true;
    lifetime.offAbort(listener);
    lifetime.bodyClosed(hasFailed, error);
    bodyEnded();
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
  // With a `highWaterMark` of 0, nothing is read before the caller reads. The connection of a small body doesn't wait for
  // that, because the connector buffers small bodies itself.
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>(source, {highWaterMark: 0});
  cancelWhenCollected(source, cancel);
  return new CopiedResponse(stream, response, response.headers);
}
