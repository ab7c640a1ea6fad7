import type {Attributes, Context, MeterProvider, Span, TracerProvider} from '@opentelemetry/api';
import {context, metrics, propagation, SpanKind, SpanStatusCode, trace} from '@opentelemetry/api';
import type {ConnectorStats} from '../core/connector.ts';
import type {HeaderList} from '../core/header-list.ts';
import type {
  ConnectionDetail,
  TraceCall,
  TracedRequest,
  TraceEvent,
  TraceEventBase,
  TraceListener,
} from '../core/trace.ts';
import {errorType} from '../errors/error-code.ts';
import {assertOption, checkKnown} from '../utils/check-options.ts';
import {version} from '../utils/version.ts';
import type {ServerAttributes} from './attributes.ts';
import {methodDescriber, serverOf, urlRedactor} from './attributes.ts';

/** Where telemetry goes, and what it may show. */
export interface OpenTelemetryOptions {
  /**
   * @default the API's global one
   */
  readonly tracerProvider?: TracerProvider | undefined;
  /**
   * @default the API's global one
   */
  readonly meterProvider?: MeterProvider | undefined;
  /** Query parameters whose values are hidden in `url.full`, beside those known to be sensitive; in any case. */
  readonly redactQuery?: readonly string[] | undefined;
  /**
   * Methods that are told by their name; the others are `_OTHER`.
   *
   * @default those of RFC 9110, PATCH and QUERY
   */
  readonly knownMethods?: readonly string[] | undefined;
}

/** What {@link openTelemetry} makes: a listener, and what watches a pool. */
export interface OpenTelemetry {
  /** For the `trace` option of sessions. */
  readonly listener: TraceListener;
  /**
   * Reports `http.client.open_connections` of a session's connector, or of a connector, where that owns its connections.
   * A request of HTTP/2 counts as a connection.
   *
   * @returns a function that ends it
   */
  observe(source: {stats(): ConnectorStats}): () => void;
}

// As the conventions advise, in s.
const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** How many hosts whose connections are all gone are told, as having none. */
const mostHosts = 1_000;

/** A request that has been sent, and whose response, or error, is still to come. */
interface Sending {
  readonly span: Span;
  readonly startTime: number;
  readonly server: ServerAttributes;
  readonly method: string;
  protocol: string | undefined;
  status: number | undefined;
}

interface CallState {
  readonly parent: Context;
  /** By attempt: of a hedge, several are under way. */
  readonly sending: Map<number, Sending>;
  sent: number;
}

