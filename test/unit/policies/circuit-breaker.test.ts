import fc from 'fast-check';
import {describe, expect, it, vi} from 'vitest';
import {CircuitOpenError, TimeoutError} from '../../../src/errors/index.ts';
import type {
  CircuitBreakerOptions,
  CircuitChange,
  CircuitState,
} from '../../../src/policies/circuit-breaker.ts';
import {circuitBreakerPolicy} from '../../../src/policies/circuit-breaker.ts';
import {heapUsed} from '../../support/heap.ts';
import {
  connectionError,
  heldHandler,
  pass,
  requestTo,
  scriptedHandler,
  settle,
  useFakeClock,
  watch,
  watchedResponse,
  wrapped,
} from './support.ts';

useFakeClock();

const options = {failures: 0.5, minimum: 4, window: 10_000, openFor: 5_000} satisfies CircuitBreakerOptions;

/** A circuit whose requests end when the test ends them. */
function breaker(changes: Partial<CircuitBreakerOptions> = {}) {
  const held = heldHandler();
  const states: CircuitState[] = [];
  const handler = wrapped(
    circuitBreakerPolicy({
      ...options,
      onStateChange: ({to}) => void states.push(to),
      ...changes,
    }),
    held.handler,
  );
  return {
    ...held,
    states,
    send(url = 'https://a.test/') {
      const request = requestTo(url);
      return Object.assign(watch(handler(request)), {request});
    },
    /** Sends a request and ends it with a status or an error. */
    async run(end: number | Error, url?: string) {
      const outcome = this.send(url);
      await settle();
      if (outcome.isSettled) return outcome;
      const call = held.calls.at(-1);
      if (typeof end === 'number') call?.answer(new Response(null, {status: end}));
      else call?.fail(end);
      await settle();
      return outcome;
    },
    async open() {
      for (let index = 0; index < options.minimum; index++) await this.run(500);
    },
  };
}

describe('a closed circuit', () => {
  it('a closed circuit sends every request', async () => {
    const circuit = breaker();
    for (const end of [200, 500, 404, 200]) expect((await circuit.run(end)).value?.status).toBe(end);
    const error = connectionError('connect');
    expect((await circuit.run(error)).error).toBe(error);
    expect(circuit.states).toEqual([]);
  });

  it('a circuit opens at the share of failures, once there are enough requests', async () => {
    const circuit = breaker();
    for (const end of [500, 200, 500]) await circuit.run(end);
    expect(circuit.states).toEqual([]);
    await circuit.run(200);
    expect(circuit.states).toEqual([]);
    await circuit.run(500);
    expect(circuit.states).toEqual(['open']);
  });

  it('a circuit stays closed below the share of failures', async () => {
    const circuit = breaker();
    for (let index = 0; index < 50; index++) {
      await circuit.run(200);
      await circuit.run(200);
      await circuit.run(500);
    }
    expect(circuit.states).toEqual([]);
  });

  it('a circuit ignores outcomes older than the window', async () => {
    const circuit = breaker();
    for (let index = 0; index < 3; index++) await circuit.run(500);
    await pass(10_000);
    for (let index = 0; index < 3; index++) await circuit.run(500);
    expect(circuit.states).toEqual([]);
  });

  it('each host, or each key, has a circuit of its own', async () => {
    const circuit = breaker();
    await circuit.open();
    expect((await circuit.run(200, 'https://b.test/')).value?.status).toBe(200);
    expect((await circuit.run(200)).error).toBeInstanceOf(CircuitOpenError);

    const byPath = breaker({scope: ({url}) => new URL(url).pathname});
    for (let index = 0; index < 4; index++) await byPath.run(500, 'https://a.test/search');
    expect((await byPath.run(200, 'https://b.test/search')).error).toBeInstanceOf(CircuitOpenError);
    expect((await byPath.run(200, 'https://a.test/users')).value?.status).toBe(200);
  });
});

