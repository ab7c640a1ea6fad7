import {describe, expect, it} from 'vitest';
import type {Policy, SessionOptions} from '../../../src/index.ts';
import {SessionClosedError, UnsupportedOptionError} from '../../../src/index.ts';
import {mockSession, rejection, thrown} from '../../support/mock-session.ts';

const url = 'https://api.test/';

describe('the settings of a child session', () => {
  it('a child merges headers name by name', async () => {
    const {session, calls} = mockSession(() => ({}), {headers: {a: 'parent', b: 'parent', c: 'parent'}});
    const child = session.extend({headers: {B: 'child', c: undefined, d: 'child'}});
    await child.fetch(url);
    await session.fetch(url);
    expect(calls.map(({headers}) => Object.fromEntries(headers))).toEqual([
      {a: 'parent', b: 'child', d: 'child'},
      {a: 'parent', b: 'parent', c: 'parent'},
    ]);
  });

  it('a child replaces all values of a header', async () => {
    const {session, calls} = mockSession(() => ({}), {
      headers: [
        ['a', '1'],
        ['a', '2'],
      ],
    });
    await session.extend({}).fetch(url);
    await session
      .extend({
        headers: [
          ['a', '3'],
          ['a', '4'],
        ],
      })
      .fetch(url);
    expect(calls.map(({headers}) => headers.get('a'))).toEqual(['1, 2', '3, 4']);
  });

  it('a child replaces baseUrl as a whole', async () => {
    const {session, calls} = mockSession(() => ({}), {baseUrl: 'https://api.test/v1/'});
    await session.extend({baseUrl: 'https://api.test/v2/'}).fetch('users');
    await session.extend({}).fetch('users');
    expect(calls.map((call) => call.url)).toEqual(['https://api.test/v2/users', 'https://api.test/v1/users']);
    await expect(session.extend({baseUrl: undefined}).fetch('users')).rejects.toThrow(TypeError);
  });

  it('a child merges timeouts phase by phase', async () => {
    const {session} = mockSession(() => new Promise(() => {}), {timeout: {total: 60_000, read: 5}});
    const child = session.extend({timeout: {total: 50_000}});
    expect(await rejection(child.fetch(url))).toMatchObject({phase: 'read', limit: 5});
    const grandchild = child.extend({timeout: {read: false, total: 6}});
    expect(await rejection(grandchild.fetch(url))).toMatchObject({phase: 'total', limit: 6});
  });

  it('the policies of a child follow those of its parent, so they are further in', async () => {
    const order: string[] = [];
    const named =
      (name: string): Policy =>
      (next) =>
      (request) => {
        order.push(name);
        return next(request);
      };
    const {session} = mockSession(() => ({}), {policies: [named('parent')]});
    const child = session.extend({policies: [named('child')]});
    await child.extend({policies: [named('grandchild')]}).fetch(url);
    await session.fetch(url);
    expect(order).toEqual(['parent', 'child', 'grandchild', 'parent']);
  });

  it('a child adds to searchParams, and undefined removes them', async () => {
    const {session, calls} = mockSession(() => ({}), {searchParams: {a: 'parent', b: 'parent'}});
    await session.extend({searchParams: {b: undefined, c: 'child'}}).get(url);
    await session.extend({searchParams: {a: 'child'}}).get(url);
    await session
      .extend({searchParams: 'c=child'})
      .extend({searchParams: [['d', 'grandchild']]})
      .get(url);
    await session.extend({searchParams: undefined}).get(url);
    expect(calls.map((call) => new URL(call.url).search)).toEqual([
      '?a=parent&c=child',
      '?a=parent&b=parent&a=child',
      '?a=parent&b=parent&c=child&d=grandchild',
      '',
    ]);
  });

  it('a child replaces throwHttpErrors, parseJson and stringifyJson as a whole', async () => {
    const {session, calls} = mockSession(() => new Response('{}', {status: 500}), {
      throwHttpErrors: true,
      parseJson: () => 'parent',
      stringifyJson: () => '"parent"',
    });
    const child = session.extend({
      throwHttpErrors: false,
      parseJson: () => 'child',
      stringifyJson: () => '"child"',
    });
    expect(await child.post(url, {json: {}}).json()).toBe('child');
    expect(await calls[0]?.json()).toBe('child');
    expect(await child.extend({}).post(url, {json: {}}).json()).toBe('child');
    await expect(session.post(url, {json: {}}).json()).rejects.toThrow();
  });

  it('a child changes no setting of its parent', async () => {
    const options: SessionOptions = {
      headers: {a: '1'},
      policies: [],
      hooks: {beforeRequest: []},
      context: {a: 1},
    };
    const before = structuredClone(options);
    const {session} = mockSession(() => ({}), options);
    session.extend({
      headers: {a: '2'},
      policies: [(next) => next],
      hooks: {beforeRequest: [() => {}]},
      context: {b: 2},
    });
    expect(options).toEqual(before);
  });
});

