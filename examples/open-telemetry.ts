/**
 * OpenTelemetry spans and metrics of every request, and the trace context in its headers, so that the server's spans
 * become children of it. The SDK keeps spans and metrics in memory here; an application exports them.
 *
 *     npm run example open-telemetry [url]
 */
import {context, metrics, propagation, trace} from '@opentelemetry/api';
import {AsyncLocalStorageContextManager} from '@opentelemetry/context-async-hooks';
import {W3CTraceContextPropagator} from '@opentelemetry/core';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {InMemorySpanExporter, SimpleSpanProcessor, TracerProvider} from '@opentelemetry/sdk-trace';
import {createSession} from 'aiofetch';
import {openTelemetry} from 'aiofetch/opentelemetry';
import {serveJson} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

export async function main(url?: string) {
  await using server = url ? undefined : await flakyServer();
  const target = url ?? server?.url ?? '';
  const {spans, exporter, reader} = startSdk();

  // It uses the API's global providers, so an application sets up its SDK first.
  const telemetry = openTelemetry();
  await using session = createSession({trace: [telemetry.listener], retry: {minDelay: 0}});
  telemetry.observe(session);

  const sent = await trace.getTracer('example').startActiveSpan('load the page', async (span) => {
    const {traceparent} = await session.get(`${target}?token=secret`).json<{traceparent?: string}>();
    span.end();
    return traceparent;
  });

  await reader.forceFlush();
  const requests = spans.getFinishedSpans().map(({name, attributes}) => ({name, attributes}));
  const [exported] = exporter.getMetrics();
  const names = exported?.scopeMetrics.flatMap((scope) =>
    scope.metrics.map(({descriptor}) => descriptor.name),
  );
  for (const {name, attributes} of requests) console.log(name, attributes);
  console.log('traceparent at the server:', sent, 'metrics:', names);
  await reader.shutdown();
  return {requests, names, sent};
}

function startSdk() {
  const spans = new InMemorySpanExporter();
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({exporter});
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(
    new TracerProvider({spanProcessors: [new SimpleSpanProcessor({exporter: spans})]}),
  );
  metrics.setGlobalMeterProvider(new MeterProvider({readers: [reader]}));
  return {spans, exporter, reader};
}

/** Fails once, and then answers with the `traceparent` that it received. */
async function flakyServer() {
  let count = 0;
  return await serveJson(({headers}, response) => {
    if (++count === 1) response.statusCode = 503;
    return {traceparent: headers['traceparent']};
  });
}

await runDirectly(import.meta, main);
