import {afterEach, describe, expect, it, onTestFinished, vi} from 'vitest';
import type {Connector, SessionOptions, TraceEvent, TraceListener} from '../../../src/index.ts';
import {createSession, hedgePolicy, InvalidOptionError, singleFlightPolicy} from '../../../src/index.ts';
import {mockSession, rejection, thrown} from '../../support/mock-session.ts';
import {recordTrace} from '../../support/record-trace.ts';

const url = 'https://a.test/';

function traced(handler?: Parameters<typeof mockSession>[0], options: SessionOptions = {}, limits = {}) {
  const record = recordTrace();
  return {...mockSession(handler, {trace: [record.listener], ...options}, limits), ...record};
}

/** A call from its first signal to its last, in which each attempt starts and ends in order. */
function expectWhole(events: readonly TraceEvent[]): void {
  expect(events[0]?.type).toBe('requestStart');
  expect(['requestEnd', 'requestError']).toContain(events.at(-1)?.type);
  const times = events.map(({time}) => time);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  const count = (type: string) => events.filter((event) => event.type === type).length;
  expect(count('attemptEnd')).toBe(count('attemptStart'));
  expect(count('requestStart')).toBe(1);
}

describe('the events of a call', () => {
  it('a call emits events when it begins, is sent, is answered and ends', async () => {
    const {session, types, events} = traced(() => ({name: 'Ada'}));
    await session.get(url).json();
    expect(types()).toEqual([
      'requestStart',
      'attemptStart',
      'responseHeadersReceived',
      'responseStart',
      'responseChunkReceived',
      'attemptEnd',
      'requestEnd',
    ]);
    expectWhole(events);
  });

  it('events name their call, which is the same over retries and redirects, and their attempt', async () => {
    let times = 0;
    const {session, events, types} = traced(
      (call) => {
        if (call.url.endsWith('/end')) return ++times === 1 ? new Response(null, {status: 503}) : 'x';
        return Response.redirect('https://b.test/end');
      },
      {retry: {retries: 1, minDelay: 0}},
    );
    await session.fetch(url);
    expect(new Set(events.map(({call}) => call)).size).toBe(1);
    expect(types(2)).toEqual([
      'attemptStart',
      'responseHeadersReceived',
      'requestRedirect',
      'responseHeadersReceived',
      'responseChunkReceived',
      'attemptEnd',
    ]);
    expectWhole(events);
    await session.fetch(url);
    expect(new Set(events.map(({call}) => call.id)).size).toBe(2);
  });

  it('retryScheduled has the cause and the delay of a retry', async () => {
    let times = 0;
    const {session, of} = traced(
      () => {
        times++;
        if (times === 1) throw new TypeError('gone');
        return times === 2 ? new Response('', {status: 503, headers: {'retry-after': '0'}}) : 'x';
      },
      {retry: {retries: 2, minDelay: 0}},
    );
    await session.fetch(url);
    const [first, second] = of('retryScheduled');
    expect(first).toMatchObject({attempt: 1, delay: expect.any(Number), error: {code: 'ERR_CONNECTION'}});
    expect(second).toMatchObject({attempt: 2, delay: 0, status: 503});
    expect(of('attemptEnd').map(({attempt, status}) => [attempt, status])).toEqual([
      [1, undefined],
      [2, 503],
      [3, 200],
    ]);
  });

  it('requestError has the error that the caller gets', async () => {
    const {session, of, events} = traced(() => Promise.reject(new TypeError('gone')));
    const error = await rejection(session.fetch(url));
    expect(of('requestError')[0]?.error).toBe(error);
    expect(of('attemptEnd')[0]?.error).toBe(error);
    expectWhole(events);
  });

  it('requestError has the error of a body that failed', async () => {
    const {session, of, events} = traced(
      () =>
        new Response(
          new ReadableStream({
            pull() {
              throw new TypeError('terminated');
            },
          }),
        ),
    );
    const error = await rejection((await session.fetch(url)).text());
    expect(of('attemptEnd')[0]).toMatchObject({status: 200, error});
    expect(of('requestError')[0]?.error).toBe(error);
    expectWhole(events);
  });

  it('an abort in the queue, before the response and in the body is reported', async () => {
    const {session, events} = traced(
      (call) => (call.url.endsWith('body') ? new Response(new ReadableStream()) : new Promise(() => {})),
      {},
      {limit: 2},
    );
    const controller = new AbortController();
    const {signal} = controller;
    await session.fetch(`${url}body`, {signal});
    const failing = [
      session.fetch(url, {signal}),
      session.fetch(`${url}queued`, {signal: AbortSignal.abort(new Error('enough'))}),
    ];
    const inQueue = new AbortController();
    failing.push(session.fetch(`${url}queued`, {signal: inQueue.signal}));
    const rejected = failing.map((call) => rejection(call));
    inQueue.abort(new Error('enough'));
    controller.abort(new Error('enough'));
    await Promise.all(rejected);
    const calls = [...Map.groupBy(events, ({call}) => call.id).values()];
    expect(calls).toHaveLength(4);
    for (const own of calls) {
      expectWhole(own);
      expect(own.at(-1)).toMatchObject({type: 'requestError', error: {message: 'enough'}});
    }
    expect(calls[2]?.map(({type}) => type)).toEqual(['requestStart', 'requestError']);
    expect(calls[3]?.map(({type}) => type)).toEqual([
      'requestStart',
      'attemptStart',
      'connectionQueuedStart',
      'attemptEnd',
      'requestError',
    ]);
  });

  it('a status is no failure, even if the verb rejects', async () => {
    const {session, types} = traced(() => new Response('no', {status: 500}));
    await rejection(session.get(url).json());
    expect(types().at(-1)).toBe('requestEnd');
  });

  it('a call that a hook answers or rejects is reported', async () => {
    const {session, types, of} = traced();
    await session.get(url, {hooks: {beforeRequest: [() => Response.json({})]}}).json();
    expect(types()).toEqual(['requestStart', 'requestEnd']);
    const mine = new Error('mine');
    await rejection(
      session.get(url, {
        hooks: {
          beforeRequest: [
            () => {
              throw mine;
            },
          ],
        },
      }),
    );
    expect(of('requestError')[0]?.error).toBe(mine);
  });

  it('the wait for a slot is reported, with its start and its end', async () => {
    const {session, events} = traced(async () => 'x', {}, {limit: 1});
    const first = session.fetch(`${url}1`);
    const second = session.fetch(`${url}2`);
    await (await first).text();
    await (await second).text();
    const own = events.filter(({call}) => call.url.endsWith('2')).map(({type}) => type);
    expect(own.slice(0, 4)).toEqual([
      'requestStart',
      'attemptStart',
      'connectionQueuedStart',
      'connectionQueuedEnd',
    ]);
  });

  it('a call that a listener aborts at its slot or at a redirect sends nothing more', async () => {
    for (const type of ['connectionQueuedEnd', 'requestRedirect'] as const) {
      const {session, calls} = mockSession(
        ({url}) =>
          url.endsWith('/moved') ? new Response(null, {status: 302, headers: {location: '/'}}) : {},
        {},
        {limit: 1},
      );
      const reason = new Error('A listener has had enough');
      const controller = new AbortController();
      const first = session.fetch(`${url}first`).then((response) => response.text());
      const second = session.fetch(`${url}moved`, {
        signal: controller.signal,
        trace: [{[type]: () => controller.abort(reason)}],
      });
      await expect(second).rejects.toBe(reason);
      await first;
      await session.close();
      const expected = type === 'requestRedirect' ? ['first', 'moved'] : ['first'];
      expect(calls.map((call) => call.url)).toEqual(expected.map((path) => url + path));
    }
  });

  it('the wait for a rate limit is reported, and so is the pause of all requests', async () => {
    vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance']});
    onTestFinished(() => void vi.useRealTimers());
    let times = 0;
    const {session, types, of} = traced(
      () => new Response('', {status: ++times === 1 ? 429 : 200, headers: {'retry-after': '0.01'}}),
      {rateLimit: {requests: 1, per: 20}, retry: {retries: 1}},
    );
    const call = session.fetch(url);
    await vi.advanceTimersByTimeAsync(1_000);
    await call;
    const order = types().filter((type) => /rate|retry|attemptStart/.test(type));
    expect(order).toEqual([
      'attemptStart',
      'rateLimitPaused',
      'retryScheduled',
      'rateLimitWaitStart',
      'rateLimitWaitEnd',
      'attemptStart',
    ]);
    expect(of('rateLimitPaused')).toMatchObject([{attempt: 1, delay: 10}]);
  });

  it('the chunks of bodies are reported, sent and received', async () => {
    const {session, of} = traced(() => new Response('four'));
    await (await session.fetch(url)).text();
    expect(of('responseChunkReceived').map(({bytes}) => bytes)).toEqual([4]);
  });

  it('both attempts of a hedge are reported by their numbers', async () => {
    let times = 0;
    const {session, events, of} = traced(() => (++times === 1 ? new Promise(() => {}) : 'x'), {
      policies: [hedgePolicy({delay: 1})],
    });
    await (await session.fetch(url)).text();
    expect(of('attemptStart').map(({attempt}) => attempt)).toEqual([1, 2]);
    const ends = of('attemptEnd').toSorted((a, b) => a.attempt - b.attempt);
    expect(ends[0]).toMatchObject({attempt: 1, error: {name: 'AbortError'}});
    expect(ends[1]).toMatchObject({attempt: 2, status: 200});
    expectWhole(events);
  });

  it('of calls that share one flight, the first reports the attempt', async () => {
    const {session, events} = traced(async () => 'x', {policies: [singleFlightPolicy()]});
    const calls = [session.fetch(url), session.fetch(url)];
    await Promise.all(calls.map(async (call) => (await call).text()));
    const byCall = [...Map.groupBy(events, ({call}) => call.id).values()];
    expect(byCall.map((own) => own.filter(({type}) => type === 'attemptStart').length)).toEqual([1, 0]);
    for (const own of byCall) expect(own.at(-1)?.type).toBe('requestEnd');
  });

  it('start and end of each attempt are reported for a connector that emits nothing', async () => {
    const {connector} = mockSession();
    const {name, capabilities, stats, close, destroy} = connector;
    const silent: Connector = {
      name,
      capabilities,
      stats,
      close,
      destroy,
      fetch: async ({url}) => {
        if (url.endsWith('bad')) throw new TypeError('fetch failed');
        return new Response('x', {status: 201});
      },
      [Symbol.asyncDispose]: close,
    };
    const record = recordTrace();
    const session = createSession({connector: silent, retry: false, trace: [record.listener]});
    await session.fetch(url);
    await rejection(session.fetch(`${url}bad`));
    expect(record.of('attemptEnd')).toMatchObject([{status: 201}, {error: {message: 'fetch failed'}}]);
    expect(record.of('requestError')[0]).toMatchObject({error: {code: 'ERR_CONNECTION'}});
    await session.close();
  });
});

