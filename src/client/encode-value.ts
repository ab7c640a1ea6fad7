import {percentEncode} from '../utils/percent-encode.ts';

// RFC 3986, section 2.3: unreserved characters, which most values consist of. They need no encoding.
const unreserved = /^[\w~.-]*$/;

/**
 * The percent-encoded text of one value of a path or query.
 *
 * @param route - The route whose path has the parameter; without a route the parameter belongs to a query.
 * @throws TypeError, with the name of the parameter, for a value that has no text
 */
export function encodeValue(value: unknown, name: string, route?: string): string {
  const text = typeof value === 'string' ? value : textOf(value, name, route);
  if (unreserved.test(text)) return text;
  try {
    return percentEncode(text);
  } catch {
    return refuseValue('contains half of a surrogate pair', name, route);
  }
}

function textOf(value: unknown, name: string, route: string | undefined): string {
  const isDate = value instanceof Date;
  if (typeof value === 'function' || typeof value === 'symbol')
    refuseValue(`is a ${typeof value}`, name, route);
  if (Number.isNaN(isDate ? value.getTime() : value))
    refuseValue(isDate ? 'is not a valid date' : 'is NaN', name, route);
  return isDate ? value.toISOString() : String(value);
}

/** @throws TypeError always */
export function refuseValue(problem: string, name: string, route?: string): never {
  throw new TypeError(
    `${route === undefined ? `Query parameter "${name}"` : `Parameter "${name}" of ${route}`} ${problem}`,
  );
}
