import type {Auth, AuthScheme} from 'aiofetch';
import {apiKey, createSession, oauth2ClientCredentials, tokenSource} from 'aiofetch';
import {digest} from 'aiofetch/digest';
import {expectTypeOf, test} from 'vitest';

test('what makes a policy is auth', () => {
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

test('and what says too much, or too little, is none', () => {
  // @ts-expect-error It goes to one place.
  apiKey({header: 'x-api-key', query: 'key', value: 'key'});
  // @ts-expect-error OAuth's name for it.
  tokenSource(() => ({access_token: 'token'}));
  // @ts-expect-error
  oauth2ClientCredentials({tokenUrl: 'https://login.example.com/', clientId: 'id'});
  // @ts-expect-error
  digest({username: 'admin', password: 'secret', algorithms: ['SHA-1']});
});
