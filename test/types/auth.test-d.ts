import type {Auth, AuthScheme} from 'aiofetch';
import {apiKey, createSession, oauth2ClientCredentials, tokenSource} from 'aiofetch';
import {digest} from 'aiofetch/digest';
import {expectTypeOf, test} from 'vitest';

test('every auth scheme is accepted as auth', () => {
  expectTypeOf<AuthScheme>().toExtend<Auth>();
  createSession({auth: apiKey({header: 'x-api-key', value: async () => 'key'})});
  createSession({auth: digest({username: 'admin', password: 'secret', algorithms: ['SHA-256']})});
  createSession({
    auth: tokenSource(async ({signal}) => ({token: String(signal.aborted), expiresAt: new Date()})),
  });
  createSession({
    auth:
      ({origin}) =>
      (next) =>
      (request) =>
        next(request.with({url: origin})),
  });
});

test('auth schemes refuse options that are contradictory, incomplete or unknown', () => {
  // @ts-expect-error A key goes either in a header or in the query.
  apiKey({header: 'x-api-key', query: 'key', value: 'key'});
  // @ts-expect-error `access_token` is OAuth's name; a token source returns `token`.
  tokenSource(() => ({access_token: 'token'}));
  // @ts-expect-error
  oauth2ClientCredentials({tokenUrl: 'https://login.example.com/', clientId: 'id'});
  // @ts-expect-error
  digest({username: 'admin', password: 'secret', algorithms: ['SHA-1']});
});
