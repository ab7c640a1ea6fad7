import {describe, expect, it} from 'vitest';
import {FlatHeaderList} from '../../../src/core/flat-header-list.ts';
import type {HeaderList} from '../../../src/core/header-list.ts';
import {PageHeaderList} from '../../../src/core/page-header-list.ts';

const pairs = (list: HeaderList) => [...list];

// `HeaderList` inside is one of the two implementations, which the same cases describe.
describe.each([
  ['the list of pages', PageHeaderList],
  ['the list of the other runtimes', FlatHeaderList],
])('%s', (_which, HeaderList) => {
  describe('names of headers', () => {
    it('names that differ in case are the same', () => {
      const list = HeaderList.from({'X-One': '1'});
      list.set('x-ONE', '2');
      expect(pairs(list)).toEqual([['x-one', '2']]);
      expect([list.get('X-one'), list.has('x-oNe'), list.has('x-two')]).toEqual(['2', true, false]);
      list.delete('X-ONE');
      expect(pairs(list)).toEqual([]);
    });

    // The last is the Kelvin sign, whose lower case is a plain k.
    it.each(['', 'a b', 'ü', 'a:', 'a\n', '(a)', '\u212a'])(
      'the name %j is refused, because it is not a token',
      (name) => {
        expect(() => HeaderList.from({[name]: '1'})).toThrow(TypeError);
        expect(() => HeaderList.from([[name, '1']])).toThrow(TypeError);
        expect(() => new HeaderList().append(name, '1')).toThrow(TypeError);
      },
    );

    it('more names than the cache holds are all handled, also a second time', () => {
      for (let round = 0; round < 2; round++) {
        for (let index = 0; index < 1_000; index++) {
          expect(pairs(HeaderList.from({[`X-Made-Up-${index}`]: '1'}))).toEqual([
            [`x-made-up-${index}`, '1'],
          ]);
        }
      }
    });
  });

  describe('values of headers', () => {
    it.each([
      ['', ''],
      ['a b', 'a b'],
      [' a', 'a'],
      ['a ', 'a'],
      ['\t\r\n a\n', 'a'],
      [' \t ', ''],
      [4, '4'],
    ])('the value %j loses the whitespace around it', (value, text) => {
      expect(HeaderList.from({x: value}).get('x')).toBe(text);
    });

    it.each(['a\0b', 'a\rb', 'a\nb', 'ł'])(
      'the value %j is refused, because a character is no byte or ends a line',
      (value) => {
        expect(() => HeaderList.from({x: value})).toThrow(TypeError);
        expect(() => new HeaderList().append('x', value)).toThrow(TypeError);
      },
    );

    it('several values of one name are read as one, and set() replaces them all', () => {
      const list = HeaderList.from([
        ['x', '1'],
        ['y', '2'],
        ['X', '3'],
      ]);
      expect([list.get('x'), list.get('y')]).toEqual(['1, 3', '2']);
      list.set('x', '4');
      expect(pairs(list)).toEqual([
        ['x', '4'],
        ['y', '2'],
      ]);
      expect(list.flat).toEqual(['x', '4', 'y', '2']);
    });

    it('the error of a value that is refused names the header, but does not show the value', () => {
      expect(() => HeaderList.from({authorization: 'Bearer se\ncret'})).toThrow(
        'Invalid value of header "authorization"',
      );
      expect(() => HeaderList.from({'a b': '1'})).toThrow('Invalid header name: "a b"');
    });

    it('delete() removes all values of a name, also adjacent ones', () => {
      const list = HeaderList.from([
        ['x', '1'],
        ['x', '2'],
        ['y', '3'],
        ['x', '4'],
      ]);
      list.delete('x');
      expect(pairs(list)).toEqual([['y', '3']]);
    });
  });

  describe('merged headers', () => {
    const defaults = () =>
      HeaderList.from([
        ['x', '1'],
        ['x', '2'],
        ['y', '3'],
      ]);

    it.each([
      ['an object', {X: '4'}],
      ['pairs', [['X', '4']] as const],
      ['Headers', new Headers({X: '4'})],
    ])('a merged header replaces all values of its name: as %s', (_what, input) => {
      const list = defaults();
      list.merge(input);
      expect(pairs(list)).toEqual([
        ['x', '4'],
        ['y', '3'],
      ]);
    });

    it('several values of one merged name stay several', () => {
      const list = defaults();
      list.merge([
        ['x', '4'],
        ['X', '5'],
      ]);
      expect(list.get('x')).toBe('4, 5');
    });

    it.each([
      ['an object', {X: undefined}],
      ['pairs', [['X', undefined]] as const],
    ])('a merged header that is undefined removes the values of its name: as %s', (_what, input) => {
      const list = defaults();
      list.merge(input);
      expect(pairs(list)).toEqual([['y', '3']]);
    });

    it.each([[null], ['x: 1'], [[['x', '1', '2']]], [[['x']]]])(
      'merge() refuses %j, which is neither an object nor pairs',
      (input) => {
        expect(() => defaults().merge(input as never)).toThrow(TypeError);
      },
    );

    it('a change of a copy does not change the original', () => {
      const list = defaults();
      list.copy().set('x', '4');
      expect(list.get('x')).toBe('1, 2');
    });
  });
});

it('the list of the other runtimes keeps the order of its headers', () => {
  const list = FlatHeaderList.from([
    ['y', '1'],
    ['x', '2'],
    ['Y', '3'],
  ]);
  expect(pairs(list)).toEqual([
    ['y', '1'],
    ['x', '2'],
    ['y', '3'],
  ]);
});

describe('cookies', () => {
  // RFC 6265, section 5.4: a request has one Cookie header. In pages the browser sends its own.
  it('several cookies become one header', () => {
    const list = FlatHeaderList.from([
      ['x', 'cookie'],
      ['Cookie', 'a=1'],
      ['cookie', 'b=2'],
    ]);
    list.append('COOKIE', 'c=3');
    expect([...list]).toEqual([
      ['x', 'cookie'],
      ['cookie', 'a=1; b=2; c=3'],
    ]);
    list.merge([
      ['cookie', 'd=4'],
      ['cookie', 'e=5'],
    ]);
    expect(list.get('cookie')).toBe('d=4; e=5');
  });
});
