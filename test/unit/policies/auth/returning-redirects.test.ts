import {describe, expect, it} from 'vitest';
import type {SessionOptions} from '../../../../src/index.ts';
import {apiKey, tokenSource} from '../../../../src/index.ts';
import {digest} from '../../../../src/policies/auth/digest.ts';
import {mockSession} from '../../../support/mock-session.ts';

const baseUrl = 'https://api.test/';
const challenge = 'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256';

const schemes: ReadonlyArray<readonly [string, SessionOptions['auth']]> = [
  ['an API key in a header', apiKey({header: 'x-api-key', value: 'secret'})],
  ['an API key in a header, by a function', apiKey({header: 'x-api-key', value: () => 'secret'})],
  ['an API key in the query', apiKey({query: 'key', value: 'secret'})],
  ['digest', digest({username: 'secret', password: 'x'})],
  ['a token', tokenSource(() => 'secret')],
  ['a bearer token', {bearer: 'secret'}],
  ['a bearer token by a function', {bearer: () => 'secret'}],
  ['basic credentials', {basic: {username: 'secret', password: 'x'}}],
];

const isSigned = ({url, headers}: {readonly url: string; readonly headers: Headers}) =>
  headers.has('authorization') || `${url} ${headers.get('x-api-key')}`.includes('secret');

describe('a redirect that leaves the origin and comes back', () => {
  it.each(schemes)(
    'a request that has left the origin once is not signed again with %s',
    async (_what, auth) => {
      const {session, calls} = mockSession(
        (call) => {
          const {pathname, origin} = new URL(call.url);
          if (auth && typeof auth === 'function' && pathname === '/a' && !isSigned(call)) {
            return new Response('', {status: 401, headers: {'www-authenticate': challenge}});
          }
          if (pathname === '/a') return Response.redirect('https://api.test/b', 307);
          if (pathname === '/b') return Response.redirect('https://other.test/c', 307);
          // The other server chooses the URL of the redirect back, and puts a copy of the key into it.
          if (origin === 'https://other.test')
            return Response.redirect('https://api.test/delete?key=secret', 307);
          if (pathname === '/delete') return Response.redirect('https://api.test/end', 307);
          return 'done';
        },
        {baseUrl, auth},
      );
      expect(await session.get('a').json()).toBe('done');
      const ends = calls.slice(-5);
      expect(ends.map(({url}) => new URL(url).pathname)).toEqual(['/a', '/b', '/c', '/delete', '/end']);
      const keepsParameter = auth !== schemes[2]?.[1];
      expect(ends.map((call) => isSigned(keepsParameter ? {url: '', headers: call.headers} : call))).toEqual([
        true,
        true,
        false,
        false,
        false,
      ]);
      // The next call is signed as before.
      await session.get('end').text();
      expect(isSigned(calls.at(-1) as (typeof calls)[number])).toBe(true);
    },
  );
});
