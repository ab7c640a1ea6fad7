import {describe, expect, it, vi} from 'vitest';
import {Exchange} from '../../../src/connectors/undici/exchange.ts';
import {Pool} from '../../../src/connectors/undici/pool/pool.ts';
import type {PoolConnection} from '../../../src/connectors/undici/pool/pool-host.ts';
import {Lifetime} from '../../../src/core/call-lifetime.ts';
import {FlatHeaderList} from '../../../src/core/flat-header-list.ts';
import {ConnectorRequest} from '../../../src/core/request.ts';
import {expectNoUnhandledRejections} from '../../support/unhandled-rejections.ts';

expectNoUnhandledRejections();

const headersOf = (...texts: string[]) => texts.map((text) => Buffer.from(text));
const ignore = () => undefined;

/** A pool that never opens a connection: the test hands the exchange a connection that does nothing. */
function startExchange() {
  const pool = new Pool({
    limit: 10,
    limitPerHost: 10,
    unreadTimeout: undefined,
    connectTimeout: undefined,
    life: {} as never,
    maxHeaderSize: 16_384,
    resourceTiming: false,
    dial: {} as never,
    proxies: undefined,
  });
  const opened: Array<{connected(connection: PoolConnection): void}> = [];
  vi.spyOn(pool, 'open').mockImplementation((member) => void opened.push(member));
  vi.spyOn(pool, 'cancel').mockImplementation(ignore);
  vi.spyOn(pool, 'putBack').mockImplementation(ignore);
  const lifetime = new Lifetime();
  const request = new ConnectorRequest({
    url: 'http://events.test/',
    method: 'PUT',
    headers: new FlatHeaderList(),
    body: 'body',
    lifetime,
    timeouts: {read: 60_000},
    transfer: {expectContinue: 60_000} as never,
  });
  const outcomes: string[] = [];
  const exchange = new Exchange(
    pool,
    request,
    (response) => {
      outcomes.push('resolved');
      // Read, so that a body that fails has a reader that handles the failure.
      response.text().catch(ignore);
    },
    () => void outcomes.push('rejected'),
  );
  const connection = {
    sent: 0,
    isLast: false,
    isFlushed: true,
    wasIdle: false,
    isRetired: false,
    error: undefined,
    dispatch: ignore,
    dispatchExpectContinue: ignore,
    keepEarlyResponse: ignore,
    startReadTimer: ignore,
    stopReadTimer: ignore,
    paused: ignore,
    resumed: ignore,
    destroy: ignore,
  } as unknown as PoolConnection;
  exchange.start();
  opened[0]?.connected(connection);
  return {exchange, lifetime, outcomes, pool};
}

type Started = ReturnType<typeof startExchange>;
type Step = (started: Started) => unknown;

const connect: Step = ({exchange}) => exchange.onConnect(ignore);
const head =
  (status: number, ...headers: string[]): Step =>
  ({exchange}) =>
    exchange.onHeaders(status, headersOf(...headers), ignore, '');
const data: Step = ({exchange}) => exchange.onData(Buffer.from('data'));
const complete: Step = ({exchange}) => exchange.onComplete();
const fail: Step = ({exchange}) => exchange.onError(new Error('The connection failed'));
const abort: Step = ({lifetime}) => lifetime.abort(new Error('The caller left'));

const states: ReadonlyArray<readonly [string, readonly Step[]]> = [
  ['dispatched', []],
  ['written', [connect]],
  ['answered with 100', [connect, head(100)]],
  ['sent', [connect, head(100), ({exchange}) => exchange.onRequestSent()]],
  ['receiving', [connect, head(200)]],
  ['receiving data', [connect, head(200), data]],
  ['without a body', [connect, head(204)]],
  ['discarding a redirect', [connect, head(303, 'location', '/other')]],
  ['discarding a 417', [connect, head(417)]],
  ['complete', [connect, head(200), complete]],
  ['complete after a redirect', [connect, head(303, 'location', '/other'), complete]],
  ['failed', [connect, fail]],
  ['failed while receiving', [connect, head(200), fail]],
  ['failed while discarding', [connect, head(303, 'location', '/other'), fail]],
  ['aborted', [connect, abort]],
  ['aborted while receiving', [connect, head(200), abort]],
  ['switched protocols', [connect, head(101)]],
];

const events: ReadonlyArray<readonly [string, Step]> = [
  [
    'onConnect',
    (started) => {
      // With this throw, undici gives up a request that is over, and keeps its connection.
      if (started.outcomes.length > 0) expect(() => connect(started)).toThrow('aborted');
    },
  ],
  ['onBodySent', ({exchange}) => exchange.onBodySent('chunk')],
  ['onRequestSent', ({exchange}) => exchange.onRequestSent()],
  ['onResponseStarted', ({exchange}) => exchange.onResponseStarted()],
  ['onHeaders with 0', head(0)],
  ['onHeaders with 100', head(100)],
  ['onHeaders with 101', head(101)],
  ['onHeaders with 103', head(103)],
  ['onHeaders with 200', head(200)],
  ['onHeaders with 204', head(204)],
  ['onHeaders with a redirect', head(302, 'location', '/other')],
  ['onHeaders with a redirect that is no URL', head(302, 'location', 'http://[')],
  ['onHeaders with 417', head(417)],
  ['onHeaders with 999', head(999)],
  ['onData with an empty chunk', ({exchange}) => exchange.onData(Buffer.alloc(0))],
  ['onData', data],
  ['onComplete', complete],
  ['onError', fail],
  ['an abort', abort],
  ['a read timeout', ({exchange}) => exchange.readTimedOut(60_000)],
  ['resume', ({exchange}) => exchange.resume()],
  ['cancel', ({exchange}) => exchange.cancel(new Error('The caller has enough'))],
];

describe.each(states)('an exchange that is %s', (_state, steps) => {
  it.each(events)('an exchange in any state takes the event %s without a throw', async (_event, step) => {
    const started = startExchange();
    for (const before of steps) before(started);
    // A second time, because the first may have changed the state.
    step(started);
    step(started);
    started.lifetime.abort(new Error('The test is over'));
    // `onComplete` gives a slot back in a later turn.
    await new Promise(setImmediate);
    expect(started.outcomes).toHaveLength(1);
    expect(started.pool.limits).toMatchObject({active: 0, queued: 0});
    expect(started.pool.running.size).toBe(0);
  });
});
