import {describe, expect, it} from 'vitest';
import type {HeadersInput} from '../../../src/index.ts';
import {mockSession} from '../../support/mock-session.ts';

const url = 'https://api.test/';

/** The headers that are sent for those of a session and of a call, by fetch and by verb. */
async function sent(defaults: HeadersInput | undefined, headers?: HeadersInput): Promise<[string, string][]> {
  const {session, calls} = mockSession(() => ({}), {headers: defaults});
  await session.fetch(url, headers && {headers});
  await session.get(url, headers && {headers});
  const [byFetch = [], byVerb = []] = calls.map((call) => [...call.headers]);
  expect(byVerb).toEqual(byFetch);
  return byFetch;
}

describe('default headers', () => {
  it.each<[string, HeadersInput]>([
    ['an object', {'User-Agent': 'demo', 'x-count': 3}],
    [
      'pairs',
      [
        ['User-Agent', 'demo'],
        ['x-count', '3'],
      ],
    ],
    [
      'a Map',
      new Map([
        ['User-Agent', 'demo'],
        ['x-count', '3'],
      ]),
    ],
    ['Headers', new Headers({'User-Agent': 'demo', 'x-count': '3'})],
  ])('default headers given as %s are sent with every request', async (_, headers) => {
    expect(await sent(headers)).toEqual([
      ['user-agent', 'demo'],
      ['x-count', '3'],
    ]);
  });

  it('default headers are copied when the session is made', async () => {
    const headers = new Headers({x: '1'});
    const {session, calls} = mockSession(() => ({}), {headers});
    headers.set('x', '2');
    await session.fetch(url);
    expect(calls[0]?.headers.get('x')).toBe('1');
  });

  it('a policy that changes the headers of a request does not change the default headers', async () => {
    const {session, calls} = mockSession(() => ({}), {
      headers: {x: '1'},
      policies: [
        (next) => (request) => {
          request.headers.append('x', '2');
          request.headers.set('y', '3');
          return next(request);
        },
      ],
    });
    await session.fetch(url);
    await session.fetch(url);
    expect(calls.map(({headers}) => [...headers])).toEqual([
      [
        ['x', '1, 2'],
        ['y', '3'],
      ],
      [
        ['x', '1, 2'],
        ['y', '3'],
      ],
    ]);
  });

  it('a default header can have several values', async () => {
    expect(
      await sent([
        ['accept', 'a/b'],
        ['Accept', 'c/d'],
      ]),
    ).toEqual([['accept', 'a/b, c/d']]);
  });
});

describe('headers of a call', () => {
  it('the headers of a call replace those of the session name by name, in any case', async () => {
    expect(await sent({'X-A': '1', 'x-b': '2'}, {'x-a': '3', 'X-C': '4'})).toEqual([
      ['x-a', '3'],
      ['x-b', '2'],
      ['x-c', '4'],
    ]);
  });

  it('a header of a call replaces all values of its name', async () => {
    expect(
      await sent(
        [
          ['x', '1'],
          ['x', '2'],
        ],
        {x: '3'},
      ),
    ).toEqual([['x', '3']]);
  });

  it('several values of a call for one name replace those of the session', async () => {
    expect(
      await sent({x: '1'}, [
        ['x', '2'],
        ['X', '3'],
      ]),
    ).toEqual([['x', '2, 3']]);
  });

  it.each<[string, HeadersInput]>([
    ['in an object', {X: undefined}],
    ['in pairs', [['X', undefined]]],
  ])('undefined removes a header, %s', async (_, headers) => {
    expect(await sent({x: '1', y: '2'}, headers)).toEqual([['y', '2']]);
  });

  it('undefined for a header that is not set has no effect', async () => {
    expect(await sent(undefined, {x: undefined})).toEqual([]);
  });

  it('values of headers lose the whitespace around them', async () => {
    expect(await sent(undefined, {x: ' \t1 2\r\n'})).toEqual([['x', '1 2']]);
  });

  it.each<[string, HeadersInput]>([
    ['a name with a space', {'a b': 'c'}],
    ['an empty name', {'': 'c'}],
    ['a line break inside', {x: 's3cret\r\ny: z'}],
    ['a NUL', {x: 's3cret\0'}],
    ['what is no byte', {x: 's3cret→'}],
    ['a pair of three', [['x', 's3cret', 'z']] as unknown as HeadersInput],
    ['a string', 'x: s3cret' as unknown as HeadersInput],
  ])('a call with %s rejects with a TypeError that shows no value', async (_, headers) => {
    const {session, calls} = mockSession();
    for (const call of [session.fetch, session.get]) {
      const error = await call(url, {headers}).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TypeError);
      expect(String(error)).not.toContain('s3cret');
    }
    expect(calls).toHaveLength(0);
  });
});

describe('headers of a Request', () => {
  const request = new Request(url, {headers: {x: 'request', y: 'request'}});

  it('the headers of a Request replace those of the session name by name', async () => {
    const {session, calls} = mockSession(() => ({}), {headers: {x: 'session', z: 'session'}});
    await session.fetch(request);
    await session.get(request);
    for (const {headers} of calls) {
      expect([...headers]).toEqual([
        ['x', 'request'],
        ['y', 'request'],
        ['z', 'session'],
      ]);
    }
  });

  it('the headers of init replace all headers of the Request, as in the Fetch standard', async () => {
    const {session, calls} = mockSession();
    await session.fetch(request, {headers: {x: 'init'}});
    expect([...(calls[0]?.headers ?? [])]).toEqual([['x', 'init']]);
  });

  it('the headers of a verb replace those of the Request name by name, as in ky', async () => {
    const {session, calls} = mockSession(() => ({}), {headers: {z: 'session'}});
    await session.get(request, {headers: {x: 'call', y: undefined, z: undefined}});
    expect([...(calls[0]?.headers ?? [])]).toEqual([['x', 'call']]);
  });
});
