import type {Attributes} from '@opentelemetry/api';
import {context, propagation, trace} from '@opentelemetry/api';
import {AsyncLocalStorageContextManager} from '@opentelemetry/context-async-hooks';
import {W3CTraceContextPropagator} from '@opentelemetry/core';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {InMemorySpanExporter, SimpleSpanProcessor, TracerProvider} from '@opentelemetry/sdk-trace';
import {onTestFinished} from 'vitest';

/** One point of a metric, as it was exported. */
export interface Point {
  readonly attributes: Attributes;
  readonly value: unknown;
}

/** An SDK whose exports stay in memory, with its context and propagator in place as an application has them. */
export function startSdk() {
  const spans = new InMemorySpanExporter();
  const tracerProvider = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({exporter: spans} as never)],
  });
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({exporter, exportIntervalMillis: 3_600_000});
  const meterProvider = new MeterProvider({readers: [reader]});
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  onTestFinished(async () => {
    context.disable();
    propagation.disable();
    trace.disable();
    await meterProvider.shutdown();
  });
  return {
    tracerProvider,
    meterProvider,
    tracer: tracerProvider.getTracer('test'),
    spans: () => spans.getFinishedSpans(),
    /** What a metric is at this moment. */
    async metric(name: string): Promise<{unit: string; points: Point[]} | undefined> {
      exporter.reset();
      await reader.forceFlush();
      const scopes = exporter.getMetrics().flatMap(({scopeMetrics}) => scopeMetrics);
      const found = scopes.flatMap(({metrics}) => metrics).find(({descriptor}) => descriptor.name === name);
      if (!found) return undefined;
      const points = found.dataPoints.map(({attributes, value}) => ({attributes, value}));
      return {unit: found.descriptor.unit, points};
    },
  };
}
