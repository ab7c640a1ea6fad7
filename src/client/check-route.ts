import {InvalidOptionError} from '../errors/index.ts';
import {hasDotSegment, split} from './route.ts';

const route = /^(?:DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT|QUERY) /;

// RFC 6570, section 2.3, without dots, percent-encoding and modifiers; and with "-" and letters of all scripts, which OpenAPI
// documents use. Servers never see these names.
const parameterName = /^[\p{L}\p{M}\p{N}_-]+$/u;

/**
 * Returns the names of a route's parameters.
 *
 * @throws InvalidOptionError when the text is not a method and a path
 */
export function checkRoute(text: string): readonly string[] {
  const refuseIf = (isWrong: boolean, problem: string): void => {
    if (!isWrong) return;
    throw new InvalidOptionError(
      'route',
      new Error(`${JSON.stringify(text)} ${problem}`),
      'a method and a path, as "GET /users/{username}"',
    );
  };
  refuseIf(typeof text !== 'string' || !route.test(text), 'does not begin with a method in capitals');
  const [, template] = split(text, ' ');
  refuseIf(!/^ \/(?!\/)/.test(template), 'has a path that does not begin with one slash');
  refuseIf(/.[\s\\#]/.test(template), 'has a space, "\\" or "#" in its path');
  refuseIf(
    template.includes('/:'),
    'has a segment that begins with ":": write parameters in braces, and a colon as "%3A"',
  );
  const [path, query] = split(template.slice(1), '?');
  refuseIf(/[{}]/.test(query), 'has parameters in its query: declare them with the option "query"');
  const parts = path.split(/[{}]/);
  const matched = path.match(/\{[^{}]*\}/g) ?? [];
  refuseIf(parts.length !== 2 * matched.length + 1, 'has braces that do not match');
  const names = parts.filter((_, index) => index % 2 === 1);
  for (const name of names)
    refuseIf(!parameterName.test(name), `has a parameter "${name}": names have letters, digits, "_" and "-"`);
  refuseIf(new Set(names).size !== names.length, 'names a parameter twice');
  refuseIf(hasDotSegment(parts.join('{}')), 'has a "." or ".." as a segment');
  return names;
}
