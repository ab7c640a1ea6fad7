import {describe, expect, it} from 'vitest';
import {
  asForm,
  defineClient,
  endpoint,
  linkPages,
  paginate,
  type,
  uncheckedEndpoint,
} from '../../../src/index.ts';
import {mockSession, rejection} from '../../support/mock-session.ts';
import {mockMethod, origin, pathOf} from './support.ts';

interface Thing {
  readonly name: string;
}

describe('an unchecked endpoint', () => {
  it.each([
    ['endpoint', endpoint],
    ['uncheckedEndpoint', uncheckedEndpoint],
  ])('the same description gives the same calls with %s', async (_name, make) => {
    const update = (make as typeof uncheckedEndpoint)('PUT /things/{id}/{part}?v=1', {
      path: type<{id: number; part: string[]}>(),
      query: type<{tags?: string[]; deep?: object; q?: string}>(),
      queryStyles: {tags: {explode: false}, deep: 'deepObject'},
      headers: type<{'X-Own': string}>(),
      body: type<Thing>(),
      response: type<Thing>(),
      errors: {409: type<{field: string}>()},
    });
    const answers = [Response.json({name: 'Ada'}), Response.json({field: 'name'}, {status: 409})];
    const {call, calls} = mockMethod(update, () => answers.shift());
    const input = {
      path: {id: 1, part: ['a', 'b c']},
      query: {tags: ['a', 'b'], deep: {a: {b: 1}}, q: 'x y'},
      headers: {'X-Own': 'own'},
      body: {name: 'Ada'},
    };
    expect(await call(input)).toEqual({name: 'Ada'});
    const error = await rejection(call(input));
    expect([update.isError(error), call.isError(error)]).toEqual([true, true]);
    expect(error).toMatchObject({name: 'HTTPError', status: 409, data: {field: 'name'}});
    const [sent] = calls;
    expect([sent?.method, pathOf(sent?.url)]).toEqual([
      'PUT',
      '/things/1/a,b%20c?v=1&tags=a,b&deep%5Ba%5D%5Bb%5D=1&q=x%20y',
    ]);
    expect(Object.fromEntries(sent?.headers ?? [])).toEqual({
      accept: 'application/json',
      'content-type': 'application/json',
      'x-own': 'own',
    });
    expect(await sent?.json()).toEqual({name: 'Ada'});
  });

  it('a client gives its settings and its style of queries to an unchecked endpoint', async () => {
    const {session, calls} = mockSession(undefined, {baseUrl: origin});
    const get = uncheckedEndpoint('GET /a', {query: type<{ids: number[]}>(), timeout: 1_000});
    await defineClient(
      {get},
      {queryStyle: 'pipeDelimited', headers: {a: '1'}},
    )(session).get({
      query: {ids: [1, 2]},
    });
    expect(calls[0]?.url).toBe(`${origin}/a?ids=1%7C2`);
    expect(calls[0]?.headers.get('a')).toBe('1');
  });

  it('an unchecked endpoint takes contents, and has pages', async () => {
    const search = uncheckedEndpoint('POST /a', {
      body: asForm(type<{q: string}>()),
      response: type<number[]>(),
    });
    const {call, calls} = mockMethod(paginate(search, linkPages()), () => [1, 2]);
    expect((await call({body: {q: 'a'}})).items).toEqual([1, 2]);
    expect(await calls[0]?.text()).toBe('q=a');
  });

  it('a call of an unchecked endpoint refuses parts that the endpoint does not declare, and a missing parameter', async () => {
    const {call, calls} = mockMethod(uncheckedEndpoint('GET /a/{id}'));
    await expect(call({path: {id: 1}, query: {a: 1}} as never)).rejects.toThrow(/got a query/);
    await expect(call({path: {}} as never)).rejects.toThrow('Parameter "id" of GET /a/{id} is missing');
    expect(calls).toEqual([]);
  });
});
