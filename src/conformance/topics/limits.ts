import {adaptiveLimit} from '../../connectors/limits/adaptive-limit.ts';
import {equal, ok, typedRejection, typedThrow} from '../assert.ts';
import type {Topic} from '../case.ts';
import {sleep, until} from '../room.ts';

/** Checks how many requests are active at once, and that each holds its slot to the end of its body. */
export const limits: Topic = (it, can) => {
  it('limit bounds how many requests are active at once', async ({open, room}) => {
    const session = open({connector: {limit: 2}});
    await Promise.all(
      Array.from({length: 8}, async () => (await session.fetch(room.url('/delay', {ms: 20}))).text()),
    );
    equal((await room.stats()).peak, 2, 'the most at once that the server saw');
  });

  it('limit holds for all hosts together', async ({open, room}) => {
    const session = open({connector: {limit: 3}});
    const hosts = [0, 1, 2] as const;
    await Promise.all(
      Array.from({length: 12}, async (_, index) => {
        const url = room.url('/delay', {ms: 20}, hosts[index % hosts.length]);
        return (await session.fetch(url)).text();
      }),
    );
    const {peak, arrivals} = await room.stats();
    equal(arrivals.length, 12, 'number of requests that arrived');
    equal(peak, 3, 'the most at once that the server saw');
  });

  it('limitPerHost holds for each host on its own', async ({open, room}) => {
    const session = open({connector: {limitPerHost: 2}});
    await Promise.all(
      Array.from({length: 12}, async (_, index) => {
        const url = room.url('/delay', {ms: 30}, index % 2 === 0 ? 0 : 1);
        return (await session.fetch(url)).text();
      }),
    );
    const {peak, peakPerOrigin} = await room.stats();
    equal(peakPerOrigin, 2, 'the most at once on one host');
    ok(peak > 2, 'more at once over both hosts');
  });

  it('a request that waits for limitPerHost takes no slot of limit', async ({open, room}) => {
    const session = open({connector: {limit: 2, limitPerHost: 1}});
    const onFirst = Array.from({length: 3}, () => session.fetch(room.url('/hold')));
    const onSecond = await session.fetch(room.url('/echo', {}, 1));
    equal(onSecond.status, 200, 'status of the one on another host');
    await onSecond.text();
    for (const promise of onFirst) {
      await room.until(({held}) => held === 1, 'the next to be held');
      await room.release();
      await (await promise).text();
    }
  });

  it('a body that nobody reads is given up while another request waits for its slot, and one that is read is not', async ({
    open,
    room,
  }) => {
    const session = open({connector: {limit: 2, unreadTimeout: 1}});
    const read = (await session.fetch(room.url('/hold-body'))).text();
    const unread = await session.fetch(room.url('/hold-body'));
    const next = await session.fetch(room.url('/echo'));
    equal(next.status, 200, 'status of the one that waited');
    await next.text();
    await typedRejection(unread.text(), 'reading it after all', {
      name: 'TimeoutError',
      code: 'ERR_TIMEOUT',
      phase: 'unread',
      limit: 1,
    });
    await room.release();
    equal(await read, '.....released', 'the body that was read');
  });

  for (const value of [0, Infinity]) {
    it(`limit and limitPerHost of ${value} mean no limit`, async ({open, room}) => {
      const session = open({connector: {limit: value, limitPerHost: value}});
      const all = Array.from({length: 5}, () => session.fetch(room.url('/hold')));
      await room.until(({held}) => held === 5, 'all to be held');
      equal(session.stats().queued, 0, 'queued');
      await room.release();
      await Promise.all(all.map(async (promise) => (await promise).text()));
    });
  }

  it('an adaptive limitPerHost starts at initial, appears in the statistics, and never exceeds max', async ({
    open,
    room,
  }) => {
    const session = open({connector: {limitPerHost: adaptiveLimit({initial: 2, max: 3})}});
    equal(session.stats().limitPerHost, 3, 'limitPerHost');
    const {origin} = new URL(room.url('/'));
    const all = Array.from({length: 5}, () => session.fetch(room.url('/hold')));
    await room.until(({held}) => held === 2, 'two to be held');
    const {active, queued, limit} = session.stats().hosts[origin] ?? {};
    equal(active, 2, 'active');
    equal(queued, 3, 'queued');
    equal(limit, 2, 'limit of the host');
    for (let left = 5; left > 0; left--) {
      await room.until(({held}) => held > 0, 'another to be held');
      await room.release(1);
    }
    for (const promise of all) await (await promise).text();
    await Promise.all(
      Array.from({length: 60}, async () => (await session.fetch(room.url('/delay', {ms: 10}))).text()),
    );
    ok((await room.stats()).peak <= 3, 'no more than 3 at once');
  });

  for (const code of [429, 503]) {
    it(`an adaptive limitPerHost falls after responses of ${code}, and then queues what exceeds it`, async ({
      open,
      room,
    }) => {
      const session = open({connector: {limitPerHost: adaptiveLimit({initial: 8})}});
      const {origin} = new URL(room.url('/'));
      for (let count = 0; count < 8; count++) {
        await (await session.fetch(room.url('/status', {code}))).text();
        // The clock of some runtimes (workerd) stands still between two I/O events. Requests that are sent meanwhile count as one
        // round for the adaptive limit.
        await sleep(20);
      }
      equal(session.stats().hosts[origin]?.limit, 1, 'limit of the host');
      const all = Array.from({length: 3}, () => session.fetch(room.url('/hold')));
      await room.until(({held}) => held === 1, 'one to be held');
      equal(session.stats().queued, 2, 'queued');
      for (const _ of all) {
        await room.until(({held}) => held > 0, 'the next to be held');
        await room.release(1);
      }
      for (const promise of all) await (await promise).text();
    });
  }

  it('an adaptive limitPerHost falls after broken connections, and not after aborts', async ({
    open,
    room,
  }) => {
    const session = open({connector: {limitPerHost: adaptiveLimit({initial: 8})}});
    const {origin} = new URL(room.url('/'));
    for (let count = 0; count < 3; count++) {
      const controller = new AbortController();
      const aborted = session.fetch(room.url('/stall'), {signal: controller.signal}).catch(() => 'aborted');
      await until(() => session.stats().active === 1, 'it to be under way');
      controller.abort();
      equal(await aborted, 'aborted', 'outcome');
    }
    equal(session.stats().hosts[origin]?.limit ?? 8, 8, 'limit after aborts');
    await until(async () => {
      await session.fetch(room.url('/reset')).catch(() => undefined);
      return session.stats().hosts[origin]?.limit === 4;
    }, 'a round of broken connections to halve the limit');
  });

  it('a request holds its slot until its body has been received', async ({open, room}) => {
    const session = open({connector: {limit: 1}});
    const first = await session.fetch(room.url('/hold-body'));
    const second = session.fetch(room.url('/echo', {label: 'second'}));
    await sleep(30);
    equal(session.stats().queued, 1, 'queued while the body is under way');
    ok(!(await room.stats()).arrivals.includes('second'), 'the second not to arrive');
    await room.release();
    equal(await first.text(), '.....released', 'the first');
    equal((await second).status, 200, 'status of the second');
  });

  for (const size of [1, 1_000, 30_000]) {
    it(`a body of ${size} bytes that nobody reads frees its slot`, async ({open, room}) => {
      const session = open({connector: {limit: 1}});
      const unread = await session.fetch(room.url('/bytes', {size}));
      const next = await session.fetch(room.url('/echo'));
      equal(next.status, 200, 'status of the next');
      await next.text();
      equal((await unread.arrayBuffer()).byteLength, size, 'size of the one that was not read');
    });
  }

  it('a large body that nobody reads keeps its slot until it is cancelled', async ({open, room}) => {
    const session = open({connector: {limit: 1}});
    const unread = await session.fetch(room.url('/bytes', {size: 20_000_000}));
    const next = session.fetch(room.url('/echo'));
    await sleep(100);
    equal(session.stats().queued, 1, 'queued while nobody reads');
    await unread.body?.cancel();
    equal((await next).status, 200, 'status of the next');
  });

  it('a body that is cancelled before its end frees its slot, and closes the connection', async ({
    open,
    room,
  }) => {
    const session = open({connector: {limit: 1}});
    const response = await session.fetch(room.url('/stall-body'));
    const next = session.fetch(room.url('/echo'));
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await reader.cancel('enough');
    equal((await next).status, 200, 'status of the next');
    await room.until(({cut}) => cut === 1, 'the server to see the connection cut');
  });

  it('a body that fails frees its slot', async ({open, room}) => {
    const session = open({connector: {limit: 1}});
    const response = await session.fetch(room.url('/reset-body'));
    const next = session.fetch(room.url('/echo'));
    await room.release();
    await response.text().catch(() => undefined);
    equal((await next).status, 200, 'status of the next');
  });

  it('a clone that is read to its end frees the slot, even if nobody reads the response', async ({
    open,
    room,
  }) => {
    const session = open({connector: {limit: 1}});
    const response = await session.fetch(room.url('/hold-body'));
    const clone = response.clone();
    const next = session.fetch(room.url('/echo'));
    await room.until(({held}) => held === 1, 'the body to be held');
    await room.release();
    equal(await clone.text(), '.....released', 'the clone');
    equal((await next).status, 200, 'status of the next');
  });

  it('a response without a body and a failed request hold no slot', async ({open, room}) => {
    const session = open({connector: {limit: 1}});
    await session.fetch(room.url('/echo'), {method: 'HEAD'});
    await session.fetch(room.url('/status', {code: 204}));
    await session.fetch(room.url('/reset')).catch(() => undefined);
    await session.fetch(room.urlOn(room.server.refused, '/')).catch(() => undefined);
    equal((await session.fetch(room.url('/echo'))).status, 200, 'status of the last');
  });

  it('sessions that share a connector share its slots', async ({open, connect, room}) => {
    const connector = connect({limit: 1});
    const sessions = [open({connector}), open({connector})];
    await Promise.all(
      Array.from({length: 4}, async (_, index) => {
        const response = await sessions[index % 2]?.fetch(room.url('/delay', {ms: 10}));
        return response?.text();
      }),
    );
    equal((await room.stats()).peak, 1, 'the most at once that the server saw');
  });

  for (const [option, value] of [
    ['limit', -1],
    ['limit', 1.5],
    ['limit', NaN],
    ['limitPerHost', '1'],
    ['limitPerHost', {max: 5}],
  ] as const) {
    it(`${option} refuses ${JSON.stringify(value)}`, async ({connect}) => {
      typedThrow(() => connect({[option]: value as number}), 'making the connector', {
        name: 'InvalidOptionError',
        option: `connector.${option}`,
      });
    });
  }

  it('the connector refuses an option that it does not know', async ({connect}) => {
    typedThrow(() => connect({maxSockets: 1} as never), 'making the connector', {
      name: 'UnsupportedOptionError',
      option: 'connector.maxSockets',
    });
  });

  if (can.sockets) {
    it('limit counts every open connection, including idle ones', async ({open, room}) => {
      const session = open({connector: {limit: 2}});
      for (const host of [0, 1, 2, 0, 1, 2] as const) {
        await (await session.fetch(room.url('/echo', {}, host))).text();
        const {active, idle} = session.stats();
        ok(active + idle <= 2, `no more than 2 connections, not ${active} and ${idle}`);
      }
      const {sockets} = await room.until(({sockets}) => sockets.open <= 2, 'the third connection to go');
      ok(sockets.peak <= 3, 'no more than 3 connections open at once, as the server sees it');
    });

    it('requests in a row share one connection', async ({open, room}) => {
      const session = open();
      for (let count = 0; count < 5; count++) await (await session.fetch(room.url('/echo'))).text();
      const {totals} = session.stats();
      equal(totals.opened, 1, 'opened');
      equal(totals.reused, 4, 'reused');
      equal((await room.stats()).sockets.total, 1, 'connections that the server saw');
    });

    it('a connection whose body was cancelled is not reused', async ({open, room}) => {
      const session = open({connector: {limit: 1}});
      const response = await session.fetch(room.url('/stall-body'));
      await response.body?.cancel();
      await until(() => session.stats().active === 0, 'the slot to be free');
      await (await session.fetch(room.url('/echo'))).text();
      equal(session.stats().totals.reused, 0, 'reused');
      equal(session.stats().totals.opened, 2, 'opened');
    });
  } else {
    it('the statistics count no connections where the runtime keeps them to itself', async ({open, room}) => {
      const session = open();
      await (await session.fetch(room.url('/echo'))).text();
      const {idle, totals} = session.stats();
      equal(idle, 0, 'idle');
      equal(totals.opened, 0, 'opened');
      equal(totals.reused, 0, 'reused');
    });
  }
};