describe('what counts as a failure', () => {
  const opensWith = async (end: number | Error, changes?: Partial<CircuitBreakerOptions>) => {
    const circuit = breaker(changes);
    for (let index = 0; index < 10; index++) await circuit.run(end);
    return circuit.states.length > 0;
  };

  it.each([500, 502, 503, 504])('a response with status %i is a failure', async (status) => {
    expect(await opensWith(status)).toBe(true);
  });

  it.each(['dns', 'connect', 'tls', 'send', 'receive'] as const)(
    'a network error in the phase %s is a failure',
    async (phase) => {
      expect(await opensWith(connectionError(phase))).toBe(true);
    },
  );

  it.each(['connect', 'read', 'attempt', 'total'] as const)(
    'a timeout of the phase %s is a failure',
    async (phase) => {
      expect(await opensWith(new TimeoutError(phase, 1))).toBe(true);
    },
  );

  it.each([200, 301, 400, 404, 429, new TimeoutError('pool', 1), new TypeError('a bug')])(
    'the outcome "%s" is not a failure',
    async (end) => {
      expect(await opensWith(end)).toBe(false);
    },
  );

  it('an abort is neither a failure nor a success', async () => {
    const circuit = breaker();
    for (let index = 0; index < 3; index++) await circuit.run(500);
    for (let index = 0; index < 10; index++) circuit.send().request.lifetime.abort('enough');
    await settle();
    expect(circuit.states).toEqual([]);
    // If the aborts counted as successes, this would be one failure in five.
    await circuit.run(500);
    expect(circuit.states).toEqual(['open']);
  });

  it('isFailure decides which outcomes are failures', async () => {
    const isFailure = vi.fn(({response}) => (response ? response.status === 404 : undefined));
    expect(await opensWith(404, {isFailure})).toBe(true);
    expect(await opensWith(500, {isFailure})).toBe(false);
    expect(await opensWith(connectionError('dns'), {isFailure})).toBe(false);
    expect(isFailure).toHaveBeenCalledWith({response: expect.any(Response)});
    expect(isFailure).toHaveBeenCalledWith({error: expect.any(Error)});
  });
});

