import type {MockCall, MockHandler} from '../connectors/mock.ts';
import {isNullBodyStatus} from '../core/status.ts';
import {redactUrl} from '../errors/redact-url.ts';
import {decodeBase64} from '../utils/base64.ts';
import {assertOption, checkKnown, isObject} from '../utils/check-options.ts';
import type {HarEntry, HarResponse} from './format.ts';
import {redacted} from './redact.ts';

/** A recording, as far as it is replayed: any tool's. */
export interface ReplayableHar {
  readonly log: {
    readonly entries: ReadonlyArray<{
      readonly request: Pick<HarEntry['request'], 'method' | 'url'>;
      readonly response: Pick<HarResponse, 'status' | 'statusText' | 'headers' | 'content'>;
    }>;
  };
}

type ReplayableEntry = ReplayableHar['log']['entries'][number];

/** How a recording is replayed. */
export interface ReplayOptions {
  /**
   * What a request gets that was made more often than it was recorded: the last answer `again`, or an error (`fail`).
   *
   * @default 'again'
   */
  readonly whenExhausted?: 'again' | 'fail' | undefined;
}

// The body is as it was after these were undone.
const transferHeaders = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'keep-alive',
  'transfer-encoding',
]);

/**
 * A handler for `mockConnector` that answers as a recording (HAR 1.2) has it: by method and URL, in the order they were
 * recorded in. A query value that isn't shown there stands for any; requests that got no response fail as then; redirects
 * lead to what was recorded of where they lead.
 *
 * @throws InvalidOptionError for what is no recording; for a request an Error, when there is none such in it
 *
 * @example
 * ```ts
 * import {createSession} from 'aiofetch';
 * import {harHandler, recordHar} from 'aiofetch/har';
 * import {mockConnector} from 'aiofetch/mock';
 *
 * const recorder = recordHar({bodies: true});
 * await using session = createSession({trace: [recorder.listener]});
 * await session.get('https://example.com/').text();
 * await recorder.flush();
 *
 * await using replayed = createSession({connector: mockConnector(harHandler(recorder.toJSON()))});
 * console.log(await replayed.get('https://example.com/').text());
 * ```
 */
export function harHandler(har: ReplayableHar, options: ReplayOptions = {}): MockHandler {
  assertOption(isObject(har) && Array.isArray(har.log?.entries), 'har', har, 'an object with log.entries');
  checkKnown('harHandler', options, ['whenExhausted']);
  const {whenExhausted = 'again'} = options;
  assertOption(
    whenExhausted === 'again' || whenExhausted === 'fail',
    'harHandler.whenExhausted',
    whenExhausted,
    'again or fail',
  );
  const used = new Set<ReplayableEntry>();

  return ({method, url}: MockCall) => {
    const matching = har.log.entries.filter(
      ({request}) => request.method === method && matches(request.url, url),
    );
    const next =
      matching.find((entry) => !used.has(entry)) ?? (whenExhausted === 'again' ? matching.at(-1) : undefined);
    if (!next) {
      const what = matching.length > 0 ? 'no further answer' : 'no answer';
      throw new Error(`The recording has ${what} for ${method} ${redactUrl(url)}`);
    }
    used.add(next);
    return toResponse(next.response, url);
  };
}

function toResponse(
  {status, statusText, headers, content}: ReplayableEntry['response'],
  url: string,
): Response {
  // As a fetch fails: it becomes a ConnectionError.
  if (status === 0) throw new TypeError('fetch failed');
  const {text, encoding} = content;
  const hasBody = text !== undefined && !isNullBodyStatus(status);
  const body = hasBody ? (encoding === 'base64' ? decodeBase64(text) : text) : null;
  const kept = headers.filter(({name}) => !name.startsWith(':') && !transferHeaders.has(name.toLowerCase()));
  const response = new Response(body, {
    status,
    statusText,
    headers: kept.map(({name, value}): [string, string] => [name, value]),
  });
  // What a Response made by hand doesn't tell.
  return Object.defineProperty(response, 'url', {value: url, configurable: true});
}

function matches(recorded: string, url: string): boolean {
  if (recorded === url) return true;
  const [recordedBase, recordedQuery = ''] = split(recorded);
  const [base, query = ''] = split(url);
  if (recordedBase !== base) return false;
  const wanted = recordedQuery.split('&');
  const given = query.split('&');
  return (
    wanted.length === given.length &&
    wanted.every((pair, index) => {
      const [name, value] = pair.split('=', 2);
      const own = given[index] as string;
      // A value that stood alone has no name.
      if (pair === redacted) return own !== '' && !own.includes('=');
      return pair === own || (value === redacted && own.split('=', 1)[0] === name);
    })
  );
}

function split(url: string): readonly [string, string?] {
  const [bare = ''] = url.split('#', 1);
  const mark = bare.indexOf('?');
  return mark === -1 ? [bare] : [bare.slice(0, mark), bare.slice(mark + 1)];
}
