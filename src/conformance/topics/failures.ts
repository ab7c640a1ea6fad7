import {equal, networkError, ok, oneOf, rejection} from '../assert.ts';
import type {Topic} from '../case.ts';

const phases = ['dns', 'connect', 'tls', 'send', 'receive'];

/** Checks that every failure is typed, names its phase and is safe to log. */
export const failures: Topic = (it) => {
  it('a refused connection rejects with a ConnectionError that has a phase and a code', async ({
    open,
    room,
  }) => {
    const error = await networkError(open().fetch(room.urlOn(room.server.refused, '/')), 'fetch');
    equal(error['name'], 'TypeError', 'name');
    oneOf(error['phase'], phases, 'phase');
    ok(typeof error['code'] === 'string', 'a code');
    equal(error['attempts'], 1, 'attempts');
  });

  it('a connection that is cut before the response head rejects with a ConnectionError', async ({
    open,
    room,
  }) => {
    const error = await networkError(
      open().fetch(room.url('/reset'), {method: 'POST', body: 'text'}),
      'fetch',
    );
    equal(error['name'], 'TypeError', 'name');
    oneOf(error['phase'], phases, 'phase');
  });

  it('a connection that is cut in the body fails text() with a ConnectionError', async ({open, room}) => {
    const response = await open().fetch(room.url('/reset-body'));
    await room.release();
    const error = await networkError(response.text(), 'text()');
    equal(error['name'], 'TypeError', 'name');
    oneOf(error['phase'], phases, 'phase');
  });

  it('a connection that is cut in the body fails its stream with a ConnectionError', async ({open, room}) => {
    const response = await open().fetch(room.url('/reset-body'));
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await room.release();
    const error = await networkError(
      (async () => {
        while (!(await reader.read()).done);
      })(),
      'reading',
    );
    equal(error['name'], 'TypeError', 'name');
  });

  it('a response that is not HTTP rejects with a ConnectionError', async ({open, room}) => {
    const error = await networkError(open().fetch(room.url('/garbage'), {method: 'POST'}), 'fetch');
    equal(error['name'], 'TypeError', 'name');
  });

  it('a verb rejects with a ConnectionError when the connection is cut', async ({open, room}) => {
    const error = await networkError(open().post(room.url('/reset')).json(), 'json()');
    equal(error['name'], 'TypeError', 'name');
  });

  it('a connector works on after failures', async ({open, room}) => {
    const session = open({connector: {limit: 2}});
    const fail = async (path: string) => {
      const response = await session.fetch(room.url(path));
      await room.release();
      await response.text();
    };
    const calls = Array.from({length: 6}, (_, index) => fail(index % 2 === 0 ? '/reset' : '/reset-body'));
    await Promise.all(calls.map((call) => rejection(call, 'the call')));
    equal((await session.fetch(room.url('/echo'))).status, 200, 'status');
  });

  it('an error shows no credential, no query value and no body', async ({open, room}) => {
    const session = open();
    const headers = {authorization: 'Bearer s3cret'};
    const failed = [
      session.fetch(`${room.urlOn(room.server.refused, '/path')}&key=s3cret`, {headers}),
      session.fetch(`${room.url('/stall')}&key=s3cret`, {headers, timeout: 50}),
      session.get(room.url('/status', {code: 500, text: 's3cret'}), {headers}).text(),
      session.fetch(`${room.url('/redirect')}&key=s3cret`, {headers, redirect: 'error'}),
      session.fetch(`${room.url('/reset')}&key=s3cret`, {headers, method: 'POST', body: 's3cret'}),
    ];
    const errors = await Promise.all(failed.map((promise) => rejection(promise, 'the call')));
    for (const error of errors as Error[]) {
      for (const shown of [String(error), error.message, error.stack ?? '', JSON.stringify(error)]) {
        ok(!shown.includes('s3cret'), `no secret in ${shown}`);
      }
      ok(error.message.includes('127.0.0.1'), `the host in ${error.message}`);
    }
  });
};
