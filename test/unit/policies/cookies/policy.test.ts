import {describe, expect, it} from 'vitest';
import type {MockCall} from '../../../../src/connectors/mock.ts';
import {mockConnector} from '../../../../src/connectors/mock.ts';
import {createSession as createCoreSession} from '../../../../src/core-index.ts';
import type {Policy} from '../../../../src/index.ts';
import {apiKey, createSession, hedgePolicy, singleFlightPolicy} from '../../../../src/index.ts';
import {cookieJar} from '../../../../src/policies/cookies/index.ts';
import {mockSession, rejection, thrown} from '../../../support/mock-session.ts';

const baseUrl = 'https://shop.test/';

function setCookie(...lines: string[]): Response {
  return new Response(null, {headers: lines.map((line) => ['set-cookie', line] as [string, string])});
}

function redirect(location: string, ...lines: string[]): Response {
  return new Response(null, {
    status: 302,
    headers: [['location', location], ...lines.map((line) => ['set-cookie', line] as [string, string])],
  });
}

function cookiesOf(calls: readonly MockCall[]): Array<string | null> {
  return calls.map(({headers}) => headers.get('cookie'));
}

describe('a session with a jar', () => {
  it.each([
    ['the option cookies with true', {cookies: true}],
    ['the option cookies with a jar', {cookies: cookieJar()}],
    ['the list of policies', {policies: [cookieJar()]}],
  ])('cookies of a response are sent with the next request, by %s', async (_, options) => {
    const {session, calls} = mockSession(
      ({url}) => (url.endsWith('login') ? setCookie('sid=1; Path=/', 'b=2') : {}),
      {
        baseUrl,
        ...options,
      },
    );
    await session.post('login');
    await session.get('orders').json();
    await session.fetch('orders');
    expect(cookiesOf(calls)).toEqual([null, 'sid=1; b=2', 'sid=1; b=2']);
  });

  it('a session of aiofetch/core takes a jar as a policy', async () => {
    const connector = mockConnector(() => setCookie('a=1'));
    await using session = createCoreSession({baseUrl, connector, policies: [cookieJar()]});
    await session.fetch('');
    await session.fetch('');
    expect(cookiesOf(connector.calls)).toEqual([null, 'a=1']);
  });

  it('a cookie goes to no other site', async () => {
    const {session, calls} = mockSession(() => setCookie('a=1'), {cookies: cookieJar()});
    await session.get('https://shop.test/');
    await session.get('https://other.test/');
    await session.get('https://shop.test.evil.test/');
    expect(cookiesOf(calls)).toEqual([null, null, null]);
  });

  it('the cookies of the caller stay, in one line, and replace those of the jar with their names', async () => {
    const cookies = cookieJar();
    await cookies.set('a=jar', baseUrl);
    await cookies.set('b=jar', baseUrl);
    const {session, calls} = mockSession(() => ({}), {baseUrl, cookies});
    await session.get('', {headers: {cookie: 'own=1; a=own'}});
    expect(cookiesOf(calls)).toEqual(['own=1; a=own; b=jar']);
  });

  it('a call with cookies: false sends and stores none', async () => {
    const cookies = cookieJar();
    await cookies.set('a=1', baseUrl);
    const {session, calls} = mockSession(() => setCookie('b=2'), {baseUrl});
    const child = session.extend({cookies});
    await child.fetch('', {cookies: false} as RequestInit);
    expect(cookiesOf(calls)).toEqual([null]);
    expect(await cookies.list()).toMatchObject([{name: 'a'}]);
    const error = await rejection(child.fetch('', {cookies: true} as RequestInit));
    expect(error).toMatchObject({name: 'InvalidOptionError', option: 'cookies'});
  });

  it('a child session has the jar of its parent, another one, or none', async () => {
    const cookies = cookieJar();
    const own = cookieJar();
    await cookies.set('a=parent', baseUrl);
    await own.set('a=own', baseUrl);
    const {session, calls} = mockSession(() => ({}), {baseUrl, cookies});
    for (const child of [
      session.extend({}),
      session.extend({cookies: own}),
      session.extend({cookies: false}),
    ]) {
      await child.get('');
    }
    expect(cookiesOf(calls)).toEqual(['a=parent', 'a=own', null]);
  });

  it('two sessions may share a jar', async () => {
    const cookies = cookieJar();
    const first = mockSession(() => setCookie('a=1'), {baseUrl, cookies});
    const second = mockSession(() => ({}), {baseUrl, cookies});
    await first.session.get('');
    await second.session.get('');
    expect(cookiesOf(second.calls)).toEqual(['a=1']);
  });

  it.each([1, 'jar', {}, {name: 'cookies'}, null])(
    'the option refuses %j when the session is made',
    (value) => {
      const error = thrown(() => createSession({cookies: value as never}));
      expect(error).toMatchObject({name: 'InvalidOptionError', option: 'cookies'});
      expect(error.message).toContain('cookieJar() of aiofetch/cookies');
    },
  );

  it('a connector that hides redirects is refused, with a word on credentials', () => {
    const connector = {
      ...mockConnector(() => ({})),
      capabilities: {sockets: false, connectTimeout: false, requestStreams: true, manualRedirect: false},
    };
    const error = thrown(() => createSession({connector, cookies: cookieJar()}));
    expect(error).toMatchObject({name: 'UnsupportedOptionError', option: 'cookies'});
    expect(error.message).toContain('credentials');
  });

  it('a Set-Cookie that makes no sense changes nothing, and the call succeeds', async () => {
    const cookies = cookieJar();
    const {session} = mockSession(() => setCookie('=', 'a=1; Domain=com', 'b=1; Domain=a b', 'ok=1'), {
      baseUrl,
      cookies,
    });
    expect((await session.get('')).ok).toBe(true);
    expect(await cookies.list()).toMatchObject([{name: 'ok'}]);
  });

  it.each([304, 404, 500])('the cookies of a response with status %i are stored', async (status) => {
    const cookies = cookieJar();
    const {session} = mockSession(() => new Response(null, {status, headers: {'set-cookie': 'a=1'}}), {
      baseUrl,
      cookies,
    });
    await session.fetch('');
    expect(await cookies.list()).toMatchObject([{name: 'a'}]);
  });
});

