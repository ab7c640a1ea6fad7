import {gzipSync} from 'node:zlib';
import {describe, expect, it} from 'vitest';
import type {RequestBody} from '../../../src/core/body.ts';
import type {HarOptions} from '../../../src/har/index.ts';
import {recordHar} from '../../../src/har/index.ts';
import {
  type AuthScheme,
  apiKey,
  InvalidOptionError,
  type SessionOptions,
  UnsupportedOptionError,
} from '../../../src/index.ts';
import {bodyOf, startServer} from '../../support/http-server.ts';
import {mockSession, rejection, thrown} from '../../support/mock-session.ts';
import {openSession} from '../../support/open-session.ts';

const url = 'https://a.test/';

function recorded(
  handler: Parameters<typeof mockSession>[0],
  options: HarOptions = {},
  more: SessionOptions = {},
) {
  const recorder = recordHar(options);
  return {recorder, ...mockSession(handler, {trace: [recorder.listener], ...more})};
}

describe('a recording', () => {
  it('a recording is HAR 1.2 with the requests and responses that went over the wire', async () => {
    const recorder = recordHar();
    const server = await startServer(async (request, response) => {
      await bodyOf(request);
      response.writeHead(201, {'content-type': 'text/plain', 'x-here': 'yes'}).end('made');
    });
    const {session} = openSession({}, {trace: [recorder.listener]});
    const before = Date.now();
    await session.post(`${server.origin}/users?page=2`, {json: {a: 1}}).text();
    const {log} = JSON.parse(JSON.stringify(recorder));
    expect(log).toMatchObject({version: '1.2', creator: {name: 'aiofetch'}});
    const [entry] = log.entries;
    expect(log.entries).toHaveLength(1);
    expect(Date.parse(entry.startedDateTime)).toBeGreaterThanOrEqual(before - 1);
    expect(Date.parse(entry.startedDateTime)).toBeLessThanOrEqual(Date.now());
    expect(entry).toMatchObject({
      request: {
        method: 'POST',
        url: `${server.origin}/users?page=REDACTED`,
        httpVersion: 'HTTP/1.1',
        queryString: [{name: 'page', value: 'REDACTED'}],
        postData: {mimeType: 'application/json', text: ''},
        bodySize: 7,
      },
      response: {
        status: 201,
        statusText: 'Created',
        httpVersion: 'HTTP/1.1',
        content: {size: 4, mimeType: 'text/plain'},
        redirectURL: '',
        bodySize: 4,
      },
      cache: {},
      timings: {dns: -1, ssl: -1},
      serverIPAddress: '127.0.0.1',
    });
    expect(entry.response.headers).toContainEqual({name: 'x-here', value: 'yes'});
    const {blocked, connect, send, wait, receive} = entry.timings;
    expect(blocked + connect + send + wait + receive).toBeCloseTo(entry.time, 6);
    for (const time of [blocked, connect, send, wait, receive]) expect(time).toBeGreaterThanOrEqual(0);
  });

  it('a recording has an entry for each attempt and each redirect', async () => {
    let times = 0;
    const {recorder, session} = recorded(
      (call) => {
        if (call.url === url) return Response.redirect(`${url}end`);
        return new Response('', {status: ++times === 1 ? 503 : 200});
      },
      {},
      {retry: {retries: 1, minDelay: 0}},
    );
    await session.fetch(url);
    const {entries} = recorder.toJSON().log;
    expect(entries.map(({request, response}) => [request.url, response.status])).toEqual([
      [url, 302],
      [`${url}end`, 503],
      [url, 302],
      [`${url}end`, 200],
    ]);
    expect(entries[0]?.response.redirectURL).toBe(`${url}end`);
    expect(entries.map(({comment}) => comment?.replace(/^call \d+, /, ''))).toEqual([
      'attempt 1',
      'attempt 1',
      'attempt 2',
      'attempt 2',
    ]);
  });

  it('a recording has failed requests, with the code of their error', async () => {
    const {recorder, session} = recorded(() => Promise.reject(new TypeError('fetch failed')));
    await rejection(session.fetch(url));
    expect(recorder.toJSON().log.entries[0]?.response).toMatchObject({
      status: 0,
      content: {size: 0, mimeType: 'x-unknown'},
      bodySize: -1,
      _error: 'ERR_CONNECTION',
    });
  });

  it('a recording has requests that are still under way', async () => {
    const {recorder, session} = recorded(() => new Promise(() => {}));
    const failing = rejection(session.fetch(url));
    expect(recorder.toJSON().log.entries[0]?.response.status).toBe(0);
    await session.destroy();
    await failing;
  });

  it('a recorder keeps the newest entries up to maxEntries, and none after clear()', async () => {
    const {recorder, session} = recorded(() => 'x', {maxEntries: 2});
    for (const path of ['1', '2', '3']) await session.get(url + path).json();
    expect(recorder.toJSON().log.entries.map(({request}) => request.url)).toEqual([`${url}2`, `${url}3`]);
    recorder.clear();
    expect(recorder.toJSON().log.entries).toEqual([]);
  });
});

