import {inspect} from 'node:util';
import {describe, expect, it} from 'vitest';
import {undiciConnector} from '../../../src/connectors/undici/index.ts';
import type {SessionOptions} from '../../../src/index.ts';
import {
  AiofetchError,
  apiKey,
  createSession,
  oauth2ClientCredentials,
  tokenSource,
} from '../../../src/index.ts';
import {digest} from '../../../src/policies/auth/digest.ts';
import {mockSession, rejection, thrown} from '../../support/mock-session.ts';

// As long and as varied as the keys that services issue.
const secret = 'sk-s3cret-0123456789abcdef';
const baseUrl = 'https://api.test/';

function expectNoSecret(error: unknown): void {
  expect(error).toBeInstanceOf(Error);
  const {stack = '', message} = error as Error;
  const printed = [message, stack.split('\n')[0], JSON.stringify(error), inspect(error)].join('\n');
  expect(printed).not.toContain('s3cret');
  expect(printed).not.toContain(encodeURIComponent(secret));
}

describe('an option error shows no secret that was given in the wrong place', () => {
  const sessions: Record<string, unknown> = {
    'auth: a token': {baseUrl, auth: secret},
    'auth: a short token': {baseUrl, auth: 's3cret'},
    'auth.bearer: an object': {baseUrl, auth: {bearer: {token: secret}}},
    'auth.basic: a string': {baseUrl, auth: {basic: `user:${secret}`}},
    'auth: another name': {baseUrl, auth: {token: secret}},
    'auth: the token as a name': {baseUrl, auth: {[secret]: true}},
    'baseUrl with credentials': {baseUrl: `https://user:${secret}@api.test`},
    'baseUrl: credentials without a scheme': {baseUrl: `user:${secret}@api.test`},
    'baseUrl: a key in its query': {baseUrl: `//api.test/?key=${secret}`},
    'headers: a string': {headers: `authorization: ${secret}`},
    'headers: a name with the value': {headers: {[`authorization: ${secret}`]: ''}},
    'headers: a bad value': {headers: {authorization: `${secret}\nx`}},
    'headers: a pair of one': {headers: [[secret]]},
    'an option that is called like the token': {[secret]: true},
    'an option that is a header': {[`Authorization: Bearer ${secret}`]: true},
    'connector: a token': {connector: secret},
    'connector.limit: a token': {connector: {limit: secret}},
    'timeout: a token': {timeout: secret},
    'retry: a token': {retry: secret},
    'rateLimit: a token': {rateLimit: {requests: secret, per: 1}},
    'policies: a token': {policies: [secret]},
    'trace: a token': {trace: secret},
    'idempotencyKey: a token': {idempotencyKey: secret},
    'maxResponseSize: a token': {maxResponseSize: secret},
    'hooks: a token': {hooks: {beforeRequest: [secret]}},
    'context: a token': {context: secret},
    'searchParams: a symbol': {searchParams: Symbol(secret)},
  };
  it.each(Object.keys(sessions))('of createSession: %s', (name) => {
    expectNoSecret(thrown(() => createSession(sessions[name] as SessionOptions)));
  });

  const makers: Record<string, () => unknown> = {
    'proxy without a scheme': () => undiciConnector({proxy: `user:${secret}@proxy.test`}),
    'proxy with another scheme': () => undiciConnector({proxy: `s3cret://user:${secret}@proxy.test`}),
    'proxy that is no URL': () => undiciConnector({proxy: `http://user:${secret}@[bad`}),
    'proxy.auth: a token': () => undiciConnector({proxy: {url: 'http://p.test', auth: secret as never}}),
    'proxy.auth.basic: a string': () =>
      undiciConnector({proxy: {url: 'http://p.test', auth: {basic: secret as never}}}),
    'proxy with a socketPath': () => undiciConnector({proxy: `http://u:${secret}@p.test`, socketPath: '/s'}),
    'tls.pin: a token': () => undiciConnector({tls: {pin: secret}}),
    'tls.servername: an object': () => undiciConnector({tls: {servername: {secret} as never}}),
    'tls.key without cert': () => undiciConnector({tls: {key: secret}}),
    'localAddress: a token': () => undiciConnector({localAddress: secret}),
    'allowAddress: a token': () => undiciConnector({allowAddress: secret as never}),
    'apiKey: a token': () => apiKey(secret as never),
    'apiKey: value and header exchanged': () => apiKey({header: `${secret}=`, value: 'x-api-key'} as never),
    'apiKey: another name': () => apiKey({[secret]: 'x-api-key'} as never),
    'apiKey: a value that HTTP can’t carry': () => apiKey({header: 'x-key', value: `${secret}\n`}),
    'digest: a token as the password’s name': () => digest({username: 'u', [secret]: 1} as never),
    'digest.algorithms: a token': () => digest({username: 'u', password: 'p', algorithms: secret as never}),
    'tokenSource: a token': () => tokenSource(secret as never),
    'oauth2.authMethod: a token': () =>
      oauth2ClientCredentials({
        tokenUrl: 'https://a.test',
        clientId: 'i',
        clientSecret: 's',
        authMethod: secret as never,
      }),
    'oauth2.tokenUrl with credentials': () =>
      oauth2ClientCredentials({tokenUrl: `https://u:${secret}@a.test`, clientId: 'i', clientSecret: 's'}),
  };
  it.each(Object.keys(makers))('of a connector or an auth scheme: %s', (name) => {
    const error = thrown(makers[name] as () => unknown);
    expect(error).toBeInstanceOf(AiofetchError);
    expectNoSecret(error);
  });

  const calls: Record<string, object> = {
    'an option that is called like the token': {[secret]: true},
    'headers: a name with the value': {headers: {[`x-key: ${secret}`]: ''}},
    'timeout: a token': {timeout: secret},
    'redirect: a token': {redirect: secret},
    'retry: a token': {retry: secret},
    'searchParams: a function': {searchParams: () => secret},
  };
  it.each(Object.keys(calls))('of a call: %s', async (name) => {
    const {session} = mockSession(() => ({}));
    expectNoSecret(await rejection(session.get(baseUrl, calls[name])));
  });

  it('of a call: a token as the method', async () => {
    const {session} = mockSession(() => ({}));
    expectNoSecret(await rejection(session.fetch(baseUrl, {method: `${secret} `})));
  });
});

describe('an option error still names what was given by mistake', () => {
  it.each([
    [{timeuot: 1}, 'Unknown option "timeuot" of createSession'],
    [{'content-type': 'x'}, 'Unknown option "content-type" of createSession'],
    [{timeout: '5s'}, 'Option "timeout" is "5s"'],
    [{throwHttpErrors: 'never'}, 'Option "throwHttpErrors" is "never"'],
    [{connector: {limitPerHost: '6'}}, 'Option "connector.limitPerHost" is "6"'],
  ])('%j: %s', (options, message) => {
    expect(() => createSession(options as SessionOptions)).toThrow(message);
  });
});
