/** One link of a `Link` header. */
export interface Link {
  /** The target as the header has it, which may be relative to the response's URL. */
  readonly target: string;
  /** The relation types in lower case. Extension types are URIs. */
  readonly relations: readonly string[];
  /** The context of the link, when the context is not the response itself. */
  readonly anchor: string | undefined;
}

const whitespace = /[\t ]/;
// RFC 9110, section 5.6.2.
const tokenCharacter = /[!#$%&'*+\-.^_`|~\dA-Za-z]/;

/**
 * Parses the links of a `Link` header (RFC 8288, section 3, by the algorithm of appendix B.2). It skips malformed links, and
 * still finds the links after them.
 *
 * One closure, longer than a screen: the position in the header is the state that all steps of the parser share.
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
    // Some servers write URIs without quotes, though URIs are not tokens.
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
    // Section 3.3: of several parameters with one name, the first counts.
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

/** The target of a response's link of a relation, as the header has it. */
export function findLink(header: string | null, relation: string): string | undefined {
  if (header === null) return undefined;
  const wanted = relation.toLowerCase();
  // Section 3.2: a link with an anchor has another context than the response. An empty anchor is the response itself.
  return parseLinkHeader(header).find(({relations, anchor}) => !anchor && relations.includes(wanted))?.target;
}
