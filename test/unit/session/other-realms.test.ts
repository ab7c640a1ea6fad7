import {runInNewContext} from 'node:vm';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {fetchConnector} from '../../../src/connectors/native/fetch.ts';
import {createSession} from '../../../src/index.ts';
import {mockSession} from '../../support/mock-session.ts';

const url = 'https://api.test/users';

// A frame, jsdom and a `vm` context have classes of their own, so that `instanceof` fails for their objects.
const bytes = 'Uint8Array.of(97, 98, 99)';
const bodies: Record<string, () => unknown> = {
  'a Uint8Array': () => runInNewContext(bytes),
  'an ArrayBuffer': () => runInNewContext(`${bytes}.buffer`),
  'a DataView': () => runInNewContext(`new DataView(${bytes}.buffer)`),
  'a String object': () => runInNewContext("new String('abc')"),
};

describe('objects of another realm', () => {
  it.each(Object.entries(bodies))('%s is sent as one of this realm', async (_what, make) => {
    const {session, calls} = mockSession();
    await session.fetch(url, {method: 'POST', body: make() as BodyInit});
    await session.post(url, {body: make() as BodyInit});
    expect(await Promise.all(calls.map((call) => call.text()))).toEqual(['abc', 'abc']);
  });

  it('an address that is no string becomes one, for fetch and for verbs', async () => {
    const {session, calls} = mockSession();
    const address = runInNewContext('({toString: () => address, href: address})', {address: url});
    await session.fetch(address);
    await session.get(address);
    expect(calls.map((call) => call.url)).toEqual([url, url]);
  });

  it('headers and an init of another realm are taken', async () => {
    const {session, calls} = mockSession();
    await session.fetch(url, runInNewContext("({method: 'PUT', headers: [['x-own', '1']], body: 'abc'})"));
    expect([calls[0]?.method, calls[0]?.headers.get('x-own')]).toEqual(['PUT', '1']);
  });
});

it('the Request of a navigation goes out as a same-origin request, with its own redirect mode', async () => {
  const replacement = vi.fn(async () => new Response());
  vi.stubGlobal('fetch', replacement);
  onTestFinished(() => void vi.unstubAllGlobals());
  await using session = createSession({connector: fetchConnector()});
  const request = new Request(url, {redirect: 'manual'});
  // No script can make one: the constructor of `Request` refuses the mode.
  Object.defineProperty(request, 'mode', {value: 'navigate'});
  await session.fetch(request);
  expect(replacement).toHaveBeenCalledWith(
    url,
    expect.objectContaining({mode: 'same-origin', redirect: 'manual'}),
  );
});
