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

describe('an option is taken where it can be honoured', () => {
  test("every connector's own", () => {
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

  test("and not where it can't", () => {
    // @ts-expect-error
    adaptiveLimit({maximum: 5});
    // @ts-expect-error It is adaptiveLimit() that makes one of them.
    fetchConnector({limitPerHost: {min: 1, max: 5}});
    // @ts-expect-error Only undici keeps connections by itself.
    fetchConnector({keepAliveTimeout: 1});
    // @ts-expect-error
    fetchConnector({tls: {}});
    // @ts-expect-error
    mockConnector(() => undefined, {connectTimeout: 1});
    // @ts-expect-error What isn't common to all is for a connector's own factory.
    createSession({connector: {limit: 1, keepAliveTimeout: 1}});
    // @ts-expect-error
    undiciConnector({keepAlive: true});
    // @ts-expect-error No such version.
    undiciConnector({tls: {minVersion: 'TLSv1'}});
    // @ts-expect-error
    undiciConnector({limit: '1'});
  });

  test('what connectors have in common can be passed on', () => {
    expectTypeOf<{limit: number}>().toExtend<UndiciConnectorOptions>();
    expectTypeOf<UndiciConnectorOptions['keepAliveTimeout']>().toEqualTypeOf<number | undefined>();
  });
});

describe('timeouts', () => {
  test('each phase is a number of ms, or none', () => {
    createSession({timeout: 1});
    createSession({timeout: false});
    createSession({timeout: {total: 1, attempt: 1, pool: 1, connect: 1, read: false}});
    expectTypeOf<keyof TimeoutOptions>().toEqualTypeOf<'total' | 'attempt' | 'pool' | 'connect' | 'read'>();
    expectTypeOf<Timeout>().toEqualTypeOf<number | false | TimeoutOptions>();
  });

  test('there are no others', () => {
    // @ts-expect-error
    createSession({timeout: {idle: 1}});
    // @ts-expect-error
    createSession({timeout: {headers: 1}});
    // @ts-expect-error
    createSession({timeout: '1s'});
    // @ts-expect-error There is no waiting for ever by saying yes.
    createSession({timeout: {read: true}});
    const session = createSession();
    // @ts-expect-error
    session.get('x', {timeout: {reed: 1}});
    // @ts-expect-error
    session.fetch('x', {timeout: {reed: 1}});
  });
});

describe('retries and rate limits', () => {
  test('a number of retries, none, or more to say', () => {
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
    expectTypeOf<Retry>().toEqualTypeOf<number | false | RetryOptions>();
    const session = createSession();
    session.get('x', {retry: 1});
    session.fetch('x', {retry: {retries: 0}});
  });

  test("not in others' words", () => {
    // @ts-expect-error ky's.
    createSession({retry: {limit: 3}});
    // @ts-expect-error
    createSession({retry: {statusCodes: [503]}});
    // @ts-expect-error `false` is none, and there is no more than that to yes.
    createSession({retry: true});
    // @ts-expect-error
    createSession({retry: {onRetry: 'log'}});
  });

  test('so many requests in such a time, each limit with a scope of its own', () => {
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

  test('and neither is left out', () => {
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
  test('takes what it knows', () => {
    createSession();
    createSession({});
    createSession({baseUrl: new URL('https://example.com')});
    createSession({headers: [['accept', 'text/plain']]});
    createSession({headers: new Headers(), auth: {bearer: async () => 'token'}});
    createSession({headers: {accept: 'text/plain', 'x-count': 1, 'x-none': undefined}});
    createSession({auth: {basic: {username: 'user', password: 'secret'}}});
    createSession({searchParams: {page: 1}, throwHttpErrors: false, context: {tenant: 'a'}});
  });

  test('and refuses what it does not', () => {
    // @ts-expect-error axios's name.
    createSession({baseURL: 'https://example.com'});
    // @ts-expect-error ky's name, for something else.
    createSession({prefix: 'https://example.com'});
    // @ts-expect-error
    createSession({headers: {accept: ['text/plain']}});
    // @ts-expect-error
    createSession({auth: {basic: {user: 'user', pass: 'secret'}}});
    // @ts-expect-error
    createSession({auth: 'Bearer token'});
    // @ts-expect-error ky's hook for the retries that aren't ky's here.
    createSession({hooks: {beforeRetry: []}});
    // @ts-expect-error A policy takes the next handler.
    createSession({policies: [async (request: Request) => fetch(request)]});
  });

  test("its auth is one of two, its token may be a function's", () => {
    expectTypeOf<{bearer: () => Promise<string>}>().toExtend<Auth>();
    expectTypeOf<{bearer: number}>().not.toExtend<Auth>();
  });

  test('a child has the same options, and no connector of its own', () => {
    const session = createSession();
    session.extend({headers: {accept: 'text/plain'}, timeout: {read: 1}, auth: {bearer: 'token'}});
    // @ts-expect-error
    session.extend({connector: {limit: 1}});
    expectTypeOf<ExtendOptions>().toEqualTypeOf<Omit<SessionOptions, 'connector'>>();
  });
});
