import {inspect} from 'node:util';
import {describe, expect, it, vi} from 'vitest';
import type {MockCall} from '../../../../src/connectors/mock.ts';
import type {Token, TokenRequest} from '../../../../src/index.ts';
import {AiofetchError, AuthError, SessionClosedError, tokenSource} from '../../../../src/index.ts';
import {mockSession, rejection, thrown} from '../../../support/mock-session.ts';
import {useFakeClock} from '../support.ts';

const baseUrl = 'https://api.test/v1/';
const tokenOf = ({headers}: MockCall) => headers.get('authorization');

/** A server that accepts one token, which the test can change. */
function picky(first: string) {
  const server = {
    valid: first,
    answer: (call: MockCall): unknown =>
      tokenOf(call) === `Bearer ${server.valid}` ? {ok: true} : new Response('no', {status: 401}),
  };
  return server;
}

/** A source whose answers the test resolves one by one. */
function heldSource() {
  const asked: Array<TokenRequest & PromiseWithResolvers<string | Token>> = [];
  const source = (request: TokenRequest) => {
    const held = Promise.withResolvers<string | Token>();
    asked.push({...request, ...held});
    return held.promise;
  };
  return {asked, source};
}

describe('a token', () => {
  it('a token is requested once for all waiting and later requests', async () => {
    const {asked, source} = heldSource();
    const {session, calls} = mockSession(
      () => ({}),
      {baseUrl, auth: tokenSource(source), policies: []},
      {limit: 0},
    );
    const first = Array.from({length: 100}, () => session.fetch('users'));
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    expect(calls).toHaveLength(0);
    asked[0]?.resolve('t1');
    await Promise.all(first);
    await session.fetch('users');
    expect(asked).toHaveLength(1);
    expect(new Set(calls.map(tokenOf))).toEqual(new Set(['Bearer t1']));
  });

  it('no token is requested for a call with an Authorization header or to another origin', async () => {
    const source = vi.fn(() => 't1');
    const {session, calls} = mockSession(() => new Response('', {status: 401}), {
      baseUrl,
      auth: tokenSource(source),
    });
    await session.fetch('users', {headers: {authorization: 'Mine'}});
    await session.fetch('https://other.test/');
    expect(source).not.toHaveBeenCalled();
    expect(calls.map(tokenOf)).toEqual(['Mine', null]);
  });

  it('a token is shared with the children of a session', async () => {
    const source = vi.fn(() => 't1');
    const {session} = mockSession(() => ({}), {baseUrl, auth: tokenSource(source)});
    await session.fetch('users');
    await session.extend({headers: {a: 'b'}}).fetch('users');
    expect(source).toHaveBeenCalledOnce();
  });
});

