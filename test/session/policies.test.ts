import {describe, expect, it} from 'vitest';
import {mockConnector} from '../../src/connectors/mock.ts';
import {createSession as createCoreSession} from '../../src/core-index.ts';
import {
  createSession,
  defineClient,
  download,
  endpoint,
  HTTPError,
  type Policy,
  retryPolicy,
  TimeoutError,
  type,
} from '../../src/index.ts';
import {rejection} from '../support/mock-session.ts';

const url = 'https://api.test/';

/** Answers with these statuses in turn, then with 200. */
function answering(...statuses: number[]) {
  return mockConnector(() => new Response('x', {status: statuses.shift() ?? 200}));
}

const atOnce = {minDelay: 0};

// SDKs that are given `session.fetch` retry by themselves, and both retries would multiply.
describe('retries of session.fetch', () => {
  const busy = () => mockConnector(() => new Response('x', {status: 503, headers: {'retry-after': '0'}}));

  /** How many requests one call of a busy server takes. */
  async function requestsOf(
    call: (fetch: ReturnType<typeof createSession>['fetch']) => Promise<unknown>,
    options: Parameters<typeof createSession>[0] = {},
  ): Promise<number> {
    const connector = busy();
    await using session = createSession({...options, connector});
    await call(session.fetch);
    return connector.calls.length;
  }

  it('session.fetch makes no other attempt by default, whatever its input and init', async () => {
    expect(await requestsOf((fetch) => fetch(url))).toBe(1);
    expect(await requestsOf((fetch) => fetch(new URL(url), {headers: {a: 'b'}, timeout: 1_000}))).toBe(1);
    expect(await requestsOf((fetch) => fetch(new Request(url)))).toBe(1);
    expect(await requestsOf((fetch) => fetch(url, {retry: undefined}))).toBe(1);
  });

  it('session.fetch retries when the call asks for it, with the settings that the call gives', async () => {
    expect(await requestsOf((fetch) => fetch(url, {retry: true}))).toBe(3);
    expect(await requestsOf((fetch) => fetch(url, {retry: 1}))).toBe(2);
    expect(await requestsOf((fetch) => fetch(url, {retry: {retries: 3}}))).toBe(4);
    expect(await requestsOf((fetch) => fetch(url, {retry: {}}))).toBe(3);
    expect(await requestsOf((fetch) => fetch(url, {retry: 0}))).toBe(1);
  });

  it('session.fetch retries when the session asks for it, by its option, by a policy or as a child', async () => {
    expect(await requestsOf((fetch) => fetch(url), {retry: true})).toBe(3);
    expect(await requestsOf((fetch) => fetch(url), {retry: {minDelay: 1}})).toBe(3);
    expect(await requestsOf((fetch) => fetch(url), {policies: [retryPolicy(1)]})).toBe(2);
    const connector = busy();
    await using parent = createSession({connector});
    await parent.extend({retry: 1}).extend({retry: undefined}).fetch(url);
    expect(connector.calls).toHaveLength(2);
    await parent.extend({headers: {a: 'b'}}).fetch(url);
    expect(connector.calls).toHaveLength(3);
  });

  it('a retry policy of a session of aiofetch/core holds for session.fetch, since it was asked for', async () => {
    const connector = busy();
    await using session = createCoreSession({connector, policies: [retryPolicy()]});
    await session.fetch(url);
    expect(connector.calls).toHaveLength(3);
  });

  it('verbs, verbs with hooks, typed clients and downloads keep two retries', async () => {
    const connector = busy();
    await using session = createSession({connector});
    const client = defineClient({
      one: endpoint('GET /one', {response: type<string>()}),
      once: endpoint('GET /one', {response: type<string>(), retry: false}),
    })(session.extend({baseUrl: url}));
    const calls: Array<[name: string, requests: number, call: () => Promise<unknown>]> = [
      ['a verb', 3, () => session.get(url)],
      ['a verb with hooks', 3, () => session.get(url, {hooks: {beforeRequest: [() => undefined]}})],
      ['a typed call', 3, () => client.one()],
      ['a typed call of an endpoint without retries', 1, () => client.once()],
      ['a typed call that asks again', 3, () => client.once({retry: true})],
      ['a typed call with its own', 2, () => client.one({retry: 1})],
      ['a download', 3, () => download(session, url, {resumes: 0}).next()],
    ];
    for (const [name, requests, call] of calls) {
      const before = connector.calls.length;
      expect(await rejection(call()), name).toBeInstanceOf(HTTPError);
      expect(connector.calls.length - before, name).toBe(requests);
    }
  });

  it("a typed call gives no retry to a policy of the user's own that takes an option of that name", async () => {
    const given: unknown[] = [];
    const own: Policy<{retry?: string}> = {
      name: 'own',
      callOptions: {retry: (value) => given.push(value)},
      wrap: (next) => next,
    };
    const connector = mockConnector(() => Response.json('ok'));
    await using session = createSession({baseUrl: url, connector, policies: [own]});
    await defineClient({one: endpoint('GET /one', {response: type<string>()})})(session).one();
    expect([connector.calls.length, given]).toEqual([1, []]);
  });
});

// The headers of OpenAI, Anthropic and Azure.
describe('the advice of a server about retries', () => {
  it('x-should-retry: false ends the call, and true repeats even a POST and another status', async () => {
    const answers = (advice: string, status: number) =>
      mockConnector(
        () => new Response('x', {status, headers: {'x-should-retry': advice, 'retry-after': '0'}}),
      );
    for (const [advice, status, method, requests] of [
      ['false', 503, 'GET', 1],
      ['true', 503, 'POST', 3],
      ['true', 409, 'POST', 3],
      ['true', 200, 'GET', 1],
    ] as const) {
      const connector = answers(advice, status);
      await using session = createSession({connector});
      await session.fetch(url, {method, retry: true});
      expect(connector.calls, `${advice} ${status} ${method}`).toHaveLength(requests);
    }
  });
});

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
