import {describe, expect, it, onTestFinished} from 'vitest';
import {mockConnector} from '../../../src/connectors/mock.ts';
import {createSession as createCoreSession, retryPolicy, verbs} from '../../../src/core-index.ts';
import type {ConnectorRequest, Handler, Policy, PolicyDefinition} from '../../../src/index.ts';
import {createSession, defineClient, download, endpoint, eventSource, type} from '../../../src/index.ts';
import {rejection} from '../../support/mock-session.ts';
import {tenantPolicy} from './support/tenant-policy.ts';

const url = 'https://api.test/users';

function tenantSession(answer: () => object | Response = () => ({})) {
  const connector = mockConnector(answer as never);
  const session = createSession({
    baseUrl: 'https://api.test/',
    connector,
    retry: false,
    policies: [tenantPolicy],
  });
  onTestFinished(() => session.destroy());
  const tenants = () => connector.calls.map((call) => call.headers.get('x-tenant'));
  return {session, connector, tenants};
}

describe('a call option that a policy declares', () => {
  it('fetch accepts the option of a policy, and the policy gets the value that its check returned', async () => {
    const {session, tenants} = tenantSession();
    await session.fetch(url, {tenant: 'ACME'});
    await session.fetch(url);
    expect(tenants()).toEqual(['acme', null]);
  });

  it('every verb accepts the option of a policy, with and without hooks', async () => {
    const {session, tenants} = tenantSession();
    for (const verb of ['get', 'post', 'put', 'patch', 'delete'] as const)
      await session[verb](url, {tenant: verb});
    await session.head(url, {tenant: 'head'});
    await session.get(url, {tenant: 'hooked', hooks: {beforeRequest: [() => undefined]}});
    expect(tenants()).toEqual(['get', 'post', 'put', 'patch', 'delete', 'head', 'hooked']);
  });

  it('the calls of a child session accept the option of a policy', async () => {
    const {session, tenants} = tenantSession();
    await session.extend({headers: {a: 'b'}}).get(url, {tenant: 'child'});
    expect(tenants()).toEqual(['child']);
  });

  it('the calls of a typed client accept the option of a policy', async () => {
    const {session, tenants} = tenantSession(() => ({name: 'Ada'}));
    const getUser = endpoint('GET /users/{id}', {response: type<{name: string}>()});
    const client = defineClient({getUser})(session);
    const input = {path: {id: 1}, tenant: 'typed'};
    await client.getUser(input);
    expect(tenants()).toEqual(['typed']);
  });

  it('download and eventSource accept the option of a policy', async () => {
    const {session, tenants} = tenantSession(
      () => new Response('data: 1\n\n', {headers: {'content-type': 'text/event-stream'}}),
    );
    const options = {tenant: 'reader'} as object;
    for await (const _ of download(session, url, options));
    for await (const _ of eventSource(session, url, options)) break;
    expect(tenants()).toEqual(['reader', 'reader']);
  });

  it('a session of aiofetch/core accepts the option of a policy', async () => {
    const connector = mockConnector(() => ({}));
    await using session = createCoreSession({connector, policies: [tenantPolicy], verbs: verbs()});
    await session.get(url, {tenant: 'core'});
    await session.fetch(url, {tenant: 'fetch'});
    expect(connector.calls.map((call) => call.headers.get('x-tenant'))).toEqual(['core', 'fetch']);
  });

  it('a call rejects before anything is sent when the check of its option throws', async () => {
    const {session, connector} = tenantSession();
    const bad = {tenant: 'no spaces'};
    const message = 'Option "tenant" is "no spaces"; allowed: letters, digits and "_"';
    expect((await rejection(session.fetch(url, bad))).message).toBe(message);
    expect((await rejection(session.get(url, bad))).message).toBe(message);
    expect(connector.calls.length).toBe(0);
    expect(session.stats().totals).toMatchObject({requests: 0, errors: 0});
  });

  it('two policies can declare one option, and each gets the value that has passed all checks', async () => {
    const seen: unknown[] = [];
    const watching = (name: string): Policy => ({
      name,
      callOptions: {level: (value: number) => value + 1},
      wrap: (next) => (request) => {
        seen.push([name, request.options['level']]);
        return next(request);
      },
    });
    const connector = mockConnector(() => ({}));
    await using session = createSession({connector, policies: [watching('outer'), watching('inner')]});
    await session.fetch(url, {level: 1} as object);
    expect(seen).toEqual([
      ['outer', 3],
      ['inner', 3],
    ]);
  });

  it('a session whose policies do not declare an option refuses it', async () => {
    const connector = mockConnector(() => ({}));
    await using session = createCoreSession({connector, verbs: verbs()});
    const options = {retry: 2} as object;
    expect(await rejection(session.get(url, options))).toMatchObject({
      name: 'UnsupportedOptionError',
      option: 'retry',
      message: expect.stringContaining('Unknown option "retry" of a call'),
    });
    await using retrying = createCoreSession({connector, verbs: verbs(), policies: [retryPolicy()]});
    await retrying.get(url, {retry: 2});
  });
});

