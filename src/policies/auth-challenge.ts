/** A challenge of `WWW-Authenticate` (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** Names in lower case, values without their quotes. */
  readonly parameters: ReadonlyMap<string, string>;
}

const tokenChars = "[!#$%&'*+\\-.^_`|~\\dA-Za-z]+";
const parameter = new RegExp(
  `(${tokenChars})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(${tokenChars}))`,
  'y',
);
const scheme = new RegExp(`(${tokenChars})(?:[ \\t]+([\\w\\-.~+/]+=*)(?=[ \\t]*(?:,|$)))?`, 'y');
const separators = /[ \t,]*/y;

/**
 * The challenges of a header's value, several headers of that name joined by commas. What can't be read ends the list:
 * what comes after it could be anything.
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Array<{scheme: string; parameters: Map<string, string>}> = [];
  let index = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = index;
    const found = pattern.exec(header);
    if (found) index = pattern.lastIndex;
    return found;
  };
  for (;;) {
    match(separators);
    if (index >= header.length) return challenges;
    const current = challenges.at(-1);
    // "name=value" is of the challenge there is; a name alone begins the next one.
    const pair = current && match(parameter);
    if (pair) {
      const [, name = '', quoted, plain = ''] = pair;
      current.parameters.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? plain);
      continue;
    }
    const start = match(scheme);
    if (!start) return challenges;
    challenges.push({scheme: (start[1] as string).toLowerCase(), parameters: new Map()});
  }
}
