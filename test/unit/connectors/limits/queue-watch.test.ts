import {beforeEach, describe, expect, it, onTestFinished, vi} from 'vitest';
import type {ConnectorOptions, Session, TraceEvent} from '../../../../src/index.ts';
import {createConnector, createSession, iterEvents, TimeoutError} from '../../../../src/index.ts';
import {rejection} from '../../../support/mock-session.ts';

beforeEach(() => {
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance']});
  onTestFinished(() => void vi.useRealTimers());
});

const capabilities = {sockets: false, connectTimeout: false, requestStreams: false, manualRedirect: false};

/** A body that never ends, beyond what is buffered. */
function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: (controller) => controller.enqueue(new TextEncoder().encode('data: 1\n\n'.repeat(10_000))),
  });
}

function open(options: ConnectorOptions): Session & {readonly events: TraceEvent[]} {
  const events: TraceEvent[] = [];
  const send = async ({url}: {readonly url: string}) =>
    new Response(url.endsWith('/endless') ? endless() : 'answer', {
      headers: {'content-type': 'text/event-stream'},
    });
  const connector = createConnector({name: 'fake', capabilities, send}, options);
  const session = createSession({connector, retry: false, trace: [(event) => events.push(event)]});
  onTestFinished(async () => {
    await session.destroy();
    await connector.destroy();
  });
  return Object.assign(session, {events});
}

/** Each check of the queue is a second after the one before, and a first one begins to count. */
const late = 2_000;

describe('unreadTimeout', () => {
  it('gives up a body that nobody has begun to read for 60 s while another request waits for its slot', async () => {
    const session = open({limit: 2});
    const unread = [
      await session.fetch('http://a.test/endless'),
      await session.fetch('http://b.test/endless'),
    ];
    const waiting = session.get('http://c.test/').text();
    await vi.advanceTimersByTimeAsync(60_000 - 1);
    expect(session.stats()).toMatchObject({active: 2, queued: 1});
    await vi.advanceTimersByTimeAsync(late + 1);
    expect(await waiting).toBe('answer');
    const error = await rejection((unread[0] as Response).text());
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({phase: 'unread', limit: 60_000, code: 'ERR_TIMEOUT'});
    expect(String(error)).toContain('unread timeout of 60000 ms ran out (GET http://a.test/endless)');
    // No other request waits: the other body is left alone.
    expect(session.stats()).toMatchObject({active: 1, queued: 0});
    await unread[1]?.body?.cancel();
  });

  it('leaves unread bodies alone while no request waits, or while none waits for their slots', async () => {
    const session = open({limitPerHost: 1});
    const alone = await session.fetch('http://a.test/endless');
    await vi.advanceTimersByTimeAsync(300_000);
    const unread = await session.fetch('http://b.test/endless');
    const waiting = session.get('http://b.test/').text();
    await vi.advanceTimersByTimeAsync(60_000 + late);
    expect(await waiting).toBe('answer');
    expect(await rejection(unread.text())).toMatchObject({phase: 'unread'});
    await alone.body?.cancel();
    expect(session.stats()).toMatchObject({active: 0});
  });

  it('counts from the moment when another request began to wait', async () => {
    const session = open({limit: 1});
    const unread = await session.fetch('http://a.test/endless');
    await vi.advanceTimersByTimeAsync(300_000);
    const waiting = session.get('http://a.test/').text();
    await vi.advanceTimersByTimeAsync(59_000);
    expect(session.stats()).toMatchObject({active: 1, queued: 1});
    await unread.body?.cancel();
    expect(await waiting).toBe('answer');
  });

  it('never gives up an event stream that is being read', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const session = open({limit: 1});
    const events = iterEvents(await session.fetch('http://a.test/endless'));
    expect((await events.next()).value).toMatchObject({data: '1'});
    const waiting = session.get('http://a.test/').text();
    await vi.advanceTimersByTimeAsync(600_000);
    expect((await events.next()).value).toMatchObject({data: '1'});
    await events.return?.();
    expect(await waiting).toBe('answer');
  });

  it.each([0, false, Infinity] as const)('of %s gives up none', async (unreadTimeout) => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const session = open({limit: 1, unreadTimeout});
    const unread = await session.fetch('http://a.test/endless');
    const waiting = session.get('http://a.test/').text();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(session.stats()).toMatchObject({active: 1, queued: 1});
    await unread.body?.cancel();
    expect(await waiting).toBe('answer');
  });

  it('is checked when the connector is made', () => {
    expect(() =>
      createConnector({name: 'fake', capabilities, send: async () => new Response()}, {unreadTimeout: -1}),
    ).toThrow(/connector\.unreadTimeout.*-1/);
  });
});

describe('a queue in which nothing has moved for 30 s', () => {
  it('says so once: by a warning and by a signal with the hosts that hold the slots', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const session = open({limit: 2, unreadTimeout: false});
    const held = [await session.fetch('http://a.test/endless'), await session.fetch('http://b.test/endless')];
    const waiting = ['http://c.test/', 'http://c.test/'].map((url) => session.get(url).text());
    await vi.advanceTimersByTimeAsync(29_000);
    expect(warn).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(600_000);
    const held1 = {active: 1, queued: 0, idle: 0};
    const hosts = {
      'http://a.test': held1,
      'http://b.test': held1,
      'http://c.test': {active: 0, queued: 2, idle: 0},
    };
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/no request got a slot for 30 s/), hosts]]);
    const signals = session.events.filter(({type}) => type === 'connectionQueuedLong');
    expect(signals).toEqual([expect.objectContaining({hosts, attempt: 1})]);
    for (const response of held) await response.body?.cancel();
    expect(await Promise.all(waiting)).toEqual(['answer', 'answer']);
  });

  it('a queue that moves, however slowly, says nothing', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const session = open({limit: 1});
    let last = await session.fetch('http://a.test/endless');
    const waiting = Array.from({length: 4}, () => session.fetch('http://a.test/endless'));
    for (const next of waiting) {
      await vi.advanceTimersByTimeAsync(25_000);
      await last.body?.cancel();
      last = await next;
    }
    await last.body?.cancel();
    expect(warn).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});
