import {normalizeEscapes} from './normalize-url.ts';

/** What the robots.txt of a host says for one crawler (RFC 9309). */
export interface HostRules {
  allows(url: string): boolean;
  /** The Crawl-delay, in seconds, as the file has it. */
  readonly delay: number | undefined;
}

/** A rule with its path as RFC 9309, section 2.2.2, compares it. */
interface Rule {
  readonly path: string;
  readonly isAllowed: boolean;
}

/** What the groups of one user agent say together. */
interface Group {
  readonly rules: Rule[];
  delay: number | undefined;
}

/**
 * How many characters are compared for one URL with the rules that have wildcards: a millisecond's work, or two thousand
 * such rules. A URL that takes more is not allowed.
 */
const mostSteps = 200_000;

/** Parses a robots.txt in one pass, and keeps the rules that hold for `productToken`. */
export function parseRobots(text: string, productToken: string): HostRules {
  const own: Group = {rules: [], delay: undefined};
  const others: Group = {rules: [], delay: undefined};
  let current = new Set<Group>();
  let isOwnNamed = false;
  // Other lines than rules, as Sitemap, neither begin nor end a group (RFC 9309, section 2.2.4).
  let hasRules = false;
  for (const line of text.split(/\r\n?|\n/)) {
    const [record = ''] = line.split('#', 1);
    const colon = record.indexOf(':');
    if (colon === -1) continue;
    const value = record.slice(colon + 1).trim();
    const name = record.slice(0, colon).trim().toLowerCase();
    switch (name) {
      case 'user-agent':
        if (hasRules) current = new Set();
        hasRules = false;
        if (value === '*') current.add(others);
        else if (/^[\w-]*/.exec(value)?.[0].toLowerCase() === productToken.toLowerCase()) {
          current.add(own);
          isOwnNamed = true;
        }
        break;
      case 'allow':
      case 'disallow':
        hasRules = true;
        if (value === '') break;
        for (const {rules} of current) rules.push({path: normalizePath(value), isAllowed: name === 'allow'});
        break;
      case 'crawl-delay':
        for (const group of current) group.delay = Number(value);
        break;
    }
  }
  const {rules, delay} = isOwnNamed ? own : others;
  return {allows: matcher(rules), delay: delay !== undefined && delay >= 0 ? delay : undefined};
}

/** RFC 9309, section 2.2.2: the longest rule that matches counts, and of two equal ones that which allows. */
function matcher(rules: readonly Rule[]): (url: string) => boolean {
  const hasWildcard = ({path}: Rule) => path.includes('*') || path.endsWith('$');
  const findPrefix = longestPrefix(rules.filter((rule) => !hasWildcard(rule)));
  const byLength = (first: Rule, second: Rule) =>
    second.path.length - first.path.length || Number(second.isAllowed) - Number(first.isAllowed);
  const patterns = rules.filter(hasWildcard).toSorted(byLength).map(toPattern);
  return (url) => {
    const {pathname, search} = new URL(url);
    if (pathname === '/robots.txt') return true;
    // A "*" or "$" of the URL is no wildcard: a rule names it by its escape.
    const path = normalizePath(pathname + search)
      .replaceAll('*', '%2A')
      .replaceAll('$', '%24');
    const prefix = findPrefix(path);
    const steps = {left: mostSteps};
    for (const pattern of patterns) {
      // Neither this pattern nor a later one is more specific.
      if (prefix && byLength(prefix, pattern) <= 0) break;
      const matches = matchesPattern(pattern, path, steps);
      if (steps.left < 0) return false;
      if (matches) return pattern.isAllowed;
    }
    return prefix?.isAllowed ?? true;
  };
}

/**
 * Finds the longest of many rules that a path begins with. The rules are sorted, so that all which the path begins with come
 * before its own place, and each refers to the one that it begins with itself.
 */
function longestPrefix(rules: readonly Rule[]): (path: string) => Rule | undefined {
  interface Node extends Rule {
    readonly parent: Node | undefined;
  }
  const allowed = new Map<string, boolean>();
  for (const {path, isAllowed} of rules) allowed.set(path, isAllowed || allowed.get(path) === true);
  const sorted: Node[] = [];
  for (const path of [...allowed.keys()].sort()) {
    let parent = sorted.at(-1);
    while (parent && !path.startsWith(parent.path)) parent = parent.parent;
    sorted.push({path, isAllowed: allowed.get(path) === true, parent});
  }
  return (path) => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] as Node).path <= path) low = middle + 1;
      else high = middle;
    }
    let node = sorted[low - 1];
    while (node && !path.startsWith(node.path)) node = node.parent;
    return node;
  };
}

/** A rule with "*" or a "$" at its end. */
interface Pattern extends Rule {
  /** What stands between the "*". */
  readonly pieces: readonly string[];
  /** What the path has to end with, if the rule ends with "$". */
  readonly end: string | undefined;
}

function toPattern(rule: Rule): Pattern {
  const pieces = rule.path.split(/\*+/);
  const last = pieces.at(-1) as string;
  if (!last.endsWith('$')) return {...rule, pieces, end: undefined};
  return {...rule, pieces: pieces.slice(0, -1), end: last.slice(0, -1)};
}

/** Whether a path matches a pattern. Each piece is taken at its first place after the piece before. */
function matchesPattern({pieces, end}: Pattern, path: string, steps: {left: number}): boolean {
  let position = 0;
  for (const [index, piece] of pieces.entries()) {
    const lastPlace = index === 0 ? 0 : path.length - piece.length;
    position = find(piece, path, position, lastPlace, steps);
    if (position === -1) return false;
  }
  if (end === undefined) return true;
  if (pieces.length === 0) return path === end;
  return position <= path.length - end.length && path.endsWith(end);
}

/** Where the first occurrence of a piece that begins between `start` and `end` ends; -1 if there is none. */
function find(piece: string, path: string, start: number, end: number, steps: {left: number}): number {
  for (let from = start; from <= end; from++) {
    let length = 0;
    steps.left--;
    while (length < piece.length && path[from + length] === piece[length]) length++;
    steps.left -= length;
    if (length === piece.length) return from + length;
    if (steps.left < 0) return -1;
  }
  return -1;
}

/** One spelling of a path: characters that need an escape have one, and others have none. */
function normalizePath(path: string): string {
  return normalizeEscapes(encodeURI(path.toWellFormed()).replaceAll('%25', '%'));
}
