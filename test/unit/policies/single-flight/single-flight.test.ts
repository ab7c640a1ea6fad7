import fc from 'fast-check';
import {describe, expect, it, vi} from 'vitest';
import type {MockCall} from '../../../../src/connectors/mock.ts';
import type {Handler} from '../../../../src/core/policy.ts';
import type {ConnectorRequest} from '../../../../src/core/request.ts';
import type {SingleFlightOptions} from '../../../../src/policies/single-flight/index.ts';
import {singleFlightPolicy} from '../../../../src/policies/single-flight/index.ts';
import {mockSession} from '../../../support/mock-session.ts';
import {
  connectionError,
  heldHandler,
  pass,
  type RequestOptions,
  requestTo,
  settle,
  useFakeClock,
  watch,
  watchedResponse,
  wrapped,
} from '../support.ts';

useFakeClock();

/** Requests that the test answers. */
function shared(options?: SingleFlightOptions) {
  const held = heldHandler();
  const handler = wrapped(singleFlightPolicy(options), held.handler);
  const send = (url?: string, request: RequestOptions = {}) => {
    const made = requestTo(url, request);
    return Object.assign(watch(handler(made)), {request: made});
  };
  return {
    ...held,
    send,
    many: (count: number) => Array.from({length: count}, () => send()),
  };
}

/** A response whose body arrives in pieces, which the test sends. */
function streamed(init?: ResponseInit) {
  const encoder = new TextEncoder();
  const seen = {cancelled: undefined as unknown};
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    cancel(reason) {
      seen.cancelled = reason;
    },
  });
  return Object.assign(seen, {
    response: new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>, init),
    push: (text: string) => controller.enqueue(encoder.encode(text)),
    end: () => controller.close(),
    fail: (error: unknown) => controller.error(error),
  });
}

describe('the same GET in flight', () => {
  it('a GET that several callers make is sent once, and each caller gets a response of its own', async () => {
    const flight = shared();
    const outcomes = flight.many(3);
    await settle();
    expect(flight.calls.length).toBe(1);
    flight.call(0).answer(Response.json({name: 'Ada'}, {status: 203, headers: {'x-a': 'b'}}));
    await settle();
    const responses = outcomes.map(({value}) => value as Response);
    expect(new Set(responses).size).toBe(3);
    for (const response of responses) {
      expect(response).toBeInstanceOf(Response);
      expect([response.status, response.headers.get('x-a')]).toEqual([203, 'b']);
      expect(await response.json()).toEqual({name: 'Ada'});
    }
  });

  it('a GET that one call makes twice at a time is sent once', async () => {
    const held = heldHandler();
    const handler = wrapped(singleFlightPolicy(), held.handler);
    const request = requestTo();
    const both = [handler(request), handler(request)];
    await settle();
    held.calls[0]?.answer(new Response('shared'));
    const texts = await Promise.all(both.map(async (response) => (await response).text()));
    expect(texts).toEqual(['shared', 'shared']);
    expect(held.calls).toHaveLength(1);
  });

  it('a failed GET rejects for all callers with the same error', async () => {
    const flight = shared();
    const outcomes = flight.many(3);
    const error = connectionError('receive');
    flight.call(0).fail(error);
    await settle();
    expect(outcomes.map((outcome) => outcome.error)).toEqual([error, error, error]);
  });

  it('a synchronous error of a handler rejects for all callers', async () => {
    const error = new Error('thrown');
    const handler = wrapped(singleFlightPolicy(), () => {
      throw error;
    });
    await expect(handler(requestTo())).rejects.toBe(error);
  });

  it('a GET is sent anew after the response or the failure of the last one', async () => {
    const flight = shared();
    flight.send();
    flight.call(0).answer(new Response());
    await settle();
    flight.send();
    flight.call(1).fail(connectionError('dns'));
    await settle();
    flight.send();
    expect(flight.calls.length).toBe(3);
  });

  it("each caller's lifetime has the number of attempts", async () => {
    const flight = shared();
    const outcomes = flight.many(2);
    flight.call(0).request.lifetime.attempts = 3;
    flight.call(0).answer(new Response());
    await settle();
    expect(outcomes.map(({request}) => request.lifetime.attempts)).toEqual([3, 3]);
  });

  it("headers that policies further in set do not appear in a caller's request", async () => {
    const seen: ConnectorRequest[] = [];
    const handler = wrapped(singleFlightPolicy(), async (request) => {
      seen.push(request);
      request.headers.set('authorization', 'Bearer x');
      return new Response();
    });
    const request = requestTo();
    await handler(request);
    expect(seen[0]).not.toBe(request);
    expect(request.headers.has('authorization')).toBe(false);
  });

  it('shared responses and their clones have url, redirected and type', async () => {
    const flight = shared();
    const outcomes = flight.many(2);
    const response = new Response('text');
    Object.defineProperties(response, {
      url: {value: 'https://example.com/landed'},
      redirected: {value: true},
      type: {value: 'cors'},
      // A native clone has these members itself.
      clone: {
        value: () =>
          Object.defineProperties(new Response('text'), Object.getOwnPropertyDescriptors(response)),
      },
    });
    flight.call(0).answer(response);
    await settle();
    for (const {value} of outcomes) {
      const copy = value?.clone();
      for (const each of [value, copy]) {
        expect([each?.url, each?.redirected, each?.type]).toEqual([
          'https://example.com/landed',
          true,
          'cors',
        ]);
        expect(await each?.text()).toBe('text');
      }
    }
  });

  it('a response without a body is shared', async () => {
    const flight = shared();
    const outcomes = flight.many(2);
    flight.call(0).answer(new Response(null, {status: 204}));
    await settle();
    expect(outcomes.map(({value}) => value?.status)).toEqual([204, 204]);
  });
});

