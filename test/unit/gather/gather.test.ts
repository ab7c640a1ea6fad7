import {AsyncLocalStorage} from 'node:async_hooks';
import {setImmediate as nextTurn} from 'node:timers/promises';
import fc from 'fast-check';
import {afterEach, beforeEach, describe, expect, expectTypeOf, it, vi} from 'vitest';
import {InvalidOptionError, UnsupportedOptionError} from '../../../src/errors/index.ts';
import {asCompleted, type GatherOptions, gather, type Progress} from '../../../src/gather/index.ts';
import {expectNoUnhandledRejections} from '../../support/unhandled-rejections.ts';
import {countedInputs} from './support/counted-inputs.ts';

type Outcome = {readonly ok: true; readonly value: string} | {readonly ok: false; readonly error: unknown};

/** Workers that settle when told to. */
function controlled(options: {readonly obeys?: (index: number) => boolean} = {}) {
  const open = new Map<number, (outcome: Outcome) => void>();
  const started: unknown[] = [];
  const settled: number[] = [];
  let peak = 0;
  const settle = (index: number, outcome: Outcome) => {
    const finish = open.get(index);
    if (!finish) throw new Error(`No worker runs on input ${index}`);
    finish(outcome);
  };
  return {
    open,
    started,
    settled,
    get peak() {
      return peak;
    },
    worker(input: unknown, {index, signal}: {index: number; signal: AbortSignal}): Promise<string> {
      started.push(input);
      return new Promise((resolve, reject) => {
        const finish = (outcome: Outcome) => {
          if (!open.delete(index)) return;
          settled.push(index);
          if (outcome.ok) resolve(outcome.value);
          else reject(outcome.error);
        };
        open.set(index, finish);
        peak = Math.max(peak, open.size);
        if (options.obeys?.(index)) {
          signal.addEventListener('abort', () => finish({ok: false, error: signal.reason}));
        }
      });
    },
    fulfil: (index: number, value = `result ${index}`) => settle(index, {ok: true, value}),
    reject: (index: number, error: unknown) => settle(index, {ok: false, error}),
  };
}

/** Whether it has settled, and how: to look at a promise without waiting for it. */
function watch<T>(promise: Promise<T>) {
  const seen: {value?: T; error?: unknown; isSettled: boolean} = {isSettled: false};
  promise.then(
    (value) => Object.assign(seen, {value, isSettled: true}),
    (error) => Object.assign(seen, {error, isSettled: true}),
  );
  return seen;
}

expectNoUnhandledRejections();

