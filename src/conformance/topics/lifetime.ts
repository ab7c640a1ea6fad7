import {equal, ok, rejection, typedRejection} from '../assert.ts';
import type {Topic} from '../case.ts';
import {until} from '../room.ts';

const closed = {name: 'SessionClosedError', code: 'ERR_SESSION_CLOSED'};

/** Checks that sessions and connectors close in order, and are destroyed at once. */
export const lifetime: Topic = (it) => {
  it('close() of a session that did nothing resolves, and can be repeated', async ({open}) => {
    const session = open();
    equal(session.closed, false, 'closed before');
    await session.close();
    equal(session.closed, true, 'closed after');
    await session.close();
    await session.destroy();
  });

  it('close() refuses new calls, and lets active ones finish', async ({open, room}) => {
    const session = open();
    const running = session.fetch(room.url('/hold'));
    await room.until(({held}) => held === 1, 'the request to be held');
    let isClosed = false;
    const closing = session.close().then(() => {
      isClosed = true;
    });
    await typedRejection(session.fetch(room.url('/echo')), 'a call after close', closed);
    await typedRejection(session.get(room.url('/echo')).text(), 'a verb after close', closed);
    equal(isClosed, false, 'closed before the end');
    await room.release();
    equal(await (await running).text(), 'released', 'the one under way');
    await closing;
    equal((await room.stats()).arrivals.length, 1, 'number of requests that arrived');
  });

  it('close() waits for the end of a body that is being read', async ({open, room}) => {
    const session = open();
    const response = await session.fetch(room.url('/hold-body'));
    const text = response.text();
    let isClosed = false;
    const closing = session.close().then(() => {
      isClosed = true;
    });
    await room.until(({held}) => held === 1, 'the body to be held');
    equal(isClosed, false, 'closed before the end of the body');
    await room.release();
    equal(await text, '.....released', 'text');
    await closing;
  });

  it('close() lets queued requests run', async ({open, room}) => {
    const session = open({connector: {limit: 1}});
    const all = [1, 2, 3].map(async () => (await session.fetch(room.url('/delay', {ms: 10}))).text());
    await session.close();
    for (const text of await Promise.all(all)) equal(text, 'late', 'text');
  });

  it('close() with a timeout ends active and queued calls when it passes', async ({open, room}) => {
    const session = open({connector: {limit: 1}});
    const running = rejection(session.fetch(room.url('/stall')), 'the one under way');
    const queued = typedRejection(session.fetch(room.url('/echo')), 'the queued one', closed);
    await session.close({timeout: 50});
    equal(((await running) as Error).name, 'SessionClosedError', 'what the one under way rejects with');
    await queued;
  });

  it('close() does not wait for a response that nobody reads', async ({open, room}) => {
    const session = open();
    const response = await session.fetch(room.url('/stall-body'));
    await session.close();
    await typedRejection(response.text(), 'text()', closed);
  });

  it('destroy() rejects queued calls, active calls and reads at once', async ({open, room}) => {
    const session = open({connector: {limit: 2}});
    const cause = new Error('No more');
    const response = await session.fetch(room.url('/stall-body'));
    const reading = typedRejection(response.text(), 'the body being read', {...closed, cause});
    const running = typedRejection(session.fetch(room.url('/stall')), 'the one under way', {
      ...closed,
      cause,
    });
    const queued = typedRejection(session.fetch(room.url('/echo')), 'the queued one', {...closed, cause});
    await room.until(({active}) => active === 2, 'two requests to arrive');
    const destroyed = session.destroy(cause);
    const {active, queued: waiting} = session.stats();
    equal(active + waiting, 0, 'active and queued at once after');
    await Promise.all([destroyed, reading, running, queued]);
    equal(session.closed, true, 'closed');
    await typedRejection(session.fetch(room.url('/echo')), 'a call after destroy', closed);
    await room.until(({cut}) => cut === 2, 'the server to see both connections cut');
  });

  it('destroy() ends a close() that is waiting', async ({open, room}) => {
    const session = open();
    const running = typedRejection(session.fetch(room.url('/stall')), 'the one under way', closed);
    const closing = session.close();
    await session.destroy();
    await Promise.all([running, closing]);
  });

  it('a connector that was passed in outlives the session', async ({open, connect, room}) => {
    const connector = connect();
    const first = open({connector});
    await (await first.fetch(room.url('/echo'))).text();
    await first.close();
    const second = open({connector});
    equal((await second.fetch(room.url('/echo'))).status, 200, 'status by another session');
    await second.destroy();
    equal((await open({connector}).fetch(room.url('/echo'))).status, 200, 'status by a third');
  });

  it('a connector that a session made closes with it, and with it the child sessions', async ({
    open,
    room,
  }) => {
    const parent = open();
    const child = parent.extend({});
    await child.close();
    equal((await parent.fetch(room.url('/echo'))).status, 200, 'status by the parent, after the child');
    const other = parent.extend({});
    await parent.close();
    await typedRejection(other.fetch(room.url('/echo')), 'a call by a child, after the parent', closed);
  });

  it('close() of a connector waits for active calls, and destroy() ends them', async ({
    open,
    connect,
    room,
  }) => {
    const connector = connect();
    const session = open({connector});
    const running = session.fetch(room.url('/hold'));
    await room.until(({held}) => held === 1, 'the request to be held');
    const closing = connector.close();
    await typedRejection(session.fetch(room.url('/echo')), 'a call after close', closed);
    await room.release();
    equal(await (await running).text(), 'released', 'the one under way');
    await closing;

    const another = connect();
    const cut = rejection(open({connector: another}).fetch(room.url('/stall')), 'the one under way');
    const reason = new Error('No more');
    await another.destroy(reason);
    equal(await cut, reason, 'what it rejects with');
  });

  it('Symbol.asyncDispose closes a session and a connector', async ({open, connect, room}) => {
    const session = open();
    const text = session.fetch(room.url('/delay', {ms: 20})).then((response) => response.text());
    // A call rather than `await using`, which not every runtime supports.
    await session[Symbol.asyncDispose]();
    equal(await text, 'late', 'text');
    equal(session.closed, true, 'closed');
    const connector = connect();
    await connector[Symbol.asyncDispose]();
    await typedRejection(open({connector}).fetch(room.url('/echo')), 'a call after that', closed);
  });

  it('a destroyed session leaves nothing active, queued or idle', async ({open, room}) => {
    const session = open({connector: {limit: 2}});
    const settled = Promise.allSettled(
      ['/stall', '/stall-body', '/echo', '/reset', '/hold'].map(async (path) => {
        const response = await session.fetch(room.url(path));
        return response.text();
      }),
    );
    await until(() => session.stats().active === 2, 'two to run');
    await session.destroy();
    await settled;
    const {active, queued, idle, hosts} = session.stats();
    equal(active + queued + idle, 0, 'active, queued and idle');
    ok(Object.keys(hosts).length === 0, 'no host in stats');
  });
};
