import {describe, expect, it} from 'vitest';
import {mockConnector} from '../../../src/connectors/mock.ts';
import {fetchConnector} from '../../../src/connectors/native/fetch.ts';
import type {SessionOptions} from '../../../src/index.ts';
import {createSession, InvalidOptionError, UnsupportedOptionError} from '../../../src/index.ts';
import {mockSession, rejection, thrown} from '../../support/mock-session.ts';

/** Makes a session of options that types would refuse, as plain JavaScript can pass them. */
function create(options: unknown): () => unknown {
  return () => createSession(options as SessionOptions);
}

const connector = mockConnector(() => ({}));

describe('a value that is not allowed is refused when the session is made, with the option, the value and the allowed values', () => {
  it.each([
    ['options', null, /"options" is null; allowed: an object/],
    ['options', 'https://example.com', /"options" is a string; allowed: an object/],
    ['baseUrl', {baseUrl: 'users/1'}, /"baseUrl" is a string; allowed: an http: or https: URL/],
    ['baseUrl', {baseUrl: 'ftp://example.com/'}, /"baseUrl" is a string; allowed: .*https?:/],
    ['baseUrl', {baseUrl: 'data:text/plain,x'}, /"baseUrl" is a string/],
    ['baseUrl', {baseUrl: 7}, /"baseUrl" is a number/],
    ['headers', {headers: {'a b': 'c'}}, /"headers" is not valid \(Invalid header name: "a b"\); allowed:/],
    ['headers', {headers: {x: 'a\nb'}}, /"headers" is not valid \(Invalid value of header "x"\)/],
    ['headers', {headers: [['x', 'a\0b']]}, /"headers" is not valid/],
    ['headers', {headers: 'x: 1'}, /"headers" is not valid/],
    ['headers', {headers: [['x']]}, /"headers" is not valid/],
    [
      'auth',
      {auth: null, baseUrl: 'https://a.test'},
      /"auth" is null; allowed: an object with either bearer or basic/,
    ],
    ['auth', {auth: 'token', baseUrl: 'https://a.test'}, /"auth" is .*; allowed:/],
    ['auth', {auth: {}, baseUrl: 'https://a.test'}, /"auth" is an object; allowed:/],
    [
      'auth',
      {auth: {bearer: 'a', basic: {username: 'a', password: 'b'}}, baseUrl: 'https://a.test'},
      /"auth" is an object; allowed: an object with either bearer or basic/,
    ],
    ['auth', {auth: {bearer: 'token'}}, /"auth" is .*baseUrl.*; allowed: auth with a baseUrl/],
    [
      'auth.bearer',
      {auth: {bearer: ''}, baseUrl: 'https://a.test'},
      /"auth.bearer" is a string; allowed: visible ASCII/,
    ],
    ['auth.bearer', {auth: {bearer: 'a\nb'}, baseUrl: 'https://a.test'}, /"auth.bearer" is a string/],
    ['auth.bearer', {auth: {bearer: 7}, baseUrl: 'https://a.test'}, /"auth.bearer" is a number/],
    ['auth.basic', {auth: {basic: 'a:b'}, baseUrl: 'https://a.test'}, /"auth.basic" is a string; allowed:/],
    [
      'auth.basic',
      {auth: {basic: {username: 'a:b', password: 'c'}}, baseUrl: 'https://a.test'},
      /"auth.basic".*allowed: a username without ":"/,
    ],
    ['connector', {connector: null}, /"connector" is null; allowed: options or an object with name/],
    ['connector', {connector: 'undici'}, /"connector" is "undici"; allowed:/],
    ['connector', {connector: {fetch}}, /"connector" is an object; allowed: .*name, capabilities, fetch/],
    ['connector.limit', {connector: {limit: -1}}, /"connector.limit" is -1; allowed: a whole number/],
    ['connector.limit', {connector: {limit: 1.5}}, /"connector.limit" is 1.5; allowed:/],
    ['connector.limitPerHost', {connector: {limitPerHost: '6'}}, /"connector.limitPerHost" is "6"; allowed:/],
    ['timeout', {timeout: -1}, /"timeout" is -1; allowed: a number of ms from 0 \(none\) to 2147483647/],
    ['timeout', {timeout: '5s'}, /"timeout" is "5s"; allowed:/],
    ['timeout', {timeout: null}, /"timeout" is null; allowed:/],
    ['timeout', {timeout: Number.NaN}, /"timeout" is NaN; allowed:/],
    ['timeout', {timeout: 2 ** 31}, /"timeout" is 2147483648; allowed:/],
    ['timeout.total', {timeout: {total: true}}, /"timeout.total" is true; allowed:/],
    ['policies', {policies: (next: unknown) => next}, /"policies" is a function; allowed: a list/],
    ['policies', {policies: [{}]}, /"policies" is an array; allowed: a list of functions/],
    ['hooks', {hooks: []}, /"hooks" is an array; allowed:/],
    ['hooks', {hooks: 'x'}, /"hooks" is "x"; allowed:/],
    [
      'hooks.beforeRequest',
      {hooks: {beforeRequest: () => {}}},
      /"hooks.beforeRequest" is a function; allowed: a list/,
    ],
    ['hooks.init', {hooks: {init: ['x']}}, /"hooks.init" is an array; allowed: a list of functions/],
    ['searchParams', {searchParams: 5}, /"searchParams" is 5; allowed:/],
    ['throwHttpErrors', {throwHttpErrors: 'no'}, /"throwHttpErrors" is "no"; allowed:/],
    ['parseJson', {parseJson: true}, /"parseJson" is true; allowed: a function/],
    ['stringifyJson', {stringifyJson: 'x'}, /"stringifyJson" is "x"; allowed: a function/],
    ['context', {context: []}, /"context" is an array; allowed: an object/],
  ])('the option %s is refused in %o', (option, options, message) => {
    const error = thrown(create(options));
    expect(error).toBeInstanceOf(InvalidOptionError);
    expect(error).toMatchObject({
      option,
      code: 'ERR_INVALID_OPTION',
      message: expect.stringMatching(message),
    });
  });

  it('extend() refuses the same values', () => {
    const {session} = mockSession();
    expect(() => session.extend({timeout: -1})).toThrow(InvalidOptionError);
    expect(() => session.extend({headers: {'a b': 'c'}})).toThrow(InvalidOptionError);
    expect(() => session.extend({nonsense: 1} as SessionOptions)).toThrow(UnsupportedOptionError);
  });
});

