import type {Session} from '../../session/session.ts';
import {equal, ok, rejection} from '../assert.ts';
import type {Case, Topic} from '../case.ts';
import {until} from '../room.ts';

/** Checks that `stats()` counts right at every moment, however a call ends. */
export const stats: Topic = (it, can) => {
  it('stats() gives the limits, with the default for one that is not set', async ({open}) => {
    const {limit, limitPerHost} = open({connector: {limit: 7, limitPerHost: 3}}).stats();
    equal(limit, 7, 'limit');
    equal(limitPerHost, 3, 'limitPerHost');
    equal(open().stats().limit, 100, 'limit that nobody set');
  });

  it('stats() of a new session is zero throughout', async ({open}) => {
    const {active, queued, idle, hosts, totals} = open().stats();
    equal(active + queued + idle, 0, 'active, queued and idle');
    equal(Object.keys(hosts).length, 0, 'number of hosts');
    for (const [name, count] of Object.entries(totals)) equal(count, 0, name);
  });

  it('stats() counts a request as active from the call to the end of its body', async ({open, room}) => {
    const session = open();
    const running = session.fetch(room.url('/hold'));
    equal(session.stats().active, 1, 'active');
    equal(session.stats().hosts[room.server.origins[0]]?.active, 1, 'active on its host');
    await room.until(({held}) => held === 1, 'the request to be held');
    await room.release();
    await (await running).text();
    equal(session.stats().active, 0, 'active after');
  });

  const endings: Array<[string, (session: Session, given: Case) => Promise<unknown>]> = [
    ['a body is read', async (session, {room}) => (await session.fetch(room.url('/bytes'))).text()],
    [
      'a stream is read',
      async (session, {room}) => {
        const reader = ((await session.fetch(room.url('/bytes'))).body as ReadableStream).getReader();
        while (!(await reader.read()).done);
      },
    ],
    [
      'a body is cancelled',
      async (session, {room}) => (await session.fetch(room.url('/stall-body'))).body?.cancel(),
    ],
    [
      'a body fails',
      async (session, {room}) => {
        const response = await session.fetch(room.url('/reset-body'));
        await room.release();
        await rejection(response.text(), 'text()');
      },
    ],
    [
      'a request is aborted',
      async (session, {room}) => {
        const controller = new AbortController();
        const rejected = rejection(session.fetch(room.url('/stall'), {signal: controller.signal}), 'fetch');
        controller.abort();
        await rejected;
      },
    ],
    ['a request fails', async (session, {room}) => rejection(session.fetch(room.url('/reset')), 'fetch')],
    [
      'a connection is refused',
      async (session, {room}) => rejection(session.fetch(room.urlOn(room.server.refused, '/')), 'fetch'),
    ],
    [
      'a timeout passes',
      async (session, {room}) => rejection(session.fetch(room.url('/stall'), {timeout: 30}), 'fetch'),
    ],
    ['a response has no body', async (session, {room}) => session.fetch(room.url('/status', {code: 204}))],
    ['the request was HEAD', async (session, {room}) => session.fetch(room.url('/bytes'), {method: 'HEAD'})],
    [
      'a verb rejects',
      async (session, {room}) => rejection(session.get(room.url('/status', {code: 500})).text(), 'text()'),
    ],
    [
      'a redirect fails',
      async (session, {room}) =>
        rejection(session.fetch(room.url('/redirect'), {redirect: 'error'}), 'fetch'),
    ],
  ];
  for (const [what, end] of endings) {
    it(`stats() counts nothing active or queued once ${what}`, async (given) => {
      const session = given.open();
      await end(session, given);
      const {active, queued, idle, hosts} = session.stats();
      equal(active, 0, 'active');
      equal(queued, 0, 'queued');
      const left = Object.values(hosts).filter((host) => host.active + host.queued > 0);
      equal(left.length, 0, 'number of hosts with something active or queued');
      if (!can.sockets) equal(idle, 0, 'idle');
      await (await session.fetch(given.room.url('/echo'))).text();
    });
  }

  it('stats() counts calls, attempts, sent requests and errors', async ({open, room}) => {
    const session = open();
    await (await session.fetch(room.url('/redirect', {to: room.url('/echo')}))).text();
    await session.get(room.url('/echo')).text();
    await rejection(session.fetch(room.url('/reset'), {method: 'POST'}), 'fetch');
    const {totals} = session.stats();
    equal(totals.requests, 3, 'requests');
    equal(totals.attempts, 3, 'attempts');
    equal(totals.retries, 0, 'retries');
    equal(totals.errors, 1, 'errors');
    ok(totals.sent >= 3, `3 sent at least, not ${totals.sent}`);
  });

  it('stats() counts the bytes received', async ({open, room}) => {
    const session = open();
    await (await session.fetch(room.url('/bytes', {size: 100_000}))).text();
    equal(session.stats().totals.bytesReceived, 100_000, 'bytesReceived');
  });

  it('stats() forgets a host that has no request and no connection', async ({open, room}) => {
    const session = open({connector: {limit: 1}});
    for (const host of [0, 1, 2] as const) await (await session.fetch(room.url('/echo', {}, host))).text();
    await until(() => Object.keys(session.stats().hosts).length <= (can.sockets ? 1 : 0), 'the others to go');
  });
};
