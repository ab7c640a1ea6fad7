import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import type {Reconnection, SessionOptions} from '../../../src/index.ts';
import {
  ConnectionError,
  EventSourceError,
  eventSource,
  HTTPError,
  InvalidOptionError,
  UnsupportedOptionError,
} from '../../../src/index.ts';
import {mockSession, rejection, thrown} from '../../support/mock-session.ts';
import {pass, settle, useFakeClock} from '../policies/support.ts';
import {encode} from '../streams/support.ts';

useFakeClock();

const url = 'https://api.test/events';
const headers = {'content-type': 'text/event-stream'};
const stream = (body: string) => new Response(body, {headers});
const end = () => new Response(null, {status: 204});
const refused = () => {
  throw new ConnectionError('Refused', 'connect');
};

/** Answers one after the other; the last one again and again. */
function answering(answers: ReadonlyArray<() => Response>, options: SessionOptions = {}) {
  let count = 0;
  return mockSession(() => (answers[Math.min(count++, answers.length - 1)] as () => Response)(), options, {
    limit: 1,
  });
}

/** The data of all that comes, without waiting for it. */
function follow(events: AsyncIterable<{readonly data: string}>) {
  const state = {data: [] as string[], done: false, error: undefined as unknown};
  const reading = (async () => {
    for await (const {data} of events) state.data.push(data);
  })();
  reading.then(
    () => {
      state.done = true;
    },
    (error: unknown) => {
      state.error = error;
    },
  );
  return state;
}

