// Control characters, line separators, and format characters such as those that change the direction of text. They steer a
// terminal, forge lines of a log, and make a text look like another.
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Returns a text that is safe to show in a message, wherever it comes from. Characters that a terminal obeys become U+FFFD.
 *
 * @param limit - the most characters; the rest is cut off
 */
export function printable(text: string, limit = Infinity): string {
  return (text.length > limit ? `${text.slice(0, limit)}…` : text).replace(unsafe, '\ufffd');
}

// Credentials and their places, by the beginnings of their names: such a value is never shown. A secret may also stand in
// another place by mistake, but hardly as a short word.
const secretPlace = /auth|proxy|head|url|key|tok|sec|pass|user|cred|cook|cert|dig/i;
const shortWord = /^[\w .+/-]{0,16}$/;

/**
 * Returns a text for a wrong value of an option that shows no secret: numbers, booleans and short words are shown, all other
 * values, and values of options such as `auth`, by their type only. An `Error` says what is wrong instead.
 */
export function describeValue(value: unknown, option = ''): string {
  if (value instanceof Error) return `not valid (${value.message})`;
  if (value === undefined || value === null) return String(value);
  const type = typeof value;
  if (type === 'object') return Array.isArray(value) ? 'an array' : 'an object';
  // The text of a function or of a symbol has a parenthesis, so it is no short word.
  if (!shortWord.test(String(value)) || secretPlace.test(option)) return `a ${type}`;
  return type === 'string' ? `"${value}"` : String(value);
}
