import {describe, expect, it} from 'vitest';
import type {QueryStyleName, Session} from '../../../src/index.ts';
import {asForm, asMultipart, defineClient, endpoint, type} from '../../../src/index.ts';
import {mockSession} from '../../support/mock-session.ts';
import {mockMethod, origin, pathOf} from './support.ts';

/** Members that every object has. An API may use them as names. */
const names = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf'];

describe.each(names)('a part of a request that is called "%s"', (name) => {
  it('a parameter of a path is sent, and is missing when the call does not give it', async () => {
    const get = endpoint(`GET /things/{${name}}`);
    const {call, calls} = mockMethod(get);
    await call({path: {[name]: 'a b'}});
    expect(pathOf(calls[0]?.url)).toBe('/things/a%20b');
    await expect(call({path: {} as never})).rejects.toThrow(
      new TypeError(`Parameter "${name}" of GET /things/{${name}} is missing`),
    );
  });

  it('a parameter of a query is sent in its own style', async () => {
    const get = endpoint('GET /things', {
      query: type<Record<string, string[] | undefined>>(),
      queryStyles: {[name]: 'pipeDelimited'},
    });
    const {call, calls} = mockMethod(get);
    await call({query: {[name]: ['a', 'b'], other: ['c', 'd']}});
    await call({query: {}});
    expect(calls.map(({url}) => pathOf(url))).toEqual([`/things?${name}=a%7Cb&other=c&other=d`, '/things']);
  });

  it('a member of an object in a query is sent', async () => {
    const {call, calls} = mockMethod(
      endpoint('GET /things', {query: type<{deep: object}>(), queryStyles: {deep: 'deepObject'}}),
    );
    await call({query: {deep: {[name]: 'a'}}});
    expect(pathOf(calls[0]?.url)).toBe(`/things?deep%5B${name}%5D=a`);
  });

  it('a header is sent once, with its own value, from an object and from pairs', async () => {
    const {call, calls} = mockMethod(endpoint('GET /things'));
    await call({headers: {[name]: 'a'}});
    await call({headers: [[name, 'a']] as never});
    for (const {headers} of calls) expect(headers.get(name)).toBe('a');
  });

  it('a header of a client is sent with every call', async () => {
    const {session, calls} = mockSession(undefined, {baseUrl: origin});
    const {get} = defineClient({get: endpoint('GET /things')}, {headers: {[name]: 'a'}})(session);
    await get();
    await get({headers: {other: 'b'}});
    for (const {headers} of calls) expect(headers.get(name)).toBe('a');
  });

  it('a member of a form is sent', async () => {
    const form = mockMethod(endpoint('POST /things', {body: asForm(type<object>())}));
    await form.call({body: {[name]: 'a'}});
    expect(await form.calls[0]?.text()).toBe(`${name}=a`);
    const multipart = mockMethod(
      endpoint('POST /things', {body: asMultipart(type<object>(), {contentTypes: {other: 'text/csv'}})}),
    );
    await multipart.call({body: {[name]: 'a'}});
    const text = await multipart.calls[0]?.text();
    expect(text).toContain(`name="${name}"\r\n\r\na\r\n`);
  });

  it('a group and a method of a client are members of their own', async () => {
    const {session, calls} = mockSession(undefined, {baseUrl: origin});
    const client = defineClient({[name]: {[name]: endpoint('GET /things')}})(session);
    expect(Object.keys(client)).toEqual([name]);
    const group = Object.values(client)[0] as Record<string, () => Promise<unknown>>;
    expect(Object.keys(group)).toEqual([name]);
    await Object.values(group)[0]?.();
    expect(calls).toHaveLength(1);
  });

  it('a style of queries with this name is refused', () => {
    expect(() => defineClient({}, {queryStyle: name as QueryStyleName})).toThrow(
      /^Option "queryStyle" is .*; allowed: form, spaceDelimited, pipeDelimited, deepObject, or a function/,
    );
  });
});

describe('an option of a typed call that is called "__proto__"', () => {
  const input = JSON.parse('{"__proto__": {"method": "DELETE", "redirect": "error"}, "redirect": "manual"}');

  it('a foreign session gets it as a member, which changes no other', async () => {
    const inits: RequestInit[] = [];
    const fetch = async (_url: unknown, init: RequestInit) => {
      inits.push(init);
      return new Response(null, {status: 204});
    };
    const {get} = defineClient({get: endpoint('GET /things')})({fetch: fetch as Session['fetch']});
    await get(input);
    const [init] = inits as [RequestInit];
    expect(Object.getPrototypeOf(init)).toBe(Object.prototype);
    expect(Object.getOwnPropertyDescriptor(init, '__proto__')?.value).toEqual({
      method: 'DELETE',
      redirect: 'error',
    });
    expect(init).toMatchObject({method: 'GET', redirect: 'manual'});
  });

  it('a session of one\u2019s own refuses it', async () => {
    const {call} = mockMethod(endpoint('GET /things'));
    await expect(call(input)).rejects.toMatchObject({name: 'UnsupportedOptionError', option: '__proto__'});
  });
});
