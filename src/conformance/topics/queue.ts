import {equal, ok, same} from '../assert.ts';
import type {Topic} from '../case.ts';

/** Checks the order of the queue: first come, first served for one host, and fair across hosts. */
export const queue: Topic = (it) => {
  it('requests of one host are sent in the order of their calls', async ({open, room}) => {
    const session = open({connector: {limit: 1}});
    const labels = Array.from({length: 8}, (_, index) => String(index));
    await Promise.all(labels.map(async (label) => (await session.fetch(room.url('/echo', {label}))).text()));
    same((await room.stats()).arrivals, labels, 'the order they arrived in');
  });

  it('a host with many queued requests does not starve another host', async ({open, room}) => {
    const session = open({connector: {limit: 1}});
    const read = async (label: string, host: 0 | 1) =>
      (await session.fetch(room.url('/echo', {label}, host))).text();
    const all = Array.from({length: 30}, (_, index) => read(`first ${index}`, 0));
    all.push(read('second', 1));
    await Promise.all(all);
    const {arrivals} = await room.stats();
    ok(
      arrivals.indexOf('second') < 10,
      `the second host among the first 10, not ${arrivals.indexOf('second')}`,
    );
  });

  it('hosts with queued requests take turns', async ({open, room}) => {
    const session = open({connector: {limit: 1}});
    const hosts = [0, 1, 2] as const;
    await Promise.all(
      hosts.flatMap((host) =>
        Array.from({length: 10}, async () =>
          (await session.fetch(room.url('/echo', {label: String(host)}, host))).text(),
        ),
      ),
    );
    const {arrivals} = await room.stats();
    for (const host of hosts) {
      const half = arrivals.slice(0, 15).filter((label) => label === String(host)).length;
      ok(half >= 3, `host ${host} to have 3 of the first 15 turns at least, not ${half}`);
    }
  });

  it('stats() counts the active and queued requests of each host', async ({open, room}) => {
    const session = open({connector: {limit: 1}});
    const all = [0, 0, 0, 1].map((host) => session.fetch(room.url('/hold', {}, host as 0 | 1)));
    const {active, queued, hosts} = session.stats();
    equal(active, 1, 'active');
    equal(queued, 3, 'queued');
    const [first, second] = room.server.origins;
    equal(hosts[first]?.active, 1, 'active on the first host');
    equal(hosts[first]?.queued, 2, 'queued for the first host');
    equal(hosts[second]?.queued, 1, 'queued for the second host');
    for (let count = 0; count < all.length; count++) {
      await room.until(({held}) => held === 1, 'the next to be held');
      await room.release();
    }
    await Promise.all(all.map(async (promise) => (await promise).text()));
  });

  it('a queued request that is aborted, wherever it stands, leaves the order of the others unchanged', async ({
    open,
    room,
  }) => {
    const session = open({connector: {limit: 1}});
    const controllers: AbortController[] = [];
    const settled = Promise.allSettled(
      Array.from({length: 7}, async (_, index) => {
        const controller = new AbortController();
        controllers.push(controller);
        const {signal} = controller;
        return (await session.fetch(room.url('/echo', {label: String(index)}), {signal})).text();
      }),
    );
    for (const index of [1, 3, 6]) controllers[index]?.abort();
    equal(session.stats().queued, 3, 'queued');
    const states = (await settled).map(({status}) => status === 'fulfilled');
    same(states, [true, false, true, false, true, true, false], 'which were answered');
    same((await room.stats()).arrivals, ['0', '2', '4', '5'], 'the order they arrived in');
  });

  it('hundreds of queued requests are all answered, within the limit', async ({open, room}) => {
    const session = open({connector: {limit: 4}});
    const hosts = [0, 1, 2] as const;
    const texts = await Promise.all(
      Array.from({length: 300}, async (_, index) => {
        const url = room.url('/status', {text: String(index)}, hosts[index % 3]);
        return (await session.fetch(url)).text();
      }),
    );
    ok(
      texts.every((text, index) => text === String(index)),
      'every answer to be its own',
    );
    ok((await room.stats()).peak <= 4, 'no more than 4 at once');
    const {active, queued} = session.stats();
    equal(active + queued, 0, 'active and queued');
  });
};
