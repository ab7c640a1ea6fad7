import {createHash} from 'node:crypto';
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
  const random = createRandom(createHash('sha256').update(names.join(':')).digest().readInt32LE());
  const int = (below: number) => Math.floor(random() * below);
  return {
    random,
    int,
    chance: (probability) => random() < probability,
    pick: <T>(items: readonly T[]) => items[int(items.length)] as T,
    weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
      const entries = Object.entries(weights) as Array<[Name, number]>;
      let left = random() * entries.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [name, weight] of entries) {
        left -= weight;
        if (left < 0) return name;
      }
      return (entries.at(-1) as [Name, number])[0];
    },
    bytes: (size) => Buffer.from(Array.from({length: size}, () => int(256))),
    fork: (...more) => createDraw(...names, ...more),
  };
}
