import {runInNewContext} from 'node:vm';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {fetchConnector} from '../../../src/connectors/native/fetch.ts';
import {ConnectionError, createSession} from '../../../src/index.ts';
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

describe('objects of classes that a library has written', () => {
  it('a form of another class is sent as a form, and not as the text "[object FormData]"', async () => {
    class OtherFormData {
      readonly [Symbol.toStringTag] = 'FormData';
      *[Symbol.iterator]() {
        yield ['name', 'Ada'];
      }
    }
    const {session, calls} = mockSession();
    await session.fetch(url, {method: 'POST', body: new OtherFormData() as never});
    expect(calls[0]?.headers.get('content-type')).toMatch(/^multipart\/form-data; boundary=/);
    expect(await calls[0]?.text()).toMatch(/name="name"\r\n\r\nAda\r\n/);
  });

  it('a Blob and parameters of another class are sent as text, as built-in fetch does', async () => {
    const {session, calls} = mockSession();
    for (const tag of ['Blob', 'URLSearchParams']) {
      const body = {[Symbol.toStringTag]: tag, size: 1, slice: () => undefined, toString: () => `a ${tag}`};
      await session.fetch(url, {method: 'POST', body: body as never});
      const {headers} = new Request(url, {method: 'POST', body: body as never});
      expect(calls.at(-1)?.headers.get('content-type')).toBe(headers.get('content-type'));
      expect(await calls.at(-1)?.text()).toBe(`a ${tag}`);
    }
  });
});

it('the error of a fetch of another realm becomes a ConnectionError that keeps its code', async () => {
  const error = runInNewContext(
    "Object.assign(new TypeError('fetch failed', {cause: Object.assign(new Error('refused'), {code: 'ECONNREFUSED'})}))",
  );
  vi.stubGlobal('fetch', () => Promise.reject(error));
  onTestFinished(() => void vi.unstubAllGlobals());
  await using session = createSession({connector: fetchConnector(), retry: false});
  const thrown = await session.fetch(url).catch((caught) => caught);
  expect(thrown).toBeInstanceOf(ConnectionError);
  expect(thrown).toMatchObject({code: 'ECONNREFUSED', phase: 'connect'});
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
