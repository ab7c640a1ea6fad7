/**
 * Spans and metrics of OpenTelemetry for sessions.
 *
 * @module
 */
import type {MeterProvider, TracerProvider} from '@opentelemetry/api';
import {metrics, trace} from '@opentelemetry/api';
import type {ConnectorStats} from '../core/connector.ts';
import type {ConnectorRequest} from '../core/request.ts';
import type {
  ConnectionDetail,
  TracedRequest,
  TraceEvent,
  TraceEventBase,
  TraceListener,
} from '../core/trace.ts';
import {AiofetchError} from '../errors/index.ts';
import {assertOption, checkKnown} from '../utils/check-options.ts';
import {version} from '../utils/version.ts';
import {methodDescriber, urlRedactor} from './attributes.ts';
import {observeConnections} from './connections.ts';
import {RequestSpans} from './requests.ts';

/** Options of {@link openTelemetry}. */
export interface OpenTelemetryOptions {
  /**
   * Where spans go.
   *
   * @default the global provider of OpenTelemetry's API
   */
  readonly tracerProvider?: TracerProvider | undefined;
  /**
   * Where metrics go.
   *
   * @default the global provider of OpenTelemetry's API
   */
  readonly meterProvider?: MeterProvider | undefined;
  /**
   * The query parameters whose values `url.full` hides. A list shows all other values, except for parameters that carry the
   * credentials of an auth scheme or look like credentials, such as `sig` and `access_token`. Upper and lower case are the
   * same.
   *
   * @default all
   */
  readonly redactQuery?: readonly string[] | undefined;
  /**
   * The methods that attributes name. Other methods are `_OTHER`.
   *
   * @default the methods of RFC 9110, PATCH and QUERY
   */
  readonly knownMethods?: readonly string[] | undefined;
}

/** The result of {@link openTelemetry}. */
export interface OpenTelemetry {
  /** The listener for the `trace` option of sessions. */
  readonly listener: TraceListener;
  /**
   * Reports `http.client.open_connections` of a session or a connector that owns its connections. Each request over HTTP/2
   * counts as a connection.
   *
   * @returns a function that ends the reports
   */
  observe(source: {stats(): ConnectorStats}): () => void;
}

/**
 * Reports spans and metrics of every request, by the stable HTTP semantic conventions of OpenTelemetry.
 *
 * - Each attempt and each redirect has a client span under the span that was active when the call was made. From the second
 *   request of a call on, the span has `http.request.resend_count`. It ends with the response's body.
 * - The span's context goes into the request's headers, by the propagator of OpenTelemetry's API.
 * - A request that the caller aborts is no error: its span has neither a status nor `error.type`. One that a timeout ends is.
 * - The metrics are `http.client.request.duration`, `http.client.active_requests` and, for observed sessions and connectors,
 *   `http.client.open_connections`.
 *
 * Instrumentation of undici beside it reports the same requests a second time. Requests carry the context of the spans that
 * are made here, and no second one.
 *
 * @throws InvalidOptionError when an option is not valid; UnsupportedOptionError for an unknown option
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
  const meter = meterProvider.getMeter('aiofetch', version);
  const requests = new RequestSpans(tracerProvider.getTracer('aiofetch', version), meter, {
    method: methodDescriber(knownMethods),
    url: urlRedactor(redactQuery),
  });
  return {
    listener: listenerFor(requests),
    observe: (source) => observeConnections(meter, source),
  };
}

function listenerFor(requests: RequestSpans): TraceListener {
  function onConnection(event: TraceEventBase & ConnectionDetail): void {
    const request = requests.of(event);
    if (!request) return;
    request.protocol = event.protocol;
    if (event.address !== undefined) request.span.setAttribute('network.peer.address', event.address);
  }

  return {
    requestStart: ({call}) => requests.begin(call),
    attemptStart: (event, {request}) => requests.start(event, request),
    connectionCreateEnd: onConnection,
    connectionReuse: onConnection,
    requestResent(event, {request}) {
      requests.end(event, event);
      requests.start(event, request);
    },
    responseHeadersReceived(event) {
      const request = requests.of(event);
      if (request) request.status = event.status;
    },
    requestRedirect(event, {request}) {
      requests.end(event);
      requests.start(event, request);
    },
    attemptEnd(event: TraceEvent<'attemptEnd'>, {request: sent}) {
      const request = requests.of(event);
      if (request && event.status !== undefined) request.status = event.status;
      const isFailure = event.error !== undefined && !isCancelled(sent);
      requests.end(event, isFailure ? {error: event.error} : undefined);
    },
  };
}

/**
 * Whether the caller, a hedge or single flight no longer wants the answer, which is no error by the conventions. The end of a
 * timeout is one, also that of an `AbortSignal.timeout()`.
 */
function isCancelled(request: TracedRequest | undefined): boolean {
  const {isAborted, reason} = (request as Partial<ConnectorRequest> | undefined)?.lifetime ?? {};
  const {name} = Object(reason);
  return isAborted === true && !(reason instanceof AiofetchError) && name !== 'TimeoutError';
}
