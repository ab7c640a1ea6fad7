import {execFile} from 'node:child_process';
import {setImmediate as nextTurn} from 'node:timers/promises';
import {promisify} from 'node:util';
import fc from 'fast-check';
import {describe, expect, expectTypeOf, it, vi} from 'vitest';
import {InvalidOptionError} from '../../../src/errors/index.ts';
import {asCompleted, type Progress, type WorkerContext} from '../../../src/gather/index.ts';
import {memoryModule} from '../../support/run-script.ts';
import {expectNoUnhandledRejections} from '../../support/unhandled-rejections.ts';
import {countedInputs} from './support/counted-inputs.ts';

/** Workers that settle when told to. */
function controlled() {
  const open = new Map<number, PromiseWithResolvers<string>>();
  const started: number[] = [];
  const signals: AbortSignal[] = [];
  const take = (index: number) => {
    const running = open.get(index);
    if (!running) throw new Error(`No worker runs on input ${index}`);
    open.delete(index);
    return running;
  };
  return {
    open,
    started,
    signals,
    worker(_input: unknown, {index, signal}: WorkerContext): Promise<string> {
      const running = Promise.withResolvers<string>();
      open.set(index, running);
      started.push(index);
      signals.push(signal);
      return running.promise;
    },
    fulfil: (index: number) => take(index).resolve(`result ${index}`),
    reject: (index: number, error: unknown) => take(index).reject(error),
  };
}

type Step = {value: unknown} | {error: unknown} | 'done';

/** How it has settled, if it has: to look at a promise without waiting for it. */
function watch(promise: Promise<IteratorResult<unknown>> | undefined) {
  const seen: {step?: Step} = {};
  promise?.then(
    ({done, value}) => {
      seen.step = done ? 'done' : {value};
    },
    (error) => {
      seen.step = {error};
    },
  );
  return seen;
}

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of results) values.push(value);
  return values;
}

expectNoUnhandledRejections();

describe('asCompleted: results', () => {
  it('results come in the order of completion', async () => {
    const work = controlled();
    const values = collect(asCompleted(['a', 'b', 'c'], work.worker));
    await nextTurn();
    for (const index of [2, 0, 1]) work.fulfil(index);
    expect(await values).toEqual(['result 2', 'result 0', 'result 1']);
  });

  it('inputs may be any iterable or async iterable', async () => {
    async function* later() {
      yield 1;
      yield 2;
    }
    const double = (n: number) => n * 2;
    expect(await collect(asCompleted(new Set([1, 2]), double))).toEqual([2, 4]);
    expect(await collect(asCompleted(later(), async (n) => n * 2))).toEqual([2, 4]);
    expect(await collect(asCompleted([], double))).toEqual([]);
  });

  it('a result may be undefined', async () => {
    expect(await collect(asCompleted([1, 2], () => {}))).toEqual([undefined, undefined]);
  });

  it('concurrent calls of next() get the results in the order of the calls', async () => {
    const work = controlled();
    const results = asCompleted([1, 2], work.worker);
    const steps = [results.next(), results.next(), results.next(), results.next()].map(watch);
    await nextTurn();
    work.fulfil(1);
    await nextTurn();
    expect(steps.map(({step}) => step)).toEqual([{value: 'result 1'}, undefined, undefined, undefined]);
    work.fulfil(0);
    await nextTurn();
    expect(steps.map(({step}) => step)).toEqual([{value: 'result 1'}, {value: 'result 0'}, 'done', 'done']);
  });

  it('the results can be iterated once', async () => {
    const results = asCompleted([1, 2], (n) => n);
    expect(await collect(results)).toEqual([1, 2]);
    expect(await collect(results)).toEqual([]);
    expect(results[Symbol.asyncIterator]()).toBe(results);
  });
});

