import type {MockCall, MockHandler} from '../connectors/mock.ts';
import {CopiedResponse} from '../core/native-response.ts';
import {isNullBodyStatus} from '../core/status.ts';
import {redactUrl} from '../errors/redact-url.ts';
import {decodeBase64} from '../utils/base64.ts';
import {assertOption, checkKnown, isObject} from '../utils/check-options.ts';
import type {HarEntry, HarPair, HarResponse} from './format.ts';
import {redacted} from './redact.ts';

/**
 * The parts of a recording that are replayed. Recordings of other tools have them too, or some of them: a response without a
 * status was not received.
 */
export interface ReplayableHar {
  readonly log: {
    readonly entries: ReadonlyArray<{
      readonly request: Pick<HarEntry['request'], 'method' | 'url'>;
      readonly response?:
        | Partial<Pick<HarResponse, 'status' | 'statusText' | 'headers' | 'content'>>
        | undefined;
    }>;
  };
}

type ReplayableEntry = ReplayableHar['log']['entries'][number];

/** Options of {@link harHandler}. */
export interface ReplayOptions {
  /**
   * The answer to a request that is made more often than it was recorded: the last response again (`again`), or an error
   * (`fail`).
   *
   * @default 'again'
   */
  readonly whenExhausted?: 'again' | 'fail' | undefined;
}

// These headers describe the transfer. The recorded body is the decoded one.
const transferHeaders = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'keep-alive',
  'transfer-encoding',
]);

/**
 * A handler for `mockConnector` that answers requests from a HAR 1.2 recording, by method and URL, in the order of the
 * recording. A redacted query value matches any value. A request without a response fails, as it did when it was recorded. A
 * redirect leads to the recorded response of its target.
 *
 * @throws InvalidOptionError when the recording or an option is not valid. The handler throws an Error for a request that the
 * recording doesn't have
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
    '"again" or "fail"',
  );
  const used = new Set<ReplayableEntry>();

  return ({method, url}: MockCall) => {
    const matching = har.log.entries.filter(
      ({request}) => request?.method === method && matches(String(request.url), url),
    );
    const next =
      matching.find((entry) => !used.has(entry)) ?? (whenExhausted === 'again' ? matching.at(-1) : undefined);
    if (!next) {
      const what = matching.length > 0 ? 'no further response' : 'no response';
      throw new Error(`The recording has ${what} for ${method} ${redactUrl(url)}`);
    }
    used.add(next);
    return toResponse(next.response ?? {}, url);
  };
}

function toResponse(response: NonNullable<ReplayableEntry['response']>, url: string): Response {
  const {status = 0} = response;
  // The session turns the error of a failed fetch into a ConnectionError.
  if (status === 0) throw new TypeError('fetch failed');
  // RFC 9110, section 15: a status has three digits.
  if (!(Number.isInteger(status) && status >= 100 && status <= 999))
    throw new Error(`The recording has no valid status for ${redactUrl(url)}`);
  const {text, encoding} = response.content ?? {};
  const hasBody = text !== undefined && !isNullBodyStatus(status);
  const body = hasBody ? (encoding === 'base64' ? decodeBase64(text) : text) : null;
  return new CopiedResponse(
    body === null ? null : new Response(body).body,
    {url, redirected: false, type: 'default', status, statusText: response.statusText ?? ''},
    toHeaders(response.headers ?? []),
  );
}

function toHeaders(pairs: readonly HarPair[]): Headers {
  const headers = new Headers();
  for (const {name, value} of pairs) {
    if (name.startsWith(':') || transferHeaders.has(name.toLowerCase())) continue;
    // Some tools write the values of several lines as lines of one value.
    for (const line of String(value ?? '').split('\n')) headers.append(name, toByteString(line));
  }
  return headers;
}

/** Some tools record values as UTF-8. A value of `Headers` has a character for each byte. */
function toByteString(value: string): string {
  if (/^[\0-\xff]*$/.test(value)) return value;
  return Array.from(new TextEncoder().encode(value), (byte) => String.fromCharCode(byte)).join('');
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
      // A redacted pair without a name was a value alone.
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
