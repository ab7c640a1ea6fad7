import {delay, HttpResponse, http, passthrough} from 'msw';
import {setupServer} from 'msw/node';
import {afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi} from 'vitest';
import type {Session, SessionOptions} from '../../src/index.ts';
import {ConnectionError, createSession, HTTPError, TimeoutError} from '../../src/index.ts';
import {startServer} from '../support/http-server.ts';
import {waitFor} from '../support/wait-for.ts';

const api = 'https://api.example.com';
const server = setupServer(http.get(`${api}/users/:id`, ({params}) => HttpResponse.json({id: params['id']})));

/** A session with nothing set up for msw. */
function defaultSession(options: SessionOptions = {}): Session {
  const session = createSession({baseUrl: api, retry: false, ...options});
  onTestFinished(() => session.destroy());
  return session;
}

describe('while msw intercepts', () => {
  beforeAll(() => server.listen({onUnhandledFrame: 'error'}));
  afterEach(() => server.resetHandlers());
  afterAll(() => server.close());

  it('a handler of msw answers a verb and a fetch of the session', async () => {
    const session = defaultSession();
    expect(await session.get('users/1').json()).toEqual({id: '1'});
    const response = await session.fetch('users/2');
    expect(response).toBeInstanceOf(Response);
    expect(response).toMatchObject({status: 200, url: `${api}/users/2`});
    expect(await response.json()).toEqual({id: '2'});
    expect(session.stats()).toMatchObject({active: 0, totals: {sent: 2, opened: 0}});
  });

  it('a handler of msw gets the request as the session made it', async () => {
    server.use(
      http.post(`${api}/users`, async ({request}) =>
        HttpResponse.json({
          body: await request.json(),
          type: request.headers.get('content-type'),
          auth: request.headers.get('authorization'),
          url: request.url,
        }),
      ),
    );
    const session = defaultSession({auth: {bearer: 'token'}});
    expect(await session.post('users', {json: {name: 'Ada'}, searchParams: {notify: 1}}).json()).toEqual({
      body: {name: 'Ada'},
      type: 'application/json',
      auth: 'Bearer token',
      url: `${api}/users?notify=1`,
    });
  });

  it.each([
    ['text', 'Ada'],
    ['bytes', new TextEncoder().encode('Ada')],
    ['a stream', new Blob(['Ada']).stream()],
    ['a function that makes it', () => new Blob(['Ada']).stream()],
  ])('a handler of msw reads a body that is %s', async (_name, body) => {
    server.use(http.put(`${api}/name`, async ({request}) => HttpResponse.text(await request.text())));
    expect(await defaultSession().put('name', {body}).text()).toBe('Ada');
  });

  it('a response body of msw streams, and its bytes are counted', async () => {
    const parts = ['one', 'two', 'three'];
    let sent = 0;
    server.use(
      http.get(`${api}/stream`, () => {
        const stream = new ReadableStream({
          async pull(controller) {
            await delay(5);
            if (sent === parts.length) return controller.close();
            controller.enqueue(new TextEncoder().encode(parts[sent++]));
          },
        });
        return new HttpResponse(stream);
      }),
    );
    const session = defaultSession();
    const {body} = await session.fetch('stream');
    const decoder = new TextDecoder();
    const read: string[] = [];
    for await (const chunk of body as ReadableStream<Uint8Array>) read.push(decoder.decode(chunk));
    expect(read.join('')).toBe('onetwothree');
    await waitFor(() => session.stats().active === 0);
    expect(session.stats().totals.bytesReceived).toBe(11);
  });

  it('an error status of msw rejects a verb with an HTTPError that has the data', async () => {
    server.use(http.get(`${api}/users/:id`, () => HttpResponse.json({reason: 'none'}, {status: 404})));
    const error = await defaultSession()
      .get('users/1')
      .catch((thrown) => thrown);
    expect(error).toBeInstanceOf(HTTPError);
    expect(error).toMatchObject({status: 404, data: {reason: 'none'}});
  });

  it('a network error of msw rejects with a ConnectionError that is a TypeError', async () => {
    server.use(http.get(`${api}/users/:id`, () => HttpResponse.error()));
    const failed = defaultSession().get('users/1');
    await expect(failed).rejects.toThrow(ConnectionError);
    await expect(failed).rejects.toThrow(TypeError);
  });

  it('a request without a handler is refused where msw is configured to do so', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {});
    onTestFinished(() => said.mockRestore());
    await expect(defaultSession().get('elsewhere')).rejects.toThrow(ConnectionError);
    expect(said).toHaveBeenCalledOnce();
  });

  it('a 503 of msw is retried', async () => {
    server.use(http.get(`${api}/users/:id`, () => new HttpResponse(null, {status: 503}), {once: true}));
    const session = defaultSession({retry: {minDelay: 1}});
    expect(await session.get('users/1').json()).toEqual({id: '1'});
    expect(session.stats().totals).toMatchObject({attempts: 2, retries: 1, opened: 0});
  });

  it('a delay of msw ends in the TimeoutError of the session', async () => {
    server.use(
      http.get(`${api}/slow`, async () => {
        await delay('infinite');
      }),
    );
    const failed = defaultSession({timeout: {read: 50}}).get('slow');
    await expect(failed).rejects.toThrow(TimeoutError);
    await expect(failed).rejects.toMatchObject({phase: 'read'});
  });

  it('an abort ends a request that msw delays', async () => {
    server.use(
      http.get(`${api}/slow`, async () => {
        await delay('infinite');
      }),
    );
    const controller = new AbortController();
    const failed = defaultSession().get('slow', {signal: controller.signal});
    controller.abort(new Error('enough'));
    await expect(failed).rejects.toThrow('enough');
  });

  it('a redirect of msw leads to the handler of its target', async () => {
    server.use(http.get(`${api}/old`, () => HttpResponse.redirect(`${api}/users/3`)));
    const response = await defaultSession().get('old');
    expect(response).toMatchObject({redirected: true, url: `${api}/users/3`});
    expect(await response.json()).toEqual({id: '3'});
  });

  it('a request that msw passes through reaches the server', async () => {
    const real = await startServer((_request, response) => response.end('real'));
    server.use(http.get(`${real.origin}/`, () => passthrough()));
    const session = defaultSession();
    expect(await session.get(real.origin).text()).toBe('real');
    expect(real.requests).toHaveLength(1);
    await waitFor(() => session.stats().active === 0);
  });

  it('the limit of the connector holds for requests that msw answers', async () => {
    let active = 0;
    let peak = 0;
    server.use(
      http.get(`${api}/busy`, async () => {
        active++;
        peak = Math.max(peak, active);
        await delay(5);
        active--;
        return HttpResponse.text('done');
      }),
    );
    const session = defaultSession({connector: {limit: 2}});
    await Promise.all(Array.from({length: 8}, () => session.get('busy').text()));
    expect(peak).toBe(2);
  });
});

