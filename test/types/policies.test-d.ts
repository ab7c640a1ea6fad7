import {expectTypeOf, test} from 'vitest';
import {createSession as createCoreSession, retryPolicy, verbs} from '../../src/core-index.ts';
import type {Client, Page, Policy, PolicyDefinition, Retry, Session} from '../../src/index.ts';
import {createSession, defineClient, endpoint, linkPages, paginate, type} from '../../src/index.ts';

const tenantPolicy: PolicyDefinition<{readonly tenant?: string | undefined}> = {
  name: 'tenant',
  callOptions: {tenant: (value) => value.toUpperCase()},
  wrap: (next) => next,
};
const levelPolicy: PolicyDefinition<{level?: 1 | 2}> = {name: 'level', wrap: (next) => next};
const plain: Policy = (next) => next;

test('the options of calls that policies declare are typed in fetch and verbs', () => {
  const session = createSession({policies: [tenantPolicy, plain, levelPolicy]});
  void session.get('/', {tenant: 'a', level: 1, retry: 2});
  void session.fetch('/', {tenant: 'a', level: 2});
  // @ts-expect-error: a tenant is a string
  void session.get('/', {tenant: 1});
  // @ts-expect-error: there is no level 3
  void session.fetch('/', {level: 3});
  // @ts-expect-error: no policy declares this option
  void session.get('/', {tennant: 'a'});
  expectTypeOf(session).toExtend<Session>();
});

test('a typed client takes the options of the policies that its session has, in calls and in calls with pages', () => {
  const list = endpoint('GET /{org}', {response: type<number[]>()});
  const define = defineClient({list, pages: {all: paginate(list, linkPages())}});
  const path = {org: 'a'};
  for (const session of [
    createSession({policies: [tenantPolicy, plain, levelPolicy]}),
    createCoreSession({policies: [retryPolicy(), tenantPolicy, levelPolicy]}),
  ]) {
    const client = define(session);
    expectTypeOf(client.list({path, tenant: 'a', level: 1, retry: 2})).resolves.toEqualTypeOf<number[]>();
    expectTypeOf(client.pages.all({path, tenant: 'a', prefetch: 1})).resolves.toExtend<Page<number>>();
    void client.list.withResponse({path, tenant: 'a'});
    // @ts-expect-error: a tenant is a string
    void client.list({path, tenant: 1});
    // @ts-expect-error: no policy declares this option
    void client.list({path, tennant: 'a'});
    // @ts-expect-error: the path is required as without such options
    void client.list({tenant: 'a'});
    expectTypeOf(client).toExtend<Client<{list: typeof list}>>();
  }
});

test('a typed client on a session without such policies refuses their options', () => {
  const get = endpoint('GET /');
  for (const session of [createSession(), createSession({policies: [plain]}), {fetch: globalThis.fetch}]) {
    const client = defineClient({get})(session);
    expectTypeOf(client).toEqualTypeOf<Client<{get: typeof get}>>();
    // @ts-expect-error: no policy declares this option
    void client.get({tenant: 'a'});
  }
});

test('a session without such policies refuses their options', () => {
  const session = createSession({policies: [plain]});
  // @ts-expect-error: no policy declares this option
  void session.get('/', {tenant: 'a'});
});

test('a session of aiofetch/core takes the options of the policies that it has', () => {
  const session = createCoreSession({verbs: verbs(), policies: [retryPolicy(), tenantPolicy]});
  void session.get('/', {retry: 2, tenant: 'a'});
  expectTypeOf<Parameters<typeof session.get>[1]>().toExtend<{retry?: Retry | undefined} | undefined>();
  // @ts-expect-error: no policy declares this option
  void session.get('/', {idempotencyKey: true});
});

test('a session of aiofetch/core has verbs only when it is given them', () => {
  const session = createCoreSession();
  void session.fetch('/');
  // @ts-expect-error: there are no verbs
  void session.get('/');
});
