import {setImmediate as afterIo} from 'node:timers/promises';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {mockConnector} from '../../src/connectors/mock.ts';
import {
  circuitBreakerPolicy,
  createSession,
  eventSource,
  gather,
  logCalls,
  recordTimings,
  type SessionOptions,
} from '../../src/index.ts';
import {expectNoUnhandledRejections} from '../support/unhandled-rejections.ts';

expectNoUnhandledRejections();

// A listener may be an async function, or return the promise of a logger. Its rejection must not end the process.
describe('a listener that returns a promise which rejects', () => {
  const url = 'https://api.test/';
  const failure = new Error('the log is full');
  /** Makes a listener. Each is reported once, so that every test needs its own. */
  const rejecting = () => async (): Promise<void> => {
    throw failure;
  };
  const told = vi.spyOn(console, 'error');

  beforeEach(() => void told.mockReset().mockImplementation(() => undefined));
  afterEach(() => void told.mockReset());

  async function callWith(options: SessionOptions, call: object = {}): Promise<void> {
    const connector = mockConnector(() => new Response('text', {status: 200}));
    await using session = createSession({...options, connector});
    expect(await session.post(url, {body: 'body', ...call}).text()).toBe('text');
    expect(await session.post(url, {body: 'body', ...call}).text()).toBe('text');
  }

  it.each<[name: string, options: SessionOptions, call?: object]>([
    ['a trace listener', {trace: [rejecting()]}],
    ['a trace listener for one signal', {trace: [{requestEnd: rejecting()}]}],
    ['the trace listener of a call', {}, {trace: [rejecting()]}],
    ['logCalls with a function', {trace: [logCalls(rejecting())]}],
    [
      'logCalls with a logger',
      {trace: [logCalls({info: rejecting(), warn: () => undefined, error: () => undefined})]},
    ],
    ['recordTimings', {trace: [recordTimings(rejecting())]}],
    ['onDownloadProgress', {}, {onDownloadProgress: rejecting()}],
    ['onUploadProgress', {}, {onUploadProgress: rejecting()}],
  ])('%s is reported once, and the calls go on', async (_name, options, call) => {
    await callWith(options, call);
    await afterIo();
    expect(told.mock.calls).toEqual([['A listener failed:', failure]]);
  });

  it('onStateChange of a circuit breaker is reported once, and the circuit opens', async () => {
    const connector = mockConnector(() => new Response('', {status: 503}));
    const breaker = circuitBreakerPolicy({minimum: 1, failures: 0.1, onStateChange: rejecting()});
    await using session = createSession({connector, policies: [breaker]});
    await session.fetch(url);
    await expect(session.fetch(url)).rejects.toMatchObject({code: 'ERR_CIRCUIT_OPEN'});
    await afterIo();
    expect(told.mock.calls).toEqual([['A listener failed:', failure]]);
  });

  it('onReconnect of an event source is reported once, and the loop goes on', async () => {
    const answers = [
      () => Response.error(),
      () => new Response('data: a\n\n', {headers: {'content-type': 'text/event-stream'}}),
    ];
    const connector = mockConnector(() => (answers.shift() as () => Response)());
    await using session = createSession({connector});
    const events = eventSource(session, url, {reconnectDelay: 1, onReconnect: rejecting()});
    expect((await events.next()).value).toMatchObject({data: 'a'});
    await events.return?.();
    expect(told.mock.calls).toEqual([['A listener failed:', failure]]);
  });

  it('onProgress of gather fails the run, as one that throws does', async () => {
    const inputs = [1, 2, 3];
    await expect(gather(inputs, async (input) => input, {onProgress: rejecting()})).rejects.toBe(failure);
  });
});