describe('eventSource', () => {
  // No lot: every wait is the shortest.
  beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0));

  it('an event source connects again when the server ends the stream, and ends with a 204', async () => {
    const {session, calls} = answering([() => stream('data: a\n\n'), () => stream('data: b\n\n'), end]);
    const seen = follow(eventSource(session, url));
    await settle();
    expect(seen).toMatchObject({data: ['a'], done: false});
    expect(session.stats().active).toBe(0);
    await pass(2_999);
    expect(calls).toHaveLength(1);
    await pass(1);
    expect(seen).toMatchObject({data: ['a', 'b'], done: false});
    await pass(3_000);
    expect(seen).toMatchObject({data: ['a', 'b'], done: true});
    expect(calls).toHaveLength(3);
    expect(session.stats()).toMatchObject({active: 0, queued: 0});
  });

  it('requests ask for text/event-stream and send the last id in UTF-8 as Last-Event-ID', async () => {
    const {session, calls} = answering([() => stream('id: ü1\ndata: a\n\nid: lost\ndata: half'), end]);
    const events = eventSource(session, url, {headers: {'x-own': '1'}});
    const seen = follow(events);
    await pass(3_000);
    expect(seen).toMatchObject({data: ['a'], done: true});
    expect(events.lastEventId).toBe('ü1');
    expect(calls.map(({headers: sent}) => sent.get('last-event-id'))).toEqual([null, 'Ã¼1']);
    expect(
      calls.map(({headers: sent}) => [sent.get('accept'), sent.get('cache-control'), sent.get('x-own')]),
    ).toEqual(Array(2).fill(['text/event-stream', null, '1']));
  });

  it('the first request has no header for which a browser would ask another origin before', async () => {
    const {session, calls} = answering([() => stream('id: 1\ndata: a\n\n'), end]);
    follow(eventSource(session, url));
    await pass(3_000);
    // `accept` needs no CORS preflight. `last-event-id` is sent only after the server has given an id (Fetch,
    // "CORS-safelisted request-header").
    expect(calls.map(({headers: sent}) => [...sent.keys()])).toEqual([
      ['accept'],
      ['accept', 'last-event-id'],
    ]);
  });

  it('headers of the caller replace those of the event source', async () => {
    const {session, calls} = answering([end]);
    const own = {accept: 'text/event-stream, */*', 'cache-control': 'max-age=0'};
    await eventSource(session, url, {headers: own}).next();
    expect(Object.fromEntries(calls[0]?.headers ?? [])).toMatchObject(own);
  });

  it('the option lastEventId is sent with the first request', async () => {
    const {session, calls} = answering([end]);
    const events = eventSource(session, url, {lastEventId: '7'});
    expect(events.lastEventId).toBe('7');
    await events.next();
    expect(calls[0]?.headers.get('last-event-id')).toBe('7');
  });

  it('the retry of the server is the delay from then on', async () => {
    const {session, calls} = answering([
      () => stream('retry: 1500\ndata: a\n\n'),
      () => stream('data: b\n\n'),
      end,
    ]);
    const events = eventSource(session, url);
    expect(events.retry).toBe(3_000);
    const seen = follow(events);
    await pass(1_500);
    expect(calls).toHaveLength(2);
    await pass(1_500);
    expect(seen.done).toBe(true);
    expect(events.retry).toBe(1_500);
  });

  it.each([
    ['0', 1_000],
    ['999', 1_000],
    ['1001', 1_001],
    ['300001', 300_000],
    ['9'.repeat(400), 300_000],
  ])('the retry %s of the server counts as a delay from a second to five minutes', async (text, delay) => {
    const {session} = answering([() => stream(`retry: ${text}\ndata: a\n\n`), refused, end]);
    const delays: number[] = [];
    const events = eventSource(session, url, {onReconnect: (told) => delays.push(told.delay)});
    follow(events);
    await settle();
    expect(events.retry).toBe(delay);
    await pass(delay);
    expect(delays).toEqual([delay, delay]);
  });

  it('an event that is longer than maxLength ends the event source', async () => {
    const {session, calls} = answering([() => stream('data: 1234567890\n')]);
    const error = await rejection(eventSource(session, url, {maxLength: 5}).next());
    expect(error).toMatchObject({code: 'ERR_EVENT_TOO_LONG'});
    expect(calls).toHaveLength(1);
  });

  it('the delay doubles with each failed attempt in a row up to a limit, and is short again after a connection', async () => {
    const answers = [refused, refused, refused, refused, () => stream('data: a\n\n'), refused, end];
    const {session} = answering(answers);
    const told: Reconnection[] = [];
    const seen = follow(
      eventSource(session, url, {
        reconnectDelay: 100,
        maxReconnectDelay: 300,
        onReconnect: (each) => told.push(each),
      }),
    );
    await pass(2_000);
    expect(seen).toMatchObject({data: ['a'], done: true});
    expect(told.map(({delay, failures}) => [failures, delay])).toEqual([
      [1, 100],
      [2, 200],
      [3, 300],
      [4, 300],
      [0, 100],
      [1, 100],
    ]);
    expect(told[0]?.error).toBeInstanceOf(ConnectionError);
    expect(told[4]).toMatchObject({error: undefined, lastEventId: ''});
  });

  it('a random part of up to half the delay is added to the delay', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.999_999);
    const delays: number[] = [];
    const {session} = answering([() => stream(''), end]);
    follow(eventSource(session, url, {reconnectDelay: 1_000, onReconnect: ({delay}) => delays.push(delay)}));
    await settle();
    expect(delays[0]).toBeCloseTo(1_500, 1);
  });

  it('failed attempts have a delay even if the server asked for none', async () => {
    const {session, calls} = answering([() => stream('retry: 0\n\n'), refused]);
    follow(eventSource(session, url));
    await pass(10_000);
    expect(calls.length).toBeGreaterThan(2);
    expect(calls.length).toBeLessThan(7);
  });

  it('more than maxFailures failures in a row end the event source with the last error', async () => {
    const {session, calls} = answering([refused]);
    const seen = follow(eventSource(session, url, {maxFailures: 2, reconnectDelay: 1}));
    await pass(1_000);
    expect(seen.error).toBeInstanceOf(ConnectionError);
    expect(calls).toHaveLength(3);
  });

  it.each([400, 404, 500, 503])(
    'the status %d ends the event source at once, as in the standard',
    async (status) => {
      const {session, calls} = answering([() => new Response('no', {status})]);
      const error = await rejection(eventSource(session, url).next());
      expect(error).toBeInstanceOf(HTTPError);
      expect(error).toMatchObject({status});
      expect(calls).toHaveLength(1);
      expect(session.stats().active).toBe(0);
    },
  );

  it('reconnectStatuses lead to another attempt, with regard to Retry-After', async () => {
    const busy = () => new Response('no', {status: 503, headers: {'retry-after': '20'}});
    const {session, calls} = answering([busy, end]);
    const seen = follow(eventSource(session, url, {reconnectStatuses: [503]}));
    await pass(19_999);
    expect(calls).toHaveLength(1);
    await pass(1);
    expect(seen.done).toBe(true);
  });

  it('a Retry-After of a year counts as five minutes', async () => {
    const busy = () => new Response('no', {status: 503, headers: {'retry-after': '31536000'}});
    const {session} = answering([busy, end]);
    const seen = follow(eventSource(session, url, {reconnectStatuses: [503]}));
    await pass(300_000);
    expect(seen.done).toBe(true);
  });

  it.each([
    [
      'another type',
      () => new Response('data: a\n\n', {headers: {'content-type': 'text/html'}}),
      /media type .* is not text/,
    ],
    ['no type', () => new Response(encode('data: a\n\n')), /media type .* is not text/],
    ['a page without an end', () => new Response(new ReadableStream()), /media type .* is not text/],
    [
      'another status',
      () => new Response('data: a\n\n', {status: 202, headers}),
      /has to be 200, and is 202/,
    ],
  ])('a response with %s ends the event source with an EventSourceError', async (_name, answer, message) => {
    const {session} = answering([answer]);
    const error = await rejection(eventSource(session, url).next());
    expect(error).toBeInstanceOf(EventSourceError);
    expect(error).toMatchObject({code: 'ERR_EVENT_SOURCE', request: {url}});
    expect(error.message).toMatch(message);
    expect(session.stats().active).toBe(0);
  });

  it.each(['text/event-stream; charset=utf-8', 'Text/Event-Stream'])(
    'the media type %s is accepted',
    async (type) => {
      const {session} = answering([() => new Response('data: a\n\n', {headers: {'content-type': type}})]);
      expect((await eventSource(session, url).next()).value).toMatchObject({data: 'a'});
    },
  );

  it('the retries and the total timeout of the session do not hold for an event source', async () => {
    const {session, calls} = answering([refused, () => new Response(new ReadableStream(), {headers})], {
      retry: {retries: 5, minDelay: 0},
      timeout: {total: 100, read: 50},
    });
    const seen = follow(eventSource(session, url, {reconnectDelay: 10, idleTimeout: 10_000}));
    await pass(5_000);
    expect(calls).toHaveLength(2);
    expect(seen).toMatchObject({done: false, error: undefined});
  });

  it('a silent connection is replaced', async () => {
    const silent = () =>
      new Response(
        new ReadableStream<Uint8Array<ArrayBuffer>>({start: (c) => c.enqueue(encode('id: 1\ndata: a\n\n'))}),
        {headers},
      );
    const {session, calls} = answering([silent, end]);
    const told: Reconnection[] = [];
    const seen = follow(
      eventSource(session, url, {idleTimeout: 500, onReconnect: (each) => told.push(each)}),
    );
    await pass(499);
    expect(told).toEqual([]);
    await pass(2);
    expect(told[0]).toMatchObject({
      error: {name: 'TimeoutError', phase: 'read'},
      lastEventId: '1',
      failures: 0,
    });
    expect(session.stats().active).toBe(0);
    await pass(3_000);
    expect(seen).toMatchObject({data: ['a'], done: true});
    expect(calls[1]?.headers.get('last-event-id')).toBe('1');
  });

  describe('ends', () => {
    const endless = () =>
      new Response(
        new ReadableStream<Uint8Array<ArrayBuffer>>({start: (c) => c.enqueue(encode('data: a\n\n'))}),
        {headers},
      );
    let timers = 0;
    beforeEach(() => {
      timers = vi.getTimerCount();
    });
    afterEach(() => expect(vi.getTimerCount()).toBe(timers));

    it('break ends the event source and frees its slot', async () => {
      const {session} = answering([endless]);
      for await (const _ of eventSource(session, url)) {
        expect(session.stats().active).toBe(1);
        break;
      }
      expect(session.stats().active).toBe(0);
    });

    it('close() ends an event source that waits for an event', async () => {
      const {session} = answering([endless]);
      const events = eventSource(session, url);
      const seen = follow(events);
      await settle();
      events.close();
      await settle();
      expect(seen).toMatchObject({data: ['a'], done: true, error: undefined});
      expect(session.stats().active).toBe(0);
    });

    it('close() ends an event source that waits to connect again', async () => {
      const {session, calls} = answering([() => stream('data: a\n\n')]);
      const events = eventSource(session, url);
      const seen = follow(events);
      await settle();
      events.close();
      await settle();
      expect(seen.done).toBe(true);
      await pass(60_000);
      expect(calls).toHaveLength(1);
    });

    it('an abort ends an event source in either wait with its reason, and leaves no listener', async () => {
      for (const answer of [endless, () => stream('data: a\n\n')]) {
        const {session} = answering([answer]);
        const controller = new AbortController();
        const add = vi.spyOn(controller.signal, 'addEventListener');
        const remove = vi.spyOn(controller.signal, 'removeEventListener');
        const seen = follow(eventSource(session, url, {signal: controller.signal}));
        await settle();
        const reason = new Error('enough');
        controller.abort(reason);
        await settle();
        expect(seen.error).toBe(reason);
        expect(session.stats().active).toBe(0);
        expect(remove.mock.calls.length).toBe(add.mock.calls.length);
      }
    });

    it('destroying the session ends the event source', async () => {
      const {session} = answering([() => stream('data: a\n\n')]);
      const seen = follow(eventSource(session, url));
      await settle();
      await session.close();
      await pass(3_000);
      expect(seen.error).toMatchObject({name: 'SessionClosedError'});
    });
  });

  it.each([
    {reconnectDelay: -1},
    {maxReconnectDelay: Number.NaN},
    {maxFailures: 1.5},
    {idleTimeout: -1},
    {lastEventId: 'a\nb'},
    {reconnectStatuses: ['503' as never]},
    {onReconnect: 'x' as never},
  ])('the options %j are refused at once', (options) => {
    const {session} = answering([end]);
    expect(thrown(() => eventSource(session, url, options))).toBeInstanceOf(InvalidOptionError);
  });

  it.each(['idleTimeOut', 'timeout', 'retry', 'parseJson'])('the unknown option "%s" is refused', (name) => {
    const {session} = answering([end]);
    const error = thrown(() => eventSource(session, url, {[name]: 5}));
    expect(error).toBeInstanceOf(UnsupportedOptionError);
    expect(error).toMatchObject({
      message: expect.stringMatching(
        `Unknown option "${name}" of eventSource.* Known options: method, .*idleTimeout, .*headers`,
      ),
    });
  });
});

