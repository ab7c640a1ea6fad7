import {equal, ok, typedRejection, typedThrow} from '../assert.ts';
import type {Topic} from '../case.ts';
import {sleep} from '../room.ts';

/** Checks that every wait can be bounded, and that the error names the phase that took too long. */
export const timeouts: Topic = (it, can) => {
  it('timeout.pool ends the wait for a slot', async ({open, room}) => {
    const session = open({connector: {limit: 1}, timeout: {pool: 60}});
    const first = session.fetch(room.url('/hold'));
    const error = await typedRejection(session.fetch(room.url('/echo', {label: 'late'})), 'the second', {
      name: 'TimeoutError',
      code: 'ERR_TIMEOUT',
      phase: 'pool',
      limit: 60,
    });
    ok(error.message.includes('60'), 'a message with the limit in it');
    equal(session.stats().queued, 0, 'queued');
    await room.until(({held}) => held === 1, 'the first to be held');
    await room.release();
    equal(await (await first).text(), 'released', 'the first');
    ok(!(await room.stats()).arrivals.includes('late'), 'the second not to arrive');
  });

  it('timeout.pool no longer counts once the request has a slot', async ({open, room}) => {
    const session = open({connector: {limit: 1}, timeout: {pool: 2_000}});
    await Promise.all([
      session.fetch(room.url('/echo')).then((response) => response.text()),
      session.fetch(room.url('/delay', {ms: 2_200})).then((response) => response.text()),
    ]);
  });

  it('timeout.read ends silence before the response head', async ({open, room}) => {
    const session = open({timeout: {read: 100}});
    await typedRejection(session.fetch(room.url('/stall')), 'fetch', {
      name: 'TimeoutError',
      phase: 'read',
      limit: 100,
    });
    equal(session.stats().active, 0, 'active');
    await room.until(({cut}) => cut === 1, 'the server to see the connection cut');
  });

  it('timeout.read ends silence in the body', async ({open, room}) => {
    const session = open({timeout: {read: 400}});
    // On a busy machine, the head may take that long too.
    const text = session.fetch(room.url('/stall-body')).then((response) => response.text());
    await typedRejection(text, 'the call', {name: 'TimeoutError', phase: 'read'});
    equal(session.stats().active, 0, 'active');
  });

  it('timeout.read starts again with every chunk', async ({open, room}) => {
    const session = open({timeout: {read: 2_000}});
    const response = await session.fetch(room.url('/drip', {chunks: 8, ms: 300, size: 3}));
    equal((await response.arrayBuffer()).byteLength, 24, 'size');
  });

  it('timeout.read does not count the time that a slow reader takes', async ({open, room}) => {
    const session = open({timeout: {read: 2_000}});
    const response = await session.fetch(room.url('/bytes', {size: 20_000_000}));
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let size = (await reader.read()).value?.length ?? 0;
    await sleep(2_200);
    for (let read = await reader.read(); !read.done; read = await reader.read()) size += read.value.length;
    equal(size, 20_000_000, 'size');
  });

  it('timeout.read does not count the time that an upload takes', async ({open, room}) => {
    const session = open({timeout: {read: 2_000}});
    const body = new Uint8Array(24_000_000);
    const response = await session.fetch(room.url('/upload', {ms: 2_200}), {method: 'POST', body});
    equal(((await response.json()) as {size: number}).size, body.length, 'size');
  });

  it('timeout.total includes the wait in the queue', async ({open, room}) => {
    const session = open({connector: {limit: 1}});
    const first = session.fetch(room.url('/hold'));
    await typedRejection(session.fetch(room.url('/echo'), {timeout: 60}), 'the second', {
      name: 'TimeoutError',
      phase: 'total',
      limit: 60,
    });
    equal(session.stats().queued, 0, 'queued');
    await room.until(({held}) => held === 1, 'the first to be held');
    await room.release();
    await (await first).text();
  });

  it('timeout.total includes the wait for the response head', async ({open, room}) => {
    const session = open({timeout: {total: 80}});
    await typedRejection(session.fetch(room.url('/stall')), 'fetch', {name: 'TimeoutError', phase: 'total'});
    equal(session.stats().active, 0, 'active');
  });

  it('timeout.total includes the body, even if data keeps arriving', async ({open, room}) => {
    const session = open({timeout: {total: 1_000}});
    const text = session.fetch(room.url('/drip', {chunks: 200, ms: 20})).then((response) => response.text());
    await typedRejection(text, 'the call', {name: 'TimeoutError', phase: 'total', limit: 1_000});
    equal(session.stats().active, 0, 'active');
    await room.until(({cut}) => cut === 1, 'the server to see the connection cut');
  });

  it('timeout.attempt lasts from the slot to the end of the body', async ({open, room}) => {
    const session = open({timeout: {attempt: 1_000}});
    await typedRejection(session.fetch(room.url('/stall')), 'fetch', {
      name: 'TimeoutError',
      phase: 'attempt',
      limit: 1_000,
    });
    const text = session.fetch(room.url('/drip', {chunks: 200, ms: 20})).then((response) => response.text());
    await typedRejection(text, 'the call', {name: 'TimeoutError', phase: 'attempt'});
    equal(session.stats().active, 0, 'active');
  });

  it('timeout.attempt does not include the wait in the queue', async ({open, room}) => {
    const session = open({connector: {limit: 1}, timeout: {attempt: 2_500}});
    const texts = [1, 2, 3].map(async () => (await session.fetch(room.url('/delay', {ms: 1_000}))).text());
    for (const text of await Promise.all(texts)) equal(text, 'late', 'text');
  });

  it('the timeouts of a call override those of the session one by one', async ({open, room}) => {
    const session = open({timeout: {total: 80, read: 60_000}});
    const response = await session.fetch(room.url('/delay', {ms: 200}), {timeout: {total: false}});
    equal(await response.text(), 'late', 'text');
    const stalled = session.fetch(room.url('/stall'), {timeout: {total: 60_000, read: 40}});
    await typedRejection(stalled, 'fetch', {
      phase: 'read',
      name: 'TimeoutError',
    });
  });

  it('a verb rejects with the TimeoutError of its call', async ({open, room}) => {
    const error = await typedRejection(open().get(room.url('/stall'), {timeout: 60}).json(), 'the verb', {
      name: 'TimeoutError',
      phase: 'total',
    });
    equal(error.request?.method, 'GET', 'method of the request in the error');
  });

  it('a timeout for an unknown phase is refused', async ({open, room}) => {
    typedThrow(() => open({timeout: {headers: 1} as never}), 'opening the session', {
      name: 'UnsupportedOptionError',
      option: 'timeout.headers',
    });
    const promise = open().fetch(room.url('/echo'), {timeout: {body: 1} as never});
    await typedRejection(promise, 'fetch', {name: 'UnsupportedOptionError', option: 'timeout.body'});
  });

  it('a timeout that is not a valid duration is refused', async ({open}) => {
    for (const value of [-1, NaN, '1' as never]) {
      typedThrow(() => open({timeout: {read: value}}), 'opening the session', {
        name: 'InvalidOptionError',
        option: 'timeout.read',
      });
    }
  });

  if (can.connectTimeout) {
    it('timeout.connect is accepted', async ({open, room}) => {
      const session = open({timeout: {connect: 5_000}});
      equal((await session.fetch(room.url('/echo'), {timeout: {connect: false}})).status, 200, 'status');
    });
  } else {
    it('timeout.connect is refused for a session and for a call where the connector cannot honour it', async ({
      open,
      room,
    }) => {
      const expected = {name: 'UnsupportedOptionError', option: 'timeout.connect'};
      typedThrow(() => open({timeout: {connect: 1_000}}), 'opening the session', expected);
      const promise = open().fetch(room.url('/echo'), {timeout: {connect: 1_000}});
      await typedRejection(promise, 'fetch', expected);
      equal((await room.stats()).arrivals.length, 0, 'number of requests that arrived');
    });
  }
};
