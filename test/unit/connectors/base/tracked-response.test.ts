import {describe, expect, it, vi} from 'vitest';
import {ConnectionError} from '../../../../src/index.ts';
import {mockSession, rejection} from '../../../support/mock-session.ts';
import {waitForGc} from '../../../support/wait-for.ts';

const url = 'https://api.test/';

/** A Response like that of a native fetch, with a URL and a type. */
function fetched(body: BodyInit | null, init: ResponseInit = {}, meta: Partial<Response> = {}): Response {
  const response = new Response(body, init);
  for (const [name, value] of Object.entries({url, type: 'cors', redirected: false, ...meta}))
    Object.defineProperty(response, name, {value, configurable: true});
  return response;
}

/** A body without an end. It counts the chunks that are read, and records whether it was cancelled. */
function endless(size = 16 * 1024) {
  const state = {taken: 0, cancelled: undefined as unknown};
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        state.taken += size;
        controller.enqueue(new Uint8Array(size));
      },
      cancel(reason) {
        state.cancelled = reason;
      },
    },
    {highWaterMark: 0},
  );
  return {body, state};
}

describe('a response with a tracked body', () => {
  it('a tracked response has the members of the native response', async () => {
    const headers = new Headers([
      ['x', '1'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['content-type', 'text/plain'],
    ]);
    const native = fetched(
      'hé',
      {status: 203, statusText: 'Fine', headers},
      {type: 'basic', redirected: true},
    );
    const {session} = mockSession(() => native);
    const response = await session.fetch(url);
    expect(response).toBeInstanceOf(Response);
    expect(Object.prototype.toString.call(response)).toBe('[object Response]');
    expect(response).toMatchObject({
      status: 203,
      statusText: 'Fine',
      ok: true,
      type: 'basic',
      bodyUsed: false,
    });
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(response.headers.get('x')).toBe('1');
    expect(await response.text()).toBe('hé');
    expect(response.bodyUsed).toBe(true);
  });

  it.each<[string, (response: Response) => Promise<unknown>, unknown]>([
    ['json', (response) => response.json(), {a: 1}],
    ['text', (response) => response.text(), '{"a":1}'],
    ['bytes', (response) => response.bytes(), new TextEncoder().encode('{"a":1}')],
    ['arrayBuffer', (response) => response.arrayBuffer(), new TextEncoder().encode('{"a":1}').buffer],
    ['blob', async (response) => (await response.blob()).text(), '{"a":1}'],
  ])('%s() reads a tracked response once', async (_, read, expected) => {
    const {session} = mockSession(() => ({a: 1}));
    const response = await session.fetch(url);
    expect(await read(response)).toEqual(expected);
    await expect(read(response)).rejects.toThrow(TypeError);
  });

  it('formData() reads a tracked response', async () => {
    const form = new FormData();
    form.set('a', 'b');
    const {session} = mockSession(() => new Response(form));
    expect((await (await session.fetch(url)).formData()).get('a')).toBe('b');
  });

  it('the body of a tracked response can be read by iteration, by a Response and by a pipe', async () => {
    const {session} = mockSession(() => new Response('hé'));
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await session.fetch(url)).body ?? []) chunks.push(chunk);
    expect(new TextDecoder().decode(chunks[0])).toBe('hé');
    const {body} = await session.fetch(url);
    expect(await new Response(body).text()).toBe('hé');
    const decoded = (await session.fetch(url)).body?.pipeThrough(new TextDecoderStream());
    expect((await decoded?.getReader().read())?.value).toBe('hé');
  });

  it('a BYOB reader can read a tracked body if it can read the native body', async () => {
    const native = new Response(new Blob(['hé']).stream());
    const {session} = mockSession(() => native);
    const reader = (await session.fetch(url)).body?.getReader({mode: 'byob'});
    const {value} = (await reader?.read(new Uint8Array(10))) ?? {};
    expect(new TextDecoder().decode(value)).toBe('hé');
    expect((await reader?.read(new Uint8Array(10)))?.done).toBe(true);
    await vi.waitFor(() => expect(session.stats().active).toBe(0));
  });

  it('a body that is no byte stream has no BYOB reader, and its chunks are not transferred', async () => {
    const chunk = new TextEncoder().encode('x');
    const {session} = mockSession(
      () =>
        new Response(
          new ReadableStream({
            start(controller) {
              controller.enqueue(chunk);
              controller.enqueue(chunk);
              controller.close();
            },
          }),
        ),
    );
    expect(await session.get(url).text()).toBe('xx');
    expect(await session.get(url).text()).toBe('xx');
    const {body} = await session.fetch(url);
    expect(() => body?.getReader({mode: 'byob'})).toThrow(TypeError);
  });

  it.each([204, 205, 304])('a response with the status %d has no body', async (status) => {
    const {session} = mockSession(() => fetched(null, {status}));
    const response = await session.fetch(url);
    expect(response).toMatchObject({status, body: null, url, type: 'cors'});
    expect(await response.text()).toBe('');
    expect(session.stats().active).toBe(0);
  });

  it('a response without a body that a handler made has the URL of the request', async () => {
    const {session} = mockSession(() => new Response(null, {status: 204}));
    expect(await session.fetch(url)).toMatchObject({status: 204, body: null, url, type: 'basic'});
    expect(session.stats().active).toBe(0);
  });

  it('an opaque response is returned as it is', async () => {
    const opaque = fetched(null, {}, {type: 'opaque', status: 0, ok: false, url: ''});
    const {session} = mockSession(() => opaque);
    expect(await session.fetch(url)).toBe(opaque);
    expect(await session.get(url)).toBe(opaque);
    expect(session.stats().active).toBe(0);
  });

  it('the members of a tracked response can be redefined, as some libraries do', async () => {
    const {session} = mockSession(() => fetched('x'));
    const response = await session.fetch(url);
    Object.defineProperty(response, 'url', {value: 'https://mine.test/'});
    expect(response.url).toBe('https://mine.test/');
    expect(await response.text()).toBe('x');
  });
});