describe('redirects', () => {
  it('a cookie of a redirect is stored and sent with the request that follows', async () => {
    const cookies = cookieJar();
    const {session, calls} = mockSession(
      ({url}) => (url.endsWith('login') ? redirect('/home', 'sid=1; Path=/') : new Response('home')),
      {baseUrl, cookies},
    );
    const response = await session.post('login', {body: 'user=ada'});
    expect(response).toMatchObject({redirected: true, url: 'https://shop.test/home'});
    expect(response.clone()).toMatchObject({redirected: true, url: 'https://shop.test/home'});
    expect(await response.text()).toBe('home');
    expect(calls.map(({method}) => method)).toEqual(['POST', 'GET']);
    expect(cookiesOf(calls)).toEqual([null, 'sid=1']);
    expect(session.stats().totals).toMatchObject({requests: 1, attempts: 1, retries: 0});
  });

  it('each site on the way gets its own cookies, and the header of the caller stays at its origin', async () => {
    const cookies = cookieJar();
    await cookies.set('b=2', 'https://b.test/');
    const {session, calls} = mockSession(
      ({url}) => {
        if (url === 'https://a.test/') return redirect('https://b.test/', 'a=1');
        if (url === 'https://b.test/') return redirect('https://a.test/end', 'c=3');
        return {};
      },
      {cookies},
    );
    await session.get('https://a.test/', {headers: {cookie: 'own=s3cret'}});
    expect(cookiesOf(calls)).toEqual(['own=s3cret', 'b=2', 'a=1']);
  });

  it('a redirect that is not followed sets its cookies too', async () => {
    const cookies = cookieJar();
    const {session, calls} = mockSession(() => redirect('/home', 'a=1'), {baseUrl, cookies});
    const response = await session.fetch('', {redirect: 'manual'});
    expect(response.status).toBe(302);
    expect(calls).toHaveLength(1);
    expect(await cookies.list()).toMatchObject([{name: 'a'}]);
    await expect(session.fetch('', {redirect: 'error'})).rejects.toThrow(TypeError);
  });

  it('a cookie that a redirect removes is not sent any more', async () => {
    const cookies = cookieJar();
    await cookies.set('sid=1; Path=/', baseUrl);
    const {session, calls} = mockSession(
      ({url}) => (url.endsWith('logout') ? redirect('/', 'sid=; Path=/; Max-Age=0') : {}),
      {baseUrl, cookies},
    );
    await session.get('logout');
    expect(cookiesOf(calls)).toEqual(['sid=1', null]);
  });

  it('a redirect without end fails as it does without a jar', async () => {
    const {session, calls} = mockSession(({url}) => redirect(`${url}x`), {baseUrl, cookies: cookieJar()});
    const error = await rejection(session.fetch(''));
    expect(error).toMatchObject({code: 'ERR_REDIRECT'});
    expect(calls).toHaveLength(21);
  });

  it.each<['before' | 'after']>([['before'], ['after']])(
    'with a bearer token, the jar may come %s the auth',
    async (place) => {
      const cookies = cookieJar();
      const options = place === 'before' ? {policies: [cookies]} : {cookies};
      const {session, calls} = mockSession(
        ({url}) => (url.endsWith('login') ? redirect('/home', 'sid=1; Path=/') : {}),
        {baseUrl, auth: {bearer: 'token'}, ...options},
      );
      await session.get('login');
      expect(calls.map(({headers}) => headers.get('authorization'))).toEqual([
        'Bearer token',
        'Bearer token',
      ]);
      expect(cookiesOf(calls)).toEqual([null, 'sid=1']);
    },
  );

  it('an auth scheme that follows redirects itself sends the cookies with each request', async () => {
    const {session, calls} = mockSession(
      ({url}) =>
        url.endsWith('login')
          ? redirect('https://other.test/', 'sid=1; Path=/')
          : url.includes('other')
            ? redirect('https://shop.test/home', 'o=1')
            : {},
      {baseUrl, cookies: cookieJar(), auth: apiKey({header: 'x-key', value: 'k'})},
    );
    await session.get('login');
    expect(calls.map(({headers}) => headers.get('x-key'))).toEqual(['k', null, null]);
    expect(cookiesOf(calls)).toEqual([null, null, 'sid=1']);
  });
});

