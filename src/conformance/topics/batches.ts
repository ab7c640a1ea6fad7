import {asCompleted, gather} from '../../gather/index.ts';
import {equal, networkError, ok, rejection, same} from '../assert.ts';
import type {Topic} from '../case.ts';
import type {Echo} from '../server-address.ts';

/** Checks `gather` and `asCompleted`: many requests with bounded concurrency. */
export const batches: Topic = (it) => {
  const inputs = Array.from({length: 20}, (_, index) => index);

  it('gather gives results in the order of the inputs, and keeps to its concurrency', async ({
    open,
    room,
  }) => {
    const session = open();
    const texts = await gather(
      inputs,
      (index) => session.get(room.url('/delay', {ms: index % 3, label: index})).text(),
      {concurrency: 4},
    );
    equal(texts.length, inputs.length, 'number of results');
    const {peak} = await room.stats();
    ok(peak >= 2 && peak <= 4, `4 at once at most, and not ${peak}`);
    const numbers = await gather(inputs, async (index) => {
      const url = room.url('/echo', {label: index});
      return Number(new URL((await session.get(url).json<Echo>()).url, url).searchParams.get('label'));
    });
    same(numbers, inputs, 'results');
  });

  it('gather keeps to the limit of the connector when that is lower', async ({open, room}) => {
    const session = open({connector: {limit: 2}});
    await gather(inputs, () => session.get(room.url('/delay', {ms: 5})).text(), {concurrency: 10});
    equal((await room.stats()).peak, 2, 'the most at once that the server saw');
  });

  it('gather rejects with the first failure, and aborts the other calls', async ({open, room}) => {
    const session = open();
    const run = gather(
      ['/stall', '/stall', '/reset'],
      (path, {signal}) => session.fetch(room.url(path), {signal, method: 'POST'}),
      {concurrency: 3},
    );
    await networkError(run, 'gather');
    equal(session.stats().active, 0, 'active');
    await room.until(({active}) => active === 0, 'the server to see the others cut');
  });

  it('gather with settle runs every input, and gives failures as outcomes', async ({open, room}) => {
    const session = open();
    const results = await gather(
      [200, 404, 200],
      (code) => session.get(room.url('/status', {code, text: 'text'})).text(),
      {settle: true},
    );
    same(
      results.map(({status}) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
      'how they ended',
    );
  });

  it('gather ends all its calls when it is aborted', async ({open, room}) => {
    const session = open();
    const controller = new AbortController();
    const run = gather(inputs, (_input, {signal}) => session.fetch(room.url('/stall'), {signal}), {
      concurrency: 3,
      signal: controller.signal,
    });
    const rejected = rejection(run, 'gather');
    await room.until(({active}) => active === 3, 'three requests to arrive');
    const reason = new Error('enough');
    controller.abort(reason);
    equal(await rejected, reason, 'what it rejects with');
    equal(session.stats().active, 0, 'active');
  });

  it('asCompleted yields results in the order in which they complete', async ({open, room}) => {
    const session = open();
    const seen: number[] = [];
    const results = asCompleted(
      [250, 0],
      async (ms) => {
        await session.get(room.url('/delay', {ms})).text();
        return ms;
      },
      {concurrency: 2},
    );
    for await (const ms of results) seen.push(ms);
    same(seen, [0, 250], 'the order of results');
  });

  it('asCompleted aborts the active calls when the loop is left', async ({open, room}) => {
    const session = open();
    const results = asCompleted(
      ['/echo', '/stall', '/stall'],
      (path, {signal}) => session.fetch(room.url(path), {signal}),
      {concurrency: 3},
    );
    for await (const response of results) {
      await response.text();
      break;
    }
    equal(session.stats().active, 0, 'active');
  });
};
