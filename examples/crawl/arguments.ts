import {parseArgs} from 'node:util';
import {normalizeUrl} from './normalize-url.ts';

/** The options of the command line. */
export interface CrawlArguments {
  /** Empty for the embedded site. */
  readonly starts: readonly string[];
  readonly limit: number;
  readonly limitPerHost: number;
  readonly maxPages: number;
  readonly timeout: number;
  readonly maxSize: number;
  readonly allHosts: boolean;
  readonly json: boolean;
}

/** The command line is wrong. The message is one line. */
export class UsageError extends Error {}

export const help = `Usage: npm start -- [options] [url …]

Crawls the web from the given URLs, following links, through one pooled session.
Without a URL it serves a small embedded site of several hosts, and crawls that.

  --limit <n>            connections at most, over all hosts (50)
  --limit-per-host <n>   connections at most to one host (10)
  --max-pages <n>        pages at most (1000)
  --timeout <ms>         time for one page, its body included (10000; 3000 on the embedded site)
  --max-size <bytes>     stop reading a body after this size (1000000)
  --all-hosts            follow links to other hosts than those of the given URLs
  --json                 one line of JSON for each page on stdout, the report on stderr
  -h, --help             show this help

It keeps to robots.txt, Crawl-delay and nofollow. Ctrl-C stops it and reports the results so far; a second Ctrl-C quits at once.
Exit code: 0 done, 1 nothing could be read, 2 bad arguments, 130 interrupted.
`;

/** @returns `undefined` when the command line asks for help */
export function parseArguments(args: readonly string[]): CrawlArguments | undefined {
  const {values, positionals} = parse(args);
  if (values.help) return undefined;
  const starts = positionals.map(parseStart);
  const limit = wholeNumber('--limit', values.limit, 50);
  return {
    starts: [...new Set(starts)],
    limit,
    limitPerHost: wholeNumber('--limit-per-host', values['limit-per-host'], Math.min(10, limit)),
    maxPages: wholeNumber('--max-pages', values['max-pages'], 1_000),
    timeout: wholeNumber('--timeout', values.timeout, starts.length > 0 ? 10_000 : 3_000, longestTimeout),
    maxSize: wholeNumber('--max-size', values['max-size'], 1_000_000),
    allHosts: values['all-hosts'],
    json: values.json,
  };
}

// Timers take at most 31 bits of ms.
const longestTimeout = 2 ** 31 - 1;

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        limit: {type: 'string'},
        'limit-per-host': {type: 'string'},
        'max-pages': {type: 'string'},
        timeout: {type: 'string'},
        'max-size': {type: 'string'},
        'all-hosts': {type: 'boolean', default: false},
        json: {type: 'boolean', default: false},
        help: {type: 'boolean', short: 'h', default: false},
      },
    });
  } catch (error) {
    // Node's messages have further lines of advice.
    const [sentence = ''] = String((error as Error).message).split(/\.\s|\n/);
    throw new UsageError(sentence.replace(/\.$/, ''));
  }
}

function parseStart(text: string): string {
  const url = URL.parse(text);
  if (url?.username || url?.password)
    throw new UsageError('A URL with a user name or password is not supported');
  const normalized = normalizeUrl(text);
  if (normalized !== undefined) return normalized;
  const guess = /^[\w-]+(\.[\w-]+)+(:\d+)?(\/|$)/.test(text) ? `; did you mean https://${text}?` : '';
  throw new UsageError(`"${text}" is not an http or https URL${guess}`);
}

function wholeNumber(
  option: string,
  text: string | undefined,
  fallback: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? 'from 1' : `from 1 to ${most}`;
  throw new UsageError(`${option} is "${text}"; it takes a whole number ${range}`);
}
