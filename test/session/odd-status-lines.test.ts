import {describe, expect, it, onTestFinished} from 'vitest';
import {mockConnector} from '../../src/connectors/mock.ts';
import {fetchConnector} from '../../src/connectors/native/fetch.ts';
import type {Connector} from '../../src/core/connector.ts';
import type {Policy, SessionOptions} from '../../src/index.ts';
import {
  apiKey,
  circuitBreakerPolicy,
  createSession,
  hedgePolicy,
  singleFlightPolicy,
} from '../../src/index.ts';
import {openSession} from '../support/open-session.ts';
import {startRawServer} from '../support/raw-server.ts';
import {expectNoUnhandledRejections} from '../support/unhandled-rejections.ts';

expectNoUnhandledRejections();

// `new Response` refuses each of these status lines, though servers send them.
const statusLines = [
  ['600', '600 X', {status: 600, ok: false}],
  ['999', '999 X', {status: 999, ok: false}],
  ['a control character in the reason phrase', '200 o\u0001k', {status: 200, ok: true}],
  ['Latin-1 in the reason phrase', '200 \u00fcber', {status: 200, ok: true}],
  ['an empty reason phrase', '200 ', {status: 200, ok: true, statusText: ''}],
] as const;

const policies: ReadonlyArray<readonly [string, SessionOptions]> = [
  ['no policy', {}],
  ['singleFlightPolicy', {policies: [singleFlightPolicy()]}],
  ['hedgePolicy', {policies: [hedgePolicy({delay: 60_000})]}],
  ['circuitBreakerPolicy', {policies: [circuitBreakerPolicy()]}],
  ['retryPolicy', {retry: {retries: 1, minDelay: 0}}],
  ['rateLimitPolicy', {rateLimit: {requests: 10, per: 1_000}}],
  ['maxResponseSize', {maxResponseSize: 1_000}],
];

async function startServer(statusLine: string) {
  return startRawServer(async (connection) => {
    for (;;) {
      await connection.request();
      connection.send(Buffer.from(`HTTP/1.1 ${statusLine}\r\nContent-Length: 2\r\n\r\nok`, 'latin1'));
    }
  });
}

/** Two callers at a time, as each of them sees the response and its clone. */
async function fetchTwice(fetch: typeof globalThis.fetch, url: string) {
  const seen = async () => {
    const response = await fetch(url);
    const copy = response.clone();
    const text = await response.text();
    const {status, ok, statusText} = response;
    expect(copy).toMatchObject({status, ok, statusText, url: response.url});
    expect(await copy.text()).toBe(text);
    return {status, ok, statusText, text};
  };
  return Promise.all([seen(), seen()]);
}

describe.each(statusLines)('a response with %s', (_what, statusLine, expected) => {
  it.each(policies)(
    'a status line that `new Response` refuses is delivered with %s',
    async (_policy, given) => {
      const server = await startServer(statusLine);
      const {session} = openSession({}, given);
      const both = await fetchTwice(session.fetch, `${server.origin}/`);
      expect(both).toMatchObject([expected, expected]);
      expect(both.map(({text}) => text)).toEqual(['ok', 'ok']);
    },
  );

  it.each(policies)(
    'the connector over built-in fetch delivers such a status line with %s',
    async (_policy, given) => {
      const server = await startServer(statusLine);
      await using session = createSession({retry: false, ...given, connector: fetchConnector()});
      const both = await fetchTwice(session.fetch, `${server.origin}/`);
      expect(both).toMatchObject([expected, expected]);
    },
  );

  it('an auth scheme that follows redirects itself delivers such a status line', async () => {
    const server = await startServer(statusLine);
    const {session} = openSession(
      {},
      {baseUrl: server.origin, auth: apiKey({header: 'x-api-key', value: 'key'})},
    );
    expect(await fetchTwice(session.fetch, `${server.origin}/`)).toMatchObject([expected, expected]);
  });
});

describe('callers of one shared request', () => {
  const broken: ReadonlyArray<readonly [string, Policy]> = [
    ['no response', () => async () => undefined as never],
    [
      'a response that was read',
      (next) => async (request) => {
        const response = await next(request);
        await response.text();
        return response;
      },
    ],
  ];

  it.each(broken)('all callers settle when an inner policy returns %s', async (_what, inner) => {
    const connector: Connector = mockConnector(() => new Response('x'));
    await using session = createSession({
      connector,
      retry: false,
      policies: [singleFlightPolicy({key: ({url}) => url}), inner],
    });
    onTestFinished(() => expect(session.stats()).toMatchObject({active: 0}));
    const both = await Promise.allSettled(
      [1, 2].map(async () => (await session.fetch('http://a.test/')).text()),
    );
    for (const outcome of both)
      expect(outcome).toMatchObject({status: 'rejected', reason: expect.any(TypeError)});
  });
});
