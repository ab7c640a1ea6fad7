import {afterEach, beforeEach, expect, vi} from 'vitest';
import {mockConnector} from '../../../src/connectors/mock.ts';
import type {RequestBody} from '../../../src/core/body.ts';
import {Lifetime} from '../../../src/core/call-lifetime.ts';
import {FlatHeaderList} from '../../../src/core/flat-header-list.ts';
import type {HeadersInput} from '../../../src/core/header-list.ts';
import type {Handler, Policy, PolicyContext} from '../../../src/core/policy.ts';
import {applyPolicy} from '../../../src/core/policy.ts';
import type {CallOptionValues} from '../../../src/core/request.ts';
import {ConnectorRequest} from '../../../src/core/request.ts';
import {ConnectionError, type Phase} from '../../../src/errors/index.ts';

/** Replaces timers, `Date` and `performance` with a clock that only the test moves. */
export function useFakeClock(): void {
  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
      now: Date.UTC(2026, 0, 1),
    });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
}

export const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** Runs everything that is already due, without time passing. */
export const settle = () => pass(0);

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: HeadersInput;
  readonly body?: RequestBody | null;
  readonly options?: CallOptionValues;
}

/** A request whose lifetime shows all of its members. */
export type TestRequest = ConnectorRequest & {lifetime: Lifetime};

export function requestTo(
  url = 'https://example.com/',
  {method = 'GET', headers, body = null, options}: RequestOptions = {},
): TestRequest {
  return new ConnectorRequest({
    url,
    method,
    headers: FlatHeaderList.from(headers),
    body,
    options,
  }) as TestRequest;
}

/** The context of a policy whose session has no base URL. */
export const policyContext: PolicyContext = {
  baseUrl: undefined,
  connector: mockConnector(() => ({})),
  begin: () => new Lifetime(),
};

/** A handler wrapped in a policy. */
export function wrapped(policy: Policy, handler: Handler): Handler {
  return applyPolicy(policy, handler, policyContext);
}

/** A call, as a fake handler received it. */
export interface SeenCall {
  readonly request: TestRequest;
  /** When the call arrived, on the clock of `performance`. */
  readonly at: number;
  answer(response: Response): void;
  fail(error: unknown): void;
}

/** A handler that the test answers. It rejects when the call is aborted, as a connector does. */
export function heldHandler() {
  const calls: SeenCall[] = [];
  const handler: Handler = (request) =>
    new Promise((resolve, reject) => {
      const listener = {aborted: reject};
      const done = () => request.lifetime.offAbort(listener);
      if (request.lifetime.isAborted) return reject(request.lifetime.reason);
      request.lifetime.onAbort(listener);
      calls.push({
        request: request as TestRequest,
        at: performance.now(),
        answer: (response) => {
          done();
          resolve(response);
        },
        fail: (error) => {
          done();
          reject(error);
        },
      });
    });
  return {
    handler,
    calls,
    call(index: number): SeenCall {
      const call = calls[index];
      if (!call) throw new Error(`There is no call ${index}, of ${calls.length}`);
      return call;
    },
  };
}

/**
 * A handler that answers at once with the next entry of a list: a status, a response, a function, or an error to throw.
 * The last entry is repeated.
 */
export function scriptedHandler(...script: Array<number | Response | (() => Response) | Error>) {
  const requests: TestRequest[] = [];
  const times: number[] = [];
  const handler: Handler = async (request) => {
    const step = script[Math.min(requests.length, script.length - 1)];
    requests.push(request as TestRequest);
    times.push(performance.now());
    if (step instanceof Error) throw step;
    if (typeof step === 'function') return step();
    return typeof step === 'number' ? new Response(null, {status: step}) : (step as Response);
  };
  return {handler, requests, times};
}

/** A response that records whether its body was cancelled. */
export function watchedResponse(status = 200, headers: Record<string, string> = {}) {
  const seen = {cancelled: false};
  const body = new ReadableStream({
    cancel() {
      seen.cancelled = true;
    },
  });
  return Object.assign(seen, {response: new Response(body, {status, headers})});
}

/** Records how a promise settles, so that a test can check it without waiting. */
export function watch<T>(promise: Promise<T>) {
  const seen: {value?: T; error?: unknown; isSettled: boolean; times: number; at: number} = {
    isSettled: false,
    times: 0,
    at: Number.NaN,
  };
  const settled = (outcome: {value: T} | {error: unknown}) => {
    Object.assign(seen, outcome, {isSettled: true, at: performance.now()});
    seen.times++;
  };
  promise.then(
    (value) => settled({value}),
    (error) => settled({error}),
  );
  return seen;
}

export function connectionError(phase: Phase): ConnectionError {
  return new ConnectionError('The network failed', phase);
}

/** Expects that no timer is left, which would keep a process alive. */
export function expectNoTimers(): void {
  expect(vi.getTimerCount()).toBe(0);
}
