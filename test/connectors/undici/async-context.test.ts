import {AsyncLocalStorage} from 'node:async_hooks';
import {subscribe, unsubscribe} from 'node:diagnostics_channel';
import type {RequestListener} from 'node:http';
import {describe, expect, it, onTestFinished} from 'vitest';
import {createConnector, createSession} from '../../../src/index.ts';
import {createAuthority} from '../../support/authority.ts';
import {startServer} from '../../support/http-server.ts';
import {startHttp2Server} from '../../support/http2-server.ts';
import {openSession} from '../../support/open-session.ts';

const authority = await createAuthority();
const identity = await authority.issue();

const caller = new AsyncLocalStorage<string>();

/** Does what instrumentation does: adds a header that tells the caller in whose context the request is sent. */
function instrumentUndici(header = 'x-sent-by'): void {
  const add = (message: unknown) => {
    const {request} = message as {request: {addHeader(name: string, value: string): void}};
    request.addHeader(header, String(caller.getStore()));
  };
  subscribe('undici:request:create', add);
  onTestFinished(() => void unsubscribe('undici:request:create', add));
}

const answerSender: RequestListener = (request, response) => {
  const sentBy = String(request.headers['x-sent-by']);
  if (request.url === '/again') response.writeHead(302, {location: '/', 'x-first-hop': sentBy}).end();
  else response.end(sentBy);
};

/** Makes calls at the same time, each in a context of its own, and returns those that were sent in another one. */
async function misattributed(count: number, call: (index: number) => Promise<string>): Promise<string[]> {
  const senders = await Promise.all(
    Array.from({length: count}, (_, index) => caller.run(`call ${index}`, () => call(index))),
  );
  return senders.filter((sender, index) => sender !== `call ${index}`);
}

