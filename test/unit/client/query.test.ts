import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {QueryStyle} from '../../../src/client/query.ts';
import {parameterWriter, queryWriter} from '../../../src/client/query.ts';
import {defineClient, endpoint, type} from '../../../src/index.ts';
import {mockSession, thrown} from '../../support/mock-session.ts';

const write = (value: unknown, style?: QueryStyle) => queryWriter({}, parameterWriter(style))({color: value});

const list = ['blue', 'black', 'brown'];
const record = {R: 100, G: 200, B: 150};

describe('a query', () => {
  // OpenAPI 3.1, "Style Examples", with what RFC 3986 doesn't allow in a query percent-encoded.
  it.each<[style: QueryStyle, value: unknown, expected: string]>([
    [{style: 'form', explode: false}, '', 'color='],
    [{style: 'form', explode: false}, 'blue', 'color=blue'],
    [{style: 'form', explode: false}, list, 'color=blue,black,brown'],
    [{style: 'form', explode: false}, record, 'color=R,100,G,200,B,150'],
    [{style: 'form', explode: true}, '', 'color='],
    [{style: 'form', explode: true}, 'blue', 'color=blue'],
    [{style: 'form', explode: true}, list, 'color=blue&color=black&color=brown'],
    [{style: 'form', explode: true}, record, 'R=100&G=200&B=150'],
    [{style: 'spaceDelimited', explode: false}, list, 'color=blue%20black%20brown'],
    [{style: 'spaceDelimited', explode: false}, record, 'color=R%20100%20G%20200%20B%20150'],
    [{style: 'pipeDelimited', explode: false}, list, 'color=blue%7Cblack%7Cbrown'],
    [{style: 'pipeDelimited', explode: false}, record, 'color=R%7C100%7CG%7C200%7CB%7C150'],
    [{style: 'deepObject', explode: true}, record, 'color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150'],
  ])('the style %j writes %j as %s', (style, value, expected) => {
    expect(write(value, style)).toBe(expected);
  });

  it('form and deepObject explode by default, and the other styles do not', () => {
    expect(write(list)).toBe('color=blue&color=black&color=brown');
    expect(write(list, 'form')).toBe('color=blue&color=black&color=brown');
    expect(write(list, 'pipeDelimited')).toBe('color=blue%7Cblack%7Cbrown');
    expect(write(list, {style: 'spaceDelimited', explode: true})).toBe('color=blue&color=black&color=brown');
    expect(write(record, 'deepObject')).toContain('color%5BR%5D=100');
  });

  it.each<[what: string, value: unknown, expected: string]>([
    ['a number', 1.5, 'color=1.5'],
    ['a bigint', 2n ** 64n, 'color=18446744073709551616'],
    ['a boolean', false, 'color=false'],
    ['a date, in ISO 8601', new Date(0), 'color=1970-01-01T00%3A00%3A00.000Z'],
    ['dates', [new Date(0)], 'color=1970-01-01T00%3A00%3A00.000Z'],
    ['a URL', new URL('https://a.example/'), 'color=https%3A%2F%2Fa.example%2F'],
    ['reserved characters', '&=+#?/ %', 'color=%26%3D%2B%23%3F%2F%20%25'],
    ['characters that encodeURIComponent leaves', "!'()*", 'color=%21%27%28%29%2A'],
    ['other characters', '色', 'color=%E8%89%B2'],
    ['nothing for undefined', undefined, ''],
    ['nothing for null', null, ''],
    ['nothing for an empty list', [], ''],
    ['nothing for an empty object', {}, ''],
    ['a list without its undefined items', ['a', undefined, null, 'b'], 'color=a&color=b'],
    ['an object without its undefined members', {a: undefined, b: 1}, 'b=1'],
  ])('a query has %s', (_what, value, expected) => {
    expect(write(value)).toBe(expected);
  });

  it('lists that are joined have no undefined items', () => {
    expect(write(['a', undefined, 'b'], {explode: false})).toBe('color=a,b');
    expect(write({a: null, b: 1}, {explode: false})).toBe('color=b,1');
    expect(write([undefined], {explode: false})).toBe('');
  });

  it('a delimiter inside a value is percent-encoded', () => {
    expect(write(['a,b', 'c'], {explode: false})).toBe('color=a%2Cb,c');
    expect(write(['a|b', 'c'], 'pipeDelimited')).toBe('color=a%7Cb%7Cc');
  });

  it.each<[string, object, QueryStyle, string]>([
    [
      'lists of objects with indexes, as Stripe and Rails read them',
      {
        items: [
          {price: 'p1', quantity: 1},
          {price: 'p2', tags: ['a', 'b']},
        ],
      },
      'deepObject',
      'color[items][0][price]=p1&color[items][0][quantity]=1&color[items][1][price]=p2&color[items][1][tags]=a&color[items][1][tags]=b',
    ],
    ['a list of objects', [{a: 1}, null, {a: 2}], 'deepObject', 'color[0][a]=1&color[1][a]=2'],
    ['lists of lists', [[1, 2], [3]], 'deepObject', 'color[0]=1&color[0]=2&color[1]=3'],
    ['objects beside plain values', ['x', {a: 1}], 'deepObject', 'color[0]=x&color[1][a]=1'],
    ['dates, which are plain', [new Date(0)], 'deepObject', 'color=1970-01-01T00:00:00.000Z'],
    [
      'plain values with indexes where asked to',
      {tags: ['a', 'b']},
      {style: 'deepObject', lists: 'index'},
      'color[tags][0]=a&color[tags][1]=b',
    ],
    [
      'plain values in brackets where asked to',
      {tags: ['a', 'b']},
      {style: 'deepObject', lists: 'brackets'},
      'color[tags][]=a&color[tags][]=b',
    ],
    ['plain values by repetition', ['a', 'b'], {style: 'deepObject', lists: 'repeat'}, 'color=a&color=b'],
  ])('deepObject writes %s', (_, value, style, expected) => {
    expect(decodeURIComponent(write(value, style))).toBe(expected);
  });

  it.each(['brackets', 'repeat'] as const)('deepObject refuses a list of objects for lists: %s', (lists) => {
    for (const value of [[{a: 1}], {b: [[1]]}])
      expect(() => write(value, {style: 'deepObject', lists})).toThrow(
        'Query parameter "color" is a list of lists or objects: use lists: index',
      );
  });

  it('lists of another style, and other words for lists, are refused', () => {
    for (const style of [
      {style: 'form', lists: 'index'},
      {style: 'deepObject', lists: 'comma'},
    ])
      expect(() => write('', style as QueryStyle)).toThrow(
        /lists: brackets, index or repeat, for deepObject alone/,
      );
  });

  it('deepObject writes nested objects, and repeats the items of lists', () => {
    expect(
      decodeURIComponent(write({a: {b: {c: 1}}, d: [1, 2], e: undefined, f: new Date(0)}, 'deepObject')),
    ).toBe('color[a][b][c]=1&color[d]=1&color[d]=2&color[f]=1970-01-01T00:00:00.000Z');
    expect(write('blue', 'deepObject')).toBe('color=blue');
  });

  it('allowReserved leaves reserved characters, except those that would end a value', () => {
    expect(write('/a:b?c=d&e#f+g,h', {allowReserved: true})).toBe('color=/a:b?c%3Dd%26e%23f%2Bg,h');
  });

  it('a function writes a parameter, and its pairs are percent-encoded', () => {
    const brackets: QueryStyle = (name, value) =>
      (value as string[]).map((item, index) => [`${name}[${index}]`, item]);
    expect(write(['a b', 'c'], brackets)).toBe('color%5B0%5D=a%20b&color%5B1%5D=c');
    expect(write([], brackets)).toBe('');
  });

  it('each parameter may have a style of its own', () => {
    const writer = queryWriter(
      {ids: {explode: false}, filter: 'deepObject'},
      parameterWriter('pipeDelimited'),
    );
    expect(decodeURIComponent(writer({ids: [1, 2], filter: {a: 1}, others: [3, 4], none: undefined}))).toBe(
      'ids=1,2&filter[a]=1&others=3|4',
    );
  });

  it('a parameter has the style of its endpoint, or else that of the client', async () => {
    const {session, calls} = mockSession(undefined, {baseUrl: 'https://api.example.com'});
    const get = endpoint('GET /a', {query: type<{a?: number[]; b?: number[]}>(), queryStyles: {a: 'form'}});
    await defineClient({get}, {queryStyle: {explode: false}})(session).get({query: {a: [1, 2], b: [3, 4]}});
    expect(calls[0]?.url).toBe('https://api.example.com/a?a=1&a=2&b=3,4');
  });

  it.each<[what: string, value: unknown, style: QueryStyle | undefined, message: RegExp]>([
    ['an object in a list', [{a: 1}], undefined, /"color" contains an object.*deepObject/],
    ['an object in an object', {a: {b: 1}}, {explode: false}, /"color" contains an object/],
    ['an invalid date', new Date('never'), undefined, /"color" is not a valid date/],
    ['a function', () => 1, undefined, /"color" is a function/],
    ['a symbol', Symbol('red'), undefined, /"color" is a symbol/],
    ['half of a surrogate pair', '\ud800', undefined, /"color" contains half of a surrogate pair/],
    ['NaN', Number.NaN, undefined, /"color" is NaN/],
    ['a set', new Set([1]), undefined, /"color" is a Set: give a list/],
    ['a map in an object', {a: new Map([[1, 2]])}, 'deepObject', /"color" is a Map/],
    ['a promise', Promise.resolve(1), undefined, /"color" is a Promise/],
    ['bytes', new Uint8Array([1]), {explode: false}, /"color" is a Uint8Array/],
    ['another query', new URLSearchParams('a=1'), undefined, /"color" is a URLSearchParams/],
  ])('a query refuses %s with an error that names the parameter', (_what, value, style, message) => {
    const error = thrown(() => write(value, style));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(message);
  });

  it.each<[string, unknown, QueryStyle | undefined, string]>([
    ['a URL', new URL('https://a.test/?b'), undefined, 'color=https://a.test/?b'],
    ['the result of toJSON', {toJSON: () => '2026-01-02', year: 2026}, undefined, 'color=2026-01-02'],
    ['the result of toJSON in a list', [{toJSON: () => 1}, 2], {explode: false}, 'color=1,2'],
    ['the result of toJSON in an object', {at: {toJSON: () => 'now'}}, 'deepObject', 'color[at]=now'],
    ['an object that toJSON returns', {toJSON: () => ({a: 1})}, 'deepObject', 'color[a]=1'],
    [
      'an object of a class',
      new (class {
        readonly a = 1;
      })(),
      'deepObject',
      'color[a]=1',
    ],
    ['an object without a prototype', Object.assign(Object.create(null), {a: 1}), undefined, 'a=1'],
  ])('a query may have %s', (_what, value, style, expected) => {
    expect(decodeURIComponent(write(value, style))).toBe(expected);
  });

  it.each([
    ['URLSearchParams', new URLSearchParams('a=1')],
    ['Map', new Map([['a', 1]])],
    ['Array', [['a', 1]]],
    ['String', 'a=1'],
  ])('a query that is a %s is refused', (kind, query) => {
    const error = thrown(() => queryWriter()(query as object));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe(`A query is an object of parameters by name, but got a ${kind}`);
  });

  it.each<[QueryStyle, string, name?: string]>([
    [{explod: false} as QueryStyle, 'queryStyle.explod', 'UnsupportedOptionError'],
    ['matrix' as QueryStyle, 'queryStyle'],
    [{style: 'deepObject', explode: false}, 'queryStyle'],
  ])('the style %j is refused', (style, option, name = 'InvalidOptionError') => {
    expect(thrown(() => write(1, style))).toMatchObject({name, option});
  });

  it.each([null, 'form', 1])('styles are an object of styles by name, and %j is refused', (styles) => {
    expect(thrown(() => endpoint('GET /', {queryStyles: styles as never}))).toMatchObject({
      name: 'InvalidOptionError',
      option: 'queryStyles',
    });
  });

  it('a parameter whose style is undefined has the default style', () => {
    expect(queryWriter({color: undefined}, parameterWriter('pipeDelimited'))({color: list})).toBe(
      'color=blue%7Cblack%7Cbrown',
    );
  });

  it('URLSearchParams reads any list back as it was written', () => {
    const values = fc.array(
      fc.string({unit: 'binary'}).filter((text) => text.isWellFormed()),
      {minLength: 1},
    );
    fc.assert(
      fc.property(values, (items) => {
        expect(new URLSearchParams(write(items)).getAll('color')).toEqual(items);
        const [joined = ''] = /(?<=^color=).*/.exec(write(items, {explode: false})) ?? [];
        expect(joined.split(',').map(decodeURIComponent)).toEqual(items);
      }),
    );
  });
});
