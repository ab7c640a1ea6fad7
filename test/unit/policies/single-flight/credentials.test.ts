import {describe, expect, it} from 'vitest';
import type {AuthScheme, Policy, SessionOptions} from '../../../../src/index.ts';
import {
  apiKey,
  circuitBreakerPolicy,
  hedgePolicy,
  singleFlightPolicy,
  tokenSource,
} from '../../../../src/index.ts';
import {digest} from '../../../../src/policies/auth/digest.ts';
import {mockSession} from '../../../support/mock-session.ts';

const baseUrl = 'https://api.test/';
let user = '';
const userNow = () => user;

/** A policy that signs for the user who makes the call. */
const signing = (isShareable?: boolean): Policy => ({
  name: 'signing',
  isShareable,
  wrap: (next) => (request) => {
    const headers = request.headers.copy();
    headers.set('x-user', user);
    return next(request.with({headers}));
  },
});
const scheme: AuthScheme = () => signing();

/** How many requests are sent when two users ask for the same at the same time. */
async function requestsOf(options: SessionOptions): Promise<number> {
  const {session, calls} = mockSession(() => 'x', {baseUrl, ...options});
  const users = ['Ada', 'Grace'].map((name) => {
    user = name;
    return session.fetch('me');
  });
  await Promise.all(users.map(async (response) => (await response).text()));
  return calls.length;
}

const flight = singleFlightPolicy();

describe('a shared request and credentials', () => {
  it.each<[string, SessionOptions]>([
    ['a bearer token by a function', {auth: {bearer: userNow}}],
    ['an API key in a header by a function', {auth: apiKey({header: 'x-api-key', value: userNow})}],
    ['an API key in the query by a function', {auth: apiKey({query: 'key', value: userNow})}],
    ['an auth scheme of its own', {auth: scheme}],
    ['a policy further in', {policies: [flight, signing()]}],
    ['a policy further in that is a function', {policies: [flight, (next) => next]}],
    ['a policy further in, behind others', {policies: [flight, hedgePolicy({delay: 60_000}), signing()]}],
  ])('callers whose credentials are made per call share nothing: %s', async (_what, options) => {
    expect(await requestsOf({policies: [flight], ...options})).toBe(2);
  });

  it.each<[string, SessionOptions]>([
    ['no auth', {}],
    ['a bearer token', {auth: {bearer: 'token'}}],
    ['basic credentials', {auth: {basic: {username: 'a', password: 'b'}}}],
    ['an API key in a header', {auth: apiKey({header: 'x-api-key', value: 'key'})}],
    ['an API key in the query', {auth: apiKey({query: 'key', value: 'key'})}],
    ['a token of the session', {auth: tokenSource(() => 'token')}],
    ['digest', {auth: digest({username: 'a', password: 'b'})}],
    [
      'other policies of this package',
      {policies: [flight, circuitBreakerPolicy(), hedgePolicy({delay: 60_000})]},
    ],
    ['a policy further in that says it is shareable', {policies: [flight, signing(true)]}],
    ['a key of its own', {auth: {bearer: userNow}, policies: [singleFlightPolicy({key: ({url}) => url})]}],
  ])('callers with the same credentials share a request: %s', async (_what, options) => {
    expect(await requestsOf({policies: [flight], ...options})).toBe(1);
  });

  it('a policy that signs before the request is shared has its headers compared', async () => {
    expect(await requestsOf({policies: [signing(), flight]})).toBe(2);
    const constant: Policy = (next) => (request) => {
      request.headers.set('x-user', 'all');
      return next(request);
    };
    expect(await requestsOf({policies: [constant, flight]})).toBe(1);
  });

  it('a child session shares by the policies that it has itself', async () => {
    const {session, calls} = mockSession(() => 'x', {baseUrl, policies: [flight]});
    const child = session.extend({policies: [signing()]});
    await Promise.all([child.fetch('me'), child.fetch('me')]);
    expect(calls.length).toBe(2);
    await Promise.all([session.fetch('me'), session.fetch('me')]);
    expect(calls.length).toBe(3);
  });
});
