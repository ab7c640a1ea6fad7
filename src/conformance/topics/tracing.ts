import type {TraceEvent, TraceListener} from '../../core/trace.ts';
import {recordTimings, timings} from '../../tracing/timings.ts';
import {equal, ok, rejection, same} from '../assert.ts';
import type {Topic} from '../case.ts';

function record(): {readonly listener: TraceListener; readonly events: TraceEvent[]} {
  const events: TraceEvent[] = [];
  return {events, listener: (event) => events.push(event)};
}

const typesOf = (events: readonly TraceEvent[]) => events.map(({type}) => type);

/** The events that every connector emits, in order. Some connectors emit others in between. */
const outline = new Set<TraceEvent['type']>([
  'requestStart',
  'attemptStart',
  'requestRedirect',
  'responseHeadersReceived',
  'attemptEnd',
  'requestEnd',
  'requestError',
]);

const outlineOf = (events: readonly TraceEvent[]) => typesOf(events).filter((type) => outline.has(type));

/** Checks that trace listeners get every event that the connector can observe, in order, and that the timings add up. */
export const tracing: Topic = (it, can) => {
  it('a listener gets the events of a call in order, from its start to its end', async ({open, room}) => {
    const {listener, events} = record();
    await (await open({trace: [listener]}).fetch(room.url('/bytes', {size: 50_000}))).text();
    const whole = ['requestStart', 'attemptStart', 'responseHeadersReceived', 'attemptEnd', 'requestEnd'];
    same(outlineOf(events), whole, 'signals');
    equal(new Set(events.map(({call}) => call)).size, 1, 'number of calls');
    for (const [index, {time}] of events.entries())
      ok(time >= (events[index - 1]?.time ?? 0), 'times in order');
    let received = 0;
    for (const event of events) if (event.type === 'responseChunkReceived') received += event.bytes;
    equal(received, 50_000, 'bytes received');
  });

  it('a listener gets each redirect that the connector follows itself, within the attempt', async ({
    open,
    room,
  }) => {
    const {listener, events} = record();
    const session = open({trace: [listener]});
    await (await session.fetch(room.url('/redirect', {to: room.url('/echo')}))).text();
    const seen = typesOf(events).filter((type) => type === 'requestRedirect').length;
    equal(seen, can.manualRedirect ? 1 : 0, 'redirects');
    equal(typesOf(events).filter((type) => type === 'attemptStart').length, 1, 'attempts');
  });

  it('a listener gets the same error as the caller when a call fails', async ({open, room}) => {
    const {listener, events} = record();
    const session = open({trace: [listener]});
    const error = await rejection(session.fetch(room.url('/reset'), {method: 'POST'}), 'fetch');
    same(outlineOf(events), ['requestStart', 'attemptStart', 'attemptEnd', 'requestError'], 'signals');
    for (const event of events) if ('error' in event) equal(event.error, error, `error of ${event.type}`);
  });

  it('a listener gets the error with which a body fails', async ({open, room}) => {
    const {listener, events} = record();
    const response = await open({trace: [listener]}).fetch(room.url('/reset-body'));
    await room.release();
    const error = await rejection(response.text(), 'text()');
    const last = events.at(-1);
    equal(last?.type, 'requestError', 'last signal');
    if (last?.type === 'requestError') equal(last.error, error, 'error');
  });

  it('a listener gets the wait for a slot, and the end of the call when it is aborted there', async ({
    open,
    room,
  }) => {
    const {listener, events} = record();
    const session = open({connector: {limit: 1}, trace: [listener]});
    const controller = new AbortController();
    const first = session.fetch(room.url('/hold'));
    const second = session.fetch(room.url('/echo'));
    const third = rejection(session.fetch(room.url('/echo'), {signal: controller.signal}), 'fetch');
    controller.abort();
    await third;
    await room.until(({held}) => held === 1, 'the request to be held');
    await room.release();
    await (await first).text();
    await (await second).text();
    const [, queued, aborted] = [...Map.groupBy(events, ({call}) => call.id).values()];
    const waits = (own: readonly TraceEvent[] = []) => typesOf(own).filter((type) => type.includes('Queued'));
    same(waits(queued), ['connectionQueuedStart', 'connectionQueuedEnd'], 'signals of the second');
    same(waits(aborted), ['connectionQueuedStart'], 'signals of the third');
    same(outlineOf(aborted ?? []).slice(-2), ['attemptEnd', 'requestError'], 'last signals of the third');
  });

  it('the phases of a call add up to its total, and each attempt is recorded', async ({open, room}) => {
    const session = open({trace: [recordTimings()], retry: {retries: 1, minDelay: 0}});
    const response = await session.fetch(room.url('/status', {code: 503}));
    await response.text();
    const found = timings(response);
    ok(found?.ended, 'timings of a call that is over');
    const {queued, dns, connect, tls, send, wait, receive, rateLimited, backoff, other, total} = found;
    const sum = queued + dns + connect + tls + send + wait + receive + rateLimited + backoff + other;
    ok(Math.abs(sum - total) < 0.001, `phases of ${total} ms in all, not ${sum}`);
    same(
      found.attempts.map(({attempt, status}) => [attempt, status]),
      [
        [1, 503],
        [2, 503],
      ],
      'attempts',
    );
  });

  it('a listener can set headers until the request is sent', async ({open, room}) => {
    const trace: TraceListener[] = [
      {attemptStart: (_event, {request}) => request?.headers.set('x-own', 'set')},
    ];
    const {headers} = await open({trace}).get(room.url('/echo')).json<{headers: Record<string, string>}>();
    equal(headers['x-own'], 'set', 'x-own');
  });

  if (can.sockets) {
    it('a listener learns which connections are opened and which are reused', async ({open, room}) => {
      const {listener, events} = record();
      const session = open({trace: [listener]});
      for (let index = 0; index < 2; index++) await (await session.fetch(room.url('/echo'))).text();
      const connections = typesOf(events).filter((type) => type.startsWith('connection'));
      same(connections, ['connectionCreateStart', 'connectionCreateEnd', 'connectionReuse'], 'signals');
    });
  }
};
