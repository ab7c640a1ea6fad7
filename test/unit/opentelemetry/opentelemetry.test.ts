import type {Meter} from '@opentelemetry/api';
import {context, SpanKind, SpanStatusCode, trace} from '@opentelemetry/api';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {mockConnector} from '../../../src/connectors/mock.ts';
import type {ConnectorStats} from '../../../src/core/connector.ts';
import {
  createSession,
  hedgePolicy,
  InvalidOptionError,
  type SessionOptions,
  singleFlightPolicy,
  UnsupportedOptionError,
} from '../../../src/index.ts';
import type {OpenTelemetryOptions} from '../../../src/opentelemetry/index.ts';
import {openTelemetry} from '../../../src/opentelemetry/index.ts';
import {startServer} from '../../support/http-server.ts';
import {mockSession, rejection, thrown} from '../../support/mock-session.ts';
import {openSession} from '../../support/open-session.ts';
import {startRawServer} from '../../support/raw-server.ts';
import {startSdk} from './support.ts';

const url = 'https://a.test/';

function instrumented(options: OpenTelemetryOptions = {}) {
  const sdk = startSdk();
  const {tracerProvider, meterProvider} = sdk;
  return {...sdk, telemetry: openTelemetry({tracerProvider, meterProvider, ...options})};
}

function instrumentedMock(
  handler: Parameters<typeof mockSession>[0],
  options: SessionOptions = {},
  telemetryOptions: OpenTelemetryOptions = {},
) {
  const sdk = instrumented(telemetryOptions);
  return {...sdk, ...mockSession(handler, {trace: [sdk.telemetry.listener], ...options})};
}