describe('secrets', () => {
  const talk = async (options: HarOptions) => {
    const {recorder, session} = recorded(
      (call) =>
        call.url.includes('end')
          ? new Response('s3cret body', {headers: {'set-cookie': 'sid=s3cret; HttpOnly'}})
          : Response.redirect(`${url}end?token=s3cret`),
      options,
      {baseUrl: url, auth: {bearer: 's3cret'}},
    );
    await session
      .put('?key=s3cret&s3cret', {
        body: 's3cret body',
        headers: {
          cookie: 'a=s3cret; b=s3cret',
          referer: `${url}?q=s3cret`,
          'x-mine': 's3cret',
          'x-shown': 'what?=this',
          'X-Api-Key': 's3cret',
        },
      })
      .text();
    return JSON.stringify(recorder);
  };

  it('credentials, cookies, query values, bodies and named headers are not recorded', async () => {
    const text = await talk({redactHeaders: ['X-Mine']});
    expect(text).not.toContain('s3cret');
    expect(text).toContain('?key=REDACTED&REDACTED"');
    expect(text).toContain('{"name":"x-shown","value":"what?=this"}');
    expect(text).toContain('"name":"sid","value":"REDACTED"');
    expect(text).toContain('"name":"a","value":"REDACTED"');
  });

  it.each([
    'x-goog-api-key',
    'private-token',
    'api-key',
    'Ocp-Apim-Subscription-Key',
    'x-vault-token',
    'x-hub-signature-256',
    'x-session-id',
    'X-Client-Secret',
  ])('the header %s looks like a credential, and its value is not recorded', async (name) => {
    const {recorder, session} = recorded(() => new Response('x', {headers: {[name]: 's3cret'}}));
    await session.get(url, {headers: {[name]: 's3cret'}}).text();
    const text = JSON.stringify(recorder);
    expect(text).not.toContain('s3cret');
    expect(text).toContain(`{"name":"${name.toLowerCase()}","value":"REDACTED"}`);
  });

  it('the header of an auth scheme is not recorded, whatever its name', async () => {
    const ownScheme: AuthScheme = Object.assign(
      ((_context) => (next) => (request) => {
        const headers = request.headers.copy();
        headers.set('x-mine-too', 's3cret');
        return next(request.with({headers}));
      }) satisfies AuthScheme,
      {secretNames: ['X-Mine-Too']},
    );
    for (const auth of [apiKey({header: 'X-Unusual', value: 's3cret'}), ownScheme]) {
      const {recorder, session, calls} = recorded(() => 'x', {}, {baseUrl: url, auth});
      await session.get('').text();
      expect(JSON.stringify([...(calls[0]?.headers ?? [])])).toContain('s3cret');
      expect(JSON.stringify(recorder)).not.toContain('s3cret');
    }
  });

  it('the URLs of a Link header are recorded without query values', async () => {
    const link = '<https://a.test/?cursor=s3cret&page=2>; rel="next", </?s3cret>; rel=prev';
    const {recorder, session} = recorded(() => new Response('x', {headers: {link}}));
    await session.get(url).text();
    expect(JSON.stringify(recorder)).not.toContain('s3cret');
    expect(JSON.stringify(recorder)).toContain('<https://a.test/?cursor=REDACTED&page=REDACTED>; rel=');
  });

  it('secrets are recorded where redact is false', async () => {
    const text = await talk({redact: false, bodies: true});
    for (const expected of [
      'Bearer s3cret',
      'key=s3cret',
      '"value":"a=s3cret; b=s3cret"',
      '"text":"s3cret body"',
    ]) {
      expect(text).toContain(expected);
    }
  });
});

