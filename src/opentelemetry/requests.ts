import type {Attributes, Context, Meter, Span, Tracer} from '@opentelemetry/api';
import {context, propagation, SpanKind, SpanStatusCode, trace} from '@opentelemetry/api';
import type {HeaderList} from '../core/header-list.ts';
import type {TraceCall, TracedRequest, TraceEventBase} from '../core/trace.ts';
import {errorType} from '../errors/error-code.ts';
import type {DescribeMethod, ServerAttributes} from './attributes.ts';
import {serverOf} from './attributes.ts';

// The buckets that the conventions advise, in seconds.
const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** A request that was sent and hasn't ended yet. */
interface ActiveRequest {
  readonly span: Span;
  readonly startTime: number;
  readonly server: ServerAttributes;
  readonly method: string;
  protocol: string | undefined;
  status: number | undefined;
}

interface CallState {
  readonly parent: Context;
  /** Active requests by attempt. A hedged call has several. */
  readonly active: Map<number, ActiveRequest>;
  sent: number;
}

/** How requests are described in attributes. */
interface Describe {
  readonly method: DescribeMethod;
  /** A URL without values that are sensitive. */
  readonly url: (url: string) => string;
}

/** The spans of all requests under way, and their metrics. */
export class RequestSpans {
  readonly #tracer: Tracer;
  readonly #describe: Describe;
  readonly #duration;
  readonly #activeRequests;
  readonly #calls = new WeakMap<TraceCall, CallState>();

  constructor(tracer: Tracer, meter: Meter, describe: Describe) {
    this.#tracer = tracer;
    this.#describe = describe;
    this.#duration = meter.createHistogram('http.client.request.duration', {
      description: 'Duration of HTTP client requests.',
      unit: 's',
      advice: {explicitBucketBoundaries: durationBuckets},
    });
    this.#activeRequests = meter.createUpDownCounter('http.client.active_requests', {
      description: 'Number of active HTTP requests.',
      unit: '{request}',
    });
  }

  /** Keeps the context that a call was made in, for the spans of its requests. */
  begin(call: TraceCall): void {
    this.#calls.set(call, {parent: context.active(), active: new Map(), sent: 0});
  }

  /** Starts the span of a request, and puts its context into the request's headers. */
  start({call, attempt, time}: TraceEventBase, request: TracedRequest | undefined): void {
    const state = this.#calls.get(call);
    if (!state || !request) return;
    const method = this.#describe.method(request.method);
    const server = serverOf(request.url);
    const name = method['http.request.method'];
    const span = this.#tracer.startSpan(
      name === '_OTHER' ? 'HTTP' : name,
      {
        kind: SpanKind.CLIENT,
        attributes: {
          ...method,
          ...server,
          'url.full': this.#describe.url(request.url),
          ...(state.sent > 0 && {'http.request.resend_count': state.sent}),
        },
      },
      state.parent,
    );
    state.sent++;
    propagation.inject(trace.setSpan(state.parent, span), request.headers, headerSetter);
    this.#activeRequests.add(1, {'http.request.method': name, ...server});
    state.active.set(attempt, {
      span,
      startTime: time,
      server,
      method: name,
      protocol: undefined,
      status: undefined,
    });
  }

  end({call, attempt, time}: TraceEventBase, failure?: {readonly error: unknown}): void {
    const state = this.#calls.get(call);
    const request = state?.active.get(attempt);
    if (!state || !request) return;
    state.active.delete(attempt);
    const {span, server, method, protocol, status, startTime} = request;
    const isBad = status !== undefined && status >= 400;
    // An error's code has few values, so it suits a metric, and shows nothing of the request.
    const failureType = failure && (errorType(failure.error) ?? '_OTHER');
    const outcome: Attributes = {
      ...(status !== undefined && {'http.response.status_code': status}),
      ...(protocol !== undefined && {'network.protocol.version': protocol}),
      ...(failureType ? {'error.type': failureType} : isBad && {'error.type': String(status)}),
    };
    span.setAttributes(outcome);
    // The conventions want no message for a 4xx or 5xx, whose number tells the reason.
    if (failureType) span.setStatus({code: SpanStatusCode.ERROR, message: failureType});
    else if (isBad) span.setStatus({code: SpanStatusCode.ERROR});
    span.end();
    this.#activeRequests.add(-1, {'http.request.method': method, ...server});
    this.#duration.record(
      (time - startTime) / 1_000,
      {'http.request.method': method, ...server, ...outcome},
      trace.setSpan(state.parent, span),
    );
  }

  of({call, attempt}: TraceEventBase): ActiveRequest | undefined {
    return this.#calls.get(call)?.active.get(attempt);
  }
}

const headerSetter = {
  set: (headers: HeaderList, name: string, value: string) => headers.set(name, value),
};
