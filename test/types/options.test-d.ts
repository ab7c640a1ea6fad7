import type {
  Auth,
  ExtendOptions,
  RateLimit,
  Retry,
  RetryOptions,
  SessionOptions,
  Timeout,
  TimeoutOptions,
} from 'aiofetch';
import {adaptiveLimit, createSession} from 'aiofetch';
import {fetchConnector} from 'aiofetch/fetch';
import {mockConnector} from 'aiofetch/mock';
import type {UndiciConnectorOptions} from 'aiofetch/undici';
import {undiciConnector} from 'aiofetch/undici';
import {describe, expectTypeOf, test} from 'vitest';

describe('options of connectors', () => {
  test('every connector accepts its own options', () => {
    undiciConnector({
      limit: 1,
      limitPerHost: 1,
      keepAliveTimeout: 1,
      forceClose: true,
      connectTimeout: false,
    });
    undiciConnector({tls: {rejectUnauthorized: false, ca: ['PEM', new Uint8Array()], minVersion: 'TLSv1.3'}});
    fetchConnector({limit: 0, limitPerHost: Infinity});
    undiciConnector({limitPerHost: adaptiveLimit()});
    createSession({connector: {limitPerHost: adaptiveLimit({min: 1, max: 20, initial: 5, tolerance: 2})}});
    mockConnector(() => undefined, {limit: 1});
    createSession({connector: {limit: 1, limitPerHost: 1}});
    createSession({connector: undiciConnector({keepAliveTimeout: 1})});
  });

  test("a connector refuses options that it can't honour", () => {
    // @ts-expect-error
    adaptiveLimit({maximum: 5});
    // @ts-expect-error An adaptive limit is made by `adaptiveLimit()`.
    fetchConnector({limitPerHost: {min: 1, max: 5}});
    // @ts-expect-error Only the undici connector manages keep-alive connections itself.
    fetchConnector({keepAliveTimeout: 1});
    // @ts-expect-error
    fetchConnector({tls: {}});
    // @ts-expect-error
    mockConnector(() => undefined, {connectTimeout: 1});
    // @ts-expect-error Options that not all connectors have are given to the connector's own factory.
    createSession({connector: {limit: 1, keepAliveTimeout: 1}});
    // @ts-expect-error
    undiciConnector({keepAlive: true});
    // @ts-expect-error `minVersion` is TLSv1.2 or TLSv1.3.
    undiciConnector({tls: {minVersion: 'TLSv1'}});
    // @ts-expect-error
    undiciConnector({limit: '1'});
  });

  test('common options can be passed on to every connector', () => {
    expectTypeOf<{limit: number}>().toExtend<UndiciConnectorOptions>();
    expectTypeOf<UndiciConnectorOptions['keepAliveTimeout']>().toEqualTypeOf<number | undefined>();
  });
});

describe('timeouts', () => {
  test('each timeout is a number of ms, or false for none', () => {
    createSession({timeout: 1});
    createSession({timeout: false});
    createSession({timeout: {total: 1, attempt: 1, pool: 1, connect: 1, read: false}});
    expectTypeOf<keyof TimeoutOptions>().toEqualTypeOf<'total' | 'attempt' | 'pool' | 'connect' | 'read'>();
    expectTypeOf<Timeout>().toEqualTypeOf<number | false | TimeoutOptions>();
  });

  test('a timeout of an unknown phase is refused', () => {
    // @ts-expect-error
    createSession({timeout: {idle: 1}});
    // @ts-expect-error
    createSession({timeout: {headers: 1}});
    // @ts-expect-error
    createSession({timeout: '1s'});
    // @ts-expect-error `true` is not a timeout.
    createSession({timeout: {read: true}});
    const session = createSession();
    // @ts-expect-error
    session.get('x', {timeout: {reed: 1}});
    // @ts-expect-error
    session.fetch('x', {timeout: {reed: 1}});
  });
});

