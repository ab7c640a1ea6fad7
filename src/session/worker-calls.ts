import type {Lifetime} from '../core/call-lifetime.ts';
import {requestEnded} from '../core/request-ended.ts';
import {watchWork} from '../utils/worker-timers.ts';
import {Calls as PlainCalls} from './calls.ts';

interface Workerd {
  readonly Cloudflare?: {readonly compatibilityFlags?: Readonly<Record<string, boolean>>};
}

const neededFlag = 'handle_cross_request_promise_resolution';

let hasWarned = false;

/**
 * The running calls of a session in Cloudflare's workers. A call is aborted when the worker's request that began it has ended
 * before the call.
 */
export class Calls extends PlainCalls {
  constructor(parent?: Calls) {
    super(parent);
    const {Cloudflare} = globalThis as Workerd;
    if (hasWarned || Cloudflare?.compatibilityFlags?.[neededFlag] !== false) return;
    hasWarned = true;
    // biome-ignore lint/suspicious/noConsole: a call that waits for another request's call would otherwise hang in silence
    console.warn(
      `aiofetch: requests of this worker can't share a session; set the compatibility date 2024-10-14 or the flag ${neededFlag}`,
    );
  }

  override add(lifetime: Lifetime): void {
    super.add(lifetime);
    const {atEnd} = lifetime;
    const stop = watchWork({
      isOver: () => lifetime.list === undefined,
      abandon: () => lifetime.abort(requestEnded),
    });
    // A call with a total timeout replaces the function. Its timer then finds by itself that the call is over.
    lifetime.atEnd = (ended) => {
      stop();
      atEnd?.(ended);
    };
  }
}
