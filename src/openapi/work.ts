import {OpenApiError} from './document.ts';

/**
 * The most work on one document, in characters that are written and copied. GitHub's document, with over 1,000 operations,
 * needs 4 million. 200 million take about five seconds.
 */
const mostWork = 200_000_000;

/** The work of one step that writes nothing, such as following a reference, in the same unit. */
export const step = 20;

/**
 * Counts the work on one document. A small document may ask for any amount: choices of choices, references that lead back,
 * or parts that many other parts include.
 */
export class Work {
  #left = mostWork;

  /** @throws OpenApiError when the work on the document exceeds the limit */
  spend(amount: number = step): void {
    this.#left -= amount;
    if (this.#left < 0)
      throw new OpenApiError(
        'The document takes too much work: its parts include each other too often. Look for choices or allOf parts that repeat a schema at each level',
      );
  }
}

/** The deepest nesting of a document. GitHub's is 21 levels deep. */
const deepest = 200;

/** The most characters of a document, when every alias is replaced by the value that it stands for. */
const mostCharacters = 128 * 2 ** 20;

interface Size {
  readonly characters: number;
  readonly depth: number;
}

/**
 * Checks the size of a value in which several members may be the same object, as YAML's aliases make them: such a value is
 * small in memory, but large for all code that walks through it. Each object is visited once.
 *
 * @throws OpenApiError when the value contains itself, is nested too deeply, or is too large with its aliases expanded
 */
export function checkSize(value: unknown, name: string, most: number = mostCharacters): void {
  const sizes = new Map<object, Size | 'open'>();
  const refuse = (problem: string): never => {
    throw new OpenApiError(`${name} ${problem}`);
  };
  const sizeOf = (current: unknown, level: number): Size => {
    if (typeof current === 'string') return {characters: current.length + 8, depth: 0};
    if (typeof current !== 'object' || current === null) return {characters: 8, depth: 0};
    const known = sizes.get(current);
    if (known === 'open') return refuse('contains itself: an alias stands for a value around it');
    if (known) {
      if (level + known.depth > deepest) refuse(`is nested more than ${deepest} levels deep`);
      return known;
    }
    if (level > deepest) refuse(`is nested more than ${deepest} levels deep`);
    sizes.set(current, 'open');
    let characters = 8;
    let depth = 0;
    for (const [key, member] of Object.entries(current)) {
      const size = sizeOf(member, level + 1);
      characters += key.length + size.characters;
      depth = Math.max(depth, size.depth + 1);
      if (characters > most)
        refuse(`is too large: with its aliases expanded it has more than ${most} characters`);
    }
    const size = {characters, depth};
    sizes.set(current, size);
    return size;
  };
  sizeOf(value, 0);
}
