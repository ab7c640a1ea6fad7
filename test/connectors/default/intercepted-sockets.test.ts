import {HttpResponse, http} from 'msw';
import {setupServer} from 'msw/node';
import {afterAll, afterEach, beforeAll, describe, expect, it, vi} from 'vitest';
import {undiciConnector} from '../../../src/connectors/undici/index.ts';
import {ConnectionError, createSession} from '../../../src/index.ts';
import {startServer} from '../../support/http-server.ts';
import {rejection} from '../../support/mock-session.ts';

// msw intercepts at the sockets of Node. There it sees what a connection is opened to: that has to be the name of the host.
const urls: string[] = [];
const server = setupServer(
  http.all('*://api.test/*', ({request}) => {
    urls.push(request.url);
    return HttpResponse.json({mocked: true});
  }),
);
const session = createSession({retry: false});

// The global `fetch` is that of the session before msw listens, as in a program that has put it in place.
vi.stubGlobal('fetch', session.fetch);
beforeAll(() => server.listen({onUnhandledFrame: 'bypass'}));
afterEach(() => {
  urls.length = 0;
  expect(session.stats().active).toBe(0);
});
afterAll(async () => {
  // Closing waits for the connections that msw has intercepted.
  await session.close();
  server.close();
  vi.unstubAllGlobals();
});

describe('msw, with the fetch of a session as the global one', () => {
  it.each(['http', 'https'])(
    'msw answers %s: requests, and sees their URLs with the name of the host',
    async (scheme) => {
      const url = `${scheme}://api.test/users`;
      expect(await (await globalThis.fetch(url)).json()).toEqual({mocked: true});
      expect(await session.get(url).json()).toEqual({mocked: true});
      expect(urls).toEqual([url, url]);
    },
  );

  it('a request that msw lets pass reaches its server, by name and by address', async () => {
    const {origin} = await startServer((_request, response) => response.end('real'));
    expect(await session.get(origin).text()).toBe('real');
    expect(await session.get(origin.replace('127.0.0.1', 'localhost')).text()).toBe('real');
  });

  it('a name that cannot be resolved fails with the code of the look-up', async () => {
    const error = await rejection(session.fetch('http://nowhere.invalid/'));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({code: 'ENOTFOUND'});
  });

  it('a session that guards addresses sees them all the same', async () => {
    const {origin} = await startServer((_request, response) => response.end('real'));
    const seen: string[] = [];
    const allowAddress = (address: string) => seen.push(address) > 0;
    await using connector = undiciConnector({allowAddress});
    await using guarded = createSession({connector});
    expect(await guarded.get(origin.replace('127.0.0.1', 'localhost')).text()).toBe('real');
    expect(seen).toContain('127.0.0.1');
  });
});
