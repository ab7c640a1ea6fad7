/** A challenge of `WWW-Authenticate` (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** The scheme in lower case. */
  readonly scheme: string;
  /** The names in lower case, the values without their quotes. */
  readonly parameters: ReadonlyMap<string, string>;
}

const tokenChars = "[!#$%&'*+\\-.^_`|~\\dA-Za-z]+";
// Many servers write values without quotes that are no tokens: `nonce=dGVzdA==`, `realm=IP Camera`. Such a value ends before
// the next comma, or before a space that a name and "=" follow.
const unquoted = `[^",\\s]*(?:[ \\t]+(?!${tokenChars}[ \\t]*=)[^",\\s]+)*`;
const parameter = new RegExp(
  `(${tokenChars})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(?!")(${unquoted}))`,
  'y',
);
/** A further value of a `qop` without quotes, such as the second of `qop=auth,auth-int`. */
const furtherQop = /[ \t]*,[ \t]*auth(?:-int)?(?=[ \t]*(?:,|$))/y;
const scheme = new RegExp(`(${tokenChars})(?:[ \\t]+([\\w\\-.~+/]+=*)(?=[ \\t]*(?:,|$)))?`, 'y');
const separators = /[ \t,]*/y;

/**
 * Parses the challenges of a header. Several headers of the same name are joined by commas. The list ends at the first
 * part that can't be parsed, because the parts after it would be ambiguous.
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Array<{scheme: string; parameters: Map<string, string>}> = [];
  const match = matcher(header);
  for (;;) {
    match(separators);
    const current = challenges.at(-1);
    // "name=value" belongs to the current challenge; a name alone begins the next challenge.
    if (current && readParameter(match, current.parameters)) continue;
    const start = match(scheme);
    if (!start) return challenges;
    challenges.push({scheme: (start[1] as string).toLowerCase(), parameters: new Map()});
  }
}

/** Parses the parameters of `Authentication-Info` (RFC 9110, section 11.6.3), up to the first that can't be parsed. */
export function parseParameters(header: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  const match = matcher(header);
  do match(separators);
  while (readParameter(match, parameters));
  return parameters;
}

/** Matches a sticky pattern at the place where the last match ended. */
type Match = (pattern: RegExp) => RegExpExecArray | null;

function matcher(header: string): Match {
  let index = 0;
  return (pattern) => {
    pattern.lastIndex = index;
    const found = pattern.exec(header);
    if (found) index = pattern.lastIndex;
    return found;
  };
}

function readParameter(match: Match, parameters: Map<string, string>): boolean {
  const pair = match(parameter);
  if (!pair) return false;
  const [, name = '', quoted, plain = ''] = pair;
  let value = quoted?.replaceAll(/\\(.)/g, '$1') ?? plain;
  if (quoted === undefined && name.toLowerCase() === 'qop')
    for (let more = match(furtherQop); more; more = match(furtherQop)) value += more[0];
  parameters.set(name.toLowerCase(), value);
  return true;
}
