import {describe, expect, it} from 'vitest';
import {HeaderList} from '../../../src/core/header-list.ts';

const pairs = (list: HeaderList) => [...list];

describe('names', () => {
  it('are the same however they are spelled', () => {
    const list = HeaderList.from({'X-One': '1'});
    list.set('x-ONE', '2');
    expect(pairs(list)).toEqual([['x-one', '2']]);
    expect([list.get('X-one'), list.has('x-oNe'), list.has('x-two')]).toEqual(['2', true, false]);
    list.delete('X-ONE');
    expect(pairs(list)).toEqual([]);
  });

  it.each(['', 'a b', 'ü', 'a:', 'a\n', '(a)'])('are tokens: %j is none', (name) => {
    expect(() => HeaderList.from({[name]: '1'})).toThrow(TypeError);
    expect(() => HeaderList.from([[name, '1']])).toThrow(TypeError);
    expect(() => new HeaderList().append(name, '1')).toThrow(TypeError);
  });

  it('that many calls make up are all understood, and the same again', () => {
    for (let round = 0; round < 2; round++) {
      for (let index = 0; index < 1_000; index++) {
        expect(pairs(HeaderList.from({[`X-Made-Up-${index}`]: '1'}))).toEqual([[`x-made-up-${index}`, '1']]);
      }
    }
  });
});

describe('values', () => {
  it.each([
    ['', ''],
    ['a b', 'a b'],
    [' a', 'a'],
    ['a ', 'a'],
    ['\t\r\n a\n', 'a'],
    [' \t ', ''],
    [4, '4'],
  ])('are without what surrounds them: %j', (value, text) => {
    expect(HeaderList.from({x: value}).get('x')).toBe(text);
  });

  it.each(['a\0b', 'a\rb', 'a\nb', 'ł'])('are bytes, without what ends a line: %j is refused', (value) => {
    expect(() => HeaderList.from({x: value})).toThrow(TypeError);
    expect(() => new HeaderList().append('x', value)).toThrow(TypeError);
  });

  it('of one name are several where they were given so, in their order, read as one', () => {
    const list = HeaderList.from([
      ['x', '1'],
      ['y', '2'],
      ['X', '3'],
    ]);
    expect(pairs(list)).toEqual([
      ['x', '1'],
      ['y', '2'],
      ['x', '3'],
    ]);
    expect(list.get('x')).toBe('1, 3');
    list.set('x', '4');
    expect(pairs(list)).toEqual([
      ['x', '4'],
      ['y', '2'],
    ]);
  });

  it('of one name all go with it, those beside each other too', () => {
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

describe('headers laid over others', () => {
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
  ])('replace all that was there under their name: as %s', (_what, input) => {
    const list = defaults();
    list.merge(input);
    expect(pairs(list)).toEqual([
      ['x', '4'],
      ['y', '3'],
    ]);
  });

  it('stay several where they are', () => {
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
  ])('take away what they have as undefined: as %s', (_what, input) => {
    const list = defaults();
    list.merge(input);
    expect(pairs(list)).toEqual([['y', '3']]);
  });

  it.each([[null], ['x: 1'], [[['x', '1', '2']]], [[['x']]]])(
    'are pairs or an object: %j is neither',
    (input) => {
      expect(() => defaults().merge(input as never)).toThrow(TypeError);
    },
  );

  it('leave those alone that a copy was made of', () => {
    const list = defaults();
    list.copy().set('x', '4');
    expect(list.get('x')).toBe('1, 2');
  });
});