describe('asCompleted: backpressure', () => {
  it('nothing is opened before the first next()', async () => {
    const open = vi.fn();
    asCompleted({[Symbol.iterator]: open} as Iterable<number>, (n) => n);
    await nextTurn();
    expect(open).not.toHaveBeenCalled();
  });

  it.each(['sync', 'async'] as const)(
    'a result that was not taken keeps the place of its worker (%s)',
    async (kind) => {
      const work = controlled();
      const numbers = countedInputs(10, kind);
      const results = asCompleted(numbers.inputs, work.worker, {concurrency: 2});
      const first = results.next();
      await nextTurn();
      work.fulfil(0);
      await first;
      await nextTurn();
      work.fulfil(2);
      await nextTurn();
      expect([...work.open.keys()]).toEqual([1]);
      work.fulfil(1);
      await nextTurn();
      expect(work.open.size).toBe(0);
      expect(numbers.read).toBe(3);
      expect(await results.next()).toEqual({done: false, value: 'result 2'});
      await nextTurn();
      expect([...work.open.keys()]).toEqual([3]);
    },
  );

  it.each([0, -1, 1.5, Number.NaN, '2'])(
    'the first next() rejects for a concurrency of %j',
    async (wrong) => {
      const results = asCompleted([1], (n) => n, {concurrency: wrong as number});
      await expect(results.next()).rejects.toThrow(InvalidOptionError);
      expect(await results.next()).toEqual({done: true, value: undefined});
    },
  );

  it('results that were not taken do not hold back a run with infinite concurrency', async () => {
    const results = asCompleted(countedInputs(20_000).inputs, (n) => n, {concurrency: Infinity});
    await results.next();
    await nextTurn();
    expect(await collect(results)).toHaveLength(19_999);
  });
});

describe('asCompleted: an error', () => {
  it('an error of a worker comes after the results before it, once no worker runs any more', async () => {
    const work = controlled();
    const numbers = countedInputs(10);
    const results = asCompleted(numbers.inputs, work.worker, {concurrency: 3});
    const first = watch(results.next());
    await nextTurn();
    work.fulfil(0);
    work.fulfil(1);
    await nextTurn();
    const error = new Error('first');
    work.reject(2, error);
    await nextTurn();
    expect(first.step).toEqual({value: 'result 0'});
    expect(work.signals.at(-1)?.reason).toMatchObject({name: 'AbortError'});
    expect(await results.next()).toEqual({done: false, value: 'result 1'});
    const [next, afterwards] = [watch(results.next()), watch(results.next())];
    await nextTurn();
    expect(next.step).toBeUndefined();
    work.reject(3, new Error('second'));
    await nextTurn();
    expect(next.step).toEqual({error});
    expect(afterwards.step).toBe('done');
    expect(numbers.end).toBe('closed');
    expect(work.started).toEqual([0, 1, 2, 3]);
  });

  it('an error that no next() waits for is kept for the next one, and is not unhandled', async () => {
    const work = controlled();
    const results = asCompleted([1, 2], work.worker);
    const first = results.next();
    await nextTurn();
    work.fulfil(0);
    work.reject(1, 'failure');
    await first;
    await nextTurn();
    await expect(results.next()).rejects.toBe('failure');
    expect(await results.next()).toEqual({done: true, value: undefined});
  });

  it('an error of the inputs ends the run', async () => {
    async function* broken() {
      yield 1;
      throw new Error('source');
    }
    const seen: number[] = [];
    const loop = async () => {
      for await (const value of asCompleted(broken(), (n) => n)) seen.push(value);
    };
    await expect(loop()).rejects.toThrow('source');
    expect(seen).toEqual([1]);
  });

  it('an error of onProgress ends the run', async () => {
    const onProgress = () => {
      throw new Error('progress');
    };
    await expect(collect(asCompleted([1], (n) => n, {onProgress}))).rejects.toThrow('progress');
  });
});

