/** One link of a `Link` header. */
export interface Link {
  /** As it stands there: it may be relative to the response's URL. */
  readonly target: string;
  /** The relation types, in lower case; extension types are URIs. */
  readonly relations: readonly string[];
  /** What the link is of, when that's something else than the response. */
  readonly anchor: string | undefined;
}

const whitespace = /[\t ]/;
// RFC 9110, section 5.6.2.
const tokenCharacter = /[!#$%&'*+\-.^_`|~\dA-Za-z]/;

/**
 * The links of a `Link` header (RFC 8288, section 3, parsed as its appendix B.2 has it): what is no link is left out, and
 * what comes after it is not lost.
 */
export function parseLinkHeader(header: string): Link[] {
  const links: Link[] = [];
  let at = 0;

  const skip = (pattern: RegExp): void => {
    while (at < header.length && pattern.test(header[at] as string)) at++;
  };

  function skipToComma(): void {
    while (at < header.length && header[at] !== ',') {
      if (header[at] === '"') readQuoted();
      else at++;
    }
  }

  function readQuoted(): string {
    let text = '';
    for (at++; at < header.length && header[at] !== '"'; at++) {
      if (header[at] === '\\' && at + 1 < header.length) at++;
      text += header[at];
    }
    at++;
    return text;
  }

  function readToken(): string {
    const start = at;
    skip(tokenCharacter);
    return header.slice(start, at);
  }

  function readParameter(): readonly [name: string, value: string] {
    skip(whitespace);
    const name = readToken().toLowerCase();
    skip(whitespace);
    if (header[at] !== '=') return [name, ''];
    at++;
    skip(whitespace);
    if (header[at] === '"') return [name, readQuoted()];
    // Servers write URIs there without quotes, which are no tokens.
    const start = at;
    while (at < header.length && !/[;,\t ]/.test(header[at] as string)) at++;
    return [name, header.slice(start, at)];
  }

  while (at < header.length) {
    skip(/[\t ,]/);
    if (header[at] !== '<') {
      skipToComma();
      continue;
    }
    const end = header.indexOf('>', at);
    if (end === -1) break;
    const target = header.slice(at + 1, end).trim();
    at = end + 1;
    // Of several with one name the first counts (section 3.3).
    const parameters = new Map<string, string>();
    skip(whitespace);
    while (header[at] === ';') {
      at++;
      const [name, value] = readParameter();
      if (name !== '' && !parameters.has(name)) parameters.set(name, value);
      skip(whitespace);
    }
    skipToComma();
    const relations = (parameters.get('rel') ?? '')
      .toLowerCase()
      .split(/[\t ]+/)
      .filter(Boolean);
    links.push({target, relations, anchor: parameters.get('anchor')});
  }
  return links;
}

/** Where the response's link of that relation leads, as it stands there. */
export function findLink(header: string | null, relation: string): string | undefined {
  if (header === null) return undefined;
  const wanted = relation.toLowerCase();
  // One with an anchor is of something else (section 3.2).
  return parseLinkHeader(header).find(
    ({relations, anchor}) => anchor === undefined && relations.includes(wanted),
  )?.target;
}
