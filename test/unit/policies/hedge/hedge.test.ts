import fc from 'fast-check';
import {describe, expect, it, vi} from 'vitest';
import type {Handler} from '../../../../src/core/policy.ts';
import {lifetimeOf} from '../../../../src/core/request.ts';
import {ConnectionError} from '../../../../src/errors/index.ts';
import type {HedgeOptions} from '../../../../src/policies/hedge/index.ts';
import {hedgePolicy} from '../../../../src/policies/hedge/index.ts';
import {Latencies} from '../../../../src/policies/hedge/latencies.ts';
import {
  connectionError,
  expectNoTimers,
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

const always = {delay: 100, budget: false} satisfies HedgeOptions;

/** Hedged requests that the test answers. */
function hedged(options: HedgeOptions = always) {
  const held = heldHandler();
  const handler = wrapped(hedgePolicy(options), held.handler);
  return {
    ...held,
    send(request: RequestOptions = {}, url?: string) {
      const made = requestTo(url, request);
      return Object.assign(watch(handler(made)), {request: made});
    },
  };
}

const answer = (status = 200) => new Response(null, {status});

describe('a second attempt', () => {
  it('a second attempt is sent when the first gets no response in time', async () => {
    const hedge = hedged();
    const outcome = hedge.send();
    await pass(99);
    expect(hedge.calls.length).toBe(1);
    await pass(1);
    expect(hedge.calls.length).toBe(2);
    const response = answer();
    hedge.call(1).answer(response);
    await settle();
    expect(outcome.value).toBe(response);
    expectNoTimers();
  });

  it('no second attempt is sent when the first gets a response in time', async () => {
    const hedge = hedged();
    const outcome = hedge.send();
    await pass(99);
    hedge.call(0).answer(answer());
    await pass(1_000);
    expect(outcome.value?.ok).toBe(true);
    expect(hedge.calls.length).toBe(1);
    expectNoTimers();
  });

  it('no third attempt is sent', async () => {
    const hedge = hedged();
    hedge.send();
    await pass(10_000);
    expect(hedge.calls.length).toBe(2);
  });

  it.each(['POST', 'PATCH'])('a %s is hedged only with an Idempotency-Key', async (method) => {
    const hedge = hedged();
    hedge.send({method});
    await pass(1_000);
    expect(hedge.calls.length).toBe(1);
    hedge.send({method, headers: {'idempotency-key': 'k'}});
    await pass(1_000);
    expect(hedge.calls.length).toBe(3);
  });

  it("a request with a body that can't be sent twice is not hedged", async () => {
    const hedge = hedged();
    hedge.send({method: 'PUT', body: new ReadableStream()});
    hedge.send({method: 'PUT', body: (async function* () {})()});
    await pass(1_000);
    expect(hedge.calls.length).toBe(2);
    const body = () => 'made again';
    hedge.send({method: 'PUT', body});
    await pass(1_000);
    expect(hedge.calls.slice(2).map(({request}) => request.body)).toEqual([body, body]);
  });

  it('a second attempt has headers of its own and the next number', async () => {
    const attempts: number[] = [];
    const {handler, calls} = heldHandler();
    const next: Handler = (request) => {
      expect(request.headers.has('authorization')).toBe(false);
      request.headers.set('authorization', 'Bearer x');
      // A session counts the attempts like this.
      attempts.push(++lifetimeOf(request).attempts);
      return handler(request);
    };
    const request = requestTo();
    void wrapped(hedgePolicy(always), next)(request);
    await pass(100);
    expect(calls.length).toBe(2);
    expect(attempts).toEqual([1, 2]);
    expect(request.lifetime.attempts).toBe(2);
    expect(request.headers.has('authorization')).toBe(false);
  });
});

describe('the slower attempt', () => {
  it.each([
    ['first', 0, 1],
    ['second', 1, 0],
  ] as const)(
    'the slower attempt is cancelled at once, and its slot is freed, when the %s wins',
    async (_name, winner, loser) => {
      const hedge = hedged();
      const outcome = hedge.send();
      const released = vi.spyOn(outcome.request.lifetime, 'offAbort');
      await pass(100);
      const seen = watch(
        new Promise((resolve) => hedge.call(loser).request.lifetime.onAbort({aborted: resolve})),
      );
      hedge.call(winner).answer(answer());
      await settle();
      expect(outcome.value?.ok).toBe(true);
      expect(seen.value).toMatchObject({name: 'AbortError'});
      expect(hedge.call(winner).request.lifetime.isAborted).toBe(false);
      // The call no longer refers to the cancelled attempt.
      expect(released).toHaveBeenCalledExactlyOnceWith(hedge.call(loser).request.lifetime);
      expect(outcome.request.lifetime.isAborted).toBe(false);
    },
  );

  it('the response of a cancelled attempt is discarded', async () => {
    const late = watchedResponse();
    const answers: Array<(response: Response) => void> = [];
    const deaf: Handler = () => new Promise((resolve) => answers.push(resolve));
    const outcome = watch(wrapped(hedgePolicy(always), deaf)(requestTo()));
    await pass(100);
    answers[1]?.(answer());
    answers[0]?.(late.response);
    await settle();
    expect(outcome.value).not.toBe(late.response);
    expect(late.cancelled).toBe(true);
  });
});

describe('a failed attempt: status 429 or from 500, or an error', () => {
  const failures = [429, 500, 503, 'error'] as const;

  it.each(failures)('an attempt that ends with %s waits for the other attempt', async (kind) => {
    for (const first of [0, 1]) {
      const hedge = hedged();
      const outcome = hedge.send();
      await pass(100);
      const bad = watchedResponse(kind === 'error' ? 500 : kind);
      if (kind === 'error') hedge.call(first).fail(connectionError('receive'));
      else hedge.call(first).answer(bad.response);
      await settle();
      expect(outcome.isSettled).toBe(false);
      const good = answer(404);
      hedge.call(1 - first).answer(good);
      await settle();
      expect(outcome.value).toBe(good);
      expect(bad.cancelled).toBe(kind !== 'error');
    }
  });

  it.each(failures)(
    "the first attempt's %s ends the call at once when no second attempt was sent",
    async (kind) => {
      const hedge = hedged();
      const outcome = hedge.send();
      if (kind === 'error') hedge.call(0).fail(connectionError('receive'));
      else hedge.call(0).answer(answer(kind));
      await settle();
      expect(outcome.isSettled).toBe(true);
      await pass(1_000);
      expect(hedge.calls.length).toBe(1);
      expectNoTimers();
    },
  );

  it('when both attempts fail, the call ends with the last outcome, and with a response rather than an error', async () => {
    const ends = async (one: Response | Error, two: Response | Error) => {
      const hedge = hedged();
      const outcome = hedge.send();
      await pass(100);
      for (const [index, end] of [one, two].entries()) {
        if (end instanceof Error) hedge.call(index).fail(end);
        else hedge.call(index).answer(end);
        await settle();
      }
      return outcome;
    };
    const [first, second] = [watchedResponse(500), watchedResponse(503)];
    expect((await ends(first.response, second.response)).value).toBe(second.response);
    expect([first.cancelled, second.cancelled]).toEqual([true, false]);

    const kept = watchedResponse(500);
    expect((await ends(kept.response, connectionError('receive'))).value).toBe(kept.response);
    expect(kept.cancelled).toBe(false);
    const after = watchedResponse(500);
    expect((await ends(connectionError('receive'), after.response)).value).toBe(after.response);
    const last = connectionError('send');
    expect((await ends(connectionError('receive'), last)).error).toBe(last);
  });

  it('an error that a policy further in throws counts as a failed attempt', async () => {
    const error = new Error('thrown');
    const outcome = watch(
      wrapped(hedgePolicy(always), () => {
        throw error;
      })(requestTo()),
    );
    await settle();
    expect(outcome.error).toBe(error);
    expectNoTimers();
  });
});

describe('an abort', () => {
  it('an abort ends both attempts with its reason', async () => {
    const hedge = hedged();
    const outcome = hedge.send();
    await pass(100);
    outcome.request.lifetime.abort('enough');
    await settle();
    expect(outcome.error).toBe('enough');
    expect(hedge.calls.map(({request}) => request.lifetime.reason)).toEqual(['enough', 'enough']);
    expectNoTimers();
  });

  it('an abort before the second attempt leaves no timer, even if the first ignores it', async () => {
    const hedge = hedged();
    const outcome = hedge.send();
    outcome.request.lifetime.abort('enough');
    await settle();
    expect(outcome.error).toBe('enough');
    expectNoTimers();

    const deaf = vi.fn(() => new Promise<Response>(() => {}));
    const request = requestTo();
    void wrapped(hedgePolicy(always), deaf)(request);
    request.lifetime.abort('enough');
    await pass(1_000);
    expect(deaf).toHaveBeenCalledTimes(1);
  });

  it('a call that is already aborted rejects with the reason, and nothing is sent', async () => {
    const request = requestTo();
    request.lifetime.abort('before');
    const {handler, calls} = heldHandler();
    await expect(wrapped(hedgePolicy(always), handler)(request)).rejects.toBe('before');
    expect(calls.length).toBe(0);
    expectNoTimers();
  });

  it('an abort while the body arrives ends the body of the returned response', async () => {
    const hedge = hedged();
    const outcome = hedge.send();
    await pass(100);
    const {lifetime} = hedge.call(1).request;
    const seen: unknown[] = [];
    lifetime.onAbort({aborted: (reason) => seen.push(reason)});
    lifetime.bodyOpened();
    hedge.call(1).answer(answer());
    await settle();
    outcome.request.lifetime.deliver();
    outcome.request.lifetime.abort('enough');
    expect(seen).toEqual(['enough']);
  });
});

describe('the call', () => {
  it('a call lasts as long as the body of the returned response', async () => {
    const hedge = hedged();
    const {request} = hedge.send();
    let ended = 0;
    request.lifetime.atEnd = () => ended++;
    await pass(100);
    const [first, second] = [hedge.call(0).request.lifetime, hedge.call(1).request.lifetime];
    // As a connector does, for a failed response, which is then discarded, and for the good one.
    first.bodyOpened();
    hedge.call(0).answer(answer(503));
    second.bodyOpened();
    hedge.call(1).answer(answer());
    await settle();
    request.lifetime.deliver();
    first.bodyClosed(true);
    expect(request.lifetime.hasUnreadBody).toBe(true);
    second.bodyReadStarted();
    expect(request.lifetime.hasUnreadBody).toBe(false);
    expect(ended).toBe(0);
    second.bodyClosed();
    expect(ended).toBe(1);
    expect(request.lifetime.failed).toBe(false);
  });

  it('a call has an unread body only if the returned response has a body', async () => {
    for (const [kept, hasUnreadBody] of [
      ['an error', false],
      ['an answer without a body', false],
      ['an answer with one', true],
    ] as const) {
      const hedge = hedged();
      const {request} = hedge.send();
      await pass(100);
      if (kept === 'an answer with one') hedge.call(0).request.lifetime.bodyOpened();
      if (kept === 'an error') hedge.call(0).fail(connectionError('connect'));
      else hedge.call(0).answer(answer(503));
      await settle();
      expect(request.lifetime.hasUnreadBody, kept).toBe(false);
      hedge.call(1).fail(connectionError('connect'));
      await settle();
      expect(request.lifetime.hasUnreadBody, kept).toBe(hasUnreadBody);
    }
  });

  it('a call has failed when the body of the returned response breaks off', async () => {
    const hedge = hedged();
    const {request} = hedge.send();
    const {lifetime} = hedge.call(0).request;
    expect(lifetime.timeLeft()).toBe(request.lifetime.timeLeft());
    lifetime.bodyOpened();
    hedge.call(0).answer(answer());
    await settle();
    request.lifetime.deliver();
    lifetime.bodyClosed(true);
    expect(request.lifetime.failed).toBe(true);
  });
});

describe('when the second attempt is sent', () => {
  /** Answers each request after the given number of ms. */
  function timed(latency: (index: number) => number) {
    let count = 0;
    const next: Handler = (request) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          request.lifetime.offAbort(listener);
          resolve(answer());
        }, latency(count++));
        const listener = {
          aborted(reason: unknown) {
            clearTimeout(timer);
            reject(reason);
          },
        };
        request.lifetime.onAbort(listener);
      });
    return {
      next,
      get count() {
        return count;
      },
    };
  }

  async function run(handler: Handler, calls: number): Promise<void> {
    for (let index = 0; index < calls; index++) {
      void handler(requestTo());
      await pass(10_000);
    }
  }

  it('the time is a percentile of the latencies once enough are known', async () => {
    const server = timed((index) => (index < 20 ? (index + 1) * 10 : 1_000));
    const handler = wrapped(hedgePolicy({percentile: 0.9, budget: false}), server.next);
    await run(handler, 20);
    expect(server.count).toBe(20);
    void handler(requestTo());
    await pass(179);
    expect(server.count).toBe(21);
    await pass(1);
    expect(server.count).toBe(22);
    await pass(10_000);
  });

  it('the percentile is 0.95 by default', async () => {
    const server = timed((index) => (index < 20 ? (index + 1) * 10 : 1_000));
    const handler = wrapped(hedgePolicy({budget: false}), server.next);
    await run(handler, 20);
    void handler(requestTo());
    await pass(189);
    expect(server.count).toBe(21);
    await pass(1);
    expect(server.count).toBe(22);
  });

  it('the time is delay while too few latencies are known, and never shorter', async () => {
    const server = timed((index) => (index < 20 ? 10 : 1_000));
    const handler = wrapped(hedgePolicy({percentile: 0.95, delay: 50, budget: false}), server.next);
    await run(handler, 20);
    void handler(requestTo());
    await pass(49);
    expect(server.count).toBe(21);
    await pass(1);
    expect(server.count).toBe(22);
  });

  it.each([429, 500])(
    'responses with status %i are not counted as latencies, because a failing host may send them at once',
    async (status) => {
      const next = vi.fn<Handler>(async () => new Response(null, {status}));
      const handler = wrapped(hedgePolicy({budget: false}), next);
      await run(handler, 50);
      expect(next).toHaveBeenCalledTimes(50);
      next.mockImplementation(() => new Promise(() => {}));
      await run(handler, 1);
      expect(next).toHaveBeenCalledTimes(51);
    },
  );

  it('each host has latencies of its own', async () => {
    const server = timed(() => 10);
    const handler = wrapped(hedgePolicy({budget: false}), server.next);
    await run(handler, 30);
    const slow = timed(() => 60_000);
    const other = wrapped(hedgePolicy({budget: false}), slow.next);
    void other(requestTo('https://new.test/'));
    await pass(10_000);
    expect(slow.count).toBe(1);
  });

  it('cancelled attempts count with the time that they took, so that hedges do not become ever more', async () => {
    // First attempts take up to a second, second attempts no time. The cancelled attempts are the slow ones: without them,
    // the host would seem to become ever faster.
    let call = 0;
    let isFirst = true;
    const server = timed(() => {
      const latency = isFirst ? ((call * 37) % 100) * 10 : 1;
      isFirst = false;
      return latency;
    });
    const handler = wrapped(hedgePolicy({percentile: 0.9, budget: false}), server.next);
    for (; call < 1_000; call++) {
      isFirst = true;
      await run(handler, 1);
    }
    expect(server.count - call).toBeGreaterThan(50);
    expect(server.count - call).toBeLessThan(150);
  });
});

