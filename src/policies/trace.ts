import type {PolicyDefinition} from '../core/policy.ts';
import {lifetimeOf} from '../core/request.ts';
import type {TraceListener} from '../core/trace.ts';
import {checkTrace, Trace} from '../core/trace.ts';

/**
 * Notifies listeners of everything that happens to a call: those of the session, those that the call gives as `trace`,
 * and those of the connector, which on Node publish to `diagnostics_channel`. A call without listeners pays nothing.
 * `createSession` of `aiofetch` has this policy; its `trace` option lists the listeners.
 *
 * @throws InvalidOptionError when the listeners are not a list of functions or objects
 *
 * @example
 * ```ts
 * import {createSession, tracePolicy} from 'aiofetch/core';
 *
 * await using session = createSession({policies: [tracePolicy([({type, time}) => console.log(time, type)])]});
 * await (await session.fetch('https://example.com/')).text();
 * ```
 */
export function tracePolicy(
  listeners: readonly TraceListener[] = [],
): PolicyDefinition<{readonly trace?: readonly TraceListener[] | undefined}> {
  checkTrace(listeners);
  return {
    name: 'trace',
    isShareable: true,
    callOptions: {trace: checkTrace},
    rejectsOnAbort: true,
    onCall(request, {connector}) {
      const own = connector.listeners?.();
      const given = request.options['trace'] as readonly TraceListener[] | undefined;
      if (!own && !given && listeners.length === 0) return;
      lifetimeOf(request).trace = new Trace([...(own ?? []), ...listeners, ...(given ?? [])], request);
    },
    wrap: (next) => next,
  };
}