describe('a request that is sent has a span', () => {
  it('the span of a request has the attributes of the conventions', async () => {
    const {telemetry, spans} = instrumented();
    const server = await startServer((_request, response) => response.end('x'));
    const {session} = openSession({}, {trace: [telemetry.listener]});
    await session.get(`${server.origin}/users?sig=s3cret&page=2`).text();
    const [span] = spans();
    expect(spans()).toHaveLength(1);
    expect(span).toMatchObject({name: 'GET', kind: SpanKind.CLIENT, status: {code: SpanStatusCode.UNSET}});
    expect(span?.attributes).toEqual({
      'http.request.method': 'GET',
      'server.address': '127.0.0.1',
      'server.port': server.port,
      'url.full': `${server.origin}/users?sig=REDACTED&page=REDACTED`,
      'http.response.status_code': 200,
      'network.protocol.version': '1.1',
      'network.peer.address': '127.0.0.1',
    });
    expect(span?.instrumentationScope.name).toBe('aiofetch');
  });

  it('the context of a span reaches the server, and its parent is the span that was active at the call', async () => {
    const {telemetry, spans, tracer} = instrumented();
    const server = await startServer((request, response) => response.end(request.headers['traceparent']));
    const {session} = openSession({}, {trace: [telemetry.listener]});
    const parent = tracer.startSpan('mine');
    const traceparent = await context.with(trace.setSpan(context.active(), parent), () =>
      session.get(server.origin).text(),
    );
    parent.end();
    const span = spans().find(({name}) => name === 'GET');
    const {traceId, spanId} = span?.spanContext() ?? {};
    expect(traceparent).toBe(`00-${traceId}-${spanId}-01`);
    expect(traceId).toBe(parent.spanContext().traceId);
    expect(span?.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
  });

  it('each attempt has a span with a context of its own, and a resend count from the second on', async () => {
    let times = 0;
    const {session, spans, calls} = instrumentedMock(
      () => new Response('', {status: ++times < 3 ? 503 : 200}),
      {
        retry: {retries: 2, minDelay: 0},
      },
    );
    await session.fetch(url);
    expect(spans().map(({attributes}) => attributes['http.request.resend_count'])).toEqual([undefined, 1, 2]);
    expect(spans().map(({status}) => status.code)).toEqual([
      SpanStatusCode.ERROR,
      SpanStatusCode.ERROR,
      SpanStatusCode.UNSET,
    ]);
    const sent = calls.map(({headers}) => headers.get('traceparent')?.split('-')[2]);
    expect(sent).toEqual(spans().map((span) => span.spanContext().spanId));
  });

  it('each redirect has a span', async () => {
    const {session, spans, calls} = instrumentedMock((call) =>
      call.url === url ? Response.redirect('https://b.test/end') : new Response('x'),
    );
    await (await session.fetch(url)).text();
    const [first, second] = spans();
    expect(first?.attributes).toMatchObject({'url.full': url, 'http.response.status_code': 302});
    expect(first?.status.code).toBe(SpanStatusCode.UNSET);
    expect(second?.attributes).toMatchObject({
      'url.full': 'https://b.test/end',
      'server.address': 'b.test',
      'http.request.resend_count': 1,
    });
    expect(new Set(calls.map(({headers}) => headers.get('traceparent'))).size).toBe(2);
  });

  it('a request that is sent again on another connection has a second span', async () => {
    const {telemetry, spans} = instrumented();
    const heard: string[] = [];
    const server = await startRawServer(async (connection) => {
      heard.push((await connection.request()).headers['traceparent'] as string);
      connection.respond('x');
      if (connection.index > 0) return;
      heard.push((await connection.request()).headers['traceparent'] as string);
      connection.socket.resetAndDestroy();
    });
    const {session} = openSession({}, {trace: [telemetry.listener]});
    for (let index = 0; index < 2; index++) await session.get(server.origin).text();
    expect(spans().map(({attributes}) => attributes['error.type'])).toEqual([
      undefined,
      'ECONNRESET',
      undefined,
    ]);
    expect(spans()[2]?.attributes['http.request.resend_count']).toBe(1);
    expect(heard.map((header) => header.split('-')[2])).toEqual(
      spans().map((span) => span.spanContext().spanId),
    );
  });

  it('both attempts of a hedge have a span', async () => {
    let times = 0;
    const {session, spans} = instrumentedMock(() => (++times === 1 ? new Promise(() => {}) : 'x'), {
      policies: [hedgePolicy({delay: 1})],
    });
    await session.get(url).text();
    expect(spans()).toHaveLength(2);
    // The attempt that lost was cancelled on purpose.
    for (const {status, attributes} of spans()) {
      expect(status.code).toBe(SpanStatusCode.UNSET);
      expect(attributes['error.type']).toBeUndefined();
    }
  });

  it('the span of an unknown method is called HTTP', async () => {
    const {session, spans} = instrumentedMock(() => 'x');
    await (await session.fetch(url, {method: 'PURGE'})).text();
    expect(spans()[0]).toMatchObject({
      name: 'HTTP',
      attributes: {'http.request.method': '_OTHER', 'http.request.method_original': 'PURGE'},
    });
  });
});

describe('what one names is', () => {
  it('redactQuery shows the other query values, except for credentials', async () => {
    const {session, spans} = instrumentedMock(() => 'x', {}, {redactQuery: ['Hidden']});
    await (await session.fetch(`${url}?hidden=s3cret&token=s3cret&page=2`)).text();
    expect(spans()[0]?.attributes['url.full']).toBe(`${url}?hidden=REDACTED&token=REDACTED&page=2`);
  });

  it('knownMethods names the methods that spans are called by', async () => {
    const {session, spans} = instrumentedMock(() => 'x', {}, {knownMethods: ['PURGE']});
    await (await session.fetch(url, {method: 'PURGE'})).text();
    await (await session.fetch(url)).text();
    expect(spans().map(({name}) => name)).toEqual(['PURGE', 'HTTP']);
    expect(spans().map(({attributes}) => attributes['http.request.method'])).toEqual(['PURGE', '_OTHER']);
  });
});

describe('an outcome is told', () => {
  it.each([400, 404, 500])('the status %i is reported as an error of this number', async (status) => {
    const {session, spans} = instrumentedMock(() => new Response('no', {status}));
    await (await session.fetch(url)).text();
    expect(spans()[0]).toMatchObject({
      status: {code: SpanStatusCode.ERROR},
      attributes: {'http.response.status_code': status, 'error.type': String(status)},
    });
  });

  it('a status below 400 is not reported as an error', async () => {
    const {session, spans} = instrumentedMock(() => new Response('', {status: 399}));
    await (await session.fetch(url)).text();
    expect(spans()[0]?.status.code).toBe(SpanStatusCode.UNSET);
    expect(spans()[0]?.attributes['error.type']).toBeUndefined();
  });

  it('the status is reported for a connector that does not report the response head', async () => {
    const {telemetry, spans} = instrumented();
    const silent = {...mockConnector(() => 'x'), fetch: async () => new Response('no', {status: 404})};
    await using session = createSession({connector: silent, retry: false, trace: [telemetry.listener]});
    await (await session.fetch(url)).text();
    expect(spans()[0]?.attributes).toMatchObject({'http.response.status_code': 404, 'error.type': '404'});
  });

  it('a failure is reported by its code, without its message', async () => {
    const {telemetry, spans} = instrumented();
    const {session} = openSession({}, {trace: [telemetry.listener]});
    await rejection(session.fetch('http://127.0.0.1:2/?secret=s3cret'));
    expect(spans()[0]).toMatchObject({
      status: {code: SpanStatusCode.ERROR, message: 'ECONNREFUSED'},
      attributes: {'error.type': 'ECONNREFUSED'},
    });
    expect(spans()[0]?.attributes['http.response.status_code']).toBeUndefined();
  });

  it('a body that breaks off is reported as an error, with the status', async () => {
    const {session, spans} = instrumentedMock(
      () =>
        new Response(
          new ReadableStream({
            pull() {
              throw new TypeError('terminated');
            },
          }),
        ),
    );
    await rejection(session.fetch(url).then((response) => response.text()));
    expect(spans()[0]?.attributes).toMatchObject({
      'http.response.status_code': 200,
      'error.type': 'ERR_CONNECTION',
    });
  });

  it.each([undefined, 's3cret', null, {name: ''}, new Error('enough')])(
    'a request that the caller aborts is not reported as an error, whatever the reason: %s',
    async (reason) => {
      const {session, spans, metric} = instrumentedMock(() => new Promise(() => {}));
      const controller = new AbortController();
      const failing = rejection(session.fetch(url, {signal: controller.signal}));
      controller.abort(reason);
      await failing;
      const [span] = spans();
      expect(span?.status.code).toBe(SpanStatusCode.UNSET);
      expect(span?.events).toEqual([]);
      expect(span?.attributes['error.type']).toBeUndefined();
      const duration = await metric('http.client.request.duration');
      expect(duration?.points[0]?.attributes['error.type']).toBeUndefined();
    },
  );

  it('a body that the caller aborts is not reported as an error, and has its status', async () => {
    const {telemetry, spans} = instrumented();
    const server = await startServer((_request, response) => void response.write('x'));
    const {session} = openSession({}, {trace: [telemetry.listener]});
    const controller = new AbortController();
    const response = await session.fetch(server.origin, {signal: controller.signal});
    const failing = rejection(response.text());
    controller.abort();
    await failing;
    expect(spans()[0]?.status.code).toBe(SpanStatusCode.UNSET);
    expect(spans()[0]?.attributes).toMatchObject({'http.response.status_code': 200});
    expect(spans()[0]?.attributes['error.type']).toBeUndefined();
  });

  it('an aborted response with a status of an error is reported by its status', async () => {
    const {telemetry, spans} = instrumented();
    const server = await startServer((_request, response) => void response.writeHead(503).write('x'));
    const {session} = openSession({}, {trace: [telemetry.listener]});
    const controller = new AbortController();
    const response = await session.fetch(server.origin, {signal: controller.signal});
    const failing = rejection(response.text());
    controller.abort();
    await failing;
    expect(spans()[0]?.attributes['error.type']).toBe('503');
  });

  it('a request whose callers of single flight are all aborted is not reported as an error', async () => {
    const {session, spans} = instrumentedMock(() => new Promise(() => {}), {
      policies: [singleFlightPolicy()],
    });
    const controller = new AbortController();
    const failing = [1, 2].map(() => rejection(session.fetch(url, {signal: controller.signal})));
    controller.abort();
    await Promise.all(failing);
    expect(spans().map(({status}) => status.code)).toEqual([SpanStatusCode.UNSET]);
  });

  it.each<[string, RequestInit & {timeout?: number}, string]>([
    ['the option timeout', {timeout: 1}, 'ERR_TIMEOUT'],
    ['AbortSignal.timeout()', {}, 'TimeoutError'],
  ])('a request that %s ends is reported as an error', async (_name, init, type) => {
    const {session, spans} = instrumentedMock(() => new Promise(() => {}));
    const signal = init.timeout === undefined ? AbortSignal.timeout(1) : null;
    await rejection(session.fetch(url, {...init, signal}));
    expect(spans()[0]).toMatchObject({
      status: {code: SpanStatusCode.ERROR, message: type},
      attributes: {'error.type': type},
    });
  });

  it('a request that the end of its session aborts is reported as an error', async () => {
    const {session, spans} = instrumentedMock(() => new Promise(() => {}));
    const failing = rejection(session.fetch(url));
    await session.destroy();
    await failing;
    expect(spans()[0]?.attributes['error.type']).toBe('ERR_SESSION_CLOSED');
  });

  it.each(['s3cret', {name: ''}, {name: 7, code: 8}, {code: ''}])(
    'a thrown value that is not an error is reported as _OTHER: %j',
    async (thrown) => {
      const failing = {...mockConnector(() => 'x'), fetch: () => Promise.reject(thrown)};
      const {telemetry, spans} = instrumented();
      await using session = createSession({connector: failing, trace: [telemetry.listener]});
      await rejection(session.fetch(url));
      expect(spans()[0]?.attributes['error.type']).toBe('_OTHER');
    },
  );
});

describe('metrics', () => {
  it('metrics have the duration of every request in seconds, in the buckets of the conventions', async () => {
    let now = performance.now();
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    onTestFinished(() => void vi.restoreAllMocks());
    const {session, metric} = instrumentedMock(
      (call) => {
        now += 34;
        return new Response('x', {status: call.attempt === 1 ? 503 : 200});
      },
      {retry: {retries: 1, minDelay: 0}},
    );
    await (await session.fetch(url)).text();
    const {unit, points} = (await metric('http.client.request.duration')) ?? {points: []};
    expect(unit).toBe('s');
    expect(points.map(({attributes}) => attributes)).toEqual([
      {
        'http.request.method': 'GET',
        'server.address': 'a.test',
        'server.port': 443,
        'http.response.status_code': 503,
        'error.type': '503',
      },
      {
        'http.request.method': 'GET',
        'server.address': 'a.test',
        'server.port': 443,
        'http.response.status_code': 200,
      },
    ]);
    expect(points[0]?.value).toMatchObject({
      count: 1,
      sum: expect.closeTo(0.034, 6),
      buckets: {boundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]},
    });
  });

  it('active requests are counted, and return to zero however the requests end', async () => {
    const {session, metric} = instrumentedMock((call) =>
      call.url.endsWith('fails') ? Promise.reject(new TypeError('fetch failed')) : new Promise(() => {}),
    );
    const controller = new AbortController();
    const failing = [
      session.fetch(url, {signal: controller.signal}),
      session.fetch(url, {signal: controller.signal}),
      session.fetch(`${url}fails`),
    ].map(rejection);
    await failing[2];
    const attributes = {'http.request.method': 'GET', 'server.address': 'a.test', 'server.port': 443};
    expect((await metric('http.client.active_requests'))?.points).toEqual([{attributes, value: 2}]);
    controller.abort();
    await Promise.all(failing);
    expect((await metric('http.client.active_requests'))?.points).toEqual([{attributes, value: 0}]);
  });

  it('observe reports open connections until it is stopped', async () => {
    const {telemetry, metric} = instrumented();
    const server = await startServer((request, response) => {
      if (request.url === '/') response.end('x');
      else response.write('first');
    });
    const {session, connector} = openSession({}, {trace: [telemetry.listener]});
    const stop = telemetry.observe(session);
    const open = await session.fetch(`${server.origin}/held`);
    await session.get(server.origin).text();
    const where = {'server.address': '127.0.0.1', 'server.port': server.port};
    expect(await metric('http.client.open_connections')).toEqual({
      unit: '{connection}',
      points: [
        {attributes: {'http.connection.state': 'active', ...where}, value: 1},
        {attributes: {'http.connection.state': 'idle', ...where}, value: 1},
      ],
    });
    await open.body?.cancel();
    await session.destroy();
    await connector.destroy();
    const {points} = (await metric('http.client.open_connections')) ?? {};
    expect(points?.map(({value}) => value)).toEqual([0, 0]);
    stop();
    const asked = vi.spyOn(session, 'stats');
    await metric('http.client.open_connections');
    expect(asked).not.toHaveBeenCalled();
  });

  it('hosts without connections are dropped when there are many of them', () => {
    let observeAll: (result: object) => void = () => {};
    const instrument = {addCallback: (callback: typeof observeAll) => (observeAll = callback)};
    const meter = new Proxy({}, {get: () => () => instrument});
    const {observe} = openTelemetry({meterProvider: {getMeter: () => meter as Meter}});
    const originOf = (index: number) => `https://host-${index}.test`;
    let hosts: Record<string, {active: number; idle: number}> = {};
    observe({stats: () => ({hosts, totals: {opened: 1}}) as unknown as ConnectorStats});
    const observed = () => {
      const seen = new Map<string, number[]>();
      observeAll({
        observe(value: number, {'server.address': address}: {'server.address': string}) {
          seen.set(address, [...(seen.get(address) ?? []), value]);
        },
      });
      return seen;
    };
    for (let index = 0; index < 1_002; index++) hosts[originOf(index)] = {active: 1, idle: 2};
    expect(observed().size).toBe(1_002);
    expect(observed().size).toBe(1_002);
    // The one that was seen first is still there.
    hosts = {[originOf(0)]: {active: 1, idle: 0}};
    const gone = observed();
    expect(gone.size).toBe(1_002);
    expect([gone.get('host-0.test'), gone.get('host-1.test')]).toEqual([
      [1, 0],
      [0, 0],
    ]);
    const left = observed();
    expect(left.size).toBe(1_000);
    expect(
      ['host-0.test', 'host-1.test', 'host-2.test', 'host-3.test'].map((name) => left.has(name)),
    ).toEqual([true, false, false, true]);
  });

  it('connections that the runtime owns are not reported', async () => {
    const {telemetry, metric, session} = instrumentedMock(() => new Promise(() => {}));
    telemetry.observe(session);
    const failing = rejection(session.fetch(url));
    expect((await metric('http.client.open_connections'))?.points ?? []).toEqual([]);
    await session.destroy();
    await failing;
  });
});

it('openTelemetry refuses an unknown or invalid option', () => {
  expect(thrown(() => openTelemetry({redactQuery: 'session'} as never))).toBeInstanceOf(InvalidOptionError);
  expect(thrown(() => openTelemetry({tracer: 1} as never))).toBeInstanceOf(UnsupportedOptionError);
});

it('openTelemetry without an SDK reports nothing, and calls succeed', async () => {
  const {session} = mockSession(() => 'x', {trace: [openTelemetry().listener]});
  expect(await session.get(url).json()).toBe('x');
});