describe('an open circuit', () => {
  it('an open circuit refuses requests at once, and the error says when the next is sent', async () => {
    const circuit = breaker();
    await circuit.open();
    await pass(2_000);
    const {error} = await circuit.run(200, 'https://a.test/path?key=secret');
    expect(error).toBeInstanceOf(CircuitOpenError);
    expect(error).toMatchObject({
      code: 'ERR_CIRCUIT_OPEN',
      retryAfter: 3_000,
      attempts: 1,
      request: {method: 'GET', url: 'https://a.test/path?key=…'},
    });
    expect(circuit.calls.length).toBe(4);
  });

  it('an open circuit ignores the outcome of requests that were sent before it opened', async () => {
    const circuit = breaker();
    const late = circuit.send();
    await circuit.open();
    circuit.call(0).answer(new Response());
    await settle();
    expect(late.value?.status).toBe(200);
    expect(circuit.states).toEqual(['open']);
    await pass(5_000);
    await circuit.run(200);
    expect(circuit.states).toEqual(['open', 'half-open', 'closed']);
  });

  it('a half-open circuit ignores the outcome of requests that were sent before it opened', async () => {
    const circuit = breaker();
    const late = [circuit.send(), circuit.send()];
    await circuit.open();
    await pass(5_000);
    const probe = circuit.send();
    await settle();
    circuit.call(0).fail(connectionError('receive'));
    circuit.call(1).answer(new Response());
    await settle();
    expect(late.every(({isSettled}) => isSettled)).toBe(true);
    expect(circuit.states).toEqual(['open', 'half-open']);
    circuit.call(6).answer(new Response());
    await settle();
    expect(probe.isSettled).toBe(true);
    expect(circuit.states).toEqual(['open', 'half-open', 'closed']);
  });

  it('an open circuit needs no timer', async () => {
    const circuit = breaker();
    await circuit.open();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a half-open circuit', () => {
  it('a half-open circuit sends one request and refuses the others meanwhile', async () => {
    const circuit = breaker();
    await circuit.open();
    await pass(5_000);
    const probe = circuit.send();
    await settle();
    const other = await circuit.run(200);
    expect(circuit.states).toEqual(['open', 'half-open']);
    expect(other.error).toMatchObject({name: 'CircuitOpenError', retryAfter: 0});
    circuit.call(4).answer(new Response());
    await settle();
    expect(probe.value?.status).toBe(200);
    expect(circuit.states).toEqual(['open', 'half-open', 'closed']);
  });

  it('a half-open circuit opens again after the first failure, for as long as before', async () => {
    const circuit = breaker();
    await circuit.open();
    await pass(5_000);
    await circuit.run(503);
    expect(circuit.states).toEqual(['open', 'half-open', 'open']);
    expect((await circuit.run(200)).error).toMatchObject({retryAfter: 5_000});
  });

  it('a circuit that is half-open again sends the full number of test requests', async () => {
    const circuit = breaker({probes: 2});
    await circuit.open();
    await pass(5_000);
    const probes = [circuit.send(), circuit.send()];
    await settle();
    circuit.call(4).answer(new Response(null, {status: 503}));
    await pass(5_000);
    // One of the first two is still in flight.
    const next = [circuit.send(), circuit.send(), circuit.send()];
    await settle();
    expect(next.map(({error}) => error instanceof CircuitOpenError)).toEqual([false, false, true]);
    circuit.call(5).answer(new Response(null, {status: 503}));
    await settle();
    expect(probes.map(({value}) => value?.status)).toEqual([503, 503]);
    for (const index of [6, 7]) circuit.call(index).answer(new Response());
    await settle();
    expect(circuit.states.at(-1)).toBe('closed');
  });

  it('a half-open circuit closes when enough test requests have succeeded, and counts from zero', async () => {
    const circuit = breaker({probes: 3});
    await circuit.open();
    await pass(5_000);
    const probes = [circuit.send(), circuit.send(), circuit.send(), circuit.send()];
    await settle();
    expect(probes.filter(({isSettled}) => isSettled).length).toBe(1);
    for (const index of [4, 5]) circuit.call(index).answer(new Response());
    await settle();
    // Two of three have succeeded and the third is in flight, so that no more are sent.
    expect((await circuit.run(200)).error).toBeInstanceOf(CircuitOpenError);
    circuit.call(6).answer(new Response());
    await settle();
    expect(circuit.states).toEqual(['open', 'half-open', 'closed']);
    for (let index = 0; index < 3; index++) await circuit.run(500);
    expect(circuit.states.length).toBe(3);
  });

  it('a half-open circuit sends another test request when one is aborted', async () => {
    const circuit = breaker();
    await circuit.open();
    await pass(5_000);
    const probe = circuit.send();
    await settle();
    probe.request.lifetime.abort('enough');
    await settle();
    expect(circuit.states).toEqual(['open', 'half-open']);
    await circuit.run(200);
    expect(circuit.states).toEqual(['open', 'half-open', 'closed']);
  });
});

describe('isFailure that throws', () => {
  it('an error that isFailure throws ends that request only: its response is discarded, and the next test request is sent', async () => {
    let isBroken = false;
    const circuit = breaker({
      isFailure({response}) {
        if (isBroken) throw new Error('a bug');
        return response !== undefined && response.status >= 500;
      },
    });
    await circuit.open();
    await pass(options.openFor);

    isBroken = true;
    const probe = circuit.send();
    const seen = watchedResponse(200);
    circuit.call(options.minimum).answer(seen.response);
    await settle();
    expect(probe.error).toEqual(new Error('a bug'));
    expect(seen.cancelled).toBe(true);

    isBroken = false;
    expect((await circuit.run(200)).value?.status).toBe(200);
    expect(circuit.states).toEqual(['open', 'half-open', 'closed']);
  });
});

describe('onStateChange', () => {
  it('onStateChange gets the key and both states', async () => {
    const changes: CircuitChange[] = [];
    const circuit = breaker({onStateChange: (change) => void changes.push(change)});
    await circuit.open();
    await pass(5_000);
    await circuit.run(200);
    expect(changes).toEqual([
      {key: 'https://a.test', from: 'closed', to: 'open'},
      {key: 'https://a.test', from: 'open', to: 'half-open'},
      {key: 'https://a.test', from: 'half-open', to: 'closed'},
    ]);
  });

  it('an error that onStateChange throws ends the request that caused the change, and the response is discarded', async () => {
    const answer = watchedResponse(500);
    const handler = wrapped(
      circuitBreakerPolicy({
        minimum: 1,
        onStateChange: () => {
          throw new Error('mine');
        },
      }),
      async () => answer.response,
    );
    await expect(handler(requestTo())).rejects.toThrow('mine');
    expect(answer.cancelled).toBe(true);
    await expect(handler(requestTo())).rejects.toThrow(CircuitOpenError);
  });
});

describe('memory', () => {
  it('only hosts that fail or are in use are remembered', async () => {
    const handler = wrapped(
      circuitBreakerPolicy({window: 1_000, openFor: 1_000, minimum: 1}),
      scriptedHandler(200).handler,
    );
    const request = requestTo();
    let before = 0;
    for (let index = 0; index < 100_000; index++) {
      if (index === 25_000) before = heapUsed();
      request.url = `https://host-${index}.test/`;
      void handler(request);
      if (index % 1_000 === 0) await pass(2_000);
    }
    expect(heapUsed() - before).toBeLessThan(5_000_000);
  });

  it('a host whose requests are slow to fail is remembered', async () => {
    const circuit = breaker({window: 1_000});
    const slow = Array.from({length: 4}, () => circuit.send('https://slow.test/'));
    await pass(30_000);
    for (let index = 0; index < 10; index++) await circuit.run(200, `https://other-${index}.test/`);
    for (let index = 0; index < slow.length; index++)
      circuit.call(index).fail(new TimeoutError('read', 30_000));
    await settle();
    expect(circuit.states).toEqual(['open']);
    expect((await circuit.run(200, 'https://slow.test/')).error).toBeInstanceOf(CircuitOpenError);
  });

  it('a host with a circuit that is open longer than the window is remembered', async () => {
    const circuit = breaker({window: 1_000, openFor: 60_000});
    await circuit.open();
    await pass(30_000);
    for (let index = 0; index < 10; index++) await circuit.run(200, `https://other-${index}.test/`);
    expect((await circuit.run(200)).error).toMatchObject({retryAfter: 30_000});
  });
});

describe('options', () => {
  it.each([
    [null, 'circuitBreaker'],
    [{failures: 1.1}, 'circuitBreaker.failures'],
    [{failures: -0.1}, 'circuitBreaker.failures'],
    [{minimum: 0}, 'circuitBreaker.minimum'],
    [{window: 0}, 'circuitBreaker.window'],
    [{openFor: '1'}, 'circuitBreaker.openFor'],
    [{probes: 0}, 'circuitBreaker.probes'],
    [{probes: 1.5}, 'circuitBreaker.probes'],
    [{scope: 'session'}, 'circuitBreaker.scope'],
    [{isFailure: true}, 'circuitBreaker.isFailure'],
    [{onStateChange: {}}, 'circuitBreaker.onStateChange'],
    [{threshold: 1}, 'circuitBreaker.threshold', 'UnsupportedOptionError'],
  ])('invalid circuit breaker options are refused: %j', (changes, option, name = 'InvalidOptionError') => {
    const make = () => circuitBreakerPolicy(changes as CircuitBreakerOptions);
    expect(make).toThrow(expect.objectContaining({name, option}) as Error);
  });
});

/** The reference model of a circuit breaker: a list of the outcomes, and the rules. */
class Model {
  state: CircuitState = 'closed';
  #outcomes: Array<{at: number; failed: boolean}> = [];
  #openUntil = 0;
  #probing = 0;
  #succeeded = 0;
  #half = {since: 0, previous: 0};
  era = 0;
  readonly probes: number;

  constructor(probes: number, now: number) {
    this.probes = probes;
    this.#half = {since: now, previous: now};
  }

  #become(state: CircuitState): void {
    this.state = state;
    this.era++;
    this.#outcomes = [];
    this.#probing = 0;
    this.#succeeded = 0;
  }

  mayEnter(now: number): boolean {
    if (this.state === 'closed') return true;
    if (now < this.#openUntil) return false;
    if (this.state === 'open') this.#become('half-open');
    if (this.#probing + this.#succeeded >= this.probes) return false;
    this.#probing++;
    return true;
  }

  ended(now: number, era: number, failed: boolean | undefined): void {
    if (era !== this.era) return;
    if (this.state === 'half-open') this.#probing--;
    if (failed === undefined) return;
    if (this.state === 'half-open') {
      if (failed) this.#open(now);
      else if (++this.#succeeded === this.probes) this.#become('closed');
      return;
    }
    // The halves of the window. Each begins with the first outcome after the last half has ended.
    if (now - this.#half.since >= 5_000) {
      this.#half = {since: now, previous: now - this.#half.since < 10_000 ? this.#half.since : now};
    }
    this.#outcomes.push({at: now, failed});
    const seen = this.#outcomes.filter(({at}) => at >= this.#half.previous);
    const failures = seen.filter((one) => one.failed).length;
    if (failed && seen.length >= 4 && failures >= seen.length / 2) this.#open(now);
  }

  #open(now: number): void {
    this.#become('open');
    this.#openUntil = now + 5_000;
  }
}

describe('any sequence of outcomes', () => {
  it('a circuit has the state of the reference model, and each request is sent or refused once', async () => {
    const step = fc.record({
      after: fc.oneof(fc.constant(0), fc.nat(200), fc.nat(7_000)),
      latency: fc.oneof(fc.constant(0), fc.nat(3_000), fc.nat(15_000)),
      end: fc.constantFrom<200 | 500 | 'abort'>(200, 500, 500, 'abort'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, {maxLength: 60}),
        fc.integer({min: 1, max: 3}),
        async (steps, probes) => {
          const circuit = breaker({probes});
          let state: CircuitState = 'closed';
          const handler = wrapped(
            circuitBreakerPolicy({...options, probes, onStateChange: ({to}) => (state = to)}),
            circuit.handler,
          );
          let model: Model | undefined;
          const outcomes: Array<ReturnType<typeof watch<Response>>> = [];
          let refused = 0;
          for (const {after, latency, end} of steps) {
            await pass(after);
            model ??= new Model(probes, performance.now());
            const request = requestTo();
            const mayEnter = model.mayEnter(performance.now());
            const {era} = model;
            const outcome = watch(handler(request));
            outcomes.push(outcome);
            await Promise.resolve();
            await Promise.resolve();
            if (!mayEnter) {
              refused++;
              expect(outcome.error).toBeInstanceOf(CircuitOpenError);
              continue;
            }
            const call = circuit.call(circuit.calls.length - 1);
            expect(call.request).toBe(request);
            expect(state).toBe(model.state);
            setTimeout(() => {
              model?.ended(performance.now(), era, end === 'abort' ? undefined : end === 500);
              if (end === 'abort') request.lifetime.abort('enough');
              else call.answer(new Response(null, {status: end}));
            }, latency);
            if (latency === 0) await pass(1);
          }
          await pass(20_000);
          expect(state).toBe(model?.state ?? 'closed');
          for (const outcome of outcomes) expect(outcome.times).toBe(1);
          expect(circuit.calls.length + refused).toBe(steps.length);
        },
      ),
      {numRuns: 3_000},
    );
  }, 120_000);
});
