/**
 * The writers of literals. Together with the identifiers of names.ts and the comments of comments.ts they are the only way
 * for text of a document to become a part of a module, so that a document can't run code. They check what they get, because
 * a document may have any value in the place of any other.
 */

/**
 * The text of a value that should be text. YAML reads `version: 1.0` as a number and `tags: [no]` as a boolean.
 *
 * @throws TypeError for lists, objects and missing values
 */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const found = value === null ? 'null' : Array.isArray(value) ? 'a list' : `an ${typeof value}`;
  throw new TypeError(`There is ${found} where the document needs text`);
}

/** The names of comments that lead tools to other files, where a value follows. */
export const directive = /(?:source(?:Mapping)?URL|debugId)(?==)/gi;

/** A string literal. */
export function stringLiteral(value: unknown): string {
  const inner = JSON.stringify(textOf(value))
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replaceAll("'", "\\'")
    // Tools look for these comments with patterns that match in literals too.
    .replaceAll(directive, (name) => `\\x${name.charCodeAt(0).toString(16)}${name.slice(1)}`)
    // Some tools take the first two characters for line breaks. The others make an editor show a line in another order.
    .replaceAll(
      /[\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16)}`,
    );
  return `'${inner}'`;
}

/** The literal of a media type. @throws TypeError for other text: the generated module would fail when it is imported */
export function mediaTypeLiteral(value: unknown): string {
  const text = textOf(value);
  if (!/^[!-~]+\/[ -~]+$/.test(text)) throw new TypeError(`${JSON.stringify(text)} is not a media type`);
  return stringLiteral(text);
}

/** `true` or `false`. @throws TypeError for any other value */
export function booleanLiteral(value: unknown): string {
  if (typeof value !== 'boolean')
    throw new TypeError(`There is ${JSON.stringify(value)} where the document needs true or false`);
  return String(value);
}

/** The type of one value. Lists and objects have no literal types, and neither have NaN and the infinite numbers. */
export function literalType(value: unknown): string {
  if (typeof value === 'string') return stringLiteral(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'number';
  return value === null || typeof value === 'boolean' ? String(value) : 'unknown';
}

/** The name of a member, in quotes if it needs them. */
export function memberName(value: unknown): string {
  const name = textOf(value);
  // Without brackets this member would set the prototype.
  if (name === '__proto__') return "['__proto__']";
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : stringLiteral(name);
}