describe('a policy that is an instance of a class', () => {
  it('keeps the members of its prototype', async () => {
    class ClassPolicy implements PolicyDefinition<{level?: number}> {
      readonly seen: unknown[] = [];
      get name(): string {
        return 'class';
      }
      get callOptions() {
        return {level: (value: number) => value * 2};
      }
      onCall(request: ConnectorRequest): void {
        this.seen.push(request.options['level']);
      }
      wrap(next: Handler): Handler {
        return (request) => {
          this.seen.push('wrapped');
          return next(request);
        };
      }
    }
    const policy = new ClassPolicy();
    await using session = createSession({connector: mockConnector(() => ({})), policies: [policy]});
    await session.fetch(url, {level: 2});
    expect(policy.seen).toEqual([4, 'wrapped']);
  });
});

describe('onCall of a policy', () => {
  it('onCall is called when the call begins, before the handlers of policies', async () => {
    const order: string[] = [];
    const policy: Policy = {
      name: 'order',
      onCall: (request, {baseUrl}) => void order.push(`begin ${request.url} of ${baseUrl?.origin}`),
      wrap: (next) => (request) => {
        order.push('wrap');
        return next(request);
      },
    };
    const connector = mockConnector(() => ({}));
    await using session = createSession({baseUrl: 'https://api.test/', connector, policies: [policy]});
    await session.fetch('users');
    expect(order).toEqual(['begin https://api.test/users of https://api.test', 'wrap']);
  });

  it('a call rejects with the error of onCall, and the session does not wait for that call', async () => {
    const error = new Error('not now');
    const policy: Policy = {
      name: 'refusing',
      onCall() {
        throw error;
      },
      wrap: (next) => next,
    };
    const connector = mockConnector(() => ({}));
    await using session = createSession({connector, policies: [policy]});
    expect(await rejection(session.fetch(url))).toBe(error);
    expect(connector.calls.length).toBe(0);
  });
});

describe('a retry policy among the policies', () => {
  it('a retry policy among the policies replaces the default retries, and takes the retry option of a call', async () => {
    const connector = mockConnector(() => new Response(null, {status: 503}));
    await using session = createSession({connector, policies: [retryPolicy({retries: 1, minDelay: 0})]});
    await session.fetch(url);
    expect(connector.calls.length).toBe(2);
    await session.fetch(url, {retry: 0});
    expect(connector.calls.length).toBe(3);
  });
});

describe('a session of aiofetch/core', () => {
  it('a session of aiofetch/core without verbs has only fetch, and without a retry policy it retries nothing', async () => {
    const connector = mockConnector(() => new Response(null, {status: 503}));
    await using session = createCoreSession({connector});
    expect((await session.fetch(url)).status).toBe(503);
    expect(connector.calls.length).toBe(1);
    expect(session).not.toHaveProperty('get');
  });

  it('a session of aiofetch/core passes its headers, timeouts and policies on to its children', async () => {
    const connector = mockConnector(() => ({}));
    await using session = createCoreSession({
      connector,
      baseUrl: 'https://api.test/v1/',
      headers: {a: '1', b: '1'},
      verbs: verbs({searchParams: {key: 'k'}}),
    });
    const child = session.extend({headers: {b: '2'}, policies: [tenantPolicy]});
    await child.get('users', {tenant: 'child'} as object);
    const [call] = connector.calls;
    expect(call?.url).toBe('https://api.test/v1/users?key=k');
    expect(Object.fromEntries(call?.headers ?? [])).toMatchObject({a: '1', b: '2', 'x-tenant': 'child'});
    await session.close();
    expect(child.closed).toBe(true);
  });

  it('a session of aiofetch/core refuses an option that only createSession of aiofetch has', () => {
    expect(() => createCoreSession({retry: 2} as object)).toThrow('Unknown option "retry" of createSession');
  });
});

describe('options of a verb that are not an object', () => {
  it('reject the call, and don’t throw', async () => {
    const {session, connector} = tenantSession();
    for (const options of [null, 'text', 7]) {
      expect(await rejection(session.get(url, options as never))).toMatchObject({
        name: 'InvalidOptionError',
        message: expect.stringContaining('allowed: an object'),
      });
    }
    expect(connector.calls.length).toBe(0);
  });
});
