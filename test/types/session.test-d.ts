import type {
  CallOptions,
  FetchInit,
  ProgressListener,
  ResponsePromise,
  Session,
  SessionStats,
} from 'aiofetch';
import {createSession} from 'aiofetch';
import ky from 'ky';
import createClient from 'openapi-fetch';
import {describe, expectTypeOf, test} from 'vitest';

declare const session: Session;

/** A Standard Schema, as validators make them. */
interface UserSchema {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: 'test';
    readonly validate: (value: unknown) => {readonly value: User};
    readonly types?: {readonly input: unknown; readonly output: User};
  };
}

interface User {
  readonly name: string;
}

describe('session.fetch', () => {
  test('session.fetch can be passed wherever a standard fetch is expected', () => {
    expectTypeOf(session.fetch).toExtend<typeof globalThis.fetch>();
    expectTypeOf<Session['fetch']>().returns.toEqualTypeOf<Promise<Response>>();
    createClient({fetch: session.fetch});
    ky.create({fetch: session.fetch});
    globalThis.fetch = session.fetch;
  });

  test('session.fetch takes the arguments of the standard', () => {
    expectTypeOf<RequestInit>().toExtend<FetchInit>();
    session.fetch('/users');
    session.fetch(new URL('https://example.com'), {method: 'DELETE'});
    session.fetch(new Request('https://example.com'), new Request('https://example.com'));
    session.fetch('/users', {
      signal: null,
      body: null,
      redirect: 'manual',
      credentials: 'include',
      cache: 'no-store',
    });
  });

  test('session.fetch takes body functions, headers that are undefined, and timeouts', () => {
    session.fetch('/users', {method: 'POST', body: () => new Blob()});
    session.fetch('/users', {
      method: 'POST',
      async *body() {
        yield 'a';
        yield new Uint8Array();
      },
    });
    session.fetch('/users', {headers: {accept: undefined, 'x-count': 1}, timeout: {read: false}});
  });

  test('session.fetch has no options of the verbs', () => {
    // @ts-expect-error
    session.fetch('/users', {json: {}});
    // @ts-expect-error
    session.fetch('/users', {searchParams: {}});
    // @ts-expect-error
    session.fetch('/users', {method: 'POST', body: {name: 'Ada'}});
    // @ts-expect-error
    session.fetch('/users', {redirect: 'never'});
  });
});

describe('verbs', () => {
  test("a verb returns ky's promise, typed by the type argument or the schema", async () => {
    expectTypeOf(session.get('users')).toEqualTypeOf<ResponsePromise<unknown>>();
    expectTypeOf(session.get<User>('users')).toEqualTypeOf<ResponsePromise<User>>();
    expectTypeOf(session.head('users')).toEqualTypeOf<ResponsePromise<unknown>>();
    expectTypeOf(await session.post<User>('users').json()).toEqualTypeOf<User>();
    expectTypeOf(await session.put('users').json<User>()).toEqualTypeOf<User>();
    expectTypeOf(await session.patch('users').json()).toEqualTypeOf<unknown>();
    expectTypeOf(await session.delete('users').json({} as UserSchema)).toEqualTypeOf<User>();
    expectTypeOf(await session.get('users').text()).toEqualTypeOf<string>();
    expectTypeOf(await session.get('users').bytes()).toExtend<Uint8Array>();
    expectTypeOf(await session.get('users').blob()).toEqualTypeOf<Blob>();
    expectTypeOf(await session.get('users').formData()).toEqualTypeOf<FormData>();
    expectTypeOf(await session.get('users')).toExtend<Response>();
    expectTypeOf(await (await session.get<User>('users')).json()).toEqualTypeOf<User>();
  });

  test("a verb takes ky's options and the session's options for one call", () => {
    session.post('users', {json: {name: 'Ada'}, searchParams: new URLSearchParams()});
    session.post('users', {body: new FormData(), headers: {accept: undefined}, timeout: 1, signal: null});
    session.get('users', {throwHttpErrors: (status) => status >= 500, parseJson: (text) => JSON.parse(text)});
    session.get('users', {onDownloadProgress: ({percent}) => percent.toFixed(), hooks: {beforeRequest: []}});
    const listener: ProgressListener = ({transferredBytes, totalBytes}, chunk) =>
      expectTypeOf([transferredBytes, totalBytes, chunk.byteLength]).toEqualTypeOf<number[]>();
    session.put('users', {body: new Blob(), onUploadProgress: listener, maxResponseSize: 1_000});
    session.fetch('users', {
      onDownloadProgress: listener,
      onUploadProgress: listener,
      maxResponseSize: Infinity,
    });
    session.extend({maxResponseSize: undefined});
    // @ts-expect-error `onUploadProgress` is an option of calls only.
    session.extend({onUploadProgress: listener});
    session.get('users', {cache: 'no-store', credentials: 'omit', keepalive: true, priority: 'high'});
  });

  test('a verb refuses options that other code would have to honour', () => {
    // @ts-expect-error `limit` is ky's name.
    session.get('users', {retry: {limit: 3}});
    // @ts-expect-error The verb sets the method.
    session.get('users', {method: 'POST'});
    // @ts-expect-error A verb always uses the session's `fetch`.
    session.get('users', {fetch: globalThis.fetch});
    // @ts-expect-error `baseUrl` is an option of sessions only.
    session.get('users', {baseUrl: 'https://example.com'});
    // @ts-expect-error
    session.get('users', {dispatcher: undefined});
    // @ts-expect-error
    session.post('users', {data: {}});
    // @ts-expect-error
    session.post('users', {body: {name: 'Ada'}});
    expectTypeOf<CallOptions>().toHaveProperty('next');
    expectTypeOf<CallOptions>().not.toHaveProperty('agent');
  });
});

describe('the lifetime of a session', () => {
  test('a session is disposed of by `await using`, not by `using`', async () => {
    await using owned = createSession();
    expectTypeOf(owned).toEqualTypeOf<Session>();
    expectTypeOf<Session>().toExtend<AsyncDisposable>();
    // @ts-expect-error Closing is asynchronous.
    using wrong = createSession();
    void wrong;
  });

  test('a session has closed, close() and destroy()', () => {
    expectTypeOf<Session['closed']>().toEqualTypeOf<boolean>();
    expectTypeOf(session.close({timeout: 1})).toEqualTypeOf<Promise<void>>();
    expectTypeOf(session.destroy(new Error('why'))).toEqualTypeOf<Promise<void>>();
    // @ts-expect-error `closed` is read-only.
    session.closed = true;
    // @ts-expect-error
    session.close({after: 1});
  });

  test('a child is a session', () => {
    expectTypeOf(session.extend({})).toEqualTypeOf<Session>();
  });
});

test('the statistics of a session are read-only', () => {
  const stats = session.stats();
  expectTypeOf(stats).toEqualTypeOf<SessionStats>();
  expectTypeOf(stats.connector).toEqualTypeOf<string>();
  expectTypeOf(stats.hosts['https://example.com']).toEqualTypeOf<
    | {
        readonly active: number;
        readonly queued: number;
        readonly idle: number;
        readonly limit?: number | undefined;
      }
    | undefined
  >();
  expectTypeOf<keyof SessionStats['totals']>().toEqualTypeOf<
    | 'requests'
    | 'attempts'
    | 'retries'
    | 'errors'
    | 'sent'
    | 'reused'
    | 'opened'
    | 'bytesSent'
    | 'bytesReceived'
  >();
  // @ts-expect-error
  stats.totals.requests = 0;
});
