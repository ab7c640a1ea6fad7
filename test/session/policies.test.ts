import {describe, expect, it} from 'vitest';
import {mockConnector} from '../../src/connectors/mock.ts';
import {createSession, HTTPError, TimeoutError} from '../../src/index.ts';
import {rejection} from '../support/mock-session.ts';

const url = 'https://api.test/';

/** Answers with these statuses in turn, then with 200. */
function answering(...statuses: number[]) {
  return mockConnector(() => new Response('x', {status: statuses.shift() ?? 200}));
}

const atOnce = {minDelay: 0};

describe('retries of a session', () => {
  it('a session retries a call twice by default, and the error has the number of attempts', async () => {
    const connector = answering(503, 503, 503);
    await using session = createSession({connector, retry: {...atOnce}});
    const error = await rejection(session.get(url).text());
    expect(error).toBeInstanceOf(HTTPError);
    expect(error).toMatchObject({status: 503, attempts: 3});
    expect(connector.calls.map((call) => call.attempt)).toEqual([1, 2, 3]);
    expect(session.stats().totals).toMatchObject({requests: 1, attempts: 3, retries: 2, errors: 0});
  });

  it('a session does not retry with retry: false, for all calls or one', async () => {
    const connector = answering(503, 503, 200);
    await using session = createSession({connector, retry: atOnce});
    expect((await session.fetch(url, {retry: false})).status).toBe(503);
    expect((await session.extend({retry: 0}).fetch(url)).status).toBe(503);
    expect(connector.calls).toHaveLength(2);
  });

  it('a session retries a POST with an idempotency key, the same for each attempt', async () => {
    const connector = answering(503, 200);
    await using session = createSession({connector, retry: atOnce});
    await session.post(url, {json: {}, idempotencyKey: true});
    const keys = connector.calls.map((call) => call.headers.get('idempotency-key'));
    expect(keys[0]).toMatch(/^[\da-f]{32}$/);
    expect(keys).toEqual([keys[0], keys[0]]);
  });

  it('a session does not retry a POST without an idempotency key that was sent', async () => {
    const connector = answering(503, 200);
    await using session = createSession({connector, retry: atOnce});
    expect((await session.fetch(url, {method: 'POST', body: 'x'})).status).toBe(503);
  });

  it("a call's shouldRetry decides about its retries", async () => {
    const connector = answering(404, 404, 200);
    await using session = createSession({connector, retry: atOnce});
    const response = await session.fetch(url, {
      retry: {shouldRetry: ({response}) => response?.status === 404},
    });
    expect(response.status).toBe(200);
  });

  it.each([
    ['retry', {retry: {tries: 1}}],
    ['retry', {retry: -1}],
    ['idempotencyKey', {idempotencyKey: ''}],
  ])('a call with an invalid %s is refused before anything is sent', async (name, options) => {
    const connector = answering();
    await using session = createSession({connector});
    await expect(session.fetch(url, options as never)).rejects.toThrow(name);
    await expect(session.get(url, options as never)).rejects.toThrow(name);
    expect(connector.calls).toHaveLength(0);
    expect(session.stats()).toMatchObject({active: 0, queued: 0});
  });
});

describe('the rate limit of a session', () => {
  it('a session and its children share one rate limit', async () => {
    const connector = answering();
    await using session = createSession({
      connector,
      rateLimit: {requests: 1, per: 3_600_000, maxWait: 0},
      retry: false,
    });
    await session.fetch(url);
    await expect(session.extend({headers: {x: 'y'}}).fetch(url)).rejects.toThrow(/rate/i);
  });

  it('the wait for a rate limit ends with the total timeout', async () => {
    await using session = createSession({
      connector: answering(),
      rateLimit: {requests: 1, per: 3_600_000},
      timeout: 20,
    });
    await session.fetch(url);
    expect(await rejection(session.fetch(url))).toBeInstanceOf(TimeoutError);
  });
});
