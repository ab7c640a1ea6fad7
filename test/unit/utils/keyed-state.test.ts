import {describe, expect, it} from 'vitest';
import {InvalidOptionError} from '../../../src/errors/index.ts';
import type {KeyedEntry} from '../../../src/utils/keyed-state.ts';
import {checkMaxKeys, KeyedState} from '../../../src/utils/keyed-state.ts';

class State implements KeyedEntry {
  previous = undefined;
  next = undefined;
  list = undefined;
  readonly key: string;
  idle = false;
  isInUse = false;

  constructor(key: string) {
    this.key = key;
  }

  isIdle(): boolean {
    return this.idle;
  }
}

const createStates = (maxKeys = 10_000) => new KeyedState((key) => new State(key), maxKeys);

const keysOf = (states: KeyedState<State>) => [...states.all].map(({key}) => key);

describe('states by key', () => {
  it('a state is created once for each key', () => {
    const states = createStates();
    const first = states.get('a');
    expect(states.get('a')).toBe(first);
    expect(states.get('b')).not.toBe(first);
    expect(states.get('a')).toBe(first);
    expect(states.size).toBe(2);
  });

  it('idle states are forgotten when new ones come: a million keys take no memory', () => {
    const states = createStates();
    let most = 0;
    for (let index = 0; index < 1_000_000; index++) {
      states.get(`host ${index}`).idle = true;
      most = Math.max(most, states.size);
    }
    expect(most).toBeLessThanOrEqual(2);
  });

  it('of a million keys whose states are not idle, maxKeys are kept: those that were used last', () => {
    const states = createStates(10_000);
    let most = 0;
    for (let index = 0; index < 1_000_000; index++) {
      states.get(`host ${index}`);
      most = Math.max(most, states.size);
    }
    expect(most).toBe(10_000);
    expect(keysOf(states)).toEqual(Array.from({length: 10_000}, (_, index) => `host ${990_000 + index}`));
  });

  it('the state that has been unused for longest is forgotten first', () => {
    const states = createStates(3);
    for (const key of ['a', 'b', 'c', 'a', 'd']) states.get(key);
    expect(keysOf(states)).toEqual(['c', 'a', 'd']);
    for (const key of ['c', 'e']) states.get(key);
    expect(keysOf(states)).toEqual(['d', 'c', 'e']);
  });

  it('states in use are kept, however many new ones come, and take the place of others', () => {
    const states = createStates(2_000);
    const kept = Array.from({length: 1_000}, (_, index) => {
      const state = states.get(`kept ${index}`);
      state.isInUse = true;
      state.idle = true;
      return state;
    });
    for (let index = 0; index < 100_000; index++) states.get(`passing ${index}`);
    expect(states.size).toBe(2_000);
    for (const state of kept) expect(states.get(state.key)).toBe(state);
  });

  it('more than maxKeys states exist only while all of them are in use', () => {
    const states = createStates(10);
    const used = Array.from({length: 100}, (_, index) => {
      const state = states.get(`used ${index}`);
      state.isInUse = true;
      return state;
    });
    expect(states.size).toBe(100);
    for (const state of used) state.isInUse = false;
    for (let index = 0; index < 100; index++) states.get(`passing ${index}`);
    expect(states.size).toBe(10);
  });

  it('with maxKeys of 1 one state is kept', () => {
    const states = createStates(1);
    for (const key of ['a', 'b', 'a', 'c']) states.get(key);
    expect(keysOf(states)).toEqual(['c']);
  });
});

describe('maxKeys', () => {
  it('maxKeys is 10,000 by default', () => {
    expect(checkMaxKeys('policy', {})).toBe(10_000);
    expect(checkMaxKeys('policy', {maxKeys: 5})).toBe(5);
    expect(checkMaxKeys('policy', {maxKeys: Infinity})).toBe(Infinity);
  });

  it.each([0, -1, 1.5, Number.NaN, '5', null])('maxKeys of %s is refused', (maxKeys) => {
    expect(() => checkMaxKeys('policy', {maxKeys: maxKeys as number})).toThrow(InvalidOptionError);
    expect(() => checkMaxKeys('policy', {maxKeys: maxKeys as number})).toThrow(/policy\.maxKeys/);
  });
});