describe('asCompleted: leaving the loop', () => {
  it.each(['sync', 'async'] as const)(
    'break aborts the running workers and waits for them (%s)',
    async (kind) => {
      const work = controlled();
      const numbers = countedInputs(10, kind);
      let hasLeft = false;
      const loop = async () => {
        for await (const _ of asCompleted(numbers.inputs, work.worker, {concurrency: 2})) {
          await nextTurn();
          break;
        }
        hasLeft = true;
      };
      const left = loop();
      await nextTurn();
      work.fulfil(0);
      await nextTurn();
      await nextTurn();
      expect(work.signals.map(({aborted}) => aborted)).toEqual([true, true, true]);
      expect(work.signals[0]?.reason).toMatchObject({name: 'AbortError'});
      expect(hasLeft).toBe(false);
      work.fulfil(1);
      await nextTurn();
      expect(hasLeft).toBe(false);
      expect(numbers.end).toBeUndefined();
      work.reject(2, new Error('nobody asked'));
      await left;
      expect(numbers.end).toBe('closed');
      expect(work.started).toEqual([0, 1, 2]);
    },
  );

  it('a throw in the loop closes the inputs and reaches the caller', async () => {
    const numbers = countedInputs(10);
    const loop = async () => {
      for await (const _ of asCompleted(numbers.inputs, (n) => n, {concurrency: 2})) throw new Error('mine');
    };
    await expect(loop()).rejects.toThrow('mine');
    expect(numbers.end).toBe('closed');
  });

  it('return() drops an error that was not taken', async () => {
    const work = controlled();
    const results = asCompleted([1, 2], work.worker);
    const first = results.next();
    await nextTurn();
    work.fulfil(0);
    work.reject(1, 'failure');
    await first;
    await nextTurn();
    expect(await results.return?.()).toEqual({done: true, value: undefined});
    expect(await results.next()).toEqual({done: true, value: undefined});
  });

  it('return() drops an error that still waits for the other workers', async () => {
    const work = controlled();
    const results = asCompleted([1, 2], work.worker);
    const first = watch(results.next());
    await nextTurn();
    work.reject(0, 'failure');
    await nextTurn();
    const left = watch(results.return?.());
    work.fulfil(1);
    await nextTurn();
    expect(first.step).toBe('done');
    expect(left.step).toBe('done');
  });

  it('break throws the error that closing the inputs threw', async () => {
    function* inputs() {
      try {
        yield 1;
        yield 2;
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: the test needs a source whose `return()` throws
        throw new Error('close');
      }
    }
    const loop = async () => {
      for await (const _ of asCompleted(inputs(), (n) => n, {concurrency: 1})) break;
    };
    await expect(loop()).rejects.toThrow('close');
  });

  it('return() ends a pending next()', async () => {
    const work = controlled();
    const results = asCompleted([1, 2], work.worker, {concurrency: 1});
    const pending = watch(results.next());
    await nextTurn();
    const left = watch(results.return?.());
    expect(work.signals[0]?.aborted).toBe(true);
    work.fulfil(0);
    await nextTurn();
    expect(pending.step).toBe('done');
    expect(left.step).toBe('done');
    expect(work.started).toEqual([0]);
  });

  it('return() before the first next() opens no inputs', async () => {
    const open = vi.fn();
    const results = asCompleted({[Symbol.iterator]: open} as Iterable<number>, (n) => n);
    expect(await results.return?.()).toEqual({done: true, value: undefined});
    expect(await results.next()).toEqual({done: true, value: undefined});
    expect(open).not.toHaveBeenCalled();
  });
});