describe('gather: results', () => {
  it('results are in the order of the inputs, whichever worker settles first', async () => {
    const work = controlled();
    const results = gather(['a', 'b', 'c'], work.worker);
    await nextTurn();
    for (const index of [2, 0, 1]) {
      work.fulfil(index);
      await nextTurn();
    }
    await expect(results).resolves.toEqual(['result 0', 'result 1', 'result 2']);
  });

  it('inputs may be any iterable or async iterable', async () => {
    const double = (n: number) => n * 2;
    async function* later() {
      yield 1;
      yield 2;
    }
    expect(await gather([1, 2], double)).toEqual([2, 4]);
    expect(await gather(new Set([1, 2]), double)).toEqual([2, 4]);
    expect(await gather(new Map([[1, 2]]), ([key, value]) => key + value)).toEqual([3]);
    expect(await gather(later(), double)).toEqual([2, 4]);
    expect(await gather(new Response('ab').body ?? [], ([byte = 0]) => double(byte))).toEqual([194]);
    expect(await gather([], double)).toEqual([]);
  });

  it('a worker may return a promise, a value or undefined', async () => {
    expect(await gather([1, 2, 3], (n) => (n === 2 ? Promise.resolve() : undefined))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('a worker gets the index of its input', async () => {
    expect(await gather(['a', 'b'], (input, {index}) => `${index}${input}`)).toEqual(['0a', '1b']);
  });

  it('inputs that are added to an array during the run are worked on too', async () => {
    const frontier = [3];
    const results = await gather(frontier, (depth) => {
      if (depth > 0) frontier.push(depth - 1);
      return depth;
    });
    expect(results).toEqual([3, 2, 1, 0]);
  });

  it('promises in a synchronous iterable reach the worker as promises', async () => {
    const promise = Promise.resolve(1);
    expect(await gather([promise], (input) => input === promise)).toEqual([true]);
  });
});

describe('gather: concurrency', () => {
  it('the default concurrency is 100', async () => {
    const work = controlled({obeys: () => true});
    const controller = new AbortController();
    const results = watch(
      gather(countedInputs(1000, 'sync').inputs, work.worker, {signal: controller.signal}),
    );
    await nextTurn();
    expect(work.open.size).toBe(100);
    controller.abort();
    await nextTurn();
    expect(results.isSettled).toBe(true);
  });

  it('infinite concurrency starts all workers, and the stack does not grow', async () => {
    const work = controlled();
    const results = gather(countedInputs(20_000, 'sync').inputs, work.worker, {concurrency: Infinity});
    await nextTurn();
    expect(work.open.size).toBe(20_000);
    for (const index of [...work.open.keys()].reverse()) work.fulfil(index);
    expect((await results).at(-1)).toBe('result 19999');
  });

  it.each(['sync', 'async'] as const)(
    'an input is read only when a worker is free for it (%s)',
    async (kind) => {
      const work = controlled();
      const numbers = countedInputs(5, kind);
      const results = gather(numbers.inputs, work.worker, {concurrency: 2});
      for (const index of [0, 1, 2, 3, 4]) {
        await nextTurn();
        expect(numbers.read).toBe(Math.min(index + 2, 5));
        work.fulfil(index);
      }
      await results;
    },
  );

  it('an async iterator is asked for one input at a time', async () => {
    let asked = 0;
    let mostAsked = 0;
    let left = 50;
    const inputs = {
      [Symbol.asyncIterator]: () => ({
        async next() {
          mostAsked = Math.max(mostAsked, ++asked);
          await nextTurn();
          asked--;
          return left-- > 0 ? {done: false as const, value: left} : {done: true as const, value: undefined};
        },
      }),
    };
    expect(await gather(inputs, (n) => n, {concurrency: 10})).toHaveLength(50);
    expect(mostAsked).toBe(1);
  });

  it.each([0, -1, 1.5, Number.NaN, '2', null])(
    'a concurrency of %j is refused by a rejection',
    async (concurrency) => {
      const numbers = countedInputs(1, 'sync');
      const results = gather(numbers.inputs, (n) => n, {concurrency: concurrency as number});
      await expect(results).rejects.toThrow(InvalidOptionError);
      await expect(results).rejects.toThrow('Option "concurrency" is ');
      expect(numbers.read).toBe(0);
    },
  );
});

describe('the async context of a worker', () => {
  it.each<[string, (inputs: Iterable<number>, worker: () => Promise<unknown>) => Promise<unknown>]>([
    ['gather', (inputs, worker) => gather(inputs, worker, {concurrency: 1})],
    [
      'asCompleted',
      async (inputs, worker) => {
        for await (const _ of asCompleted(inputs, worker, {concurrency: 1}));
      },
    ],
  ])('a worker runs in the async context of the call of %s, whatever frees its place', async (_name, run) => {
    const storage = new AsyncLocalStorage<string>();
    const contexts: unknown[] = [];
    const open: Array<() => void> = [];
    const worker = () => {
      contexts.push(storage.getStore());
      return new Promise<void>((resolve) => open.push(resolve));
    };
    const results = storage.run('caller', () => run([1, 2, 3], worker));
    for (let index = 0; index < 3; index++) {
      await nextTurn();
      storage.run('other', () => open[index]?.());
    }
    await results;
    expect(contexts).toEqual(['caller', 'caller', 'caller']);
  });
});

describe('an unknown option', () => {
  type Run = (inputs: Iterable<number>, options: object) => Promise<unknown>;
  it.each<[string, object, Run, string]>([
    [
      'gather',
      {concurency: 10},
      (inputs, options) => gather(inputs, (n) => n, options),
      'Unknown option "concurency" of gather. Known options: concurrency, settle, signal, onProgress',
    ],
    [
      'asCompleted',
      {settle: true},
      (inputs, options) => asCompleted(inputs, (n) => n, options).next(),
      'Unknown option "settle" of asCompleted. Known options: concurrency, signal, onProgress',
    ],
  ])(
    'an unknown option of %s rejects the run before an input is read',
    async (_name, options, run, message) => {
      const {inputs, read} = countedInputs(1, 'sync');
      const results = run(inputs as Iterable<number>, options);
      await expect(results).rejects.toThrow(UnsupportedOptionError);
      await expect(results).rejects.toThrow(message);
      expect(read).toBe(0);
    },
  );
});

describe('gather: the first error', () => {
  it('the first error aborts the other workers, and rejects once they have settled', async () => {
    const work = controlled();
    const signals: AbortSignal[] = [];
    const numbers = countedInputs(10, 'sync');
    const results = watch(
      gather(
        numbers.inputs,
        (input, context) => {
          signals.push(context.signal);
          return work.worker(input, context);
        },
        {concurrency: 3},
      ),
    );
    await nextTurn();
    const error = new Error('first');
    work.reject(1, error);
    await nextTurn();
    expect(signals.map((signal) => signal.aborted)).toEqual([true, true, true]);
    expect(signals[0]?.reason).toMatchObject({name: 'AbortError'});
    expect(results.isSettled).toBe(false);
    work.fulfil(0);
    await nextTurn();
    expect(results.isSettled).toBe(false);
    work.reject(2, new Error('second'));
    await nextTurn();
    expect(results.error).toBe(error);
    expect(work.started).toEqual([0, 1, 2]);
    expect(numbers.end).toBe('closed');
  });

  it('a worker may throw any value synchronously', async () => {
    const results = gather([1], () => {
      throw undefined;
    });
    await expect(results).rejects.toBeUndefined();
  });

  it('the abort reaches every running worker, even one that many others were started after', async () => {
    const work = controlled({obeys: () => true});
    const results = watch(gather(countedInputs(2000, 'sync').inputs, work.worker, {concurrency: 3}));
    await nextTurn();
    for (let index = 1; index < 1500; index++) {
      work.fulfil(index);
      await Promise.resolve();
      if (index % 2) await nextTurn();
    }
    await nextTurn();
    expect([...work.open.keys()]).toEqual([0, 1500, 1501]);
    work.reject(1501, 'stop');
    await nextTurn();
    expect(results.error).toBe('stop');
    expect(work.open.size).toBe(0);
  });
});

describe('gather: settle', () => {
  it('with settle, the run goes on after an error and returns outcomes as Promise.allSettled does', async () => {
    const error = new Error('two');
    const worker = (n: number) => {
      if (n === 2) throw error;
      return n;
    };
    expect(await gather([1, 2, 3], worker, {concurrency: 1, settle: true})).toEqual(
      await Promise.allSettled([1, Promise.reject(error), 3]),
    );
  });

  it('with settle, an abort, an error of the inputs and one of onProgress still reject', async () => {
    function* broken() {
      yield 1;
      throw new Error('source');
    }
    const identity = (n: number) => n;
    const aborted = gather([1], identity, {settle: true, signal: AbortSignal.abort('reason')});
    await expect(aborted).rejects.toBe('reason');
    await expect(gather(broken(), identity, {settle: true})).rejects.toThrow('source');
    const onProgress = () => {
      throw new Error('progress');
    };
    await expect(gather([1], identity, {settle: true, onProgress})).rejects.toThrow('progress');
  });
});

describe('gather: the inputs', () => {
  it.each(['sync', 'async'] as const)(
    'inputs that were read to their end are not closed (%s)',
    async (kind) => {
      const numbers = countedInputs(3, kind);
      await gather(numbers.inputs, (n) => n, {concurrency: 1});
      expect(numbers.end).toBe('exhausted');
    },
  );

  it('inputs are closed once no worker runs any more', async () => {
    const work = controlled();
    const numbers = countedInputs(3, 'async');
    const results = watch(gather(numbers.inputs, work.worker, {concurrency: 2}));
    await nextTurn();
    work.reject(0, 'stop');
    await nextTurn();
    expect(numbers.end).toBeUndefined();
    work.fulfil(1);
    await nextTurn();
    expect(numbers.end).toBe('closed');
    expect(results.error).toBe('stop');
  });

  it('inputs that failed are not closed', async () => {
    const error = new Error('source');
    const close = vi.fn();
    const next = vi.fn().mockReturnValueOnce({value: 1}).mockRejectedValueOnce(error);
    const inputs = {[Symbol.asyncIterator]: () => ({next, return: close})};
    await expect(gather(inputs, (n) => n)).rejects.toBe(error);
    expect(close).not.toHaveBeenCalled();
  });

  it('an error of closing the inputs does not hide the first error', async () => {
    const inputs = {
      [Symbol.iterator]: () => ({
        next: () => ({done: false as const, value: 1}),
        return: () => {
          throw new Error('close');
        },
      }),
    };
    const worker = () => {
      throw new Error('first');
    };
    await expect(gather(inputs, worker)).rejects.toThrow('first');
  });

  it.each([
    ['never does', () => new Promise<never>(() => {})],
    ['fails to', () => Promise.reject(new Error('close'))],
  ])(
    'an abort calls return() of inputs with a pending next(), and does not wait for one that %s',
    async (_how, close) => {
      const controller = new AbortController();
      const closed = vi.fn(close);
      const inputs = {
        [Symbol.asyncIterator]: () => ({next: () => new Promise<never>(() => {}), return: closed}),
      };
      const results = watch(gather(inputs, (n) => n, {signal: controller.signal}));
      await nextTurn();
      controller.abort('enough');
      await nextTurn();
      expect(results.error).toBe('enough');
      expect(closed).toHaveBeenCalledOnce();
    },
  );

  it('an input that arrives after an abort reaches no worker', async () => {
    const controller = new AbortController();
    const late = Promise.withResolvers<IteratorResult<number>>();
    const worker = vi.fn();
    const inputs = {[Symbol.asyncIterator]: () => ({next: () => late.promise})};
    const results = watch(gather(inputs, worker, {signal: controller.signal}));
    await nextTurn();
    controller.abort('enough');
    await nextTurn();
    late.resolve({done: false, value: 1});
    await nextTurn();
    expect(results.error).toBe('enough');
    expect(worker).not.toHaveBeenCalled();
  });

  it('inputs that abort the run while they are read are closed', async () => {
    const controller = new AbortController();
    let isClosed = false;
    function* inputs() {
      try {
        controller.abort('from inside');
        yield 1;
      } finally {
        isClosed = true;
      }
    }
    const results = gather(inputs(), () => 1, {signal: controller.signal});
    await expect(results).rejects.toBe('from inside');
    expect(isClosed).toBe(true);
  });

  it('inputs that abort the run while they are opened are closed', async () => {
    const controller = new AbortController();
    const close = vi.fn(() => ({done: true as const, value: undefined}));
    const inputs = {
      [Symbol.iterator]() {
        controller.abort('from inside');
        return {next: () => ({done: false as const, value: 1}), return: close};
      },
    };
    await expect(gather(inputs, (n) => n, {signal: controller.signal})).rejects.toBe('from inside');
    expect(close).toHaveBeenCalledOnce();
  });

  it('inputs that are not iterable are refused by a rejection', async () => {
    await expect(gather({} as Iterable<number>, (n) => n)).rejects.toThrow(TypeError);
    await expect(gather(null as unknown as Iterable<number>, (n) => n)).rejects.toThrow(TypeError);
  });
});

describe('gather: signal', () => {
  it('a signal that is already aborted rejects before an input is read', async () => {
    const reason = new Error('too late');
    const open = vi.fn();
    const inputs = {[Symbol.iterator]: open};
    const signal = AbortSignal.abort(reason);
    await expect(gather(inputs as Iterable<number>, (n) => n, {signal})).rejects.toBe(reason);
    expect(open).not.toHaveBeenCalled();
  });

  it('an abort stops the run, waits for the running workers and rejects with its reason', async () => {
    const controller = new AbortController();
    const work = controlled();
    const numbers = countedInputs(10, 'async');
    let workerSignal: AbortSignal | undefined;
    const results = watch(
      gather(
        numbers.inputs,
        (input, context) => {
          workerSignal = context.signal;
          return work.worker(input, context);
        },
        {concurrency: 2, signal: controller.signal},
      ),
    );
    await nextTurn();
    controller.abort('reason');
    await nextTurn();
    expect(workerSignal?.reason).toBe('reason');
    expect(results.isSettled).toBe(false);
    work.fulfil(0);
    work.fulfil(1);
    await nextTurn();
    expect(results.error).toBe('reason');
    expect(work.started).toEqual([0, 1]);
    expect(numbers.end).toBe('closed');
  });

  it.each<[string, (controller: AbortController) => Promise<unknown>]>([
    ['success', ({signal}) => gather([1], (n) => n, {signal})],
    ['an error', ({signal}) => gather([1], () => Promise.reject(new Error('no')), {signal})],
    ['an invalid option', ({signal}) => gather([1], (n) => n, {signal, concurrency: 0})],
    ['an abort', (controller) => gather([1], () => controller.abort(), {signal: controller.signal})],
  ])('the signal has no listener left after %s', async (_how, run) => {
    const controller = new AbortController();
    const added = vi.spyOn(controller.signal, 'addEventListener');
    const removed = vi.spyOn(controller.signal, 'removeEventListener');
    await run(controller).catch(() => {});
    expect(removed.mock.calls).toEqual(added.mock.calls);
  });

  it('the signal of a worker is not aborted by the end of a successful run, nor afterwards', async () => {
    const controller = new AbortController();
    const [signal] = await gather([1], (_, context) => context.signal, {signal: controller.signal});
    controller.abort();
    expect(signal?.aborted).toBe(false);
  });

  it('256 workers share a signal', async () => {
    const signals = new Set(await gather(countedInputs(10_000, 'sync').inputs, (_, {signal}) => signal));
    expect(signals.size).toBe(Math.ceil(10_000 / 256));
  });
});

describe('gather: onProgress', () => {
  beforeEach(() => {
    vi.useFakeTimers({toFake: ['performance']});
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('onProgress gets the progress each time a worker has settled', async () => {
    const work = controlled();
    const seen: Progress[] = [];
    const onProgress = (progress: Progress) => seen.push(progress);
    // What was before it is none of its time.
    vi.advanceTimersByTime(10_000);
    const results = gather([1, 2, 3, 4], work.worker, {concurrency: 2, settle: true, onProgress});
    const settling = [
      () => work.fulfil(0),
      () => work.reject(1, 'no'),
      () => work.fulfil(2),
      () => work.fulfil(3),
    ];
    for (const settle of settling) {
      await nextTurn();
      vi.advanceTimersByTime(500);
      settle();
    }
    await results;
    expect(seen).toEqual([
      {done: 1, failed: 0, active: 1, total: 4, rate: 2, eta: 1500},
      {done: 2, failed: 1, active: 1, total: 4, rate: 2, eta: 1000},
      {done: 3, failed: 1, active: 1, total: 4, rate: 2, eta: 500},
      {done: 4, failed: 1, active: 0, total: 4, rate: 2, eta: 0},
    ]);
  });

  it('the rate is 0 while no time has passed, and total is absent for inputs without length and size', async () => {
    const seen: Progress[] = [];
    await gather(countedInputs(1, 'sync').inputs, (n) => n, {onProgress: (progress) => seen.push(progress)});
    await gather(new Set([1]), (n) => n, {onProgress: (progress) => seen.push(progress)});
    expect(seen).toEqual([
      {done: 1, failed: 0, active: 0, rate: 0},
      {done: 1, failed: 0, active: 0, rate: 0, total: 1},
    ]);
  });

  it('the total grows with inputs that are added during the run', async () => {
    const frontier = new Set([2]);
    const totals: unknown[] = [];
    const worker = (n: number) => void (n > 0 && frontier.add(n - 1));
    await gather(frontier, worker, {concurrency: 1, onProgress: ({total}) => totals.push(total)});
    expect(totals).toEqual([2, 3, 3]);
  });

  it('onProgress gets the error that ends the run as its last call', async () => {
    const work = controlled();
    const seen: unknown[] = [];
    const onProgress = ({done, failed}: Progress) => seen.push([done, failed]);
    const results = watch(gather([1, 2, 3], work.worker, {concurrency: 2, onProgress}));
    await nextTurn();
    work.reject(0, 'stop');
    await nextTurn();
    work.fulfil(1);
    await nextTurn();
    expect(results.error).toBe('stop');
    expect(seen).toEqual([[1, 1]]);
  });

  it('an error of onProgress ends the run as an error of a worker does', async () => {
    const work = controlled({obeys: () => true});
    const error = new Error('progress');
    const onProgress = () => {
      throw error;
    };
    const results = watch(gather([1, 2, 3], work.worker, {concurrency: 2, onProgress}));
    await nextTurn();
    work.fulfil(0);
    await nextTurn();
    expect(results.error).toBe(error);
    expect(work.started).toEqual([1, 2]);
  });

  it('an error of onProgress does not hide the error of the worker', async () => {
    const onProgress = () => {
      throw new Error('progress');
    };
    const worker = () => {
      throw new Error('worker');
    };
    await expect(gather([1], worker, {onProgress})).rejects.toThrow('worker');
  });
});

describe('gather: over random schedules', () => {
  const schedule = fc.record({
    count: fc.integer({min: 0, max: 25}),
    concurrency: fc.oneof(fc.integer({min: 1, max: 6}), fc.constant(Infinity)),
    kind: fc.constantFrom('sync' as const, 'async' as const),
    settle: fc.boolean(),
    obeys: fc.boolean(),
    failing: fc.oneof(fc.constant<number[]>([]), fc.array(fc.nat({max: 24}), {maxLength: 4})),
    // Which of the running workers settle in one turn, in this order; begun anew when used up.
    turns: fc.array(fc.array(fc.nat(), {minLength: 1, maxLength: 4}), {minLength: 1, maxLength: 25}),
    abortAt: fc.option(fc.nat({max: 20}), {nil: undefined}),
  });

  it('every schedule keeps the bounds, settles every input once in order and leaves no worker running', async () => {
    const property = fc.asyncProperty(schedule, async (plan) => {
      const {count, concurrency, settle} = plan;
      const work = controlled({obeys: () => plan.obeys});
      const numbers = countedInputs(count, plan.kind);
      const controller = new AbortController();
      const results = watch(
        gather(numbers.inputs, work.worker, {concurrency, settle, signal: controller.signal}),
      );
      const isFailing = (index: number) => plan.failing.includes(index);
      let cause: {readonly error: unknown; readonly started: number} | undefined;

      for (let turn = 0; ; turn++) {
        await nextTurn();
        expect(results.isSettled).toBe(work.open.size === 0);
        expect(work.peak).toBeLessThanOrEqual(concurrency);
        expect(numbers.read).toBeLessThanOrEqual(work.settled.length + concurrency);
        expect(work.started).toHaveLength(
          cause?.started ?? Math.min(count, work.settled.length + concurrency),
        );
        if (work.open.size === 0) break;
        if (cause) expect(plan.obeys).toBe(false);

        if (turn === plan.abortAt && !cause && !results.isSettled) {
          cause = {error: 'aborted', started: work.started.length};
          controller.abort('aborted');
        }
        for (const pick of plan.turns[turn % plan.turns.length] ?? []) {
          const index = [...work.open.keys()][pick % work.open.size];
          if (index === undefined) break;
          if (!isFailing(index)) {
            work.fulfil(index);
            continue;
          }
          work.reject(index, `failure ${index}`);
          if (settle || cause) continue;
          await nextTurn();
          cause = {error: `failure ${index}`, started: work.started.length};
        }
      }

      expect(work.started).toEqual(Array.from(work.started, (_, index) => index));
      expect(work.settled.toSorted((a, b) => a - b)).toEqual(work.started);
      if (numbers.read > 0) expect(numbers.end).toBeDefined();
      if (cause) {
        expect(results).toEqual({isSettled: true, error: cause.error});
        return;
      }
      const outcomes = Array.from({length: count}, (_, index) =>
        isFailing(index)
          ? {status: 'rejected', reason: `failure ${index}`}
          : {status: 'fulfilled', value: `result ${index}`},
      );
      expect(results.value).toEqual(settle ? outcomes : outcomes.map(({value}) => value));
    });
    await fc.assert(property, {numRuns: 2000});
  });
});

describe('gather: types', () => {
  const text = async (n: number) => String(n);

  it('are those of the worker’s results', () => {
    expectTypeOf(gather([1], text)).resolves.toEqualTypeOf<string[]>();
    expectTypeOf(gather([1], (n) => n)).resolves.toEqualTypeOf<number[]>();
    expectTypeOf(gather([1], text, {concurrency: 2})).resolves.toEqualTypeOf<string[]>();
    expectTypeOf(gather([1], text, {settle: false})).resolves.toEqualTypeOf<string[]>();
  });

  it('are settled results with settle, and either where it is not known', () => {
    expectTypeOf(gather([1], text, {settle: true})).resolves.toEqualTypeOf<PromiseSettledResult<string>[]>();
    const options: GatherOptions = {};
    expectTypeOf(gather([1], text, options)).resolves.toEqualTypeOf<
      string[] | PromiseSettledResult<string>[]
    >();
  });

  it('give the worker its input and context', () => {
    async function* words() {
      yield 'a';
    }
    void gather(words(), (input, context) => {
      expectTypeOf(input).toEqualTypeOf<string>();
      expectTypeOf(context).toEqualTypeOf<{readonly index: number; readonly signal: AbortSignal}>();
    });
  });
});