describe('which requests are the same', () => {
  const counts = (...requests: Array<[(string | undefined)?, RequestOptions?]>) => {
    const flight = shared();
    for (const [url, options] of requests) flight.send(url, options);
    return flight.calls.length;
  };

  it('GETs of the same URL with the same headers are the same', () => {
    expect(counts([], [])).toBe(1);
    expect(counts(['https://a.test/'], ['https://a.test/?x'])).toBe(2);
    expect(counts([undefined, {headers: {accept: 'a/b'}}], [undefined, {headers: {accept: 'a/c'}}])).toBe(2);
    expect(counts([undefined, {headers: {cookie: 'a'}}], [])).toBe(2);
    expect(counts([undefined, {headers: {accept: 'a/b'}}], [undefined, {headers: {Accept: 'a/b'}}])).toBe(1);
  });

  it('GETs with different redirect modes or other settings of the Fetch standard are not the same', async () => {
    const {handler, calls} = heldHandler();
    const policy = wrapped(singleFlightPolicy(), handler);
    const variants = [
      requestTo(),
      requestTo().with({redirect: 'manual'}),
      Object.assign(requestTo(), {native: {credentials: 'omit'}}),
      Object.assign(requestTo(), {native: {credentials: 'include'}}),
    ];
    for (const request of variants) void policy(request);
    for (const request of variants) void policy(request);
    expect(calls.length).toBe(4);
  });

  it.each(['HEAD', 'POST', 'PUT', 'DELETE', 'QUERY'])('a %s is never shared', (method) => {
    expect(counts([undefined, {method}], [undefined, {method}])).toBe(2);
  });

  it('the key function decides which requests are the same', () => {
    const key = vi.fn(({method, url}: ConnectorRequest) => (url.includes('no') ? undefined : method));
    const flight = shared({key});
    flight.send('https://a.test/1', {method: 'POST'});
    flight.send('https://a.test/2', {method: 'POST'});
    flight.send('https://a.test/no');
    flight.send('https://a.test/no');
    expect(flight.calls.length).toBe(3);
  });
});

