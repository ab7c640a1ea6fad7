import {AsyncLocalStorage} from 'node:async_hooks';
import type {ChannelListener} from 'node:diagnostics_channel';
import {subscribe, unsubscribe} from 'node:diagnostics_channel';
import {expect, it, onTestFinished, vi} from 'vitest';
import {defaultConnector} from '../../../src/connectors/default/node.ts';
import {createSession, type TraceEvent} from '../../../src/index.ts';
import {startServer} from '../../support/http-server.ts';
import {openSession} from '../../support/open-session.ts';

function listenTo(type: string, listener: ChannelListener): void {
  subscribe(`aiofetch:${type}`, listener);
  onTestFinished(() => void unsubscribe(`aiofetch:${type}`, listener));
}

it('a subscriber gets the events of a trace listener, with the original request and response', async () => {
  const server = await startServer((_request, response) => response.end('x'));
  const messages: Array<Record<string, unknown>> = [];
  const types = ['requestStart', 'attemptStart', 'connectionCreateEnd', 'responseStart', 'requestEnd'];
  for (const type of types) listenTo(type, (message) => messages.push(message as Record<string, unknown>));
  const events: TraceEvent[] = [];
  const {session} = openSession({}, {trace: [(event) => events.push(event)]});
  const response = await session.fetch(`${server.origin}/path?secret=1`);
  await response.text();
  expect(messages.map(({type}) => type)).toEqual(types);
  for (const message of messages) {
    const {request: _request, response: _response, ...event} = message;
    expect(events.map(({time, ...rest}) => rest)).toContainEqual({...event, time: undefined});
  }
  expect(messages[1]?.['request']).toMatchObject({url: `${server.origin}/path?secret=1`, method: 'GET'});
  expect(messages[3]?.['response']).toBe(response);
});

it('a subscriber can set request headers, as tracing tools do to propagate their context', async () => {
  const server = await startServer((request, response) => response.end(request.headers['x-trace-id']));
  listenTo('attemptStart', (message) => {
    const {request, attempt} = message as {request: {headers: Headers}; attempt: number};
    request.headers.set('x-trace-id', `t${attempt}`);
  });
  const {session} = openSession();
  expect(await session.get(server.origin).text()).toBe('t1');
});

it('a subscriber gets the start of a call in the async context of its caller', async () => {
  const server = await startServer((_request, response) => response.end('x'));
  const context = new AsyncLocalStorage<string>();
  const heard: unknown[] = [];
  listenTo('requestStart', () => heard.push(context.getStore()));
  const {session} = openSession();
  await context.run('mine', async () => (await session.fetch(server.origin)).text());
  await context.run('verb', async () => session.get(server.origin).text());
  expect(heard).toEqual(['mine', 'verb']);
});

it('the default connector publishes as well', async () => {
  const server = await startServer((_request, response) => response.end('x'));
  const heard = vi.fn();
  listenTo('requestEnd', heard);
  await using session = createSession({connector: defaultConnector({limit: 1})});
  await session.get(server.origin).text();
  expect(heard).toHaveBeenCalledOnce();
  expect(heard.mock.calls[0]?.[0]).toMatchObject({type: 'requestEnd', status: 200});
  await session.close();
});

it('nothing is traced before the first subscription and after the last one ends', async () => {
  const server = await startServer((_request, response) => response.end('x'));
  const {session, connector} = openSession();
  const fetch = vi.spyOn(connector, 'fetch');
  await session.get(server.origin).text();
  const listener = () => undefined;
  subscribe('aiofetch:tlsEnd', listener);
  await session.get(server.origin).text();
  unsubscribe('aiofetch:tlsEnd', listener);
  await session.get(server.origin).text();
  expect(fetch.mock.calls.map(([{lifetime}]) => lifetime.trace !== undefined)).toEqual([false, true, false]);
});

it('no event is created for a signal without a subscriber', async () => {
  const server = await startServer((_request, response) => response.end('x'));
  listenTo('tlsEnd', () => undefined);
  const {session} = openSession();
  const clock = vi.spyOn(performance, 'now');
  const readings: number[] = [];
  for (const type of [undefined, 'requestEnd', 'responseStart']) {
    if (type !== undefined) listenTo(type, () => undefined);
    await session.get(server.origin).text();
    clock.mockClear();
    await session.get(server.origin).text();
    readings.push(clock.mock.calls.length);
  }
  clock.mockRestore();
  const [none = 0] = readings;
  expect(readings).toEqual([none, none + 1, none + 2]);
});
