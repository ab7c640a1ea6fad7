import {describe, expect, it} from 'vitest';
import type {Har, ReplayableHar, ReplayOptions} from '../../../src/har/index.ts';
import {harHandler, recordHar} from '../../../src/har/index.ts';
import {ConnectionError, InvalidOptionError} from '../../../src/index.ts';
import {startServer} from '../../support/http-server.ts';
import {mockSession, rejection, thrown} from '../../support/mock-session.ts';
import {openSession} from '../../support/open-session.ts';

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
