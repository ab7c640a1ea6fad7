import type {FetchInit} from '../../session/fetch-call.ts';
import type {Session} from '../../session/session.ts';
import {equal, ok, rejection} from '../assert.ts';
import type {Topic} from '../case.ts';
import {sleep, until} from '../room.ts';

const reason = new Error('The caller has its reasons');

/** Checks that an abort frees everything at once, at any moment, and that the caller gets the reason of the signal unchanged. */
export const aborts: Topic = (it) => {
  it('a call whose signal is already aborted rejects with the reason, and sends nothing', async ({
    open,
    room,
  }) => {
    const session = open();
    const error = await rejection(
      session.fetch(room.url('/echo'), {signal: AbortSignal.abort(reason)}),
      'fetch',
    );
    equal(error, reason, 'what it rejects with');
    await sleep(20);
    equal((await room.stats()).arrivals.length, 0, 'number of requests that arrived');
    idle(session);
  });

  it('an abort right after the call rejects it with the reason', async ({open, room}) => {
    const session = open();
    const controller = new AbortController();
    const promise = session.fetch(room.url('/stall'), {signal: controller.signal});
    controller.abort(reason);
    equal(await rejection(promise, 'fetch'), reason, 'what it rejects with');
    idle(session);
  });

  it('a queued request that is aborted leaves the queue at once, and is never sent', async ({open, room}) => {
    const session = open({connector: {limit: 1}});
    const first = session.fetch(room.url('/hold'));
    const controller = new AbortController();
    const second = session.fetch(room.url('/echo', {label: 'second'}), {signal: controller.signal});
    const third = session.fetch(room.url('/echo', {label: 'third'}));
    equal(session.stats().queued, 2, 'queued before');
    const rejected = rejection(second, 'the second');
    controller.abort(reason);
    equal(session.stats().queued, 1, 'queued at once after');
    equal(await rejected, reason, 'what it rejects with');
    await room.until(({held}) => held === 1, 'the first to be held');
    await room.release();
    equal(await (await first).text(), 'released', 'the first');
    equal((await third).status, 200, 'status of the third');
    ok(!(await room.stats()).arrivals.includes('second'), 'the second not to arrive');
  });

  it('a request that is aborted in the turn in which it gets a slot passes the slot on', async ({
    open,
    room,
  }) => {
    const session = open({connector: {limit: 1}});
    const first = await session.fetch(room.url('/status', {text: 'first'}));
    const controller = new AbortController();
    const second = session.fetch(room.url('/stall'), {signal: controller.signal});
    const third = session.fetch(room.url('/status', {text: 'third'}));
    const rejected = rejection(second, 'the second');
    const ended = first.text().then((text) => {
      controller.abort(reason);
      return text;
    });
    equal(await ended, 'first', 'the first');
    equal(await rejected, reason, 'what the second rejects with');
    equal(await (await third).text(), 'third', 'the third');
    idle(session);
  });

  it('an abort before the response head frees the slot at once, and closes the connection', async ({
    open,
    room,
  }) => {
    const session = open();
    const controller = new AbortController();
    const promise = session.fetch(room.url('/stall'), {signal: controller.signal});
    const rejected = rejection(promise, 'fetch');
    await room.until(({active}) => active === 1, 'the request to arrive');
    controller.abort(reason);
    equal(session.stats().active, 0, 'active at once after');
    equal(await rejected, reason, 'what it rejects with');
    await room.until(({cut}) => cut === 1, 'the server to see the connection cut');
  });

  it('an abort while the body is read frees the slot at once, and closes the connection', async ({
    open,
    room,
  }) => {
    const session = open();
    const controller = new AbortController();
    const response = await session.fetch(room.url('/stall-body'), {signal: controller.signal});
    const rejected = rejection(response.text(), 'text()');
    controller.abort(reason);
    equal(session.stats().active, 0, 'active at once after');
    equal(await rejected, reason, 'what it rejects with');
    await room.until(({cut}) => cut === 1, 'the server to see the connection cut');
  });

  it('an abort between two reads of the body fails every later read', async ({open, room}) => {
    const session = open();
    const controller = new AbortController();
    const response = await session.fetch(room.url('/stall-body'), {signal: controller.signal});
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    equal((await reader.read()).value?.length, 5, 'size of the first chunk');
    controller.abort(reason);
    equal(await rejection(reader.read(), 'read()'), reason, 'what it rejects with');
    equal(await rejection(reader.read(), 'read() again'), reason, 'what it rejects with again');
    idle(session);
  });

  it('an abort before the body is read frees the slot at once, and fails the read', async ({open, room}) => {
    const session = open();
    const controller = new AbortController();
    const response = await session.fetch(room.url('/stall-body'), {signal: controller.signal});
    controller.abort(reason);
    equal(session.stats().active, 0, 'active at once after');
    equal(await rejection(response.text(), 'text()'), reason, 'what it rejects with');
  });

  it('an abort fails the clone of a response as well as the response', async ({open, room}) => {
    const controller = new AbortController();
    const response = await open().fetch(room.url('/stall-body'), {signal: controller.signal});
    const clone = response.clone();
    const texts = [rejection(response.text(), 'text()'), rejection(clone.text(), 'text() of the clone')];
    await sleep(10);
    controller.abort(reason);
    for (const error of await Promise.all(texts)) equal(error, reason, 'what it rejects with');
  });

  it('an abort after a redirect rejects the call with the reason', async ({open, room}) => {
    const session = open();
    const controller = new AbortController();
    const url = room.url('/redirect', {hops: 1, to: room.url('/stall')});
    const rejected = rejection(session.fetch(url, {signal: controller.signal}), 'fetch');
    await room.until(({arrivals}) => arrivals.length === 3, 'the end of the redirects');
    controller.abort(reason);
    equal(await rejected, reason, 'what it rejects with');
    idle(session);
  });

  it('an abort after the end of a call changes nothing', async ({open, room}) => {
    const controller = new AbortController();
    const response = await open().fetch(room.url('/status', {text: 'text'}), {signal: controller.signal});
    equal(await response.text(), 'text', 'text');
    controller.abort(reason);
    await sleep(10);
    equal(response.status, 200, 'status');
  });

  it('a call rejects with the reason of its signal unchanged, whatever value the reason is', async ({
    open,
    room,
  }) => {
    const session = open();
    for (const value of ['a string', 0, null]) {
      const controller = new AbortController();
      const rejected = rejection(session.fetch(room.url('/stall'), {signal: controller.signal}), 'fetch');
      controller.abort(value);
      equal(await rejected, value, 'what it rejects with');
    }
  });

  it('an abort without a reason rejects the call with an AbortError', async ({open, room}) => {
    const controller = new AbortController();
    const rejected = rejection(open().fetch(room.url('/stall'), {signal: controller.signal}), 'fetch');
    controller.abort();
    const error = (await rejected) as DOMException;
    equal(error, controller.signal.reason, 'what it rejects with');
    equal(error.name, 'AbortError', 'name');
  });

  it('an abort by AbortSignal.timeout rejects the call with the reason of the signal', async ({
    open,
    room,
  }) => {
    const signal = AbortSignal.timeout(50);
    const error = await rejection(open().fetch(room.url('/stall'), {signal}), 'fetch');
    equal(error, signal.reason, 'what it rejects with');
  });

  it('an abort of the signal of a Request rejects the call with the reason', async ({open, room}) => {
    const controller = new AbortController();
    const request = new Request(room.url('/stall'), {signal: controller.signal});
    const rejected = rejection(open().fetch(request), 'fetch');
    await room.until(({active}) => active === 1, 'the request to arrive');
    controller.abort(reason);
    equal(await rejected, reason, 'what it rejects with');
  });

  it('an abort of a verb rejects it with the reason', async ({open, room}) => {
    const session = open();
    const controller = new AbortController();
    const rejected = rejection(session.get(room.url('/stall'), {signal: controller.signal}).json(), 'json()');
    await room.until(({active}) => active === 1, 'the request to arrive');
    controller.abort(reason);
    equal(await rejected, reason, 'what it rejects with');
    idle(session);
  });

  it('a call leaves no listener on a signal that outlives it', async ({open, room}) => {
    const session = open();
    const {signal, listeners} = countedSignal();
    const init: FetchInit = {signal};
    await (await session.fetch(room.url('/status'), init)).text();
    await rejection(session.fetch(room.url('/reset'), init), 'fetch');
    const response = await session.fetch(room.url('/hold-body'), init);
    await response.body?.cancel();
    await until(() => listeners() === 0, 'the last listener to go');
  });
};

function idle(session: Session): void {
  const {active, queued} = session.stats();
  equal(active, 0, 'active');
  equal(queued, 0, 'queued');
}

function countedSignal(): {signal: AbortSignal; listeners(): number} {
  const {signal} = new AbortController();
  const listeners = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = ((type: string, listener: EventListener, options?: AddEventListenerOptions) => {
    listeners.add(listener);
    add(type, listener, options);
  }) as typeof signal.addEventListener;
  signal.removeEventListener = ((type: string, listener: EventListener) => {
    listeners.delete(listener);
    remove(type, listener);
  }) as typeof signal.removeEventListener;
  return {signal, listeners: () => listeners.size};
}