describe('eventSource with a body', () => {
  beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0));

  const cut = (body: string) =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(encode(body));
        },
        pull(controller) {
          controller.error(new TypeError('The connection broke'));
        },
      }),
      {headers},
    );
  const json = {prompt: 'Hello'};

  it('a body is sent by POST, and the end of the stream ends the loop', async () => {
    const {session, calls} = answering([() => stream('id: 1\ndata: a\n\n')]);
    const seen = follow(eventSource(session, url, {json}));
    await settle();
    expect(seen).toMatchObject({data: ['a'], done: true});
    expect(calls).toHaveLength(1);
    expect(calls[0]?.method).toBe('POST');
    expect(await calls[0]?.json()).toEqual(json);
    expect(calls[0]?.headers.get('accept')).toBe('text/event-stream');
    await pass(10_000);
    expect(calls).toHaveLength(1);
  });

  it('a stream that breaks off after an id is continued by the same request with Last-Event-ID', async () => {
    const {session, calls} = answering([() => cut('id: 7\ndata: a\n\n'), () => stream('data: b\n\n')]);
    const seen = follow(eventSource(session, url, {method: 'PUT', body: 'text'}));
    await settle();
    await pass(3_000);
    expect(seen).toMatchObject({data: ['a', 'b'], done: true});
    expect(calls.map(({method}) => method)).toEqual(['PUT', 'PUT']);
    expect(await Promise.all(calls.map((call) => call.text()))).toEqual(['text', 'text']);
    expect(calls[1]?.headers.get('last-event-id')).toBe('7');
  });

  it('a stream that breaks off without an id fails, and so does a first request', async () => {
    const broken = answering([() => cut('data: a\n\n')]);
    const seen = follow(eventSource(broken.session, url, {json}));
    await settle();
    expect(seen).toMatchObject({data: ['a'], error: expect.any(ConnectionError)});
    const {session, calls} = answering([refused]);
    expect(await rejection(eventSource(session, url, {json}).next())).toBeInstanceOf(ConnectionError);
    expect(calls).toHaveLength(1);
  });

  it('resumeMethod continues by a GET without the body', async () => {
    const {session, calls} = answering([() => cut('id: 7\ndata: a\n\n'), () => stream('data: b\n\n')]);
    const seen = follow(eventSource(session, url, {json, resumeMethod: 'GET'}));
    await settle();
    await pass(3_000);
    expect(seen).toMatchObject({data: ['a', 'b'], done: true});
    expect(calls[1]?.method).toBe('GET');
    expect(await calls[1]?.text()).toBe('');
    expect(calls[1]?.headers.get('last-event-id')).toBe('7');
    expect(calls[1]?.headers.has('content-type')).toBe(false);
  });

  it('reconnect: true begins the work anew, and false never connects again', async () => {
    const again = answering([() => stream('data: a\n\n'), end]);
    const seen = follow(eventSource(again.session, url, {json, reconnect: true}));
    await settle();
    await pass(3_000);
    expect(seen).toMatchObject({data: ['a'], done: true});
    expect(again.calls).toHaveLength(2);
    const once = answering([() => stream('data: a\n\n')]);
    const read = follow(eventSource(once.session, url, {reconnect: false}));
    await settle();
    expect(read).toMatchObject({data: ['a'], done: true});
  });

  it.each([
    {method: 'HEAD'},
    {method: 'GET', json},
    {reconnect: 'always'},
    {method: 'POST', resumeMethod: 'PUT'},
    {body: new ReadableStream()},
  ])('refuses %o', (options) => {
    const {session} = answering([end]);
    expect(() => eventSource(session, url, options as object)).toThrow(InvalidOptionError);
  });

  it('a stream is sent once without reconnections, and by a function with them', async () => {
    const {session, calls} = answering([() => stream('data: a\n\n')]);
    const body = () => new ReadableStream();
    expect((await eventSource(session, url, {body}).next()).value?.data).toBe('a');
    const single = eventSource(session, url, {body: body(), reconnect: false});
    expect((await single.next()).value?.data).toBe('a');
    expect(calls).toHaveLength(2);
  });
});
