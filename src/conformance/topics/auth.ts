import {apiKey} from '../../policies/auth/api-key.ts';
import {digest} from '../../policies/auth/digest.ts';
import {oauth2ClientCredentials} from '../../policies/auth/oauth2.ts';
import {tokenSource} from '../../policies/auth/token-source.ts';
import {equal, ok, same, typedRejection} from '../assert.ts';
import type {Topic} from '../case.ts';
import {textOf} from '../echo.ts';
import type {Echo} from '../server-address.ts';

const credentials = {username: 'Mufasa', password: 'Circle of Life'};

/** Checks that requests to the origin of `baseUrl` are signed, and no others. */
export const auth: Topic = (it, can, server) => {
  const [baseUrl] = server.origins;

  it('basic and bearer credentials are sent to the origin of baseUrl only', async ({open, room}) => {
    for (const [auth, expected] of [
      [{bearer: 'token'}, 'Bearer token'],
      [{basic: credentials}, `Basic ${btoa('Mufasa:Circle of Life')}`],
    ] as const) {
      const session = open({baseUrl, auth});
      const headerAt = async (url: string) => {
        const {headers} = (await (await session.fetch(url)).json()) as Echo;
        return headers['authorization'];
      };
      equal(await headerAt(room.url('/echo')), expected, 'authorization');
      equal(await headerAt(room.url('/echo', {}, 1)), undefined, 'authorization elsewhere');
      equal(
        await headerAt(room.url('/redirect', {to: room.url('/echo', {}, 1)})),
        undefined,
        'authorization where a redirect led',
      );
    }
  });

  it('apiKey puts the key into a header, for the origin of baseUrl only', async ({open, room}) => {
    const session = open({baseUrl, auth: apiKey({header: 'x-api-key', value: 'secret'})});
    const {headers} = (await (await session.fetch(room.url('/echo'))).json()) as Echo;
    equal(headers['x-api-key'], 'secret', 'x-api-key');
    const redirected = session.fetch(room.url('/redirect', {to: room.url('/echo', {}, 1)}));
    if (can.manualRedirect) {
      const echo = (await (await redirected).json()) as Echo;
      equal(echo.headers['x-api-key'], undefined, 'x-api-key where a redirect led');
    } else {
      await typedRejection(redirected, 'a redirect', {name: 'TypeError'});
      ok(!(await room.stats()).arrivals.slice(2).includes('/echo'), 'it to be followed nowhere');
    }
    equal(session.stats().active, 0, 'active');
  });

  it('apiKey puts the key into the query, and response.url does not show it', async ({open, room}) => {
    const session = open({baseUrl, auth: apiKey({query: 'key', value: 'a secret'})});
    const url = room.url('/echo');
    const response = await session.fetch(url);
    equal(response.url, url, 'url');
    equal(response.clone().url, url, 'url of a clone');
    const echo = (await response.json()) as Echo;
    equal(new URL(echo.url, baseUrl).searchParams.get('key'), 'a secret', 'key');
  });

  it('tokenSource refreshes once for many refused calls, and each call is sent again with its body', async ({
    open,
    room,
  }) => {
    let count = 0;
    const session = open({baseUrl, auth: tokenSource(async () => `token-${++count}`)});
    const url = room.url('/bearer', {token: 'token-2'});
    const bodies = await Promise.all(
      Array.from({length: 20}, async (_, index) => {
        const response = await session.fetch(url, {method: 'POST', body: String(index)});
        return textOf((await response.json()) as Echo);
      }),
    );
    same(
      bodies,
      Array.from({length: 20}, (_, index) => String(index)),
      'bodies',
    );
    equal(count, 2, 'number of tokens');
    equal(session.stats().active, 0, 'active');
  });

  it('oauth2ClientCredentials gets its token over the same connector', async ({open, room}) => {
    const grant = {clientId: 'id', clientSecret: 'secret', timeout: 10_000};
    const tokenUrl = room.url('/token', {token: 'one'});
    const session = open({
      baseUrl,
      connector: {limit: 1},
      auth: oauth2ClientCredentials({...grant, tokenUrl}),
    });
    const read = async () => (await session.fetch(room.url('/bearer', {token: 'one'}))).status;
    equal(await read(), 200, 'status');
    same(await Promise.all([read(), read()]), [200, 200], 'statuses');
    equal((await room.stats()).arrivals.filter((path) => path === '/token').length, 1, 'number of tokens');

    const refused = open({
      baseUrl,
      auth: oauth2ClientCredentials({...grant, tokenUrl: room.url('/token', {error: 'invalid_client'})}),
    });
    await typedRejection(refused.fetch(room.url('/echo')), 'a refusal', {name: 'AuthError'});
    equal(refused.stats().active, 0, 'active');
  });

  for (const algorithm of ['SHA-256', 'SHA-256-sess', 'MD5']) {
    it(`digest answers a challenge with ${algorithm}`, async ({open, room}) => {
      const algorithms = [algorithm === 'MD5' ? 'MD5' : 'SHA-256'] as const;
      const session = open({baseUrl, auth: digest({...credentials, algorithms})});
      const send = async (body: string) => {
        const response = await session.fetch(room.url('/digest', {algorithm}), {method: 'POST', body});
        equal(response.status, 200, 'status');
        return textOf((await response.json()) as Echo);
      };
      same([await send('one'), await send('two')], ['one', 'two'], 'bodies');
      equal((await room.stats()).arrivals.length, 3, 'number of requests that arrived');
      equal(session.stats().active, 0, 'active');
    });
  }

  it('digest with a wrong password gives the 401 response', async ({open, room}) => {
    const session = open({baseUrl, auth: digest({...credentials, password: 'wrong'})});
    const response = await session.fetch(room.url('/digest', {algorithm: 'SHA-256'}));
    equal(response.status, 401, 'status');
    equal(await response.text(), 'Who are you?', 'text');
    equal((await room.stats()).arrivals.length, 2, 'number of requests that arrived');
  });
};