describe('a clone of a tracked response', () => {
  it('a clone has the same url, redirected and type, and its own headers', async () => {
    const {session} = mockSession(() => fetched('x', {headers: {a: '1'}}, {redirected: true}));
    const response = await session.fetch(url);
    const clone = response.clone();
    expect(clone).toBeInstanceOf(Response);
    for (const {url: its, redirected, type, status} of [response, clone, clone.clone()])
      expect([its, redirected, type, status]).toEqual([url, true, 'cors', 200]);
    clone.headers.set('a', '2');
    expect(response.headers.get('a')).toBe('1');
  });

  it('a clone has the same body, and the slot lasts until both bodies have ended', async () => {
    const {session} = mockSession(() => fetched('hé'));
    const response = await session.fetch(url);
    const clone = response.clone();
    expect([await clone.text(), await response.text()]).toEqual(['hé', 'hé']);
    expect(session.stats().active).toBe(0);
  });

  it('the body is cancelled when both the clone and the original are cancelled', async () => {
    const {body, state} = endless();
    const {session} = mockSession(() => fetched(body));
    const response = await session.fetch(url);
    const clone = response.clone();
    const cancelled = clone.body?.cancel('mine');
    expect(state.cancelled).toBeUndefined();
    expect(session.stats().active).toBe(1);
    await response.body?.cancel('mine');
    await cancelled;
    expect(state.cancelled).toBeDefined();
    expect(session.stats().active).toBe(0);
  });

  it('a response that is being read can not be cloned', async () => {
    const {session} = mockSession(() => fetched('x'));
    const response = await session.fetch(url);
    await response.text();
    expect(() => response.clone()).toThrow(TypeError);
  });

  it('a response without a body can be cloned', async () => {
    const {session} = mockSession(() => undefined);
    expect((await session.fetch(url)).clone()).toMatchObject({status: 204, url, body: null});
  });
});