describe('requests of different sessions', () => {
  const who = async ({headers}: MockCall) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return headers.get('authorization');
  };
  const baseUrl = 'https://a.test/';

  it('requests of a child session are not shared with its parent, because their credentials may differ', async () => {
    const {session} = mockSession(who, {baseUrl, auth: {bearer: 'A'}, policies: [singleFlightPolicy()]});
    const child = session.extend({auth: {bearer: 'B'}});
    const answers = [session, session, child].map((each) => each.get('me').json());
    await pass(5);
    expect(await Promise.all(answers)).toEqual(['Bearer A', 'Bearer A', 'Bearer B']);
  });

  it('requests of two sessions with the same policy are not shared', async () => {
    const policies = [singleFlightPolicy()];
    const sessions = ['A', 'B'].map(
      (bearer) => mockSession(who, {baseUrl, auth: {bearer}, policies}).session,
    );
    const answers = sessions.map((each) => each.get('me').json());
    await pass(5);
    expect(await Promise.all(answers)).toEqual(['Bearer A', 'Bearer B']);
  });
});

describe('an abort', () => {
  it('an abort of one caller does not affect the others', async () => {
    const flight = shared();
    const [first, second] = flight.many(2);
    first?.request.lifetime.abort('enough');
    await settle();
    expect(first?.error).toBe('enough');
    expect(flight.call(0).request.lifetime.isAborted).toBe(false);
    flight.call(0).answer(new Response('text'));
    await settle();
    expect(await second?.value?.text()).toBe('text');
  });

  it("an abort of the last caller aborts the request, and the next caller's is sent anew", async () => {
    const flight = shared();
    for (const {request} of flight.many(2)) request.lifetime.abort('enough');
    const {lifetime} = flight.call(0).request;
    expect(lifetime.isAborted).toBe(true);
    expect(lifetime.reason).toMatchObject({name: 'AbortError'});
    const again = flight.send();
    expect(flight.calls.length).toBe(2);
    await settle();
    // The end of the first request must not affect the second.
    flight.send();
    expect(flight.calls.length).toBe(2);
    flight.call(1).answer(new Response());
    await settle();
    expect(again.value?.ok).toBe(true);
  });

  it('the response is discarded if the request ignores the abort of the last caller', async () => {
    const late = watchedResponse();
    let finish: (response: Response) => void = () => {};
    const deaf: Handler = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    const request = requestTo();
    const outcome = watch(wrapped(singleFlightPolicy(), deaf)(request));
    request.lifetime.abort('enough');
    finish(late.response);
    await settle();
    expect(outcome.error).toBe('enough');
    expect(late.cancelled).toBe(true);
  });

  it('a call that is already aborted rejects with the reason, and nothing is sent', async () => {
    const flight = shared();
    const request = requestTo();
    request.lifetime.abort('before');
    const {handler, calls} = heldHandler();
    await expect(wrapped(singleFlightPolicy(), handler)(request)).rejects.toBe('before');
    expect([calls.length, flight.calls.length]).toEqual([0, 0]);
  });

  it("an abort during a read of the body fails that caller's body at once, and no other's", async () => {
    const flight = shared();
    const outcomes = flight.many(2);
    const answer = streamed();
    flight.call(0).answer(answer.response);
    await settle();
    const texts = outcomes.map(({value}) => watch((value as Response).text()));
    answer.push('one ');
    await settle();
    outcomes[0]?.request.lifetime.deliver();
    outcomes[0]?.request.lifetime.abort('enough');
    await settle();
    expect(texts[0]?.error).toBe('enough');
    expect(flight.call(0).request.lifetime.isAborted).toBe(false);
    answer.push('two');
    answer.end();
    await settle();
    expect(texts[1]?.value).toBe('one two');
  });

  it("an abort before the body is read fails that caller's body", async () => {
    const flight = shared();
    const outcomes = flight.many(2);
    flight.call(0).answer(new Response('text'));
    await settle();
    outcomes[0]?.request.lifetime.abort('enough');
    await expect(outcomes[0]?.value?.text()).rejects.toBe('enough');
    expect(await outcomes[1]?.value?.text()).toBe('text');
  });

  it('the request is aborted when all callers are aborted while their bodies arrive', async () => {
    const flight = shared();
    const outcomes = flight.many(2);
    const answer = streamed();
    flight.call(0).answer(answer.response);
    await settle();
    outcomes[0]?.request.lifetime.abort('enough');
    expect(flight.call(0).request.lifetime.isAborted).toBe(false);
    await outcomes[1]?.value?.body?.cancel('no use');
    await settle();
    expect(flight.call(0).request.lifetime.isAborted).toBe(true);
    expect(answer.cancelled).toBeDefined();
  });

  it('an abort of the only caller while its body arrives aborts the request', async () => {
    const flight = shared();
    const outcome = flight.send();
    flight.call(0).answer(streamed().response);
    await settle();
    outcome.request.lifetime.deliver();
    const {lifetime} = flight.call(0).request;
    outcome.request.lifetime.abort('enough');
    // The call ended with the delivery, because no body was open. A connector would have opened one.
    expect(lifetime.isAborted).toBe(false);

    const second = flight.send();
    flight.call(1).request.lifetime.bodyOpened();
    flight.call(1).answer(streamed().response);
    await settle();
    second.request.lifetime.deliver();
    second.request.lifetime.abort('enough');
    expect(flight.call(1).request.lifetime.reason).toBe('enough');
  });
});

