import type {
  Connector,
  ConnectorDefinition,
  ConnectorOptions,
  ConnectorStats,
  Handler,
  Policy,
} from 'aiofetch';
import {type ConnectorRequest, createConnector, createSession} from 'aiofetch';
import {fetchConnector} from 'aiofetch/fetch';
import type {MockCall, MockConnector} from 'aiofetch/mock';
import {mockConnector} from 'aiofetch/mock';
import type {UndiciConnector} from 'aiofetch/undici';
import {undiciConnector} from 'aiofetch/undici';
import {describe, expectTypeOf, test} from 'vitest';

const capabilities = {sockets: false, connectTimeout: false, requestStreams: true, manualRedirect: true};

describe('a connector', () => {
  test('every factory makes a connector', () => {
    expectTypeOf(undiciConnector()).toEqualTypeOf<UndiciConnector>();
    expectTypeOf<UndiciConnector>().toExtend<Connector>();
    expectTypeOf(fetchConnector()).toEqualTypeOf<Connector>();
    expectTypeOf(mockConnector(() => 1)).toEqualTypeOf<MockConnector>();
    expectTypeOf<MockConnector>().toExtend<Connector>();
    expectTypeOf<Connector>().toExtend<AsyncDisposable>();
  });

  test('an object with the members of a connector is a connector', () => {
    const stats: ConnectorStats = {
      limit: 1,
      limitPerHost: 1,
      active: 0,
      queued: 0,
      idle: 0,
      hosts: {},
      totals: {sent: 0, reused: 0, opened: 0, bytesSent: 0, bytesReceived: 0},
    };
    const own: Connector = {
      name: 'own',
      capabilities,
      fetch: async (request) => {
        expectTypeOf(request).toEqualTypeOf<ConnectorRequest>();
        return new Response();
      },
      stats: () => stats,
      close: async () => undefined,
      destroy: async (reason) => expectTypeOf(reason).toEqualTypeOf<unknown>() as never,
      [Symbol.asyncDispose]: async () => undefined,
    };
    createSession({connector: own});
    // @ts-expect-error A connector needs `close`, `destroy` and `Symbol.asyncDispose` too.
    const endless: Connector = {name: 'own', capabilities, fetch: own.fetch, stats: own.stats};
    createSession({connector: endless});
  });

  test('createConnector makes a connector around a function like fetch', () => {
    const definition: ConnectorDefinition = {
      name: 'own',
      capabilities,
      send: (request, signal) => globalThis.fetch(request.url, {method: request.method, signal}),
    };
    expectTypeOf(createConnector(definition, {limit: 1})).toEqualTypeOf<Connector>();
    expectTypeOf(createConnector).parameter(1).toEqualTypeOf<ConnectorOptions | undefined>();
    // @ts-expect-error
    createConnector({name: 'own', send: definition.send});
    // @ts-expect-error
    createConnector(definition, {keepAliveTimeout: 1});
  });
});

test('a mock connector answers with any value, and records the calls', () => {
  const connector = mockConnector(async (call) => {
    expectTypeOf(call).toEqualTypeOf<MockCall>();
    return call.method === 'POST' ? await call.json() : new Response(null, {status: 404});
  });
  expectTypeOf(connector.calls).toEqualTypeOf<readonly MockCall[]>();
  // @ts-expect-error
  mockConnector();
  // @ts-expect-error
  mockConnector({name: 'Ada'});
});

describe('a policy', () => {
  test('a policy wraps a handler in another', () => {
    const policy: Policy = (next) => {
      expectTypeOf(next).toEqualTypeOf<Handler>();
      return async (request) => {
        request.headers.set('x-trace', '1');
        expectTypeOf(request.headers.get('x-trace')).toEqualTypeOf<string | undefined>();
        expectTypeOf(request.signal).toEqualTypeOf<AbortSignal>();
        expectTypeOf(request.attempt).toEqualTypeOf<number>();
        return next(request.with({method: 'PUT', body: 'text', timeouts: {read: 1}}));
      };
    };
    createSession({policies: [policy]});
    expectTypeOf<Handler>().toEqualTypeOf<(request: ConnectorRequest) => Promise<Response>>();
  });

  test('a policy has to return a promise of a response', () => {
    // @ts-expect-error
    const silent: Policy = (next) => async (request) => void (await next(request));
    // @ts-expect-error
    const late: Policy = () => () => new Response();
    createSession({policies: [silent, late]});
  });

  test('a policy can only change members that a request has', () => {
    const policy: Policy = (next) => (request) => {
      // @ts-expect-error
      return next(request.with({uri: 'https://example.com'}));
    };
    const standard: Policy = (next) => (request) => {
      // @ts-expect-error A `ConnectorRequest` is not a standard `Request`.
      return next(new Request(request.url));
    };
    createSession({policies: [policy, standard]});
  });
});