describe('the budget', () => {
  const hedges = async (options: HedgeOptions, calls: number) => {
    const {handler, calls: seen} = heldHandler();
    const policy = wrapped(hedgePolicy({delay: 10, ...options}), handler);
    for (let index = 0; index < calls; index++) void policy(requestTo()).catch(() => {});
    await pass(100);
    return seen.length - calls;
  };

  it('the budget bounds the extra load on a host that is slow for all requests', async () => {
    expect(await hedges({budget: {ratio: 0.05, minimum: 0}}, 200)).toBe(10);
    expect(await hedges({}, 200)).toBe(30);
    expect(await hedges({budget: false}, 200)).toBe(200);
  });
});

describe('a percentile', () => {
  it('the percentile is that of the last 128 latencies, and at most 16 latencies old', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(5_000), {maxLength: 400}),
        fc.double({min: 0, max: 1, noNaN: true}),
        (values, share) => {
          const latencies = new Latencies('host', share);
          const exact = (upTo: number) => {
            const last = values.slice(Math.max(0, upTo - 128), upTo).toSorted((a, b) => a - b);
            return last[Math.max(0, Math.ceil(share * last.length) - 1)];
          };
          for (const [index, value] of values.entries()) {
            latencies.add(value, 0);
            const seen = index + 1;
            if (seen < 20) expect(latencies.percentile).toBeUndefined();
            else expect(latencies.percentile).toBe(exact(seen - ((seen - 20) % 16)));
          }
        },
      ),
      {numRuns: 300},
    );
  });

  it("a host's latencies are forgotten after a minute without requests", () => {
    const latencies = new Latencies('host', 0.5);
    latencies.add(1, 1_000);
    expect(latencies.isIdle(61_000)).toBe(false);
    expect(latencies.isIdle(61_001)).toBe(true);
  });
});

