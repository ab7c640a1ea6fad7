import {describe, expect, it} from 'vitest';
import type {Har, ReplayableHar, ReplayOptions} from '../../../src/har/index.ts';
import {harHandler, recordHar} from '../../../src/har/index.ts';
import {ConnectionError, InvalidOptionError} from '../../../src/index.ts';
import {startServer} from '../../support/http-server.ts';
import {mockSession, rejection, thrown} from '../../support/mock-session.ts';
import {openSession} from '../../support/open-session.ts';
import {startRawServer} from '../../support/raw-server.ts';

const url = 'https://a.test/';

interface Answer {
  readonly url?: string;
  readonly method?: string;
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly text?: string;
  readonly encoding?: string;
}

function har(...answers: Answer[]): ReplayableHar {
  const entries = answers.map(({method = 'GET', status = 200, headers = {}, text, encoding, ...answer}) => ({
    request: {method, url: answer.url ?? url},
    response: {
      status,
      statusText: '',
      headers: Object.entries(headers).map(([name, value]) => ({name, value})),
      content: {size: 0, mimeType: '', ...(text !== undefined && {text}), ...(encoding && {encoding})},
    },
  }));
  return {log: {entries}};
}

const replay = (recording: ReplayableHar, options?: ReplayOptions) =>
  mockSession(harHandler(recording, options)).session;

describe('a recording that is replayed', () => {
  it('a replayed recording answers as the server did, with redirects and failures', async () => {
    const server = await startServer((request, response) => {
      if (request.url?.startsWith('/moved'))
        return response.writeHead(302, {location: '/end?key=1'}).end('moved');
      if (request.url === '/cut') return request.socket.destroy();
      response.setHeader('content-type', 'application/json');
      return response.end(JSON.stringify({path: request.url, method: request.method}));
    });
    const recorder = recordHar({bodies: true});
    const {session} = openSession({}, {trace: [recorder.listener]});
    const ask = async (fetch: typeof session.fetch) => [
      await (await fetch(`${server.origin}/moved?token=secret`)).json(),
      await (await fetch(`${server.origin}/`, {method: 'POST', body: 'x'})).json(),
      (await fetch(`${server.origin}/`, {method: 'HEAD'})).status,
      (await rejection(fetch(`${server.origin}/cut`))).name,
    ];
    const first = await ask(session.fetch);
    await recorder.flush();
    // Through a file, as recordings go.
    const recording = JSON.parse(JSON.stringify(recorder)) as Har;
    expect(await ask(replay(recording).fetch)).toEqual(first);
    expect(first.at(-1)).toBe('TypeError');
  });

  it('responses are replayed by method and URL in their order, and the last one is repeated', async () => {
    const {get, post} = replay(har({text: '1'}, {method: 'POST', text: 'posted'}, {text: '2'}));
    const texts = [];
    for (let index = 0; index < 3; index++) texts.push(await get(url).text());
    expect(texts).toEqual(['1', '2', '2']);
    expect(await post(url).text()).toBe('posted');
  });

  it('whenExhausted: fail refuses a request that is made more often than it was recorded', async () => {
    const {get} = replay(har({text: '1'}), {whenExhausted: 'fail'});
    await get(url).text();
    expect((await rejection(get(url).text())).message).toMatch(
      /no further response for GET https:\/\/a\.test\/$/,
    );
  });

  it('a request that was not recorded fails, with an error that shows no secrets', async () => {
    const {get} = replay(har({url: `${url}?a=1`}));
    const {message} = await rejection(get(`${url}?a=s3cret`).text());
    expect(message).toBe('The recording has no response for GET https://a.test/?a=…');
  });

  it.each([
    [`${url}?a=REDACTED&b=2`, `${url}?a=anything&b=2`, true],
    [`${url}?a=REDACTED&b=2`, `${url}?a=anything&b=3`, false],
    [`${url}?a=REDACTED`, `${url}?b=1`, false],
    [`${url}?a=REDACTED`, `${url}?a=1&a=2`, false],
    [`${url}?REDACTED`, `${url}?alone`, true],
    [`${url}?REDACTED`, url, false],
    [`${url}path`, url, false],
    [`${url}#top`, url, true],
  ])('the recorded URL %s matches %s: %s', async (recorded, asked, isFound) => {
    const {fetch} = replay(har({url: recorded, text: 'found'}));
    const text = fetch(asked).then((response) => response.text());
    if (isFound) expect(await text).toBe('found');
    else await rejection(text);
  });

  it('bodies in base64 become bytes, and headers of the transfer are dropped', async () => {
    const {fetch} = replay(
      har({
        text: '/wA=',
        encoding: 'base64',
        headers: {'Content-Encoding': 'gzip', 'content-length': '9', 'x-here': 'yes', ':status': '200'},
      }),
    );
    const response = await fetch(url);
    expect([...response.headers]).toEqual([['x-here', 'yes']]);
    expect(await response.bytes()).toEqual(new Uint8Array([255, 0]));
    expect(response.url).toBe(url);
  });

  it('a request that was recorded without a response fails', async () => {
    expect(await rejection(replay(har({status: 0})).fetch(url))).toBeInstanceOf(ConnectionError);
  });
});