describe('a 401', () => {
  it('a hundred concurrent 401s cause one refresh, and each request is sent again once', async () => {
    const {asked, source} = heldSource();
    const server = picky('t2');
    const {session, calls} = mockSession(server.answer, {baseUrl, auth: tokenSource(source)}, {limit: 0});
    const responses = Array.from({length: 100}, () => session.fetch('users'));
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    asked[0]?.resolve('t1');
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    expect(asked[1]?.rejected).toBe('t1');
    asked[1]?.resolve('t2');
    expect((await Promise.all(responses)).every(({ok}) => ok)).toBe(true);
    expect(asked).toHaveLength(2);
    expect(calls).toHaveLength(200);
    expect(session.stats().totals).toMatchObject({requests: 100, attempts: 200, retries: 100});
  });

  it('a late 401 to a token that was replaced meanwhile causes no refresh', async () => {
    const tokens = ['t1', 't2', 't3'];
    const source = vi.fn(() => tokens.shift() as string);
    const late = Promise.withResolvers<void>();
    const server = picky('t2');
    const {session, calls} = mockSession(
      async (call) => {
        const answer = server.answer(call);
        if (call.url.endsWith('late') && tokenOf(call) === 'Bearer t1') await late.promise;
        return answer;
      },
      {baseUrl, auth: tokenSource(source)},
    );
    const slow = session.fetch('late');
    await vi.waitFor(() => expect(calls).toHaveLength(1));
    expect((await session.fetch('users')).status).toBe(200);
    expect(source).toHaveBeenCalledTimes(2);
    late.resolve();
    expect((await slow).status).toBe(200);
    expect(source).toHaveBeenCalledTimes(2);
  });

  it('a 401 to the new token is returned to the caller', async () => {
    let count = 0;
    const source = vi.fn(() => `t${++count}`);
    const {session, calls} = mockSession(() => new Response('', {status: 401}), {
      baseUrl,
      auth: tokenSource(source),
    });
    expect((await session.fetch('users')).status).toBe(401);
    expect(calls.map(tokenOf)).toEqual(['Bearer t1', 'Bearer t2']);
  });

  it('a 401 makes the request be sent again with its body, if the body can be repeated', async () => {
    const bodies: string[] = [];
    const tokens = ['t1', 't2'];
    const server = picky('t2');
    const {session} = mockSession(
      async (call) => {
        bodies.push(await call.text());
        return server.answer(call);
      },
      {baseUrl, auth: tokenSource(() => tokens.shift() as string)},
    );
    expect((await session.fetch('users', {method: 'POST', body: 'the body'})).status).toBe(200);
    expect(bodies).toEqual(['the body', 'the body']);
  });

  it("a 401 to a body that can't be repeated is returned, and the next request has a new token", async () => {
    const tokens = ['t1', 't2'];
    const server = picky('t2');
    const {session, calls} = mockSession(server.answer, {
      baseUrl,
      auth: tokenSource(() => tokens.shift() as string),
    });
    const body = new Blob(['once']).stream();
    expect((await session.fetch('users', {method: 'POST', body})).status).toBe(401);
    expect((await session.fetch('users')).status).toBe(200);
    expect(calls.map(tokenOf)).toEqual(['Bearer t1', 'Bearer t2']);
  });

  it('a 401 of another origin after a redirect does not drop the token', async () => {
    const source = vi.fn(() => 't1');
    const {session} = mockSession(
      ({url}) =>
        url.startsWith(baseUrl)
          ? Response.redirect('https://other.test/', 302)
          : new Response('', {status: 401}),
      {baseUrl, auth: tokenSource(source)},
    );
    expect((await session.fetch('users')).status).toBe(401);
    expect(source).toHaveBeenCalledOnce();
  });

  it('a 401 frees its slot before the source is called, so that the source can use the same session', async () => {
    const server = picky('t2');
    const {session} = mockSession(
      (call) => {
        if (call.url.endsWith('/token')) return {token: server.valid};
        // Larger than the buffers, so that the connection is only freed when the body is discarded.
        return tokenOf(call) === 'Bearer t1'
          ? new Response('no'.repeat(1e6), {status: 401})
          : server.answer(call);
      },
      {
        baseUrl,
        auth: tokenSource(async ({rejected}) => {
          if (!rejected) return 't1';
          const headers = {authorization: 'none'};
          return (await session.get('token', {headers}).json<{token: string}>()).token;
        }),
      },
      {limit: 1},
    );
    expect((await session.fetch('users')).status).toBe(200);
  });
});

