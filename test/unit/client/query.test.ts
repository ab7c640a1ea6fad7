import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {QueryStyle} from '../../../src/client/query.ts';
import {queryWriter} from '../../../src/client/query.ts';
import {defineClient, endpoint, type} from '../../../src/index.ts';
import {mockSession, thrown} from '../../support/mock-session.ts';

const write = (value: unknown, style?: QueryStyle) => queryWriter({}, style)({color: value});

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
  ])('in the style %j has %j as %s', (style, value, expected) => {
    expect(write(value, style)).toBe(expected);
  });

  it('explodes by default where its style does', () => {
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
    ['what encodeURIComponent leaves', "!'()*", 'color=%21%27%28%29%2A'],
    ['other characters', '色', 'color=%E8%89%B2'],
    ['nothing for undefined', undefined, ''],
    ['nothing for null', null, ''],
    ['nothing for an empty list', [], ''],
    ['nothing for an empty object', {}, ''],
    ['a list without what is undefined', ['a', undefined, null, 'b'], 'color=a&color=b'],
    ['an object without what is undefined', {a: undefined, b: 1}, 'b=1'],
  ])('has %s', (_what, value, expected) => {
    expect(write(value)).toBe(expected);
  });

  it('leaves out what is undefined in lists that are joined, too', () => {
    expect(write(['a', undefined, 'b'], {explode: false})).toBe('color=a,b');
    expect(write({a: null, b: 1}, {explode: false})).toBe('color=b,1');
    expect(write([undefined], {explode: false})).toBe('');
  });

  it('encodes the delimiter inside a value', () => {
    expect(write(['a,b', 'c'], {explode: false})).toBe('color=a%2Cb,c');
    expect(write(['a|b', 'c'], 'pipeDelimited')).toBe('color=a%7Cb%7Cc');
  });

  it('goes as deep as its objects do, lists repeated', () => {
    expect(
      decodeURIComponent(write({a: {b: {c: 1}}, d: [1, 2], e: undefined, f: new Date(0)}, 'deepObject')),
    ).toBe('color[a][b][c]=1&color[d]=1&color[d]=2&color[f]=1970-01-01T00:00:00.000Z');
    expect(write('blue', 'deepObject')).toBe('color=blue');
  });

  it('leaves reserved characters, where it may, but for those that end a value', () => {
    expect(write('/a:b?c=d&e#f+g,h', {allowReserved: true})).toBe('color=/a:b?c%3Dd%26e%23f%2Bg,h');
  });

  it('is written by a function, which is left the encoding', () => {
    const brackets: QueryStyle = (name, value) =>
      (value as string[]).map((item, index) => [`${name}[${index}]`, item]);
    expect(write(['a b', 'c'], brackets)).toBe('color%5B0%5D=a%20b&color%5B1%5D=c');
    expect(write([], brackets)).toBe('');
  });

  it('has a style for each of its parameters', () => {
    const writer = queryWriter({ids: {explode: false}, filter: 'deepObject'}, 'pipeDelimited');
    expect(decodeURIComponent(writer({ids: [1, 2], filter: {a: 1}, others: [3, 4], none: undefined}))).toBe(
      'ids=1,2&filter[a]=1&others=3|4',
    );
  });

  it('has the style of its endpoint, else that of the client', async () => {
    const {session, calls} = mockSession(undefined, {baseUrl: 'https://api.example.com'});
    const get = endpoint('GET /a', {query: type<{a?: number[]; b?: number[]}>(), queryStyles: {a: 'form'}});
    await defineClient({get}, {queryStyle: {explode: false}})(session).get({query: {a: [1, 2], b: [3, 4]}});
    expect(calls[0]?.url).toBe('https://api.example.com/a?a=1&a=2&b=3,4');
  });

  it.each<[what: string, value: unknown, style: QueryStyle | undefined, message: RegExp]>([
    ['an object in a list', [{a: 1}], undefined, /"color" has an object inside.*deepObject/],
    ['an object in an object', {a: {b: 1}}, {explode: false}, /"color" has an object inside/],
    ['a date that is none', new Date('never'), undefined, /"color" is no valid date/],
    ['a function', () => 1, undefined, /"color" is a function/],
    ['a symbol', Symbol('red'), undefined, /"color" is a symbol/],
    ['half of a surrogate pair', '\ud800', undefined, /"color" has half of a surrogate pair/],
    ['what is no number', Number.NaN, undefined, /"color" is NaN/],
    ['a set', new Set([1]), undefined, /"color" is a Set: give a list/],
    ['a map in an object', {a: new Map([[1, 2]])}, 'deepObject', /"color" is a Map/],
    ['what is not there yet', Promise.resolve(1), undefined, /"color" is a Promise/],
    ['bytes', new Uint8Array([1]), {explode: false}, /"color" is a Uint8Array/],
    ['another query', new URLSearchParams('a=1'), undefined, /"color" is a URLSearchParams/],
  ])('can not have %s: it says which parameter', (_what, value, style, message) => {
    const error = thrown(() => write(value, style));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(message);
  });

  it.each<[string, unknown, QueryStyle | undefined, string]>([
    ['a URL', new URL('https://a.test/?b'), undefined, 'color=https://a.test/?b'],
    ['what has a toJSON', {toJSON: () => '2026-01-02', year: 2026}, undefined, 'color=2026-01-02'],
    ['such in a list', [{toJSON: () => 1}, 2], {explode: false}, 'color=1,2'],
    ['such in an object', {at: {toJSON: () => 'now'}}, 'deepObject', 'color[at]=now'],
    ['what has a toJSON that gives an object', {toJSON: () => ({a: 1})}, 'deepObject', 'color[a]=1'],
    [
      'an object of a class',
      new (class {
        readonly a = 1;
      })(),
      'deepObject',
      'color[a]=1',
    ],
    ['an object without a prototype', Object.assign(Object.create(null), {a: 1}), undefined, 'a=1'],
  ])('may have %s', (_what, value, style, expected) => {
    expect(decodeURIComponent(write(value, style))).toBe(expected);
  });

  it.each([
    ['URLSearchParams', new URLSearchParams('a=1')],
    ['Map', new Map([['a', 1]])],
    ['Array', [['a', 1]]],
    ['String', 'a=1'],
  ])('is no %s', (kind, query) => {
    const error = thrown(() => queryWriter()(query as object));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe(`Parameters are given by name, and not as a ${kind}`);
  });

  it.each<[QueryStyle, string, name?: string]>([
    [{explod: false} as QueryStyle, 'queryStyle.explod', 'UnsupportedOptionError'],
    ['matrix' as QueryStyle, 'queryStyle'],
    [{style: 'deepObject', explode: false}, 'queryStyle'],
  ])('has not the style %j', (style, option, name = 'InvalidOptionError') => {
    expect(thrown(() => write(1, style))).toMatchObject({name, option});
  });

  it.each([null, 'form', 1])('has styles by name, and not %j', (styles) => {
    expect(thrown(() => queryWriter(styles as never))).toMatchObject({
      name: 'InvalidOptionError',
      option: 'queryStyles',
    });
  });

  it('has a parameter whose style is undefined as the others', () => {
    expect(queryWriter({color: undefined}, 'pipeDelimited')({color: list})).toBe(
      'color=blue%7Cblack%7Cbrown',
    );
  });

  it('is read back as it was written', () => {
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