describe('a call', () => {
  it('the only caller gets the response itself, and its call lasts as long as the body', async () => {
    const flight = shared();
    const {request, ...outcome} = flight.send();
    void outcome;
    let ended = 0;
    request.lifetime.atEnd = () => ended++;
    const {lifetime} = flight.call(0).request;
    lifetime.bodyOpened();
    const response = new Response('text');
    flight.call(0).answer(response);
    await settle();
    request.lifetime.deliver();
    expect(ended).toBe(0);
    expect(request.lifetime.hasUnreadBody).toBe(true);
    lifetime.bodyReadStarted();
    expect(request.lifetime.hasUnreadBody).toBe(false);
    lifetime.bodyClosed(true);
    expect(ended).toBe(1);
    expect(request.lifetime.failed).toBe(true);
  });

  it("the only caller's call ends with a body that ended before the head was delivered", async () => {
    const flight = shared();
    const {request} = flight.send();
    let ended = 0;
    request.lifetime.atEnd = () => ended++;
    const {lifetime} = flight.call(0).request;
    lifetime.bodyOpened();
    flight.call(0).answer(new Response('text'));
    lifetime.bodyClosed();
    await settle();
    request.lifetime.deliver();
    expect(ended).toBe(1);
    expect(request.lifetime.hasUnreadBody).toBe(false);
  });

  it('each of several calls lasts as long as its own copy of the body', async () => {
    const flight = shared();
    const outcomes = flight.many(3);
    const ended: number[] = [];
    for (const [index, {request}] of outcomes.entries()) {
      request.lifetime.atEnd = () => ended.push(index);
      vi.spyOn(request.lifetime, 'offAbort');
    }
    const answer = streamed();
    flight.call(0).answer(answer.response);
    await settle();
    for (const {request} of outcomes) {
      request.lifetime.deliver();
      expect(request.lifetime.hasUnreadBody).toBe(true);
    }
    void outcomes[1]?.value?.body?.cancel();
    await settle();
    expect(ended).toEqual([1]);
    const text = outcomes[2]?.value?.text();
    answer.push('text');
    await settle();
    expect(outcomes.map(({request}) => request.lifetime.hasUnreadBody)).toEqual([true, false, false]);
    answer.end();
    expect(await text).toBe('text');
    expect(ended).toEqual([1, 2]);
    for (const {request} of outcomes.slice(1)) expect(request.lifetime.offAbort).toHaveBeenCalledTimes(2);
    expect(await outcomes[0]?.value?.text()).toBe('text');
    expect(ended).toEqual([1, 2, 0]);
  });

  it('a call fails when the body breaks off', async () => {
    const flight = shared();
    const outcomes = flight.many(2);
    const answer = streamed();
    flight.call(0).answer(answer.response);
    await settle();
    for (const {request} of outcomes) request.lifetime.deliver();
    const texts = outcomes.map(({value}) => watch((value as Response).text()));
    const error = connectionError('receive');
    answer.fail(error);
    await settle();
    expect(texts.map((text) => text.error)).toEqual([error, error]);
    expect(outcomes.map(({request}) => request.lifetime.failed)).toEqual([true, true]);
  });

  it('a call ends when its response is garbage-collected', async () => {
    vi.useRealTimers();
    const handler = wrapped(singleFlightPolicy(), async () => new Response(new Blob(['x'.repeat(100_000)])));
    let ended = 0;
    const forget = async () => {
      await Promise.all(
        [requestTo(), requestTo()].map(async (request) => {
          request.lifetime.atEnd = () => ended++;
          await handler(request);
          request.lifetime.deliver();
        }),
      );
    };
    await forget();
    for (let turn = 0; turn < 50 && ended < 2; turn++) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(ended).toBe(2);
  });
});