describe('a source that fails', () => {
  it('a failed source rejects each waiting request with a typed error of its own, and the next request calls it again', async () => {
    const {asked, source} = heldSource();
    const {session, calls} = mockSession(() => ({}), {baseUrl, auth: tokenSource(source)});
    const errors = Promise.all(['a?x=s3cret', 'b'].map((path) => rejection(session.fetch(path))));
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    const cause = new Error('the login server is down');
    asked[0]?.reject(cause);
    const [first, second] = await errors;
    expect(first).toBeInstanceOf(AuthError);
    expect(first).toBeInstanceOf(AiofetchError);
    expect(first).toMatchObject({name: 'AuthError', code: 'ERR_AUTH', cause});
    expect(String(first)).toBe(
      'AuthError: No token for the request: getting one failed (GET https://api.test/v1/a?x=…)',
    );
    expect(second?.message).toContain('https://api.test/v1/b');
    expect(calls).toHaveLength(0);
    const next = session.fetch('users');
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    asked[1]?.resolve('t1');
    expect(await (await next).text()).toBe('{}');
  });

  it('a source that fails after a 401 rejects all requests that were refused', async () => {
    let count = 0;
    const {session} = mockSession(() => new Response('', {status: 401}), {
      baseUrl,
      retry: 2,
      auth: tokenSource(() => {
        if (++count > 1) throw new Error('expired');
        return 't1';
      }),
    });
    const errors = await Promise.all([1, 2, 3].map(() => rejection(session.fetch('users'))));
    for (const error of errors) expect(error).toMatchObject({name: 'AuthError', cause: new Error('expired')});
    expect(count).toBe(2);
  });

  it.each([
    ['nothing', undefined],
    ['a token with a line break', 's3cret\nx: y'],
    ['an object without a token', {expiresAt: 1}],
    ['an expiry that is none', {token: 's3cret', expiresAt: Number.NaN}],
  ])('a source that returns %s rejects the request, and the error shows no secret', async (_, token) => {
    const {session} = mockSession(() => ({}), {baseUrl, auth: tokenSource(() => token as string)});
    const error = await rejection(session.fetch('users'));
    expect(error).toMatchObject({name: 'AuthError', cause: {name: 'InvalidOptionError'}});
    expect(inspect(error, {showHidden: true, depth: 9})).not.toContain('s3cret');
  });
});