describe('the slot of a tracked response', () => {
  it('the slot is free when a small body has arrived, read or not', async () => {
    const {session} = mockSession(() => fetched('x'.repeat(50_000)), {}, {limit: 1});
    const responses = [];
    for (let count = 0; count < 5; count++) responses.push(await session.fetch(url));
    await vi.waitFor(() => expect(session.stats().active).toBe(0));
    for (const response of responses) expect(await response.text()).toHaveLength(50_000);
  });

  it('a large unread body holds its slot, and little of it is buffered', async () => {
    const {body, state} = endless();
    const bodies = [body, null];
    const {session} = mockSession(() => fetched(bodies.shift() ?? null), {}, {limit: 1});
    const response = await session.fetch(url);
    const second = session.fetch(url);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(session.stats()).toMatchObject({active: 1, queued: 1});
    expect(state.taken).toBeLessThanOrEqual(128 * 1024);
    await response.body?.cancel();
    expect((await second).status).toBe(200);
  });

  it('the slot is free when the body has ended, by whichever method it was read', async () => {
    const {session} = mockSession(() => fetched('x'));
    for (const read of ['text', 'bytes', 'blob', 'arrayBuffer'] as const) {
      await (await session.fetch(url))[read]();
      expect(session.stats().active).toBe(0);
    }
  });

  it('the slot is free when the body was cancelled, and the source gets the reason', async () => {
    const {body, state} = endless();
    const {session} = mockSession(() => fetched(body));
    const reason = new Error('mine');
    await (await session.fetch(url)).body?.cancel(reason);
    expect(session.stats()).toMatchObject({active: 0, totals: {errors: 0}});
    await vi.waitFor(() => expect(state.cancelled).toBe(reason));
  });

  it('the slot is free when the loop over the body was left', async () => {
    const {body} = endless();
    const {session} = mockSession(() => fetched(body));
    for await (const chunk of (await session.fetch(url)).body ?? []) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(session.stats().active).toBe(0);
  });

  it.each<[string, (session: ReturnType<typeof mockSession>['session']) => Promise<unknown>]>([
    ['a response', (session) => session.fetch(url)],
    ['a response of a verb', (session) => session.get(url)],
    ['the body of one', async (session) => (await session.fetch(url)).body],
    [
      'one that was read in part',
      async (session) => void (await (await session.fetch(url)).body?.getReader().read()),
    ],
    ['one with a signal', (session) => session.fetch(url, {signal: signalThatStays})],
  ])('the slot is free when %s that nothing references was garbage-collected', async (_, run) => {
    const {session} = mockSession(() => fetched(endless().body), {timeout: {read: 0}});
    await run(session);
    await waitForGc(() => session.stats().active === 0);
  });
});

const {signal: signalThatStays} = new AbortController();

describe('a body that breaks off', () => {
  const broken = (error: unknown) =>
    fetched(
      new ReadableStream({
        pull(controller) {
          controller.enqueue(new Uint8Array(1));
          controller.error(error);
        },
      }),
    );

  it('a body that breaks off with a TypeError, as that of fetch, rejects with a ConnectionError that has its code', async () => {
    const cause = Object.assign(new Error('other side closed'), {code: 'UND_ERR_SOCKET'});
    const raw = new TypeError('terminated', {cause});
    const {session} = mockSession(() => broken(raw));
    for (const reading of [
      session.get(url).text(),
      session.fetch(url).then(({body}) => new Response(body).text()),
    ]) {
      const error = await rejection(reading);
      expect(error).toBeInstanceOf(ConnectionError);
      expect(error).toMatchObject({phase: 'receive', code: 'UND_ERR_SOCKET', cause: raw, request: {url}});
    }
    expect(session.stats()).toMatchObject({active: 0, totals: {errors: 2}});
  });

  it('a body that breaks off aborts the signal of its request', async () => {
    const {session, calls} = mockSession(() => broken(new Error('mine')));
    await rejection(session.get(url).text());
    expect(calls[0]?.signal.reason).toMatchObject({message: 'mine'});
  });

  it('a body that breaks off with any other error rejects with that error', async () => {
    const error = new Error('mine');
    const {session} = mockSession(() => broken(error));
    await expect(session.get(url).text()).rejects.toBe(error);
    expect(session.stats().active).toBe(0);
  });
});