it('a session that existed before msw listened uses msw meanwhile, and its pool before and after', async () => {
  const real = await startServer((_request, response) => response.end('real'));
  const session = defaultSession();
  expect(await session.get(real.origin).text()).toBe('real');
  expect(session.stats()).toMatchObject({connector: 'undici', totals: {opened: 1}});

  server.listen({onUnhandledFrame: 'error'});
  try {
    server.use(http.get(`${real.origin}/`, () => HttpResponse.text('mocked')));
    expect(await session.get(real.origin).text()).toBe('mocked');
  } finally {
    server.close();
  }

  expect(await session.get(real.origin).text()).toBe('real');
  expect(session.stats().totals).toMatchObject({sent: 3, opened: 1, reused: 1});
  expect(real.requests).toHaveLength(2);
});

it('a session that replaced the global fetch is mocked as well', async () => {
  const real = await startServer((_request, response) => response.end('real'));
  const session = defaultSession();
  const {fetch} = globalThis;
  globalThis.fetch = session.fetch;
  onTestFinished(() => {
    server.close();
    globalThis.fetch = fetch;
  });
  server.listen({onUnhandledFrame: 'bypass'});
  server.use(
    http.get(`${real.origin}/mocked`, () => HttpResponse.text('mocked')),
    http.get(`${real.origin}/real`, () => passthrough()),
  );
  expect(await session.get(`${real.origin}/mocked`).text()).toBe('mocked');
  expect(await session.get(`${real.origin}/real`).text()).toBe('real');
  expect(await (await globalThis.fetch(`${real.origin}/real`)).text()).toBe('real');
  expect(real.requests).toHaveLength(2);
});