describe('requests that wait for a token', () => {
  it('a waiting request that is aborted rejects at once, and the source continues for the others', async () => {
    const {asked, source} = heldSource();
    const {session} = mockSession(() => ({}), {baseUrl, auth: tokenSource(source)});
    const controller = new AbortController();
    const aborted = session.fetch('users', {signal: controller.signal});
    const other = session.fetch('users');
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    controller.abort('stop');
    await expect(aborted).rejects.toBe('stop');
    expect(asked[0]?.signal.aborted).toBe(false);
    asked[0]?.resolve('t1');
    expect((await other).status).toBe(200);
    expect(asked).toHaveLength(1);
  });

  it("a waiting request rejects at once when the session is destroyed, and the source's signal is aborted", async () => {
    const {asked, source} = heldSource();
    const {session} = mockSession(() => ({}), {baseUrl, auth: tokenSource(source)});
    const call = rejection(session.fetch('users'));
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    await session.destroy();
    expect(await call).toBeInstanceOf(SessionClosedError);
    expect(asked[0]?.signal.aborted).toBe(true);
    await session.close();
  });

  describe('a token that takes too long', () => {
    useFakeClock();

    it("the timeout rejects all waiting requests and aborts the source's signal, and the next request calls it again", async () => {
      const {asked, source} = heldSource();
      const auth = tokenSource(source, {timeout: 5_000});
      const {session} = mockSession(() => ({}), {baseUrl, auth});
      const calls = [1, 2].map(() => rejection(session.fetch('users')));
      await vi.advanceTimersByTimeAsync(4_999);
      expect(asked.map(({signal}) => signal.aborted)).toEqual([false]);
      await vi.advanceTimersByTimeAsync(1);
      for (const error of await Promise.all(calls)) {
        expect(error).toMatchObject({name: 'AuthError', cause: {name: 'TimeoutError', limit: 5_000}});
        expect(error.message).toMatch(
          /^No token for the request: getting one took longer than 5000 ms \(GET /,
        );
      }
      expect(asked.map(({signal}) => signal.aborted)).toEqual([true]);
      const next = session.fetch('users');
      await vi.advanceTimersByTimeAsync(0);
      asked[1]?.resolve('t1');
      expect(await (await next).text()).toBe('{}');
      expect(vi.getTimerCount()).toBe(0);
    });

    it('a source may take thirty seconds by default, and any time with timeout: false', async () => {
      for (const [timeout, isOver] of [
        [undefined, true],
        [false, false],
      ] as const) {
        const {asked, source} = heldSource();
        const {session} = mockSession(() => ({}), {baseUrl, auth: tokenSource(source, {timeout})});
        session.fetch('users').catch(() => undefined);
        await vi.advanceTimersByTimeAsync(29_999);
        expect(asked[0]?.signal.aborted).toBe(false);
        await vi.advanceTimersByTimeAsync(1);
        expect(asked[0]?.signal.aborted).toBe(isOver);
      }
    });
  });

  it('closing a session waits for its pending token', async () => {
    const {asked, source} = heldSource();
    const {session} = mockSession(() => ({}), {baseUrl, auth: tokenSource(source)});
    const call = session.fetch('users');
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    const closed = session.close();
    asked[0]?.resolve('t1');
    expect(await (await call).json()).toEqual({});
    await closed;
  });

  it('closing a session waits for its pending token even if the call was aborted', async () => {
    const {asked, source} = heldSource();
    const {session} = mockSession(() => ({}), {baseUrl, auth: tokenSource(source)});
    const controller = new AbortController();
    const call = rejection(session.fetch('users', {signal: controller.signal}));
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    const closed = session.close();
    controller.abort('stop');
    expect(await call).toBe('stop');
    asked[0]?.resolve('t1');
    await closed;
  });
});

describe('a known expiry', () => {
  useFakeClock();

  const get = async (session: {fetch: typeof fetch}) => (await session.fetch('users')).text();

  it('a token is replaced before its expiry, without a 401', async () => {
    let count = 0;
    const auth = tokenSource(() => ({token: `t${++count}`, expiresAt: Date.now() + 60_000}), {skew: 10_000});
    const {session, calls} = mockSession(() => ({}), {baseUrl, auth});
    for (const ms of [0, 49_999, 1, 1]) {
      await vi.advanceTimersByTimeAsync(ms);
      await get(session);
    }
    expect(calls.map(tokenOf)).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t2', 'Bearer t2']);
  });

  it('an expiry may be a Date, and a short-lived token is used for half of its lifetime at least', async () => {
    let count = 0;
    const auth = tokenSource(() => ({token: `t${++count}`, expiresAt: new Date(Date.now() + 20_000)}));
    const {session, calls} = mockSession(() => ({}), {baseUrl, auth});
    for (const ms of [0, 9_999, 1]) {
      await vi.advanceTimersByTimeAsync(ms);
      await get(session);
    }
    expect(calls.map(tokenOf)).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t2']);
  });

  it('a token that could not be replaced is used until it expires', async () => {
    let count = 0;
    const auth = tokenSource(() => {
      if (++count > 1) throw new Error('down');
      return {token: 't1', expiresAt: Date.now() + 60_000};
    });
    const {session} = mockSession(() => ({}), {baseUrl, auth});
    await get(session);
    await vi.advanceTimersByTimeAsync(40_000);
    await get(session);
    expect(count).toBe(2);
    await vi.advanceTimersByTimeAsync(20_000);
    await expect(get(session)).rejects.toThrow(AuthError);
  });

  it('a token that has expired on arrival is used once and then replaced', async () => {
    let count = 0;
    const auth = tokenSource(() => ({token: `t${++count}`, expiresAt: 0}));
    const {session, calls} = mockSession(() => ({}), {baseUrl, auth});
    await Promise.all([get(session), get(session)]);
    await get(session);
    expect(calls.map(tokenOf)).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t2']);
  });
});

it.each<[string, () => unknown, name?: string]>([
  ['tokenSource', () => tokenSource('s3cret' as never)],
  ['tokenSource.skew', () => tokenSource(() => 't', {skew: -1})],
  ['tokenSource.timeout', () => tokenSource(() => 't', {timeout: -1})],
  ['tokenSource.life', () => tokenSource(() => 't', {life: 1} as never), 'UnsupportedOptionError'],
])('an invalid option %s is refused when the scheme is made', (option, make, name = 'InvalidOptionError') => {
  expect(thrown(make)).toMatchObject({name, option});
});
