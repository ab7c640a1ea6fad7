import {afterEach, expect, it, vi} from 'vitest';
import {undiciConnector} from '../../src/connectors/undici/index.ts';
import {createSession} from '../../src/index.ts';
import {startServer} from '../support/http-server.ts';

afterEach(() => vi.unstubAllGlobals());

it('a wrapper around the fetch of a session with a connector of its own is called once for each request', async () => {
  const server = await startServer((_request, response) => response.end('ok'));
  await using session = createSession({connector: undiciConnector()});
  const wrapper = vi.fn((...args: Parameters<typeof fetch>) => session.fetch(...args));
  vi.stubGlobal('fetch', wrapper);
  for (let count = 1; count <= 3; count++) {
    expect(await (await fetch(server.origin)).text()).toBe('ok');
    expect(wrapper).toHaveBeenCalledTimes(count);
  }
});

it('a wrapper around the fetch of any other session sees each request twice, and the server sees it once', async () => {
  let arrived = 0;
  const server = await startServer((_request, response) => {
    arrived++;
    response.end('ok');
  });
  await using session = createSession();
  const wrapper = vi.fn((...args: Parameters<typeof fetch>) => session.fetch(...args));
  vi.stubGlobal('fetch', wrapper);
  expect(await (await fetch(server.origin)).text()).toBe('ok');
  expect(wrapper).toHaveBeenCalledTimes(2);
  expect(arrived).toBe(1);
});