/**
 * Spans and metrics of every request that is sent, by the stable HTTP semantic conventions of OpenTelemetry: a client span
 * for each attempt and each redirect, with `http.request.resend_count` from the second on, under the span that was active
 * when the call was made; its context in the request's headers, by the API's propagator; `http.client.request.duration`,
 * `http.client.active_requests` and, of what is observed, `http.client.open_connections`. A span lasts to the end of the
 * body. Instrumentation of undici beside it would tell the same requests once more.
 *
 * @throws InvalidOptionError for what can't be
 *
 * @example
 * ```ts
 * import {createSession} from 'aiofetch';
 * import {openTelemetry} from 'aiofetch/opentelemetry';
 *
 * const telemetry = openTelemetry();
 * await using session = createSession({trace: [telemetry.listener]});
 * const stop = telemetry.observe(session);
 * await session.get('https://example.com/').text();
 * stop();
 * ```
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): OpenTelemetry {
  checkKnown('openTelemetry', options, ['tracerProvider', 'meterProvider', 'redactQuery', 'knownMethods']);
  const {tracerProvider = trace, meterProvider = metrics, redactQuery, knownMethods} = options;
  for (const [name, list] of Object.entries({redactQuery, knownMethods})) {
    assertOption(list === undefined || Array.isArray(list), `openTelemetry.${name}`, list, 'a list of names');
  }
  const tracer = tracerProvider.getTracer('aiofetch', version);
  const meter = meterProvider.getMeter('aiofetch', version);
  const duration = meter.createHistogram('http.client.request.duration', {
    description: 'Duration of HTTP client requests.',
    unit: 's',
    advice: {explicitBucketBoundaries: durationBuckets},
  });
  const active = meter.createUpDownCounter('http.client.active_requests', {
    description: 'Number of active HTTP requests.',
    unit: '{request}',
  });
  const redactUrl = urlRedactor(redactQuery);
  const describeMethod = methodDescriber(knownMethods);
  const calls = new WeakMap<TraceCall, CallState>();

  function start({call, attempt, time}: TraceEventBase, request: TracedRequest | undefined): void {
    const state = calls.get(call);
    if (!state || !request) return;
    const method = describeMethod(request.method);
    const server = serverOf(request.url);
    const name = method['http.request.method'];
    const span = tracer.startSpan(
      name === '_OTHER' ? 'HTTP' : name,
      {
        kind: SpanKind.CLIENT,
        attributes: {
          ...method,
          ...server,
          'url.full': redactUrl(request.url),
          ...(state.sent > 0 && {'http.request.resend_count': state.sent}),
        },
      },
      state.parent,
    );
    state.sent++;
    propagation.inject(trace.setSpan(state.parent, span), request.headers, headerSetter);
    active.add(1, {'http.request.method': name, ...server});
    const sending = {span, startTime: time, server, method: name, protocol: undefined, status: undefined};
    state.sending.set(attempt, sending);
  }

  function end({call, attempt, time}: TraceEventBase, failure?: {readonly error: unknown}): void {
    const state = calls.get(call);
    const sending = state?.sending.get(attempt);
    if (!sending) return;
    state?.sending.delete(attempt);
    const {span, server, method, protocol, status, startTime} = sending;
    const isBad = status !== undefined && status >= 400;
    // Few enough to count by, and nothing of what it is about.
    const failureType = failure && (errorType(failure.error) ?? '_OTHER');
    const outcome: Attributes = {
      ...(status !== undefined && {'http.response.status_code': status}),
      ...(protocol !== undefined && {'network.protocol.version': protocol}),
      ...(failureType ? {'error.type': failureType} : isBad && {'error.type': String(status)}),
    };
    span.setAttributes(outcome);
    // What a 4xx or 5xx means is in its number.
    if (failureType) span.setStatus({code: SpanStatusCode.ERROR, message: failureType});
    else if (isBad) span.setStatus({code: SpanStatusCode.ERROR});
    span.end();
    active.add(-1, {'http.request.method': method, ...server});
    duration.record(
      (time - startTime) / 1_000,
      {'http.request.method': method, ...server, ...outcome},
      trace.setSpan(state?.parent as Context, span),
    );
  }

  function sendingOf({call, attempt}: TraceEventBase): Sending | undefined {
    return calls.get(call)?.sending.get(attempt);
  }

  function onConnection(event: TraceEventBase & ConnectionDetail): void {
    const sending = sendingOf(event);
    if (!sending) return;
    sending.protocol = event.protocol;
    if (event.address !== undefined) sending.span.setAttribute('network.peer.address', event.address);
  }

  const listener: TraceListener = {
    requestStart({call}) {
      calls.set(call, {parent: context.active(), sending: new Map(), sent: 0});
    },
    attemptStart: (event, {request}) => start(event, request),
    connectionCreateEnd: onConnection,
    connectionReuse: onConnection,
    requestResent(event, {request}) {
      end(event, event);
      start(event, request);
    },
    responseHeadersReceived(event) {
      const sending = sendingOf(event);
      if (sending) sending.status = event.status;
    },
    requestRedirect(event, {request}) {
      end(event);
      start(event, request);
    },
    attemptEnd(event: TraceEvent<'attemptEnd'>) {
      const sending = sendingOf(event);
      if (sending && event.status !== undefined) sending.status = event.status;
      end(event, event.error === undefined ? undefined : {error: event.error});
    },
  };

  function observe(source: {stats(): ConnectorStats}): () => void {
    const connections = meter.createObservableUpDownCounter('http.client.open_connections', {
      description: 'Number of outbound HTTP connections that are currently active or idle on the client.',
      unit: '{connection}',
    });
    // Of a host that is left out, its last figures would be exported on and on.
    const seen = new Set<string>();
    const callback: Parameters<typeof connections.addCallback>[0] = (result) => {
      const {hosts, totals} = source.stats();
      // Of those that a runtime owns nothing is known.
      if (totals.opened === 0) return;
      for (const origin of Object.keys(hosts)) {
        // The one that was seen last is at the end.
        seen.delete(origin);
        seen.add(origin);
      }
      for (const origin of seen) {
        const {active, idle} = hosts[origin] ?? {active: 0, idle: 0};
        const server = serverOf(origin);
        result.observe(active, {'http.connection.state': 'active', ...server});
        result.observe(idle, {'http.connection.state': 'idle', ...server});
        if (seen.size > mostHosts && !hosts[origin]) seen.delete(origin);
      }
    };
    connections.addCallback(callback);
    return () => connections.removeCallback(callback);
  }

  return {listener, observe};
}

const headerSetter = {
  set: (headers: HeaderList, name: string, value: string) => headers.set(name, value),
};