describe('asCompleted: signal', () => {
  it('a signal that is already aborted rejects before an input is read', async () => {
    const numbers = countedInputs(3);
    const results = asCompleted(numbers.inputs, (n) => n, {signal: AbortSignal.abort('reason')});
    await expect(results.next()).rejects.toBe('reason');
    expect(numbers.read).toBe(0);
  });

  it('an abort stops the run, waits for the running workers, and its reason comes after the results before it', async () => {
    const controller = new AbortController();
    const work = controlled();
    const numbers = countedInputs(10);
    const results = asCompleted(numbers.inputs, work.worker, {concurrency: 2, signal: controller.signal});
    const first = results.next();
    await nextTurn();
    work.fulfil(0);
    await first;
    work.fulfil(1);
    await nextTurn();
    controller.abort('reason');
    expect(work.signals.at(-1)?.reason).toBe('reason');
    expect(await results.next()).toEqual({done: false, value: 'result 1'});
    const next = watch(results.next());
    await nextTurn();
    expect(next.step).toBeUndefined();
    work.fulfil(2);
    await nextTurn();
    expect(next.step).toEqual({error: 'reason'});
    expect(work.started).toEqual([0, 1, 2]);
  });

  it('an abort still ends the run when only the last result was not taken', async () => {
    const controller = new AbortController();
    const results = asCompleted([1, 2], (n) => n, {signal: controller.signal});
    await results.next();
    await nextTurn();
    controller.abort('reason');
    expect(await results.next()).toEqual({done: false, value: 2});
    await expect(results.next()).rejects.toBe('reason');
  });

  it.each<[string, (controller: AbortController) => Promise<unknown>]>([
    ['its end', ({signal}) => collect(asCompleted([1, 2], (n) => n, {signal}))],
    ['an error', ({signal}) => collect(asCompleted([1], () => Promise.reject(new Error('no')), {signal}))],
    [
      'an abort',
      (controller) => collect(asCompleted([1], () => controller.abort(), {signal: controller.signal})),
    ],
    [
      'a break',
      async ({signal}) => {
        for await (const _ of asCompleted([1, 2, 3], (n) => n, {signal, concurrency: 1})) break;
      },
    ],
  ])('the signal has no listener left after %s', async (_how, run) => {
    const controller = new AbortController();
    const added = vi.spyOn(controller.signal, 'addEventListener');
    const removed = vi.spyOn(controller.signal, 'removeEventListener');
    await run(controller).catch(() => {});
    expect(added).toHaveBeenCalledOnce();
    expect(removed.mock.calls).toEqual(added.mock.calls);
  });
});

describe('asCompleted: onProgress', () => {
  it('onProgress counts results that were not taken as well', async () => {
    const seen: unknown[] = [];
    const onProgress = ({done, active, total}: Progress) => seen.push([done, active, total]);
    const work = controlled();
    const results = asCompleted([1, 2, 3], work.worker, {concurrency: 2, onProgress});
    const first = results.next();
    await nextTurn();
    work.fulfil(0);
    await first;
    await nextTurn();
    work.fulfil(1);
    await nextTurn();
    expect(seen).toEqual([
      [1, 1, 3],
      [2, 1, 3],
    ]);
    work.fulfil(2);
    expect(await collect(results)).toHaveLength(2);
    expect(seen.at(-1)).toEqual([3, 0, 3]);
  });
});

