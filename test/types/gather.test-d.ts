import type {Progress, WorkerContext} from 'aiofetch';
import {asCompleted, gather} from 'aiofetch';
import {describe, expectTypeOf, test} from 'vitest';

const inputs = [1, 2, 3];
async function* numbers(): AsyncGenerator<number> {
  yield 1;
}

describe('gather', () => {
  test('gather resolves with the awaited results of the workers', () => {
    expectTypeOf(gather(inputs, (n) => String(n))).toEqualTypeOf<Promise<string[]>>();
    expectTypeOf(gather(new Set(inputs), async (n) => n > 1)).toEqualTypeOf<Promise<boolean[]>>();
    expectTypeOf(gather(numbers(), async (n) => n)).toEqualTypeOf<Promise<number[]>>();
    expectTypeOf(gather(inputs, async (n) => n, {settle: false})).toEqualTypeOf<Promise<number[]>>();
    expectTypeOf(gather(inputs, async (n) => n, {settle: undefined})).toEqualTypeOf<Promise<number[]>>();
  });

  test('gather with settle: true resolves with the outcome of each worker', () => {
    expectTypeOf(gather(inputs, async (n) => n, {settle: true})).toEqualTypeOf<
      Promise<Array<PromiseSettledResult<number>>>
    >();
  });

  test('gather with a boolean settle resolves with either', () => {
    const settle = inputs.length > 2;
    expectTypeOf(gather(inputs, async (n) => n, {settle})).toEqualTypeOf<
      Promise<number[] | Array<PromiseSettledResult<number>>>
    >();
  });

  test('a worker gets its input and a context', () => {
    gather(inputs, (input, context) => {
      expectTypeOf(input).toEqualTypeOf<number>();
      expectTypeOf(context).toEqualTypeOf<WorkerContext>();
      expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
    });
    gather('abc', (letter) => expectTypeOf(letter).toEqualTypeOf<string>());
    gather(new Map([['a', 1]]), ([key, value]) =>
      expectTypeOf([key, value] as const).toEqualTypeOf<readonly [string, number]>(),
    );
  });

  test('gather refuses unknown options and arguments of other types', () => {
    gather(inputs, () => 0, {concurrency: Infinity, signal: AbortSignal.timeout(1)});
    gather(inputs, () => 0, {onProgress: (progress) => expectTypeOf(progress).toEqualTypeOf<Progress>()});
    // @ts-expect-error
    gather(inputs, () => 0, {limit: 2});
    // @ts-expect-error
    gather(inputs, () => 0, {concurrency: '2'});
    // @ts-expect-error
    gather(inputs, () => 0, {settle: 'all'});
    // @ts-expect-error A worker is a function.
    gather(inputs, Promise.resolve(1));
    // @ts-expect-error A list of functions is not accepted, as `Promise.all` does with promises: the worker is required.
    gather([() => 1]);
    // @ts-expect-error
    gather(3, () => 0);
  });
});

describe('asCompleted', () => {
  test('asCompleted yields the results', async () => {
    const run = asCompleted(numbers(), async (n) => ({n}), {concurrency: 2});
    expectTypeOf(run).toEqualTypeOf<AsyncIterableIterator<{n: number}, undefined, undefined>>();
    for await (const result of run) expectTypeOf(result).toEqualTypeOf<{n: number}>();
    expectTypeOf((await run.next()).value).toEqualTypeOf<{n: number} | undefined>();
  });

  test('asCompleted has no option settle', () => {
    // @ts-expect-error
    asCompleted(inputs, () => 0, {settle: true});
  });
});
