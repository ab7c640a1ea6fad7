import type {LookupFunction} from 'node:net';
import {Readable} from 'node:stream';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {fetchConnector} from '../../../../src/connectors/native/fetch.ts';
import {smallPageConnector} from '../../../../src/connectors/native/small-page.ts';
import type {SessionOptions} from '../../../../src/index.ts';
import {asStream, ConnectionError, createSession, defineClient, endpoint} from '../../../../src/index.ts';
import {failure} from '../../../support/failure.ts';
import {startServer} from '../../../support/http-server.ts';
import {openSession} from '../../../support/open-session.ts';
import {startRawServer} from '../../../support/raw-server.ts';
import {expectNoUnhandledRejections} from '../../../support/unhandled-rejections.ts';

expectNoUnhandledRejections();

// An 'error' event without a listener is an uncaught exception.
const uncaught: unknown[] = [];
const onUncaught = (error: unknown) => void uncaught.push(error);
beforeEach(() => {
  uncaught.length = 0;
  process.on('uncaughtException', onUncaught);
});
afterEach(async () => {
  await turns();
  process.off('uncaughtException', onUncaught);
  expect(uncaught).toEqual([]);
});

/** Lets a stream that was destroyed emit its error. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
}

const broken = new Error('The disk is gone');
const unread = () => new Readable({read() {}});

/** A Node stream that has begun to fail when the call is made, and emits its error in the next turn. */
function failing(): Readable {
  return unread().destroy(broken);
}

const answering = () =>
  startServer((request, response) => void request.resume().on('end', () => response.end()));

describe('a Node stream as a body that fails before its request is sent', () => {
  it.each([
    ['for nothing', {}],
    ['for a token', {rateLimit: {requests: 1, per: 50}}],
    ['in an inner policy', {policies: [(next) => (request) => turns().then(() => next(request))]}],
    ['in a hook', {hooks: {beforeRequest: [turns]}}],
    ['for credentials', {auth: {bearer: () => turns().then(() => 'token')}}],
  ] as ReadonlyArray<[string, SessionOptions]>)(
    'a stream that fails while its call waits %s fails the call',
    async (_where, options) => {
      const server = await answering();
      const {session} = openSession({}, {baseUrl: server.origin, ...options});
      if (options.rateLimit) await session.get('');
      const error = await failure(session.post('', {body: failing()}));
      expect(error).toBeInstanceOf(ConnectionError);
      expect(error).toMatchObject({phase: 'send', cause: broken});
    },
  );

  it.each([
    ['session.fetch', (session, url) => session.fetch(url, {method: 'POST', body: failing()})],
    ['a body that is a function', (session, url) => session.post(url, {body: failing})],
    ['expectContinue', (session, url) => session.post(url, {body: failing(), expectContinue: 20})],
  ] as ReadonlyArray<
    [string, (session: ReturnType<typeof openSession>['session'], url: string) => Promise<unknown>]
  >)('the call fails with the error of the stream with %s', async (_what, send) => {
    const server = await answering();
    const {session} = openSession();
    expect(await failure(send(session, server.origin))).toMatchObject({
      phase: 'send',
      cause: broken,
    });
  });

  it('a stream that fails while its call waits for a slot fails the call when the slot is free', async () => {
    const server = await startRawServer(async (connection) => {
      await connection.request();
      await turns();
      connection.respond('ok');
      await connection.head();
    });
    const {session} = openSession({limit: 1});
    const first = session.get(server.origin).text();
    const error = await failure(session.post(server.origin, {body: failing()}));
    expect(await first).toBe('ok');
    expect(error).toMatchObject({phase: 'send', cause: broken});
  });

  it('a stream that fails while its host is looked up fails the call', async () => {
    const server = await answering();
    const lookup: LookupFunction = (_host, _options, callback) => {
      void turns().then(() => callback(null, [{address: '127.0.0.1', family: 4}]));
    };
    const {session} = openSession({dns: {lookup}});
    const error = await failure(session.post(`http://api.test:${server.port}`, {body: failing()}));
    expect(error).toMatchObject({phase: 'send', cause: broken});
  });

  it('a call that fails for another reason keeps its own error', async () => {
    const {session} = openSession();
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    expect(await failure(session.post('http://127.0.0.1:2/', {body: failing(), signal}))).toBe(reason);
    expect(
      await failure(session.fetch('http://127.0.0.1:2/', {method: 'POST', body: failing(), signal})),
    ).toBe(reason);
    const refused = await failure(session.post('http://127.0.0.1:2/', {body: failing()}));
    expect(refused).toMatchObject({phase: 'connect', code: 'ECONNREFUSED'});
    const unknown = session.post('http://127.0.0.1:2/', {body: failing(), unknown: 1} as never);
    expect(await failure(unknown)).toMatchObject({name: 'UnsupportedOptionError'});
    expect(await failure(session.fetch('http://[', {method: 'POST', body: failing()}))).toBeInstanceOf(
      TypeError,
    );
    expect(await failure(session.get('http://127.0.0.1:2/', {body: failing()}))).toBeInstanceOf(TypeError);
  });

  it('a stream that fails after its call is over is not an uncaught error', async () => {
    const {session} = openSession();
    const body = unread();
    await failure(session.post('http://127.0.0.1:2/', {body}));
    body.destroy(broken);
    await turns();
    const closed = openSession().session;
    await closed.close();
    expect(await failure(closed.post('http://127.0.0.1:2/', {body: failing()}))).toMatchObject({
      name: 'SessionClosedError',
    });
  });

  it('a stream that fails fails the call of the connector over built-in fetch', async () => {
    const server = await answering();
    await using session = createSession({retry: false, connector: fetchConnector()});
    await failure(session.post(server.origin, {body: failing()}));
    await failure(session.post(server.origin, {body: () => failing()}));
  });

  it('a typed call that is refused before it is sent keeps its own error', async () => {
    const {session} = openSession({}, {baseUrl: 'http://127.0.0.1:2/'});
    const refusing = {
      '~standard': {version: 1, vendor: 'test', validate: () => ({issues: [{message: 'no'}]})},
    };
    const api = defineClient({
      upload: endpoint('POST /files/{id}', {body: asStream(), query: refusing as never}),
      replace: endpoint('PUT /files/{id}', {body: asStream()}),
      list: endpoint('GET /files'),
    })(session);
    const upload = api.upload as unknown as (input: object) => Promise<unknown>;
    const replace = api.replace as unknown as (input: object) => Promise<unknown>;
    const list = api.list as unknown as (input: object) => Promise<unknown>;
    expect(await failure(replace({body: failing(), path: {}}))).toMatchObject({name: 'TypeError'});
    expect(await failure(upload({body: failing(), path: {id: 1}, query: {}}))).toMatchObject({
      name: 'SchemaError',
    });
    expect(await failure(upload({body: failing(), unknown: 1}))).toMatchObject({
      name: 'UnsupportedOptionError',
    });
    expect(await failure(list({body: failing()}))).toMatchObject({name: 'TypeError'});
  });

  it('a stream that a function makes, and that the small page connector refuses, is not an uncaught error', async () => {
    await using session = createSession({retry: false, connector: smallPageConnector()});
    const refused = session.post('http://127.0.0.1:2/', {body: failing});
    expect(await failure(refused)).toMatchObject({name: 'UnsupportedOptionError'});
  });
});