describe('asCompleted: over random schedules', () => {
  const action = fc.oneof(
    {weight: 6, arbitrary: fc.record({kind: fc.constant('settle' as const), pick: fc.nat()})},
    {weight: 6, arbitrary: fc.record({kind: fc.constant('take' as const)})},
    {weight: 2, arbitrary: fc.record({kind: fc.constant('turn' as const)})},
    {weight: 1, arbitrary: fc.record({kind: fc.constantFrom('abort' as const, 'leave' as const)})},
  );
  const schedule = fc.record({
    count: fc.integer({min: 0, max: 20}),
    concurrency: fc.oneof(fc.integer({min: 1, max: 5}), fc.constant(Infinity)),
    kind: fc.constantFrom('sync' as const, 'async' as const),
    failing: fc.oneof(fc.constant<number[]>([]), fc.array(fc.nat({max: 19}), {maxLength: 3})),
    actions: fc.array(action, {maxLength: 60}),
  });

  it('every schedule yields the results in the order of completion, keeps the bounds and leaves no worker running', async () => {
    const property = fc.asyncProperty(schedule, async ({count, concurrency, kind, failing, actions}) => {
      const work = controlled();
      const numbers = countedInputs(count, kind);
      const controller = new AbortController();
      const results = asCompleted(numbers.inputs, work.worker, {concurrency, signal: controller.signal});
      const steps: {step?: Step}[] = [];
      let expected: Step[] = [];
      let startedAtStop: number | undefined;
      let left: {step?: Step} | undefined;

      const settled = () => steps.flatMap(({step}) => (step && step !== 'done' ? [step] : []));
      const check = async () => {
        await nextTurn();
        const yielded = settled().filter((step) => 'value' in Object(step)).length;
        expect(work.open.size).toBeLessThanOrEqual(concurrency);
        expect(numbers.read).toBeLessThanOrEqual(yielded + concurrency);
        const wanted = steps.length > 0 ? Math.min(count, yielded + concurrency) : 0;
        expect(work.started).toHaveLength(startedAtStop ?? wanted);
        return steps.length > 0 && startedAtStop === undefined && yielded < count;
      };
      const settle = async (index: number) => {
        const isStopped = startedAtStop !== undefined;
        if (!failing.includes(index)) {
          work.fulfil(index);
          if (!isStopped) expected.push({value: `result ${index}`});
          return;
        }
        work.reject(index, `failure ${index}`);
        if (isStopped) return;
        expected.push({error: `failure ${index}`});
        await nextTurn();
        startedAtStop = work.started.length;
      };

      for (const action of actions) {
        if (action.kind === 'take') {
          steps.push(watch(results.next()));
        } else if (action.kind === 'settle') {
          const index = [...work.open.keys()][action.pick % work.open.size];
          if (index !== undefined) await settle(index);
        } else if (action.kind === 'turn') {
          await check();
        } else if (action.kind === 'abort') {
          if (!(await check())) continue;
          startedAtStop = work.started.length;
          expected.push({error: 'aborted'});
          controller.abort('aborted');
        } else if (!left) {
          await check();
          startedAtStop ??= work.started.length;
          expected = settled();
          left = watch(results.return?.());
        }
      }
      for (let rest = 0; rest < count + 2; rest++) {
        steps.push(watch(results.next()));
        await check();
        for (const index of [...work.open.keys()]) await settle(index);
      }
      await nextTurn();

      expect(steps.map(({step}) => step)).toEqual(steps.map((_, place) => expected[place] ?? 'done'));
      expect(work.open.size).toBe(0);
      expect(work.started).toEqual(Array.from(work.started, (_, index) => index));
      if (numbers.read > 0) expect(numbers.end).toBeDefined();
      if (left) expect(left.step).toBe('done');
    });
    await fc.assert(property, {numRuns: 2000});
  });
});

describe('asCompleted: a million inputs', () => {
  it('a million inputs take less than 60 MB over the idle process', async () => {
    const module = JSON.stringify(new URL('../../../src/gather/index.ts', import.meta.url).href);
    const memory = JSON.stringify(memoryModule);
    const script = `
      const {asCompleted} = await import(${module});
      const {readPeak, startPeak} = await import(${memory});
      function* numbers() { for (let n = 0; n < 1_000_000; n++) yield n; }
      gc();
      const idle = startPeak();
      let count = 0;
      for await (const result of asCompleted(numbers(), async (n) => ({n, text: String(n)}))) count++;
      console.log(JSON.stringify({count, overIdle: readPeak() - idle}));
    `;
    // V8 would let its young generation grow to 48 MB, whatever the run keeps.
    const {stdout} = await promisify(execFile)(process.execPath, [
      '--expose-gc',
      '--max-semi-space-size=1',
      '--input-type=module',
      '-e',
      script,
    ]);
    const {count, overIdle} = JSON.parse(stdout);
    expect(count).toBe(1_000_000);
    expect(overIdle).toBeLessThan(60e6);
  });
});

describe('asCompleted: types', () => {
  it('are those of the worker’s results', () => {
    const results = asCompleted([1], async (n) => ({n}));
    expectTypeOf(results).toExtend<AsyncIterable<{n: number}>>();
    expectTypeOf(results.next()).resolves.toEqualTypeOf<IteratorResult<{n: number}, undefined>>();
  });
});
