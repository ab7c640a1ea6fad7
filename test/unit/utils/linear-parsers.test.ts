import {describe, expect, it} from 'vitest';
import {parseLinkHeader} from '../../../src/client/link-header.ts';
import {FlatHeaderList} from '../../../src/core/flat-header-list.ts';
import {parseContentRange} from '../../../src/download/content-range.ts';
import {parseDigestField} from '../../../src/download/digest.ts';
import {validatorOf} from '../../../src/download/validator.ts';
import {parseChallenges, parseParameters} from '../../../src/policies/auth/challenge.ts';
import {quotaOf, retryAfter} from '../../../src/policies/retry-after.ts';
import {readErrorData} from '../../../src/session/error-data.ts';
import {parseEvents} from '../../../src/streams/parse-events.ts';
import {splitLines} from '../../../src/streams/split-lines.ts';
import {bareMediaType} from '../../../src/utils/media-type.ts';

/**
 * Texts that are repeated to hostile inputs: characters with a meaning in some header, and beginnings of what a parser looks
 * for. Most of them make a pattern such as `.*x$` or `\s+$` search from each place again.
 */
const units = [
  'a',
  ' ',
  '\t',
  ',',
  ';',
  ':',
  '=',
  '"',
  '\\',
  '/',
  '<',
  '*',
  '0',
  '-',
  '.',
  'A ',
  'a=',
  'a,',
  'a="',
  '\\"',
  '"\\',
  '/-',
  '/a',
  '/json',
  '+json/',
  '<a>;',
  'a/b ',
  ': ',
  'a= b',
  ', auth',
  'qop=auth,',
  'sha-256=:',
  '"a";r=',
  'limit=',
  '\n',
  '\r',
];
/**
 * The length of each input. A parser whose steps grow with the square of it takes a minute for all inputs, which is
 * longer than the timeout of the test, and a linear parser takes less than a second.
 */
const length = 100_000;

const parsers: ReadonlyArray<readonly [string, (text: string) => unknown]> = [
  ['the media type of a response', bareMediaType],
  ['the error data of a response', (text) => readErrorData(textResponse('content-type', `a/${text}`))],
  ['a challenge', parseChallenges],
  ['a Digest challenge', (text) => parseChallenges(`Digest realm="a", ${text}`)],
  ['a Digest challenge without an end', (text) => parseChallenges(`Digest realm="${text}`)],
  ['a Digest challenge without quotes', (text) => parseChallenges(`Digest qop=${text}`)],
  ['Authentication-Info', parseParameters],
  ['Link', parseLinkHeader],
  ['Link with a target', (text) => parseLinkHeader(`<https://a.test/>; rel="${text}`)],
  ['Content-Range', (text) => parseContentRange(`bytes ${text}`)],
  ['Repr-Digest', parseDigestField],
  ['ETag and Last-Modified', (text) => validatorOf(headers({etag: `"${text}`, 'last-modified': text}))],
  ['RateLimit', (text) => quotaOf(headers({ratelimit: text, 'ratelimit-reset': text}))],
  ['Retry-After', (text) => retryAfter({status: 429, headers: headers({'retry-after': text})} as Response)],
  ['a header of a call', (text) => attempt(() => FlatHeaderList.from({a: `\t a${text}a `}))],
  ['an event', (text) => feed(parseEvents({lastEventId: '', retry: undefined}, Infinity), text)],
  ['lines', (text) => feed(splitLines('iterLines', {}), text)],
];

function headers(fields: Record<string, string>): Headers {
  const list = new Headers();
  for (const [name, value] of Object.entries(fields)) attempt(() => list.set(name, value));
  return list;
}

function textResponse(name: string, value: string): Response {
  return {body: new Blob(['{}']).stream(), headers: headers({[name]: value})} as unknown as Response;
}

/** Ignores that a platform's `Headers` refuse a line end. */
function attempt(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
  }
}

function feed(parse: (chunk: Uint8Array<ArrayBuffer>) => Iterable<unknown>, text: string): number {
  const bytes = new TextEncoder().encode(text);
  let count = 0;
  for (let at = 0; at < bytes.length; at += 1_000)
    for (const _ of parse(bytes.subarray(at, at + 1_000))) count++;
  return count;
}

describe('parsers of what a server sends', {timeout: 10_000}, () => {
  it.each(parsers)('the parser of %s takes linear time for hostile texts', async (_name, parse) => {
    for (const unit of units) {
      const text = unit.repeat(Math.ceil(length / unit.length));
      await parse(text);
      await parse(`${text}!`);
    }
  });

  it.each([
    ['application/json', true],
    ['application/problem+json', true],
    ['application/vnd.api.json', true],
    ['application/x-json', true],
    ['text/json; charset=utf-8', true],
    ['application/hjson', false],
    ['application/json5', false],
    ['text/plain', false],
    [null, false],
  ])('the body of an error response of the type %s is parsed as JSON: %s', async (type, isParsed) => {
    const response = new Response('{"a":1}', type === null ? {} : {headers: {'content-type': type}});
    expect(await readErrorData(response)).toEqual(isParsed ? {a: 1} : '{"a":1}');
  });
});