describe('bodies that are asked for', () => {
  it('bodies of text are recorded as text, and other bodies in base64', async () => {
    const {recorder, session} = recorded(
      (call) =>
        call.url.endsWith('binary')
          ? new Response(new Uint8Array([255, 0]), {headers: {'content-type': 'image/png'}})
          : new Response('grüße', {headers: {'content-type': 'application/problem+json'}}),
      {bodies: true},
    );
    await session.post(url, {body: new TextEncoder().encode('bytes')}).text();
    await session.get(`${url}binary`).bytes();
    await recorder.flush();
    const [first, second] = recorder.toJSON().log.entries;
    expect(first?.request.postData).toMatchObject({text: 'bytes'});
    expect(first?.response.content).toMatchObject({text: 'grüße', size: 7});
    expect(second?.response.content).toMatchObject({text: '/wA=', encoding: 'base64', size: 2});
  });

  it.each<[string, RequestBody, string]>([
    ['text', 'grüß', 'grüß'],
    ['text that is too large', 'grüße', ''],
    ['a form', new URLSearchParams({a: '1234'}), 'a=1234'],
    ['a form that is too large', new URLSearchParams({a: '12345'}), ''],
    ['bytes that are text', new TextEncoder().encode('grüß'), 'grüß'],
    ['bytes that are text, and too large', new TextEncoder().encode('grüße'), ''],
    ['other bytes', new Uint8Array([255, 0]), ''],
    ['a blob', new Blob(['a']), ''],
  ])('request bodies are recorded up to the given size: %s', async (_what, body, text) => {
    const {recorder, session} = recorded(() => 'x', {bodies: 6});
    await session.post(url, {body}).text();
    const [entry] = recorder.toJSON().log.entries;
    expect(entry?.request.postData?.text).toBe(text);
    expect(entry?.request.postData?.comment).toBe(text === '' ? 'Not recorded' : undefined);
  });

  it.each([
    ['image/png', 'text', {text: 'dGV4dA==', encoding: 'base64'}],
    ['image/svg+xml', '<a/>', {text: '<a/>'}],
    ['', 'text', {text: 'text'}],
    ['', Uint8Array.of(255, 0), {text: '/wA=', encoding: 'base64'}],
  ])('the media type, or else the bytes, decide whether a body is text: %j', async (type, body, content) => {
    const response = () =>
      new Response(new Blob([body]).stream(), {headers: type === '' ? {} : {'content-type': type}});
    const {recorder, session} = recorded(response, {bodies: 4});
    await session.get(url).bytes();
    await recorder.flush();
    const {size, mimeType, ...written} = recorder.toJSON().log.entries[0]?.response.content ?? {};
    expect(written).toEqual(content);
    expect([size, mimeType]).toEqual([new Blob([body]).size, type || 'x-unknown']);
  });

  it('recorded bodies are decoded, whether or not the caller reads them', async () => {
    const text = 'x'.repeat(1_000);
    const packed = gzipSync(text);
    const server = await startServer((_request, response) =>
      response.writeHead(200, {'content-encoding': 'gzip', 'content-type': 'text/plain'}).end(packed),
    );
    const recorder = recordHar({bodies: 2_000});
    const {session, stats} = openSession({}, {trace: [recorder.listener]});
    expect(await session.get(server.origin).text()).toHaveLength(1_000);
    const response = await session.fetch(server.origin);
    await response.body?.cancel();
    await recorder.flush();
    for (const entry of recorder.toJSON().log.entries) {
      expect(entry.response.content).toEqual({size: 1_000, mimeType: 'text/plain', text});
      expect(entry.response.bodySize).toBe(packed.length);
    }
    expect(recorder.toJSON().log.entries).toHaveLength(2);
    expect(stats().active).toBe(0);
  });

  it('a body that is too large is not recorded, and the caller gets all of it', async () => {
    const {recorder, session} = recorded(() => new Response('x'.repeat(50)), {bodies: 49});
    expect(await session.post(url, {body: 'y'.repeat(50)}).text()).toHaveLength(50);
    await recorder.flush();
    const [entry] = recorder.toJSON().log.entries;
    expect(entry?.response.content).toEqual({
      size: 50,
      mimeType: expect.any(String),
      comment: 'Larger than 49 bytes',
    });
    expect(entry?.request.postData).toMatchObject({text: '', comment: 'Not recorded'});
  });

  it('a body that breaks off rejects for the caller, and flush() resolves', async () => {
    const {recorder, session} = recorded(
      () =>
        new Response(
          new ReadableStream({
            pull() {
              throw new TypeError('terminated');
            },
          }),
        ),
      {bodies: true},
    );
    await rejection(session.fetch(url).then((response) => response.text()));
    await recorder.flush();
    expect(recorder.toJSON().log.entries[0]?.response.content.comment).toBe('The body broke off');
  });
});

it.each([{bodies: -1}, {redact: 'no'}, {redactHeaders: 'x'}, {maxEntries: 0}])(
  'an option that can not be is refused: %j',
  (options) => {
    expect(thrown(() => recordHar(options as never))).toBeInstanceOf(InvalidOptionError);
  },
);

it('recordHar refuses an unknown option', () => {
  expect(thrown(() => recordHar({body: true} as never))).toBeInstanceOf(UnsupportedOptionError);
});