describe('the async context of a call', () => {
  it.each([{limit: 2}, {limitPerHost: 1}])('is kept while it waits for a slot of %o', async (limits) => {
    instrumentUndici();
    const {origin} = await startServer(answerSender);
    const {fetch} = openSession(limits);
    expect(await misattributed(12, async () => (await fetch(origin)).text())).toEqual([]);
  });

  it('is kept for the second hop of a redirect, over the connection of another call', async () => {
    instrumentUndici();
    const {origin} = await startServer(answerSender);
    const {fetch} = openSession({limit: 1});
    await caller.run('first', async () => (await fetch(origin)).text());
    expect(await misattributed(3, async () => (await fetch(`${origin}/again`)).text())).toEqual([]);
  });

  it('is kept for retries and for calls that wait for their rate limit', async () => {
    instrumentUndici();
    const failed = new Set<string>();
    const {origin} = await startServer((request, response) => {
      const sentBy = String(request.headers['x-sent-by']);
      if (!failed.has(sentBy)) response.statusCode = 503;
      failed.add(sentBy);
      response.end(sentBy);
    });
    const {session} = openSession(
      {limit: 1},
      {retry: {retries: 1, minDelay: 1}, rateLimit: {requests: 2, per: 20}},
    );
    expect(await misattributed(4, () => session.get(origin).text())).toEqual([]);
    expect(failed.size).toBe(4);
  });

  it('is kept for the look-up of a name that comes after a wait, and for connecting to it', async () => {
    const {port} = await startServer((_request, response) => response.end('x'));
    const lookedUpBy: Record<string, string | undefined> = {};
    const lookup = (name: string, _options: unknown, done: (error: null, found: unknown) => void) => {
      lookedUpBy[name] = caller.getStore();
      done(null, [{address: '127.0.0.1', family: 4}]);
    };
    const {fetch} = openSession({limit: 1, dns: {lookup: lookup as never}});
    await misattributed(3, async (index) => (await fetch(`http://host-${index}.test:${port}/`)).text());
    expect(lookedUpBy).toEqual({
      'host-0.test': 'call 0',
      'host-1.test': 'call 1',
      'host-2.test': 'call 2',
    });
  });

  it('is not that of the call whose connection brings a redirect, when the next host is looked up', async () => {
    const {port} = await startServer((request, response) => {
      if (request.url === '/moved') response.writeHead(302, {location: `http://host.test:${port}/`});
      response.end('x');
    });
    const lookedUpBy: Array<string | undefined> = [];
    const lookup = (_name: string, _options: unknown, done: (error: null, found: unknown) => void) => {
      lookedUpBy.push(caller.getStore());
      done(null, [{address: '127.0.0.1', family: 4}]);
    };
    const {fetch} = openSession({dns: {lookup: lookup as never}});
    await caller.run('first', async () => (await fetch(`http://127.0.0.1:${port}/`)).text());
    await caller.run('second', async () => (await fetch(`http://127.0.0.1:${port}/moved`)).text());
    expect(lookedUpBy).toEqual([undefined]);
  });

  it.each(['HTTP/1.1', 'HTTP/2'])('is that of every trace signal, over %s', async (version) => {
    const server =
      version === 'HTTP/2'
        ? await startHttp2Server(identity, (_request, response) => response.end('x'))
        : await startServer((_request, response) => response.end('x'));
    const heard = new Map<string, Set<string | undefined>>();
    const {fetch} = openSession(
      {limit: 2, http2: true, tls: {ca: authority.cert}},
      {
        rateLimit: {requests: 3, per: 20},
        trace: [
          ({type}, {request}) => {
            const path = request && new URL(request.url).pathname;
            if (path)
              heard.set(
                `${path} ${type}`,
                (heard.get(`${path} ${type}`) ?? new Set()).add(caller.getStore()),
              );
          },
        ],
      },
    );
    await Promise.all(
      Array.from({length: 6}, (_, index) =>
        caller.run(`/${index}`, async () => (await fetch(`${server.origin}/${index}`)).text()),
      ),
    );
    expect([...heard.keys()].map((key) => key.split(' ')[1])).toEqual(
      expect.arrayContaining([
        'connectionQueuedEnd',
        'rateLimitWaitEnd',
        'responseHeadersReceived',
        'attemptEnd',
      ]),
    );
    for (const [key, contexts] of heard) expect([key, ...contexts]).toEqual([key, key.split(' ')[0]]);
  });

  it('is kept while it waits for a slot of a connector over a fetch', async () => {
    const connector = createConnector(
      {
        name: 'fake',
        capabilities: {sockets: false, connectTimeout: false, requestStreams: false, manualRedirect: false},
        send: async () => {
          const sentBy = String(caller.getStore());
          await new Promise((resolve) => setImmediate(resolve));
          return new Response(sentBy);
        },
      },
      {limit: 2},
    );
    const session = createSession({connector});
    expect(await misattributed(8, () => session.get('http://a.test/').text())).toEqual([]);
    await session.close();
    await connector.close();
  });
});

describe('a request with a trace context of its own', () => {
  it('gets no second one from instrumentation of undici', async () => {
    instrumentUndici('traceparent');
    const {origin} = await startServer((request, response) =>
      response.end(JSON.stringify(request.headersDistinct['traceparent'])),
    );
    const setContext = {
      attemptStart: (_event: unknown, {request}: {request: {headers: Headers} | undefined}) =>
        request?.headers.set('traceparent', 'ours'),
    };
    const {fetch} = openSession({}, {trace: [setContext as never]});
    const ask = async (init?: RequestInit) => (await fetch(origin, init)).json();
    expect(await caller.run('theirs', () => ask())).toEqual(['ours']);
    const plain = openSession();
    const askPlainly = async (init?: RequestInit) => (await plain.fetch(origin, init)).json();
    expect(await caller.run('theirs', () => askPlainly())).toEqual(['theirs']);
    expect(await caller.run('theirs', () => askPlainly({headers: {traceparent: 'by hand'}}))).toEqual([
      'by hand',
    ]);
  });
});
