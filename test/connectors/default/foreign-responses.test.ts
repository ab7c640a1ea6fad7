import {Readable} from 'node:stream';
import {Response as UndiciResponse} from 'undici';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {mockConnector} from '../../../src/connectors/mock.ts';
import {AiofetchError, createSession, HTTPError} from '../../../src/index.ts';
import {rejection} from '../../support/mock-session.ts';

const url = 'https://api.test/users/1';
const user = {name: 'Ada'};
const text = JSON.stringify(user);

/** A class as node-fetch's `Response`: its body is a stream of Node, its headers a class of its own. */
class NodeFetchResponse {
  readonly ok = true;
  readonly body: Readable;
  readonly status: number;
  readonly statusText = '';
  readonly headers: Map<string, string>;
  readonly url: string;
  readonly redirected: boolean;

  constructor(
    content: string,
    init: {status?: number; headers?: object; url?: string; counter?: number} = {},
  ) {
    this.body = Readable.from([Buffer.from(content)]);
    this.status = init.status ?? 200;
    this.headers = new Map(Object.entries(init.headers ?? {}));
    this.url = init.url ?? '';
    this.redirected = (init.counter ?? 0) > 0;
  }

  get [Symbol.toStringTag]() {
    return 'Response';
  }

  async text() {
    return Buffer.concat(await this.body.toArray()).toString();
  }
}

/** A session whose global `fetch` returns the given value. */
function sessionOver(answer: (address: string) => unknown) {
  const replacement = vi.fn(async (address: string) => answer(address));
  vi.stubGlobal('fetch', replacement);
  const session = createSession();
  onTestFinished(async () => {
    vi.unstubAllGlobals();
    expect(session.stats()).toMatchObject({active: 0, queued: 0});
    await session.destroy();
  });
  return {session, replacement};
}

/** Each makes what a replaced `fetch` returns instead of a `Response` of the runtime. */
const kinds: Record<string, () => unknown> = {
  'a Response of node-fetch': () => new NodeFetchResponse(text, {headers: {'x-own': '1'}}),
  'a Response of the npm package undici': () => new UndiciResponse(text, {headers: {'x-own': '1'}}),
  'a Response whose methods alone read the body, as a polyfill’s': () => ({
    ok: true,
    status: 200,
    statusText: 'OK',
    headers: Object.entries({'x-own': '1'}),
    text: async () => text,
    json: async () => JSON.parse(text),
    arrayBuffer: async () => new TextEncoder().encode(text).buffer,
  }),
  'an object with ok, headers and json': () => ({
    ok: true,
    headers: new Map([['x-own', '1']]),
    json: async () => user,
  }),
  'an object with status, a record of headers and text': () => ({
    status: 200,
    headers: {'x-own': '1'},
    text: async () => text,
  }),
};

describe.each(Object.entries(kinds))('a replaced fetch that returns %s', (_kind, make) => {
  it('session.fetch makes a Response of the runtime of it, whose body can be read in every way', async () => {
    const {session, replacement} = sessionOver(make);
    const response = await session.fetch(url);
    expect(response).toBeInstanceOf(Response);
    expect([response.ok, response.status, response.url, response.redirected]).toEqual([
      true,
      200,
      url,
      false,
    ]);
    expect(response.headers.get('x-own')).toBe('1');
    const copy = response.clone();
    expect(await response.json()).toEqual(user);
    expect(new TextDecoder().decode(await copy.arrayBuffer())).toBe(text);
    let streamed = '';
    for await (const chunk of (await session.fetch(url)).body as never as AsyncIterable<Uint8Array>)
      streamed += new TextDecoder().decode(chunk);
    expect(streamed).toBe(text);
    expect(replacement).toHaveBeenCalledTimes(2);
  });

  it('a verb reads JSON from it', async () => {
    const {session} = sessionOver(make);
    expect(await session.get(url).json()).toEqual(user);
  });
});

describe('a replaced fetch', () => {
  it('an object of a test that says that it is not ok is a failure, as is one with a status alone', async () => {
    const {session} = sessionOver(() => ({ok: false, json: async () => ({reason: 'down'})}));
    expect(await rejection(session.get(url, {retry: false}))).toMatchObject({
      response: {status: 500},
      data: {reason: 'down'},
    });
    const missing = sessionOver(() => ({status: 404})).session;
    expect(await rejection(missing.get(url))).toBeInstanceOf(HTTPError);
    expect((await missing.fetch(url)).ok).toBe(false);
  });

  it('headers that have nothing but `get` are none, and JSON says that it is JSON', async () => {
    const {session} = sessionOver(() => ({ok: true, headers: {get: () => 'x'}, json: async () => user}));
    expect([...(await session.fetch(url)).headers]).toEqual([['content-type', 'application/json']]);
  });

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'a secret body'],
    ['an object without any member of a response', {data: 'a secret body'}],
  ])(
    'a typed error without the value says that %s is no Response, and nothing is sent again',
    async (_what, value) => {
      const {session, replacement} = sessionOver(() => value);
      for (const call of [() => session.fetch(url), () => session.get(url)]) {
        const error = await rejection(call());
        expect(error).toBeInstanceOf(AiofetchError);
        expect(error).toMatchObject({code: 'ERR_NOT_A_RESPONSE', phase: 'receive', request: {url}});
        expect(error.message).not.toContain('secret');
      }
      expect(replacement).toHaveBeenCalledTimes(2);
    },
  );

  it('the error of a body’s method reaches the reader', async () => {
    const {session} = sessionOver(() => ({ok: true, json: () => Promise.reject(new Error('broken'))}));
    const response = await session.fetch(url);
    expect((await rejection(response.json())).message).toContain('broken');
  });

  it('the url and redirected of its response come through, whatever sets them', async () => {
    class Moved extends Response {
      override get url() {
        return 'https://api.test/moved';
      }
      override get redirected() {
        return true;
      }
    }
    const defined = () => {
      const members = {url: {value: 'https://api.test/moved'}, redirected: {value: true}};
      return Object.defineProperties(new Response(text), members);
    };
    const bound = () =>
      new Proxy(defined(), {
        get(target, name) {
          const value = Reflect.get(target, name, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    const plain = () => ({ok: true, url: 'https://api.test/moved', redirected: true, json: async () => user});
    const foreign = () => new NodeFetchResponse(text, {url: 'https://api.test/moved', counter: 1});
    for (const make of [() => new Moved(text), defined, bound, plain, foreign]) {
      const {session} = sessionOver(make);
      const response = await session.fetch(url);
      expect([response.url, response.redirected]).toEqual(['https://api.test/moved', true]);
      expect(await response.json()).toEqual(user);
    }
  });

  it('the session follows its redirects, also to responses that have no URL of their own', async () => {
    const {session} = sessionOver((address) =>
      address === url ? new Response(null, {status: 302, headers: {location: '/moved'}}) : new Response(text),
    );
    const response = await session.fetch(url);
    expect([response.url, response.redirected]).toEqual(['https://api.test/moved', true]);
  });
});

it('a mock connector takes the Response of another library from its handler', async () => {
  await using session = createSession({
    connector: mockConnector(() => new NodeFetchResponse(text, {status: 203})),
  });
  const response = await session.fetch(url);
  expect([response.status, await response.json()]).toEqual([203, user]);
});