describe('an unknown option is refused with the name of the function that refuses it', () => {
  it.each([
    [
      {baseURL: 'https://example.com'},
      'baseURL',
      'createSession',
      /^Unknown option "baseURL" of createSession\. Known options: baseUrl, /,
    ],
    [{prefixUrl: 'x'}, 'prefixUrl', 'createSession', /"prefixUrl"/],
    [{hooks: {beforeRetry: []}}, 'hooks.beforeRetry', 'hooks', /"beforeRetry" of hooks/],
    [
      {timeout: {response: 5}},
      'timeout.response',
      'timeout',
      /^Unknown option "response" of timeout\. Known options: total, attempt, pool, connect, read$/,
    ],
    [
      {connector: {maxSockets: 5}},
      'connector.maxSockets',
      'the undici connector',
      /^Unknown option "maxSockets" of the undici connector\. Known options: limit, /,
    ],
    [
      {connector, timeout: {connect: 5}},
      'timeout.connect',
      'the mock connector',
      /"timeout.connect" is not supported by the mock connector/,
    ],
    [
      {connector: fetchConnector(), timeout: {connect: 5}},
      'timeout.connect',
      'the fetch connector',
      /"timeout.connect" is not supported by the fetch connector/,
    ],
  ])('the options %o are refused', (options, option, by, message) => {
    const error = thrown(create(options));
    expect(error).toBeInstanceOf(UnsupportedOptionError);
    expect(error).toMatchObject({
      option,
      where: by,
      code: 'ERR_UNSUPPORTED_OPTION',
      message: expect.stringMatching(message),
    });
  });

  it('connectors refuse unknown options too', () => {
    expect(() => fetchConnector({keepAliveTimeout: 5} as object)).toThrow(
      'Unknown option "keepAliveTimeout" of the fetch connector. Known options: limit, limitPerHost',
    );
    expect(() => mockConnector(() => {}, {tls: {}} as object)).toThrow(UnsupportedOptionError);
  });
});

describe('options that are undefined', () => {
  it('an option that is undefined has no effect', () => {
    expect(() =>
      createSession({
        baseUrl: undefined,
        headers: undefined,
        auth: undefined,
        connector: undefined,
        timeout: undefined,
        policies: undefined,
        hooks: undefined,
        searchParams: undefined,
        throwHttpErrors: undefined,
        parseJson: undefined,
        stringifyJson: undefined,
        context: undefined,
      } as object),
    ).not.toThrow();
  });
});

describe('options of calls', () => {
  it.each([
    [{timeout: -1}, InvalidOptionError, /"timeout" is -1/],
    [{timeout: {respone: 1}}, UnsupportedOptionError, /"respone" of timeout/],
    [
      {timeout: {connect: 1}},
      UnsupportedOptionError,
      /"timeout.connect" is not supported by the mock connector/,
    ],
  ])('calls of fetch and of verbs reject for %o', async (options, type, message) => {
    const {session, calls} = mockSession();
    for (const call of [session.fetch, session.get]) {
      const error = await rejection(call('https://example.com/', options as object));
      expect(error).toBeInstanceOf(type);
      expect(error.message).toMatch(message);
    }
    expect(calls).toHaveLength(0);
    expect(session.stats().totals.requests).toBe(0);
  });

  it.each([
    [
      {prefix: 'x'},
      UnsupportedOptionError,
      /Unknown option "prefix" of a call\. Known options: .*searchParams/,
    ],
    [{hooks: {beforeRetry: [() => {}]}}, UnsupportedOptionError, /"beforeRetry" of hooks/],
    [{throwHttpErrors: 1}, InvalidOptionError, /"throwHttpErrors" is 1/],
    [{searchParams: 1}, InvalidOptionError, /"searchParams" is 1/],
  ])('calls of verbs reject for %o', async (options, type, message) => {
    const {session} = mockSession();
    const error = await rejection(session.get('https://example.com/', options as object).json());
    expect(error).toBeInstanceOf(type);
    expect(error.message).toMatch(message);
  });
});
