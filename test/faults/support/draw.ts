import {createRandom} from '../../support/random.ts';

/** Draws that are the same in every run with the same names. */
export interface Draw {
  /** A number from 0 to 1. */
  readonly random: () => number;
  /** A whole number from 0 to `below` - 1. */
  int(below: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** One of the keys, by their weights. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name;
  bytes(size: number): Buffer;
  /** Draws for a part of what is drawn, which don't depend on the draws before. */
  fork(...names: ReadonlyArray<string | number>): Draw;
}

/** Makes the draws of what the names say, for example a seed and the number of a scenario. */
export function createDraw(...names: ReadonlyArray<string | number>): Draw {
  return drawOf(hash(2_166_136_261, names));
}

/** FNV-1a. The generator mixes what comes out. */
function hash(start: number, names: ReadonlyArray<string | number>): number {
  let state = start;
  for (const name of names) {
    const text = `:${name}`;
    for (let index = 0; index < text.length; index++)
      state = Math.imul(state ^ text.charCodeAt(index), 16_777_619);
  }
  return state;
}

function drawOf(state: number): Draw {
  const random = createRandom(state);
  const int = (below: number) => Math.floor(random() * below);
  return {
    random,
    int,
    chance: (probability) => random() < probability,
    pick: <T>(items: readonly T[]) => items[int(items.length)] as T,
    weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
      let sum = 0;
      for (const name in weights) sum += weights[name];
      let left = random() * sum;
      let last: Name | undefined;
      for (const name in weights) {
        last = name;
        left -= weights[name];
        if (left < 0) break;
      }
      return last as Name;
    },
    bytes(size) {
      const bytes = Buffer.allocUnsafe(size);
      for (let index = 0; index < size; index++) bytes[index] = int(256);
      return bytes;
    },
    fork: (...names) => drawOf(hash(state, names)),
  };
}
