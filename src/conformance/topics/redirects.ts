import {equal, networkError, ok, same} from '../assert.ts';
import type {Topic} from '../case.ts';
import {textOf} from '../echo.ts';
import type {Echo} from '../server-address.ts';

/** Checks redirects against the Fetch standard ("HTTP-redirect fetch"). */
export const redirects: Topic = (it, can) => {
  for (const [status, method, becomes] of [
    [301, 'GET', 'GET'],
    [301, 'POST', 'GET'],
    [301, 'PUT', 'PUT'],
    [302, 'GET', 'GET'],
    [302, 'POST', 'GET'],
    [302, 'DELETE', 'DELETE'],
    [303, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [307, 'POST', 'POST'],
    [308, 'PUT', 'PUT'],
  ] as const) {
    it(`a ${status} sends ${method} on as ${becomes}`, async ({open, room}) => {
      const to = room.url('/echo');
      const hasBody = method === 'POST' || method === 'PUT';
      const response = await open().fetch(room.url('/redirect', {status, to}), {
        method,
        ...(hasBody && {body: 'text', headers: {'content-type': 'text/x-own'}}),
      });
      const echo = (await response.json()) as Echo;
      equal(echo.method, becomes, 'method');
      equal(textOf(echo), hasBody && becomes !== 'GET' ? 'text' : '', 'body');
      equal(
        echo.headers['content-type'],
        hasBody && becomes !== 'GET' ? 'text/x-own' : undefined,
        'content-type',
      );
      equal(response.redirected, true, 'redirected');
      equal(response.url, to, 'url');
    });
  }

  it('a chain of redirects, also relative ones, holds one slot', async ({open, room}) => {
    const session = open({connector: {limit: 1}});
    const to = room.url('/echo');
    const response = await session.fetch(room.url('/redirect', {hops: 4, to}));
    equal(response.status, 200, 'status');
    equal(response.url, to, 'url');
    equal(response.clone().redirected, true, 'redirected of a clone');
    await response.text();
    equal((await room.stats()).arrivals.length, 6, 'number of requests that arrived');
  });

  it('a redirect to another origin drops the authorization header', async ({open, room}) => {
    const to = room.url('/echo', {}, 1);
    const response = await open().fetch(room.url('/redirect', {to}), {
      headers: {authorization: 'Bearer secret', 'x-one': '1'},
    });
    const {headers} = (await response.json()) as Echo;
    equal(response.url, to, 'url');
    equal(headers['authorization'], undefined, 'authorization');
    equal(headers['x-one'], '1', 'x-one');
  });

  it('a redirect to the same origin keeps the authorization header', async ({open, room}) => {
    const to = room.url('/echo');
    const response = await open().fetch(room.url('/redirect', {to}), {
      headers: {authorization: 'Bearer secret'},
    });
    equal(((await response.json()) as Echo).headers['authorization'], 'Bearer secret', 'authorization');
  });

  it('more than 20 redirects reject with a network error', async ({open, room}) => {
    const session = open();
    const error = await networkError(session.fetch(room.url('/redirect', {hops: 30})), 'fetch');
    equal(error['name'], 'TypeError', 'name');
    equal(session.stats().active, 0, 'active');
    ok((await room.stats()).arrivals.length <= 22, 'no more than 22 requests');
  });

  it('a redirect to a URL that is not HTTP rejects with a network error', async ({open, room}) => {
    const session = open();
    for (const to of ['ftp://127.0.0.1/', 'javascript:1']) {
      await networkError(session.fetch(room.url('/redirect', {to})), `a redirect to ${to}`);
    }
    equal(session.stats().active, 0, 'active');
  });

  it('a redirect with a large body is followed', async ({open, room}) => {
    const session = open({connector: {limit: 1}});
    const to = room.url('/echo');
    const response = await session.fetch(room.url('/redirect', {to, size: 1_000_000}));
    equal(response.url, to, 'url');
    await response.text();
  });

  it('redirect: error rejects on a redirect, and does not follow it', async ({open, room}) => {
    const session = open();
    const url = room.url('/redirect', {to: room.url('/echo')});
    const error = await networkError(session.fetch(url, {redirect: 'error'}), 'fetch');
    equal(error['name'], 'TypeError', 'name');
    same((await room.stats()).arrivals, ['/redirect'], 'arrivals');
    equal(session.stats().active, 0, 'active');
  });

  it('redirect: error changes nothing without a redirect', async ({open, room}) => {
    const response = await open().fetch(room.url('/echo'), {redirect: 'error'});
    equal(response.status, 200, 'status');
    equal(response.redirected, false, 'redirected');
  });

  if (can.manualRedirect) {
    it('redirect: manual gives the redirect response itself', async ({open, room}) => {
      const to = room.url('/echo');
      const session = open();
      const response = await session.fetch(room.url('/redirect', {to}), {redirect: 'manual'});
      equal(response.status, 302, 'status');
      equal(response.headers.get('location'), to, 'location');
      equal(response.redirected, false, 'redirected');
      equal(await response.text(), '.....', 'body');
      same((await room.stats()).arrivals, ['/redirect'], 'arrivals');
      equal(session.stats().active, 0, 'active');
    });

    // A cookie jar follows redirects itself, and reads the cookies of each.
    it('redirect: manual shows each Set-Cookie of the redirect', async ({open, room}) => {
      const url = `${room.url('/redirect', {cookie: 'a=1; Path=/'})}&cookie=b=2,3`;
      const response = await open().fetch(url, {redirect: 'manual'});
      same(response.headers.getSetCookie(), ['a=1; Path=/', 'b=2,3'], 'Set-Cookie');
      await response.text();
    });
  } else {
    it('redirect: manual gives an opaque response where the runtime hides redirects', async ({
      open,
      room,
    }) => {
      const session = open();
      const url = room.url('/redirect', {to: room.url('/echo')});
      const response = await session.fetch(url, {redirect: 'manual'});
      equal(response.type, 'opaqueredirect', 'type');
      equal(response.status, 0, 'status');
      same((await room.stats()).arrivals, ['/redirect'], 'arrivals');
      equal(session.stats().active, 0, 'active');
    });
  }

  it('redirect: manual changes nothing without a redirect', async ({open, room}) => {
    const response = await open().fetch(room.url('/status', {text: 'text'}), {redirect: 'manual'});
    equal(response.status, 200, 'status');
    equal(await response.text(), 'text', 'text');
  });
};