describe('beside other policies', () => {
  it('each attempt sends the cookies that the one before has set', async () => {
    let count = 0;
    const {session, calls} = mockSession(
      () => new Response(null, {status: ++count < 3 ? 503 : 200, headers: {'set-cookie': `a=${count}`}}),
      {baseUrl, cookies: cookieJar(), retry: {retries: 2, minDelay: 0, maxDelay: 0}},
    );
    await session.get('');
    expect(cookiesOf(calls)).toEqual([null, 'a=1', 'a=2']);
  });

  it.each(['before', 'after'])(
    'requests are shared and the cookies stored once, with the jar %s singleFlight',
    async (place) => {
      const cookies = cookieJar();
      const policies: Policy[] =
        place === 'before' ? [cookies, singleFlightPolicy()] : [singleFlightPolicy(), cookies];
      let count = 0;
      const {session, calls} = mockSession(() => setCookie(`n${++count}=1`), {baseUrl, policies});
      await Promise.all([session.get('').text(), session.get('').text()]);
      expect(calls).toHaveLength(1);
      expect(await cookies.list()).toMatchObject([{name: 'n1'}]);
    },
  );

  it('a call without cookies or without auth shares no request with a call that has them', async () => {
    const cookies = cookieJar();
    await cookies.set('a=1', baseUrl);
    const policies = [singleFlightPolicy(), cookies];
    const {session, calls} = mockSession(() => ({}), {baseUrl, policies, auth: {bearer: 'token'}});
    const inits = [{}, {cookies: false}, {auth: false}] as RequestInit[];
    await Promise.all(inits.map((init) => session.fetch('', init).then((response) => response.text())));
    expect(calls.map(({headers}) => [headers.get('cookie'), headers.has('authorization')])).toEqual([
      ['a=1', true],
      [null, true],
      ['a=1', false],
    ]);
  });

  it.each(['before', 'after'])(
    'both attempts of a hedged call have cookies, with the jar %s the hedge',
    async (place) => {
      const cookies = cookieJar();
      await cookies.set('a=1', baseUrl);
      const hedge = hedgePolicy({delay: 0, budget: false});
      const {promise, resolve} = Promise.withResolvers<void>();
      let count = 0;
      const {session, calls} = mockSession(
        async () => {
          if (++count === 1) await promise;
          return setCookie(`n${count}=1`);
        },
        {baseUrl, policies: place === 'before' ? [cookies, hedge] : [hedge, cookies]},
      );
      await session.get('').text();
      resolve();
      expect(cookiesOf(calls)).toEqual(['a=1', 'a=1']);
      expect((await cookies.list()).map(({name}) => name)).toContain('n2');
    },
  );

  it('a session without a jar sends its requests to the connector itself', async () => {
    const {session, calls} = mockSession(() => setCookie('a=1'), {baseUrl});
    await session.get('');
    await session.get('');
    expect(cookiesOf(calls)).toEqual([null, null]);
  });
});