it.each([[undefined], [{}], [{log: {}}]])(
  'harHandler refuses a value that is not a recording: %j',
  (recording) => {
    expect(thrown(() => harHandler(recording as never))).toBeInstanceOf(InvalidOptionError);
  },
);

it('harHandler refuses an invalid or unknown option', () => {
  const given = {whenExhausted: 'stop'} as never;
  expect(thrown(() => harHandler(har(), given))).toBeInstanceOf(InvalidOptionError);
});

describe('the status of a replayed response', () => {
  it('a status or reason phrase that `new Response` refuses is replayed', async () => {
    const recording = har(
      {status: 999, text: 'blocked', headers: {'x-a': 'b'}},
      {status: 600},
      {status: 101},
    );
    (recording.log.entries[0]?.response as {statusText: string}).statusText = 'o\u0001k';
    const {fetch} = replay(recording);
    const response = await fetch(url);
    expect(response).toMatchObject({status: 999, ok: false, statusText: 'o\u0001k', url});
    expect(response.headers.get('x-a')).toBe('b');
    expect(await response.text()).toBe('blocked');
    expect(await fetch(url)).toMatchObject({status: 600, ok: false});
    expect(await fetch(url)).toMatchObject({status: 101, ok: false});
  });

  it.each([-1, 1, 99, 1_000, 200.5, '200', null])(
    'a recorded status of %s is an error that names it',
    async (status) => {
      const error = await rejection(replay(har({status: status as number})).fetch(url));
      expect(error.message).toContain('no valid status');
    },
  );
});

describe('a recording of odd responses', () => {
  /** Records one response that consists of these bytes, and replays it. */
  async function replayOf(bytes: string) {
    const server = await startRawServer(async ({request, send}) => {
      await request();
      send(Buffer.from(bytes, 'latin1'));
    });
    const recorder = recordHar({bodies: true, redact: false});
    const {session} = openSession({}, {trace: [recorder.listener]});
    const describeResponse = async (response: Response) => ({
      status: response.status,
      statusText: response.statusText,
      ok: response.ok,
      cookies: response.headers.getSetCookie(),
      headers: [...response.headers].filter(([name]) => name !== 'content-length'),
      text: await response.text(),
    });
    const first = await describeResponse(await session.fetch(server.origin));
    await recorder.flush();
    const recording = JSON.parse(JSON.stringify(recorder)) as Har;
    return {first, again: await describeResponse(await replay(recording).fetch(server.origin))};
  }

  it.each<[string, string, object]>([
    [
      'the status 999',
      'HTTP/1.1 999 No\r\nContent-Length: 2\r\n\r\nno',
      {status: 999, statusText: 'No', ok: false},
    ],
    ['an empty phrase', 'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok', {statusText: '', text: 'ok'}],
    ['no phrase', 'HTTP/1.1 404\r\nContent-Length: 2\r\n\r\nno', {status: 404, statusText: ''}],
    [
      'a phrase that is not ASCII',
      'HTTP/1.1 200 Tr\xc3\xa8s bien\r\nContent-Length: 0\r\n\r\n',
      {statusText: 'Tr\xe8s bien'},
    ],
    [
      'several cookies',
      'HTTP/1.1 200 OK\r\nSet-Cookie: a=1, b; Path=/\r\nSet-Cookie: c=2\r\nContent-Length: 0\r\n\r\n',
      {cookies: ['a=1, b; Path=/', 'c=2']},
    ],
    [
      'bytes in a header that are not ASCII',
      'HTTP/1.1 200 OK\r\nX-Name: caf\xe9 \xc3\xa9\r\nContent-Length: 0\r\n\r\n',
      {headers: [['x-name', 'caf\xe9 \xc3\xa9']]},
    ],
    ['no content', 'HTTP/1.1 204 No Content\r\n\r\n', {status: 204, text: ''}],
  ])('%s is replayed as it was received', async (_name, bytes, expected) => {
    const {first, again} = await replayOf(bytes);
    expect(first).toMatchObject(expected);
    expect(again).toEqual(first);
  });

  it('a recording of another tool may lack members of responses', async () => {
    const entries = [
      {request: {method: 'GET', url}, response: {status: 200}},
      {request: {method: 'GET', url}, response: {status: 201, headers: [], content: {}}},
      {request: {method: 'GET', url}, response: {}},
      {request: {method: 'GET', url}},
      {},
    ];
    const {fetch} = replay({log: {entries}} as ReplayableHar);
    const first = await fetch(url);
    expect(first).toMatchObject({status: 200, statusText: '', ok: true});
    expect(await first.text()).toBe('');
    expect(await fetch(url)).toMatchObject({status: 201});
    for (let count = 0; count < 2; count++)
      expect(await rejection(fetch(url))).toBeInstanceOf(ConnectionError);
  });

  it('several values of a header that a tool wrote as lines are several values', async () => {
    const headers = {'set-cookie': 'a=1; Path=/\nb=2', 'x-name': 'é → ñ'};
    const response = await replay(har({headers})).fetch(url);
    expect(response.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2']);
    // The bytes of UTF-8, as they were on the wire.
    expect(Buffer.from(response.headers.get('x-name') as string, 'latin1').toString()).toBe('é → ñ');
  });
});
