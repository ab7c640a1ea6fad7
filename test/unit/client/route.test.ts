import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {compileRoute} from '../../../src/client/route.ts';
import {endpoint} from '../../../src/index.ts';
import {thrown} from '../../support/mock-session.ts';

const expand = (path: string, values: Record<string, unknown> = {}) =>
  compileRoute(`GET ${path}`).expand(values);

describe('a route', () => {
  it.each([
    ['no method', '/users'],
    ['a method in small letters', 'get /users'],
    ['a method that is none', 'FETCH /users'],
    ['no path', 'GET '],
    ['a path that begins with no slash', 'GET users'],
    ['one that begins with two: it would name a host', 'GET //evil.example/'],
    ['a backslash', 'GET /\\evil.example/'],
    ['a fragment', 'GET /users#top'],
    ['a space', 'GET /a b'],
    ['a brace that is not closed', 'GET /users/{id'],
    ['one that is not opened', 'GET /users/id}'],
    ['one within another', 'GET /users/{{id}}'],
    ['a parameter without a name', 'GET /users/{}'],
    ['an operator of RFC 6570', 'GET /files/{+path}'],
    ['a parameter twice', 'GET /users/{id}/{id}'],
    ['a parameter in its query', 'GET /users?id={id}'],
    ['a parameter that begins with a colon', 'GET /users/:id/repos'],
    ['a dot segment', 'GET /users/../{id}'],
    ['an encoded one', 'GET /users/%2E%2e/{id}'],
  ])('has not %s', (_what, route) => {
    const error = thrown(() => endpoint(route as 'GET /'));
    expect(error).toMatchObject({name: 'InvalidOptionError', option: 'route'});
    expect(error.message).toContain('GET /users/{username}');
  });

  it('has names of parameters, and a query of its own', () => {
    expect(compileRoute('PUT /a/{b}/c-{d-e}?f=1')).toMatchObject({
      method: 'PUT',
      names: ['b', 'd-e'],
      hasQuery: true,
    });
    expect(expand('/a/{b}?beta=true', {b: 1})).toBe('/a/1?beta=true');
  });
});

describe('a parameter', () => {
  it.each([
    ['a string', 'ada', 'ada'],
    ['a number', 1.5, '1.5'],
    ['zero', 0, '0'],
    ['a bigint', 10n ** 20n, '100000000000000000000'],
    ['a boolean', false, 'false'],
    ['a date', new Date(0), '1970-01-01T00%3A00%3A00.000Z'],
    ['unreserved characters', 'a-b_c.d~e', 'a-b_c.d~e'],
    ['reserved ones', ":/?#[]@!$&'()*+,;=", '%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D'],
    ['what is encoded already, once more', 'a%2Fb', 'a%252Fb'],
    ['a space', 'a b', 'a%20b'],
    ['other characters, in UTF-8', '日本', '%E6%97%A5%E6%9C%AC'],
    ['a path', '../../admin', '..%2F..%2Fadmin'],
    ['a backslash', '..\\admin', '..%5Cadmin'],
    ['dots and more', '...', '...'],
    ['a list, with commas', ['a', 1, 'b,c/d', new Date(0)], 'a,1,b%2Cc%2Fd,1970-01-01T00%3A00%3A00.000Z'],
  ])('is %s', (_what, value, expected) => {
    expect(expand('/users/{id}', {id: value})).toBe(`/users/${expected}`);
  });

  it.each([
    ['missing', undefined, 'is missing'],
    ['null', null, 'is missing'],
    ['empty', '', 'is empty'],
    ['an object', {}, 'is an object'],
    ['an empty list', [], 'is empty'],
    ['a list of lists', [['a']], 'is a list of lists'],
    ['a list with a hole in it', ['a', undefined], 'is missing'],
    ['a list of objects', [{}], 'is an object'],
    ['a function', () => 'a', 'is a function'],
    ['half of a surrogate pair', '\ud800', 'has half of a surrogate pair in it'],
    ['a date that is none', new Date('never'), 'is no valid date'],
    ['what is no number', Number.NaN, 'is NaN'],
  ])('that is %s is refused, by name', (_what, value, message) => {
    const error = thrown(() => expand('/users/{id}/repos', {id: value}));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe(`Parameter "id" of GET /users/{id}/repos ${message}`);
  });

  it.each([
    ['/users/{id}', {id: '.'}],
    ['/users/{id}', {id: '..'}],
    ['/users/{id}', {id: ['..']}],
    ['/users/{id}/repos', {id: '..'}],
    ['/users/{a}{b}', {a: '.', b: '.'}],
    ['/users/.{id}', {id: '.'}],
    ['/users/{id}.', {id: '.'}],
    ['/users/%2e{id}', {id: '.'}],
  ])('makes no dot segment of %s', (path, values) => {
    expect(thrown(() => expand(path, values))).toBeInstanceOf(TypeError);
  });

  it('stays within its segment, whatever it is', () => {
    const values = fc.string({unit: 'binary', minLength: 1, maxLength: 20});
    const nasty = fc.stringMatching(/^[./\\%25eEfF?#:@ \t\n;]{1,12}$/);
    fc.assert(
      fc.property(fc.oneof(values, nasty), fc.oneof(values, nasty), (owner, repo) => {
        let path: string;
        try {
          path = expand('/repos/{owner}/x-{repo}/issues', {owner, repo});
        } catch (error) {
          // Nothing else is a reason to refuse one.
          return error instanceof TypeError && (/^\.{1,2}$/.test(owner) || !(owner + repo).isWellFormed());
        }
        const {origin, pathname, search, hash} = new URL(`.${path}`, 'https://api.example.com/v1/');
        expect([origin, search, hash]).toEqual(['https://api.example.com', '', '']);
        const segments = pathname.split('/').map(decodeURIComponent);
        expect(segments).toEqual(['', 'v1', 'repos', owner, `x-${repo}`, 'issues']);
        return true;
      }),
      {numRuns: 500},
    );
  });
});