describe('the data of an event', () => {
  it('events are safe to log: without credentials, query values and bodies', async () => {
    const {session, events} = traced(
      (call) =>
        call.url.includes('end') ? new Response('body-secret') : Response.redirect(`${url}end?token=qs3`),
      {headers: {authorization: 'Bearer hs3'}},
    );
    await session.post(`${url}?key=qs1`, {body: 'bs2', headers: {cookie: 'cs4'}}).text();
    const text = JSON.stringify(events);
    expect(text).toContain('key=…');
    expect(text).toContain('token=…');
    expect(text).not.toMatch(/qs1|bs2|qs3|hs3|cs4|body-secret/);
  });

  it('a listener gets the request of the event, and may set its headers until it is sent', async () => {
    const {session, calls} = mockSession(
      (call) => (call.url.endsWith('end') ? 'x' : Response.redirect('https://b.test/end')),
      {
        trace: [
          {
            attemptStart: (_event, {request}) => request?.headers.set('x-hop', '1'),
            requestRedirect: (_event, {request}) => request?.headers.set('x-hop', '2'),
          },
        ],
      },
    );
    await session.fetch(url);
    expect(calls.map(({headers}) => headers.get('x-hop'))).toEqual(['1', '2']);
  });

  it('the listener of responseStart gets the response of the caller', async () => {
    const {session, events, subjects} = traced();
    const response = await session.fetch(url);
    const index = events.findIndex(({type}) => type === 'responseStart');
    expect(subjects[index]?.response).toBe(response);
  });
});