describe('options', () => {
  it.each([
    [null, 'singleFlight'],
    [{key: 'url'}, 'singleFlight.key'],
    [{by: () => ''}, 'singleFlight.by', 'UnsupportedOptionError'],
  ])('invalid single-flight options are refused: %j', (options, option, name = 'InvalidOptionError') => {
    const make = () => singleFlightPolicy(options as SingleFlightOptions);
    expect(make).toThrow(expect.objectContaining({name, option}) as Error);
  });
});

describe('any sequence of events', () => {
  it("each caller settles once with the shared response or its own abort, no URL is requested twice at a time, and the last caller's abort aborts the request", async () => {
    const arrival = fc.record({
      after: fc.oneof(fc.constant(0), fc.nat(60)),
      path: fc.constantFrom('a', 'b'),
      latency: fc.nat(100),
      fails: fc.boolean(),
      abortAfter: fc.option(fc.nat(120), {nil: undefined}),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(arrival, {maxLength: 30}), async (arrivals) => {
        const underWay = new Map<string, number>();
        const flights: Array<{request: ConnectorRequest; ended: boolean}> = [];
        let next: (typeof arrivals)[number] | undefined;
        const handler = wrapped(singleFlightPolicy(), (request) => {
          const {latency = 0, fails = false} = next ?? {};
          const flight = {request, ended: false};
          const number = flights.push(flight) - 1;
          underWay.set(request.url, (underWay.get(request.url) ?? 0) + 1);
          expect(underWay.get(request.url)).toBe(1);
          return new Promise((resolve, reject) => {
            const end = () => {
              flight.ended = true;
              underWay.set(request.url, (underWay.get(request.url) ?? 0) - 1);
            };
            const timer = setTimeout(() => {
              end();
              if (fails) reject(new Error(`failed ${number}`));
              else resolve(new Response(`answer ${number}`));
            }, latency);
            request.lifetime.onAbort({
              aborted(reason) {
                if (flight.ended) return;
                clearTimeout(timer);
                end();
                reject(reason);
              },
            });
          });
        });
        const callers = [];
        for (const one of arrivals) {
          await pass(one.after);
          next = one;
          const request = requestTo(`https://a.test/${one.path}`);
          const before = flights.length;
          const running = flights.findIndex((flight) => flight.request.url === request.url && !flight.ended);
          const seen = watch(handler(request).then((response) => response.text()));
          expect(flights.length).toBe(running === -1 ? before + 1 : before);
          callers.push({seen, request, flight: running === -1 ? before : running});
          if (one.abortAfter !== undefined)
            setTimeout(() => request.lifetime.abort('aborted'), one.abortAfter);
        }
        await pass(1_000);
        for (const {seen, flight} of callers) {
          expect(seen.times).toBe(1);
          const outcome =
            seen.value ?? (seen.error === 'aborted' ? 'aborted' : (seen.error as Error).message);
          expect(['aborted', `answer ${flight}`, `failed ${flight}`]).toContain(outcome);
        }
        for (const flight of flights) expect(flight.ended).toBe(true);
      }),
      {numRuns: 2_000},
    );
  }, 120_000);
});