describe('a child session', () => {
  it('a child shares the connector of its parent, with limits and statistics', async () => {
    const {session, connector} = mockSession(() => new Promise(() => {}), {}, {limit: 1});
    const child = session.extend({});
    const calls = [session.fetch(url), child.fetch(url)];
    expect(child.stats()).toMatchObject({
      connector: 'mock',
      limit: 1,
      active: 1,
      queued: 1,
      hosts: connector.stats().hosts,
    });
    await session.destroy();
    await Promise.allSettled(calls);
  });

  it('a child counts its own calls', async () => {
    const {session} = mockSession();
    const child = session.extend({});
    await child.fetch(url);
    await child.fetch(url);
    await session.fetch(url);
    expect(child.stats().totals).toMatchObject({requests: 2, attempts: 2, sent: 3});
    expect(session.stats().totals).toMatchObject({requests: 1, attempts: 1, sent: 3});
  });

  it.each([{connector: {limit: 5}}, {connector: undefined}])(
    'a child can not have another connector: %o',
    (options) => {
      const {session} = mockSession();
      const error = thrown(() => session.extend(options as SessionOptions));
      expect(error).toBeInstanceOf(UnsupportedOptionError);
      expect(error.message).toMatch(/"connector".*has its parent's/);
    },
  );
});

describe('closing parents and children', () => {
  it('closing a child leaves parent, siblings and connector open', async () => {
    const {session} = mockSession();
    const [child, sibling] = [session.extend({}), session.extend({})];
    await child.close();
    expect([child.closed, session.closed, sibling.closed]).toEqual([true, false, false]);
    await expect(child.fetch(url)).rejects.toBeInstanceOf(SessionClosedError);
    await session.fetch(url);
    await sibling.fetch(url);
  });

  it('closing a parent closes its children and their children', async () => {
    const {session, calls} = mockSession();
    const child = session.extend({});
    const grandchild = child.extend({});
    await session.close();
    expect([child.closed, grandchild.closed]).toEqual([true, true]);
    for (const {fetch, get} of [child, grandchild]) {
      await expect(fetch(url)).rejects.toBeInstanceOf(SessionClosedError);
      await expect(get(url)).rejects.toBeInstanceOf(SessionClosedError);
    }
    expect(calls).toHaveLength(0);
  });

  it('a parent that closes waits for the calls of its children', async () => {
    let answer = (_value: unknown) => {};
    const {session} = mockSession(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    const call = session.extend({}).extend({}).get(url).json();
    await expect.poll(() => session.stats().active).toBe(1);
    let closed = false;
    const closing = session.close().then(() => {
      closed = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toBe(false);
    answer('done');
    expect(await call).toBe('done');
    await closing;
  });

  it('a child that closes does not wait for the calls of its parent', async () => {
    const {session} = mockSession(() => new Promise(() => {}));
    const child = session.extend({});
    const call = session.fetch(url);
    await child.close();
    await session.destroy();
    await expect(call).rejects.toThrow();
  });

  it('destroying a parent ends the calls of its children, and destroying a child ends its own calls only', async () => {
    const {session} = mockSession(() => new Promise(() => {}));
    const child = session.extend({});
    const calls = [session.fetch(url), child.fetch(url)];
    await child.destroy('child');
    await expect(calls[1]).rejects.toMatchObject({cause: 'child'});
    expect(session.stats().active).toBe(1);
    const other = session.extend({}).fetch(url);
    await session.destroy('parent');
    await expect(calls[0]).rejects.toMatchObject({cause: 'parent'});
    await expect(other).rejects.toMatchObject({cause: 'parent'});
  });

  it('the close timeout of a parent ends the calls of its children', async () => {
    const {session} = mockSession(() => new Promise(() => {}));
    const call = session.extend({}).fetch(url);
    await session.close({timeout: 5});
    await expect(call).rejects.toBeInstanceOf(SessionClosedError);
  });
});