describe('listeners', () => {
  it('the methods of a listener are called with the listener as this', async () => {
    const heard: unknown[] = [];
    class Mine {
      requestEnd(event: TraceEvent<'requestEnd'>): void {
        heard.push(this, event.status);
      }
    }
    const mine = new Mine();
    const {session} = mockSession(() => 'x', {trace: [mine]});
    await (await session.fetch(url)).text();
    expect(heard).toEqual([mine, 200]);
  });

  it('listeners of the session are notified before those of a child, and those of a call last', async () => {
    const heard: string[] = [];
    const named = (name: string): TraceListener => ({requestStart: () => heard.push(name)});
    const {session} = mockSession(() => 'x', {trace: [named('session')]});
    const child = session.extend({trace: [named('child')]});
    await child.fetch(url, {trace: [named('fetch')]});
    await child.get(url, {trace: [named('get')]}).json();
    await child.get(url, {trace: [named('ky')], searchParams: {a: 1}}).json();
    await session.extend({}).fetch(url);
    expect(heard.join(' ')).toBe('session child fetch session child get session child ky session');
  });

  it('no event is made when there is no listener for it', async () => {
    const {session, connector} = mockSession(() => 'x', {trace: []});
    const fetch = vi.spyOn(connector, 'fetch');
    await session.fetch(url);
    await session.extend({}).fetch(url, {trace: undefined});
    for (const [request] of fetch.mock.calls) expect(request.lifetime.trace).toBeUndefined();
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  it.each([[{trace: () => {}}], [{trace: ['requestStart']}], [{trace: [null]}]])(
    'a session refuses %j as listeners',
    (options) => {
      expect(thrown(() => createSession(options as never))).toBeInstanceOf(InvalidOptionError);
    },
  );

  it('a call refuses values that are no listeners', async () => {
    const {session, calls} = mockSession();
    expect(await rejection(session.fetch(url, {trace: [1]} as never))).toBeInstanceOf(InvalidOptionError);
    expect(await rejection(session.get(url, {trace: 1} as never))).toBeInstanceOf(InvalidOptionError);
    expect(calls).toHaveLength(0);
  });
});

describe('a listener that fails', () => {
  const told = vi.spyOn(console, 'error');
  afterEach(() => told.mockReset());

  it.each<[string, () => void]>([
    [
      'throws',
      () => {
        throw new Error('mine');
      },
    ],
    ['rejects', async () => Promise.reject(new Error('mine'))],
  ])(
    'a failing listener affects neither the call nor other listeners, and is reported once: one that %s',
    async (_, fail) => {
      told.mockImplementation(() => {});
      const record = recordTrace();
      const {session} = mockSession(() => 'x', {trace: [fail, record.listener]});
      expect(await session.get(url).json()).toBe('x');
      expect(await session.get(url).json()).toBe('x');
      expectWhole(record.events.slice(0, record.events.length / 2));
      expect(told.mock.calls).toEqual([['A listener failed:', new Error('mine')]]);
      expect(session.stats()).toMatchObject({active: 0, totals: {errors: 0}});
    },
  );
});
