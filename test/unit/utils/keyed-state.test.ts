import {describe, expect, it} from 'vitest';
import type {KeyedEntry} from '../../../src/utils/keyed-state.ts';
import {KeyedState} from '../../../src/utils/keyed-state.ts';

class State implements KeyedEntry {
  previous = undefined;
  next = undefined;
  list = undefined;
  readonly key: string;
  busy = false;

  constructor(key: string) {
    this.key = key;
  }

  isIdle(): boolean {
    return !this.busy;
  }
}

describe('states by key', () => {
  it('a state is created once for each key', () => {
    const states = new KeyedState((key) => new State(key));
    const first = states.get('a');
    first.busy = true;
    expect(states.get('a')).toBe(first);
    expect(states.get('b')).not.toBe(first);
    expect(states.get('a')).toBe(first);
  });

  it('idle states are forgotten when new ones come: a million keys take no memory', () => {
    const states = new KeyedState((key) => new State(key));
    let most = 0;
    for (let index = 0; index < 1_000_000; index++) {
      states.get(`host ${index}`);
      most = Math.max(most, states.size);
    }
    expect(most).toBeLessThanOrEqual(2);
  });

  it('states that are not idle are kept, however many new ones come', () => {
    const states = new KeyedState((key) => new State(key));
    const kept = Array.from({length: 1_000}, (_, index) => {
      const state = states.get(`kept ${index}`);
      state.busy = true;
      return state;
    });
    for (let index = 0; index < 100_000; index++) states.get(`passing ${index}`);
    expect(states.size).toBeLessThan(2_100);
    for (const state of kept) expect(states.get(state.key)).toBe(state);
  });
});