describe('retries and rate limits', () => {
  test('retry is a number of retries, false, or an object of options', () => {
    createSession({retry: 3});
    createSession({retry: false});
    createSession({
      retry: {
        retries: 3,
        statuses: [503],
        minDelay: 1,
        maxRetryAfter: 1,
        budget: false,
        shouldRetry: ({response, error, attempt}) => (error ? attempt < 2 : response?.status === 409),
        onRetry: async ({delay, request}) => console.log(delay.toFixed(), request.url),
      },
    });
    expectTypeOf<Retry>().toEqualTypeOf<number | boolean | RetryOptions>();
    const session = createSession();
    session.get('x', {retry: 1});
    session.fetch('x', {retry: {retries: 0}});
  });

  test('retry refuses the option names of other libraries', () => {
    // @ts-expect-error `limit` is ky's name.
    createSession({retry: {limit: 3}});
    // @ts-expect-error
    createSession({retry: {statusCodes: [503]}});
    // @ts-expect-error
    createSession({retry: {onRetry: 'log'}});
  });

  test('rateLimit is one limit or a list of limits, each with its own scope', () => {
    createSession({rateLimit: {requests: 10, per: 1_000}});
    createSession({
      rateLimit: [
        {requests: 10, per: 1_000, scope: 'host'},
        {requests: 100, per: 60_000, burst: 5},
      ],
    });
    createSession({rateLimit: {requests: 1, per: 1, scope: (request) => request.headers.get('x-tenant')}});
    expectTypeOf<RateLimit['scope']>().extract<string>().toEqualTypeOf<'session' | 'host'>();
  });

  test('a rate limit requires requests and per', () => {
    // @ts-expect-error
    createSession({rateLimit: {requests: 10}});
    // @ts-expect-error
    createSession({rateLimit: 10});
    // @ts-expect-error
    createSession({rateLimit: {requests: 10, per: '1s'}});
    // @ts-expect-error
    createSession({rateLimit: {requests: 10, per: 1_000, scope: 'url'}});
  });
});

describe('a session', () => {
  test('createSession accepts its options', () => {
    createSession();
    createSession({});
    createSession({baseUrl: new URL('https://example.com')});
    createSession({headers: [['accept', 'text/plain']]});
    createSession({headers: new Headers(), auth: {bearer: async () => 'token'}});
    createSession({headers: {accept: 'text/plain', 'x-count': 1, 'x-none': undefined}});
    createSession({auth: {basic: {username: 'user', password: 'secret'}}});
    createSession({searchParams: {page: 1}, throwHttpErrors: false, context: {tenant: 'a'}});
  });

  test('createSession refuses unknown options and values of other types', () => {
    // @ts-expect-error `baseURL` is axios's name.
    createSession({baseURL: 'https://example.com'});
    // @ts-expect-error `prefix` is an option of ky, which means something else.
    createSession({prefix: 'https://example.com'});
    // @ts-expect-error
    createSession({headers: {accept: ['text/plain']}});
    // @ts-expect-error
    createSession({auth: {basic: {user: 'user', pass: 'secret'}}});
    // @ts-expect-error
    createSession({auth: 'Bearer token'});
    // @ts-expect-error `beforeRetry` is a hook of ky's retries, which sessions don't use.
    createSession({hooks: {beforeRetry: []}});
    // @ts-expect-error A policy takes the next handler.
    createSession({policies: [async (request: Request) => fetch(request)]});
  });

  test('a bearer token may be the result of a function', () => {
    expectTypeOf<{bearer: () => Promise<string>}>().toExtend<Auth>();
    expectTypeOf<{bearer: number}>().not.toExtend<Auth>();
  });

  test('a child session takes the same options except connector', () => {
    const session = createSession();
    session.extend({headers: {accept: 'text/plain'}, timeout: {read: 1}, auth: {bearer: 'token'}});
    // @ts-expect-error
    session.extend({connector: {limit: 1}});
    expectTypeOf<ExtendOptions>().toEqualTypeOf<Omit<SessionOptions, 'connector'>>();
  });
});