describe('options', () => {
  it.each([
    [null, 'hedge'],
    [{delay: -1}, 'hedge.delay'],
    [{delay: 2 ** 31}, 'hedge.delay'],
    [{percentile: 95}, 'hedge.percentile'],
    [{budget: {ratio: '1'}}, 'hedge.budget.ratio'],
    [{budget: true}, 'hedge.budget'],
    [{after: 1}, 'hedge.after', 'UnsupportedOptionError'],
  ])('invalid hedge options are refused: %j', (options, option, name = 'InvalidOptionError') => {
    const make = () => hedgePolicy(options as HedgeOptions);
    expect(make).toThrow(expect.objectContaining({name, option}) as Error);
  });
});

describe('any sequence of outcomes', () => {
  const attempt = fc.record({
    latency: fc.nat(300),
    end: fc.constantFrom<number | 'error'>(200, 200, 404, 429, 503, 'error'),
    obeys: fc.boolean(),
  });

  it('each call ends once with its best outcome, after at most two attempts, within the budget, and every other body is cancelled', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(200), attempt, attempt, fc.option(fc.nat(400), {nil: undefined, freq: 4})), {
          maxLength: 25,
        }),
        fc.constantFrom(0, 0.2, 1),
        fc.nat(3),
        async (calls, ratio, minimum) => {
          const bodies: Array<ReturnType<typeof watchedResponse>> = [];
          let sent = 0;
          const policy = hedgePolicy({delay: 100, budget: {ratio, minimum, window: 1_000_000}});
          const outcomes = [];
          for (const [after, first, second, abortAfter] of calls) {
            await pass(after);
            const plans = [first, second];
            let used = 0;
            const handler = wrapped(policy, (request) => {
              sent++;
              const plan = plans[used++];
              if (!plan) throw new Error('A third attempt');
              return new Promise((resolve, reject) => {
                const timer = setTimeout(() => {
                  if (plan.end === 'error') return reject(new ConnectionError('Reset', 'receive'));
                  const body = watchedResponse(plan.end);
                  bodies.push(body);
                  resolve(body.response);
                }, plan.latency);
                if (!plan.obeys) return;
                request.lifetime.onAbort({
                  aborted(reason) {
                    clearTimeout(timer);
                    reject(reason);
                  },
                });
              });
            });
            const request = requestTo();
            outcomes.push({
              seen: watch(handler(request)),
              aborted: () => request.lifetime.isAborted,
              used: () => used,
              plans,
            });
            if (abortAfter !== undefined) setTimeout(() => request.lifetime.abort('aborted'), abortAfter);
          }
          await pass(10_000);

          expectNoTimers();
          expect(sent).toBeLessThanOrEqual(calls.length * (1 + ratio) + minimum);
          const kept = new Set<Response>();
          for (const {seen, aborted, used, plans} of outcomes) {
            expect(seen.times).toBe(1);
            if (seen.value) kept.add(seen.value);
            if (aborted()) continue;
            const tried = plans.slice(0, used());
            const isGood = (status: unknown) => status === 200 || status === 404;
            if (tried.some(({end}) => isGood(end))) expect(isGood(seen.value?.status)).toBe(true);
            else if (tried.some(({end}) => end !== 'error')) expect(seen.value).toBeDefined();
            else expect(seen.error).toBeInstanceOf(ConnectionError);
          }
          for (const {response, cancelled} of bodies) expect(cancelled).toBe(!kept.has(response));
        },
      ),
      {numRuns: 3_000},
    );
  }, 120_000);
});
