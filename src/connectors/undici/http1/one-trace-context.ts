import {subscribe, unsubscribe} from 'node:diagnostics_channel';
import type {Dispatcher} from 'undici';

const channel = 'undici:request:create';

// The headers that the propagators of OpenTelemetry and Sentry set.
const propagation =
  /^(?:traceparent|tracestate|baggage|b3|x-b3-\w+|uber-trace-id|x-amzn-trace-id|sentry-trace)$/i;

/**
 * Sends a request in a process that has instrumentation of undici. Where the request carries a trace context already, from
 * a trace listener or from the caller, instrumentation would add a second one, and a server ignores both (W3C Trace
 * Context, section 3.2.1). The first one stays.
 */
export function dispatchWithOneTraceContext(
  client: Dispatcher,
  options: Dispatcher.DispatchOptions,
  handler: Dispatcher.DispatchHandler,
): void {
  const given = counted(options.headers as readonly string[]);
  if (given.size === 0) {
    client.dispatch(options, handler);
    return;
  }
  // Subscribed only for the dispatch, since the last subscriber sees what the others have added.
  const removeAdded = (message: unknown) =>
    keepFirst((message as {request: Dispatcher.DispatchOptions}).request, given);
  subscribe(channel, removeAdded);
  try {
    client.dispatch(options, handler);
  } finally {
    unsubscribe(channel, removeAdded);
  }
}

/** The headers of a list that propagate a trace, by name, and how often each is there. */
function counted(headers: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (let index = 0; index < headers.length; index += 2) {
    const name = (headers[index] as string).toLowerCase();
    if (propagation.test(name)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** Removes the propagation headers of undici's request beyond those that were given. */
function keepFirst({headers}: Dispatcher.DispatchOptions, given: ReadonlyMap<string, number>): void {
  if (!Array.isArray(headers)) return;
  const left = new Map(given);
  for (let index = 0; index < headers.length; ) {
    const name = String(headers[index]).toLowerCase();
    const count = left.get(name) ?? 0;
    left.set(name, count - 1);
    if (count > 0 || !propagation.test(name)) index += 2;
    else headers.splice(index, 2);
  }
}
