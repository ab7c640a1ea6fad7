import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {checkRoute} from '../../../src/client/check-route.ts';
import {compileRoute} from '../../../src/client/route.ts';
import {endpoint} from '../../../src/index.ts';
import {thrown} from '../../support/mock-session.ts';

const expand = (path: string, values: Record<string, unknown> = {}) =>
  compileRoute(`GET ${path}`).expand(values);

describe('a route', () => {
  it.each([
    ['no method', '/users'],
    ['a method in lower case', 'get /users'],
    ['an unknown method', 'FETCH /users'],
    ['no path', 'GET '],
    ['a path without a slash at its beginning', 'GET users'],
    ['a path that begins with two slashes, which would name a host', 'GET //evil.example/'],
    ['a backslash', 'GET /\\evil.example/'],
    ['a fragment', 'GET /users#top'],
    ['a space', 'GET /a b'],
    ['a brace that is not closed', 'GET /users/{id'],
    ['a brace that is not opened', 'GET /users/id}'],
    ['a brace within another', 'GET /users/{{id}}'],
    ['a parameter without a name', 'GET /users/{}'],
    ['an operator of RFC 6570', 'GET /files/{+path}'],
    ['a parameter twice', 'GET /users/{id}/{id}'],
    ['a parameter in its query', 'GET /users?id={id}'],
    ['a parameter that begins with a colon', 'GET /users/:id/repos'],
    ['a dot segment', 'GET /users/../{id}'],
    ['an encoded dot segment', 'GET /users/%2E%2e/{id}'],
  ])('a route with %s is refused', (_what, route) => {
    const error = thrown(() => endpoint(route as 'GET /'));
    expect(error).toMatchObject({name: 'InvalidOptionError', option: 'route'});
    expect(error.message).toContain('GET /users/{username}');
  });

  it('a route has the names of its parameters, and may have a query', () => {
    expect(checkRoute('PUT /a/{b}/c-{d-e}?f=1')).toEqual(['b', 'd-e']);
    expect(compileRoute('PUT /a/{b}/c-{d-e}?f=1')).toMatchObject({method: 'PUT', hasQuery: true});
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
    ['reserved characters', ":/?#[]@!$&'()*+,;=", '%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D'],
    ['encoded text, encoded once more', 'a%2Fb', 'a%252Fb'],
    ['a space', 'a b', 'a%20b'],
    ['other characters, in UTF-8', '日本', '%E6%97%A5%E6%9C%AC'],
    ['a path', '../../admin', '..%2F..%2Fadmin'],
    ['a backslash', '..\\admin', '..%5Cadmin'],
    ['dots and more', '...', '...'],
    ['a list, with commas', ['a', 1, 'b,c/d', new Date(0)], 'a,1,b%2Cc%2Fd,1970-01-01T00%3A00%3A00.000Z'],
  ])('a parameter may be %s', (_what, value, expected) => {
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
    ['half of a surrogate pair', '\ud800', 'contains half of a surrogate pair'],
    ['an invalid date', new Date('never'), 'is not a valid date'],
    ['NaN', Number.NaN, 'is NaN'],
  ])('a parameter that is %s is refused with an error that names it', (_what, value, message) => {
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
  ])('a parameter that makes a dot segment of %s is refused', (path, values) => {
    expect(thrown(() => expand(path, values))).toBeInstanceOf(TypeError);
  });

  it('any parameter stays within its segment', () => {
    const values = fc.string({unit: 'binary', minLength: 1, maxLength: 20});
    const nasty = fc.stringMatching(/^[./\\%25eEfF?#:@ \t\n;]{1,12}$/);
    fc.assert(
      fc.property(fc.oneof(values, nasty), fc.oneof(values, nasty), (owner, repo) => {
        let path: string;
        try {
          path = expand('/repos/{owner}/x-{repo}/issues', {owner, repo});
        } catch (error) {
          // Dots and lone surrogates are the only reasons to refuse a parameter.
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
